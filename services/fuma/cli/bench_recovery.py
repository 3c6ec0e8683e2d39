"""Recovery: how fast a store is folded anew from its ledger; how soon a killed worker goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from fuma.cli.bench_stages import CODES
from fuma.cli.errors import CliError
from fuma.contracts.errors import FumaError
from fuma.contracts.genesis import read_world
from fuma.contracts.topics import DECISIONS
from fuma.domain.law.inforce import Law
from fuma.processor.codes import Codes
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.heap import few_arenas, settle
from fuma.runtime.host_recovery import Recovery
from fuma.runtime.host_world import World
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import Sealer
from fuma.runtime.store import RocksStore

_LOOK_S = 0.02
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Stores of ``codes``, from nothing, by so many processes at once."""

    processes: int
    records: int
    rate: float  # records a second, of all of them
    cpu_micros: float  # a record


def rebuild(home: Home, folder: Path, workers: int) -> list[Rebuilt]:
    """Fold the ledger into stores under ``folder`` as ``workers`` workers do, each the partitions
    that are its own; where they are several, then the first one's share by a process alone."""
    found = [rebuild_together(home, folder, workers)]
    if workers > 1:
        found.append(_folded(home, folder, [(0, workers)]))
    return found


def rebuild_together(home: Home, folder: Path, workers: int) -> Rebuilt:
    """The same by all of them only."""
    return _folded(home, folder, [(number, workers) for number in range(workers)])


def _folded(home: Home, folder: Path, shares: Sequence[tuple[int, int]]) -> Rebuilt:
    """A process for each share. The clock runs from when all are ready to the last one's end."""
    spawn = get_context("spawn")  # nothing of ours, threads of Kafka's clients least of all
    running = list[tuple[Connection, SpawnProcess]]()
    try:
        for share in shares:
            ours, its = spawn.Pipe()
            words = (its, home.path, folder, share)
            process = spawn.Process(target=_process, args=words, daemon=True)
            process.start()
            its.close()  # so that its end is seen
            running.append((ours, process))
        for connection, _ in running:
            _answer(connection)
        began = time.monotonic()
        for connection, _ in running:
            connection.send(None)
        found = [_answer(connection) for connection, _ in running]
        seconds = time.monotonic() - began
    finally:
        for _, process in running:
            process.terminate()
            process.join()
        shutil.rmtree(folder, ignore_errors=True)
    records = sum(count for count, _ in found)
    used = sum(cpu for _, cpu in found)
    return Rebuilt(len(shares), records, records / seconds, used / max(1, records) * 1e6)


def _answer(connection: Connection) -> tuple[int, float]:
    """What a process says: records and seconds of CPU."""
    try:
        failed, records, used = connection.recv()
    except EOFError:
        raise CliError("a process that folds the ledger ended before it was done") from None
    if failed:
        raise CliError(failed)
    return records, used


def _process(connection: Connection, home: Path, folder: Path, share: tuple[int, int]) -> None:
    """Say when ready, wait for the word, fold. ``share``: the first partition, and how many on the
    next one is."""
    try:
        _fold(connection, Home(home), folder, share)
    except (FumaError, OSError) as error:
        connection.send((f"{type(error).__name__}: {error}", 0, 0.0))


def _fold(connection: Connection, home: Home, folder: Path, share: tuple[int, int]) -> None:
    few_arenas()  # as every worker does, and settles when it is wired
    pinned = read_world(home.world)
    sealer = Sealer(pinned.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    world = World(sealer, pinned.simulated, {})
    reader = KafkaLogReader(kafka_config(home, "processor"))
    partitions = range(share[0], reader.partitions(DECISIONS), share[1])
    settle()
    connection.send(("", 0, 0.0))
    connection.recv()
    used, records = time.process_time(), 0
    for partition in partitions:
        bounds = reader.bounds(DECISIONS, partition)
        records += bounds.end - bounds.start
        store = RocksStore(folder / str(partition))
        Recovery(Codes(lambda: Law(())), world, store, reader, partition, _unexpected).run()
        store.close()
    connection.send(("", records, time.process_time() - used))
    reader.close()


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
