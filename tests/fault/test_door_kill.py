"""The door under SIGKILL: every row ends once in effect, whoever dies and when."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorkit import Door, event, lines_of, unique
from fuma.domain.ids import report_id
from fuma.feed import FeedClient, Line, Summary

pytestmark = pytest.mark.slow
SOURCE = "//henan.example/cdc"


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    made = Door()
    made.open()
    yield made
    made.close()


def ids(first: int, count: int) -> set[bytes]:
    return {report_id("health", SOURCE, f"case-{i}") for i in range(first, first + count)}


def slowly(first: int, count: int, every: int, pause: float) -> Iterator[Line]:
    """Reports that come bit by bit, so that a kill falls between them."""
    for i in range(count):
        if i % every == 0:
            time.sleep(pause)
        yield Line(i + 1, json.dumps(event(first + i)).encode())


class Sender(threading.Thread):
    """A client that sends while the test kills."""

    def __init__(self, door: Door, lines: Iterator[Line], receipt: str, declared: int | None):
        super().__init__()
        self._client = FeedClient.open(door.home.path, "health", patience=90)
        self._lines, self._receipt, self._declared = lines, receipt, declared
        self.summary: Summary | None = None

    def run(self) -> None:
        with self._client as client:
            self.summary = client.report(
                self._lines, receipt=self._receipt, declared=self._declared
            )


def test_the_gateway_killed_while_5000_rows_flow(door: Door) -> None:
    sender = Sender(door, slowly(10_000, 5_000, 250, 0.2), "R-KILLED", None)
    sender.start()
    rolls = random.Random(7)
    for _ in range(4):
        time.sleep(rolls.uniform(0.3, 1.2))
        door.kill()
        door.open()
    sender.join(120)
    assert sender.summary is not None
    assert (sender.summary.accepted, sender.summary.refused) == (5_000, 0)
    facts = unique(door.facts())  # repeats are the same to the byte
    assert ids(10_000, 5_000) <= set(facts)


def test_the_client_killed_and_run_again(door: Door, tmp_path: Path) -> None:
    path = tmp_path / "again.jsonl"
    path.write_bytes(lines_of(event(i) for i in range(20_000, 24_000)))
    words = [sys.executable, "-m", "fuma.cli.main", "report", "--json", "--department", "health"]
    env = {**os.environ, "FUMA_HOME": str(door.home.path)}
    first = subprocess.Popen([*words, str(path)], env=env, stdout=subprocess.PIPE)
    time.sleep(0.9)
    first.send_signal(signal.SIGKILL)
    first.wait()
    done = subprocess.run([*words, str(path)], env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["sent"], last["accepted"], last["refused"]) == (4_000, 4_000, 0)
    assert ids(20_000, 4_000) <= set(unique(door.facts()))


@pytest.mark.parametrize("lose_staging", [False, True])
def test_a_declared_batch_survives_the_gateway(door: Door, lose_staging: bool) -> None:
    """Killed while half of it is staged; the staging file may be gone as well."""
    first = 40_000 if lose_staging else 30_000
    sender = Sender(door, slowly(first, 2_000, 500, 0.6), f"R-STAGED-{first}", 2_000)
    sender.start()
    time.sleep(1.4)
    door.kill()
    assert not ids(first, 2_000) & {f.id for f in door.facts()}, "published before it was whole"
    if lose_staging:
        for file in (door.home.data / "gateway").glob("staging-*"):
            file.unlink()
    door.open()
    sender.join(120)
    assert sender.summary is not None
    assert (sender.summary.accepted, sender.summary.code) == (2_000, "")
    assert ids(first, 2_000) <= set(unique(door.facts()))


def test_a_batch_refused_stays_refused_after_a_kill(door: Door) -> None:
    door.kill()
    sender = Sender(door, slowly(50_000, 40, 40, 0.0), "R-SHORT", 50)
    sender.start()
    time.sleep(0.5)
    door.open()
    time.sleep(2)
    door.kill()
    door.open()
    sender.join(60)
    assert sender.summary is not None
    assert (sender.summary.accepted, sender.summary.code) == (0, "incomplete-batch")
    assert not ids(50_000, 40) & {f.id for f in door.facts()}


def test_the_vault_away_for_a_while(door: Door) -> None:
    """Rows wait for the vault; none is refused for it."""
    door.vault.kill()
    door.vault.wait()
    sender = Sender(door, slowly(60_000, 50, 50, 0.0), "R-NO-VAULT", None)
    sender.start()
    time.sleep(2)
    door.vault = door.start("vault")
    sender.join(60)
    assert sender.summary is not None
    assert sender.summary.accepted == 50
