"""A large ledger, and real workers over it: how fast one is folded anew, how large a worker is.

The ledger is made by the stage itself: findings are written straight onto ``person`` by several
processes, and workers of ``codes`` decide them. Then the stores are deleted, and one worker folds
all partitions from the ledger; under load its memory is looked at, and it is killed in the midst.
Everything is measured on running processes; nothing is scaled up from a smaller run.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fuma.cli import bench_fill
from fuma.cli.bench_fill import Share
from fuma.cli.bench_memory import size_of
from fuma.cli.bench_recovery import Rebuilt, rebuild_together
from fuma.cli.bench_stages import cpu_seconds, patiently
from fuma.cli.bench_waits import Waits, waits
from fuma.cli.bench_worker import Worker, alive, codes, stop
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.contracts.topics import DECISIONS, PERSON, spec
from fuma.domain.time import MINUTE, Ms
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack

#: On disk for each record: its fact, its decision, its share of a state; found by measuring.
_BYTES_A_RECORD = 1_000
_LOOK_S = 0.05
_SAY_S = 15.0
_PATIENCE_S = 300.0
#: Growth is shown in so many steps.
_STEPS = 10


@dataclass(slots=True)
class Step:
    """A part of the filling: how much was decided by then, and what a record cost in it."""

    decided: int
    rate: float
    cpu_micros: float
    broker_micros: float
    rss_mib: float  # the largest worker


@dataclass(slots=True)
class Ledger:
    """What was found over ``records`` decisions on ``persons``."""

    persons: int
    records: int
    workers: int
    steps: list[Step] = field(default_factory=list)
    store_bytes: int = 0
    ledger_bytes: int = 0
    person_bytes: int = 0
    #: As many processes as workers, each its own partitions, from empty stores.
    rebuilt: Rebuilt | None = None
    #: One worker from empty stores: until every partition decided again.
    rebuild_seconds: float = 0.0
    rebuild_micros: float = 0.0  # CPU a ledger record
    rebuilt_rss_mib: float = 0.0
    rebuilt_peak_mib: float = 0.0
    load_rate: int = 0
    load_seconds: int = 0
    load_rss_mib: float = 0.0  # the most that was seen
    load_micros: float = 0.0
    load_waits: Waits | None = None
    #: From SIGKILL under load until the next decision, and until nothing was left to do.
    kill_first_seconds: float = 0.0
    kill_whole_seconds: float = 0.0

    @property
    def rebuild_rate(self) -> float:
        """Ledger records a second."""
        return self.records / self.rebuild_seconds if self.rebuild_seconds else 0.0


class Large:
    """One run over a world whose services do not run. ``at``: log time of the first fact."""

    def __init__(self, world: World, found: Ledger, at: Ms, say: Callable[[str], None]) -> None:
        self._world, self._found, self._say, self._at = world, found, say, at
        self._home = world.home.path
        self._broker = stack.status(world.home).kafka_pid
        self._next = 0
        self._base = (world.ask.count(PERSON), world.ask.count(DECISIONS))
        room(self._home, found.records)

    def run(self, rate: int, seconds: int) -> None:
        """Fill ``found``. ``rate``, ``seconds``: the load under which the worker is looked at."""
        found = self._found
        self._fill(found.records)
        found.store_bytes = size_of(self._home / "store" / "processor")
        found.ledger_bytes = topic_bytes(self._home, DECISIONS)
        found.person_bytes = topic_bytes(self._home, PERSON)
        shutil.rmtree(self._home / "store" / "processor")
        self._say(f"{found.workers} workers fold {found.records:,} ledger records")
        home = Home(self._home)
        found.rebuilt = rebuild_together(home, home.path / "rebuilt", found.workers)
        worker = self._rebuild()
        try:
            worker = self._load(worker, rate, seconds)
        finally:
            stop([worker])

    # --- made ------------------------------------------------------------------------------------

    def _fill(self, count: int) -> None:
        found = self._found
        self._say(f"{count:,} findings on {found.persons:,} persons, {found.workers} workers")
        share = Share(self._home, found.persons, 0, count, self._at)
        running = codes(self._home, found.workers)
        writers = bench_fill.fast(share, max(1, found.workers))
        self._next = count
        try:
            self._decided(running, writers, count)
        finally:
            stop(writers)
            stop(running)

    def _decided(self, running: list[Worker], writers: list[Worker], count: int) -> None:
        began = said = time.monotonic()
        used, broker, there, step = 0.0, cpu_seconds(self._broker), 0, 1
        last = began
        while there < count:
            time.sleep(_LOOK_S)
            alive(running)
            for one in writers:
                one.ended()
            decided, now = self._count(DECISIONS), time.monotonic()
            if decided > there == 0:
                last, used = now, sum(one.cpu for one in running)
                broker, there = cpu_seconds(self._broker), decided
                continue
            if decided >= min(count, count * step // _STEPS) and decided > there:
                cpu, its = sum(one.cpu for one in running), cpu_seconds(self._broker)
                some = decided - there
                self._found.steps.append(
                    Step(
                        decided, some / (now - last), (cpu - used) / some * 1e6,
                        (its - broker) / some * 1e6, max(one.rss_mib for one in running),
                    )
                )  # fmt: skip
                last, used, broker, there = now, cpu, its, decided
                step = decided * _STEPS // count + 1
            if now - said > _SAY_S:
                said = now
                self._say(
                    f"  {self._count(PERSON):,} written, {decided:,} decided of {count:,} "
                    f"({decided / (now - began):,.0f}/s)"
                )

    # --- folded anew -----------------------------------------------------------------------------

    def _rebuild(self) -> Worker:
        """A worker without stores. It has folded a partition when it decides a new fact there."""
        found, ask = self._found, self._world.ask
        before = ask.ends(DECISIONS)
        probes = 16 * spec(PERSON).partitions
        probe = bench_fill.start(self._share(probes))
        while not probe.ended():
            time.sleep(_LOOK_S)
        self._say(f"one worker folds {found.records:,} ledger records")
        began = said = time.monotonic()
        (worker,) = codes(self._home)
        try:
            while any(end <= before[p] for p, end in ask.ends(DECISIONS).items()):
                time.sleep(_LOOK_S)
                alive([worker])
                if time.monotonic() - said > _SAY_S:
                    said = time.monotonic()
                    size = size_of(self._home / "store" / "processor") / 1e6
                    self._say(f"  {said - began:,.0f} s, stores {size:,.0f} MB")
            found.rebuild_seconds = time.monotonic() - began
            found.rebuild_micros = worker.cpu / found.records * 1e6
            self._caught_up(worker)
        except BaseException:
            stop([worker])
            raise
        found.rebuilt_rss_mib, found.rebuilt_peak_mib = worker.rss_mib, worker.peak_mib
        return worker

    # --- under load, and killed ------------------------------------------------------------------

    def _load(self, worker: Worker, rate: int, seconds: int) -> Worker:
        found, ask = self._found, self._world.ask
        found.load_rate, found.load_seconds = rate, seconds
        self._say(f"{rate:,} facts a second for {seconds} s, then SIGKILL under the same load")
        before, used = ask.ends(DECISIONS), worker.cpu
        load = bench_fill.start(self._share(rate * (seconds + 60), rate))
        try:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(0.5)
                alive([worker])
                found.load_rss_mib = max(found.load_rss_mib, worker.rss_mib)
            after = ask.ends(DECISIONS)
            done = max(1, sum(after.values()) - sum(before.values()))
            found.load_micros = (worker.cpu - used) / done * 1e6
            found.load_waits = waits(ask.log, before, after, 5_000)
            worker.kill()
            began, count = time.monotonic(), self._settled()
            (worker,) = codes(self._home)
            self._until(lambda: self._count(DECISIONS) > count, worker)
            found.kill_first_seconds = time.monotonic() - began
            # A second's records are always under way.
            self._until(lambda: self._left() < max(rate, 1_000), worker)
            found.kill_whole_seconds = time.monotonic() - began
        except BaseException:
            stop([worker])
            raise
        finally:
            stop([load])
        return worker

    def _share(self, count: int, rate: int = 0) -> Share:
        """The next so many facts; they are a minute later than those before."""
        first, self._next = self._next, self._next + count
        self._at += MINUTE
        return Share(self._home, self._found.persons, first, self._next, self._at, rate=rate)

    # --- how far it is ---------------------------------------------------------------------------

    def _count(self, topic: str) -> int:
        there = patiently(lambda: self._world.ask.count(topic))()
        return there - self._base[topic == DECISIONS]

    def _left(self) -> int:
        return self._count(PERSON) - self._count(DECISIONS)

    def _settled(self) -> int:
        count = self._count(DECISIONS)
        while True:
            time.sleep(_LOOK_S)
            if (now := self._count(DECISIONS)) == count:
                return now
            count = now

    def _caught_up(self, worker: Worker) -> None:
        self._until(lambda: self._left() <= 0, worker)

    def _until(self, reached: Callable[[], bool], worker: Worker) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not reached():
            alive([worker])
            if time.monotonic() > deadline:
                raise CliError(
                    f"{self._left():,} facts are undecided after {_PATIENCE_S:.0f} s",
                    f"see {worker.log}",
                )
            time.sleep(_LOOK_S)


def topic_bytes(home: Path, topic: str) -> int:
    """What the broker's files of a topic take."""
    return sum(size_of(path) for path in (home / "kafka").rglob(f"{topic}-*") if path.is_dir())


def room(home: Path, records: int) -> None:
    """Raises ``CliError`` where the disk has no room for so many, and half as many again."""
    needed = records * _BYTES_A_RECORD * 3 // 2
    free = shutil.disk_usage(home).free
    if free < needed:
        raise CliError(
            f"{records:,} records need about {needed / 1e9:,.0f} GB, {free / 1e9:,.0f} GB are free",
            "fewer records, or another --home",
        )
