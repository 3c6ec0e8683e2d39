"""Up, down, and everything that can be left behind in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fuma.runtime.embedded.connect import redis_client
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import process, stack, state


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / ".fuma")
    yield made
    stack.down(made)


def pids(home: Home) -> tuple[int | None, int | None]:
    found = stack.status(home)
    return found.kafka_pid, found.redis_pid


def test_up_twice_half_dead_leftovers_and_down(home: Home) -> None:
    assert stack.status(home).kafka == "down"
    assert stack.up(home).up
    first = pids(home)
    assert stack.up(home).up
    assert pids(home) == first, "a second up starts nothing"

    redis_client(home, "sink").set("fuma:kept", b"1")
    os.kill(first[0] or 0, signal.SIGKILL)  # the broker is dead, Redis lives
    process.stop(state.read(home).kafka.proc)  # type: ignore[union-attr,arg-type]
    assert stack.status(home).kafka == "dead"
    second = stack.up(home)
    assert second.up
    assert any("not stopped properly" in note for note in second.notes)
    assert pids(home)[0] != first[0]
    assert pids(home)[1] == first[1]

    # The record is gone while both run: they are found by what they are, not left beside new ones.
    home.state.unlink()
    third = stack.up(home)
    assert third.up
    assert sum("left over" in note for note in third.notes) == 2
    assert redis_client(home, "reader").get("fuma:kept") == b"1"

    ours = [p for p in pids(home) if p]
    assert len(stack.down(home)) == 2
    assert not any(psutil.pid_exists(p) and process_runs(p) for p in ours)
    assert stack.down(home) == []


def process_runs(pid: int) -> bool:
    return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def test_a_reused_process_id_is_not_touched(home: Home) -> None:
    stack.up(home)
    stack.down(home)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        content = json.loads(home.state.read_text(encoding="utf-8"))
        for server in content.values():
            server |= {"pid": bystander.pid, "started": 1000.0}
        home.state.write_text(json.dumps(content), encoding="utf-8")
        assert stack.status(home).kafka == "dead"
        assert stack.up(home).up
        stack.down(home)
        assert bystander.poll() is None, "another program's process was stopped"
    finally:
        bystander.kill()
        bystander.wait()


def test_a_frozen_broker_is_replaced(home: Home) -> None:
    stack.up(home)
    pid = pids(home)[1] or 0
    os.kill(pid, signal.SIGSTOP)
    again = stack.up(home)
    assert again.up
    assert any("did not answer" in note for note in again.notes)
    assert pids(home)[1] != pid


def test_two_ups_at_once_make_one_stack(home: Home) -> None:
    environment = {**os.environ, "FUMA_HOME": str(home.path)}
    for name in ("FUMA_KAFKA", "FUMA_REDIS"):
        environment.pop(name, None)
    words = [sys.executable, "-m", "fuma.cli.main", "up", "--json"]
    both = [
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = [json.loads(p.communicate(timeout=120)[0]) for p in both]
    assert [p.returncode for p in both] == [0, 0]
    assert answers[0]["kafka"]["pid"] == answers[1]["kafka"]["pid"]
    assert answers[0]["redis"]["pid"] == answers[1]["redis"]["pid"]


def test_secrets_are_private_and_on_no_command_line(home: Home) -> None:
    stack.up(home)
    files = list(home.credentials.iterdir())
    assert files
    assert all(f.stat().st_mode & 0o077 == 0 for f in [*files, home.kafka_config, home.redis_users])
    secrets = [json.loads(f.read_text(encoding="utf-8"))["password"] for f in files]
    lines = [" ".join(psutil.Process(p).cmdline()) for p in pids(home) if p]
    logs = [p.read_text(encoding="utf-8", errors="replace") for p in home.path.rglob("*.log")]
    assert not [s for s in secrets for text in (*lines, *logs) if s in text]


def test_nothing_listens_beyond_loopback(home: Home) -> None:
    stack.up(home)
    for pid in pids(home):
        listening = [
            c.laddr.ip
            for c in psutil.Process(pid).net_connections(kind="inet")
            if c.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert all(ip in ("127.0.0.1", "::ffff:127.0.0.1") for ip in listening)
