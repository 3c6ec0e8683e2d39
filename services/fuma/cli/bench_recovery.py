"""Recovery: how fast a store is folded anew from its ledger; how soon a killed worker goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuma.cli.bench_stages import CODES
from fuma.cli.errors import CliError
from fuma.contracts.genesis import read_world
from fuma.contracts.topics import DECISIONS
from fuma.domain.law.inforce import Law
from fuma.processor.codes import Codes
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.host_recovery import Recovery
from fuma.runtime.host_world import World
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import Sealer
from fuma.runtime.store import RocksStore

_LOOK_S = 0.02
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """All stores of ``codes``, from nothing."""

    records: int
    seconds: float
    cpu_micros: float  # a record


def rebuild(home: Home, folder: Path) -> Rebuilt:
    """Fold every partition of the ledger into stores under ``folder``, one after the other."""
    pinned = read_world(home.world)
    sealer = Sealer(pinned.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    world = World(sealer, pinned.simulated, {})
    reader = KafkaLogReader(kafka_config(home, "processor"))
    records = 0
    began, used = time.monotonic(), time.process_time()
    try:
        for partition in range(reader.partitions(DECISIONS)):
            bounds = reader.bounds(DECISIONS, partition)
            records += bounds.end - bounds.start
            store = RocksStore(folder / str(partition))
            Recovery(Codes(lambda: Law(())), world, store, reader, partition, _unexpected).run()
            store.close()
    finally:
        reader.close()
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    return Rebuilt(records, seconds, (time.process_time() - used) / max(1, records) * 1e6)


def _unexpected(kind: str, what: str) -> None:
    raise CliError(f"the bench's own ledger raises an alarm: {kind}: {what}")


def after_a_kill(home: Path, done: Callable[[], int], some: int) -> float:
    """Seconds from SIGKILL of a ``codes`` worker, in the midst of work, to the next decision.

    The worker is stopped then; what it decided meanwhile stays. ``some``: decisions until the kill.
    """
    first = _start(home)
    before = done()
    _until(lambda: done() >= before + some, first)
    first.kill()
    first.wait()
    killed, count = time.monotonic(), _settled(done)
    second = _start(home)
    try:
        _until(lambda: done() > count, second)
        return time.monotonic() - killed
    finally:
        second.terminate()
        second.wait(30)


def _start(home: Path) -> subprocess.Popen[bytes]:
    with (home / "logs" / "bench-kill.log").open("ab") as log:
        words = [sys.executable, "-m", *CODES, "--home", str(home)]
        return subprocess.Popen(words, stdout=log, stderr=log)


def _settled(done: Callable[[], int]) -> int:
    """What the broker had taken of the killed process's records when the last arrived."""
    count = done()
    while True:
        time.sleep(_LOOK_S)
        if (now := done()) == count:
            return now
        count = now


def _until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not reached():
        if process.poll() is not None:
            raise CliError(f"codes ended with {process.returncode}", "see logs/bench-kill.log")
        if time.monotonic() > deadline:
            raise CliError(f"codes decided too little in {_PATIENCE_S:.0f} s")
        time.sleep(_LOOK_S)
