"""The demo itself: everything comes out as it must, and whatever ends it, nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow
_DEMO = [sys.executable, "-m", "fuma.cli.main", "demo", "--holders", "2500", "--json", "--home"]


def _left(home: Path) -> list[str]:
    """Processes that still work for ``home``."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            home_of = process.environ().get("FUMA_HOME", "")
            if process.pid != os.getpid() and (str(home) in words or str(home) in home_of):
                found.append(words)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    home = tmp_path_factory.mktemp("demo") / "home"
    done = subprocess.run([*_DEMO, str(home)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert _left(home) == []
    assert not home.exists()
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_everything_comes_out_as_it_must(told: dict[str, object]) -> None:
    assert told["failures"] == []
    assert told["refused"] == told["expected_refused"]


def test_no_depositor_is_red_and_every_attempt_has_an_actor(told: dict[str, object]) -> None:
    assert told["red_depositors"] == 0
    attempts = told["attempts"]
    assert isinstance(attempts, list)
    assert len(attempts) >= 20
    for attempt in attempts:
        assert attempt["held"], attempt
        assert attempt["actor"] not in ("", "not recorded"), attempt
        if attempt["actor"] == "unauthenticated":
            assert attempt["connection"], attempt
            assert attempt["at"] > 0, attempt
    credentials = {attempt["credentials"] for attempt in attempts}
    assert {"none", "stolen broker administrator", "stolen Redis administrator"} <= credentials


def test_a_demo_that_is_interrupted_leaves_nothing_running(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [*_DEMO, str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not (home / "run.json").exists():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert _left(home) == []


def test_a_home_that_is_no_demos_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "vault.db"
    precious.write_text("the only copy")
    done = subprocess.run([*_DEMO, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "no demo's" in done.stderr
    assert precious.read_text() == "the only copy"
    assert [entry.name for entry in tmp_path.iterdir()] == ["vault.db"]
