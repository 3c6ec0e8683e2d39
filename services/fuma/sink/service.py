"""The sink's loop: read, apply, look after the platform; begin again where Redis went away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fuma.contracts.errors import Retryable
from fuma.contracts.genesis import World
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.platformrows import Alive
from fuma.contracts.topics import DECISIONS, partition_for
from fuma.runtime.declared import declared_count
from fuma.runtime.heap import tidy
from fuma.runtime.host_intake import Intake
from fuma.runtime.mac import Sealer
from fuma.runtime.platform_store import PlatformStore
from fuma.runtime.ports import Appender, Clock, LogReader
from fuma.sink.apply import Partition
from fuma.sink.guard import Guard
from fuma.sink.incidents import Incidents
from fuma.sink.settings import Settings
from fuma.sink.source import Source
from fuma.sink.tools import Tools
from fuma.sink.writer import Writer

log = logging.getLogger("fuma.sink")
#: How long a poll waits while a sweep is under way: it reads a page between two polls.
_SWEEPING_S = 0.005
_ASKED_S = 0.1  # how often it looks whether a rebuild was asked for


@dataclass(slots=True)
class _Session:
    """One connection's worth of work; thrown away whole when Redis fails."""

    store: PlatformStore
    partitions: dict[int, Partition]
    writer: Writer
    guard: Guard

    def offsets(self) -> dict[int, int]:
        return {n: p.cursor for n, p in self.partitions.items()}


class Sink:
    """``connect`` gives a store that was just connected; it raises ``Retryable`` while it can't."""

    def __init__(
        self,
        settings: Settings,
        world: World,
        sealer: Sealer,
        platform: PlatformSealer,
        connect: Callable[[], PlatformStore],
        source: Source,
        ledger: LogReader,
        appender: Appender,
        clock: Clock,
        numbers: Sequence[int] | None = None,
    ) -> None:
        """``numbers``: the partitions that it writes; ``None``: all."""
        self._settings = settings
        self._world = world
        self._platform = platform
        self._connect = connect
        self._source = source
        self._ledger = ledger
        self._clock = clock
        self._incidents = Incidents(appender, sealer, clock, simulated=world.simulated)
        self._count = declared_count(ledger, DECISIONS)
        self._intake = Intake(
            sealer,
            simulated=world.simulated,
            partition_of=partition_for,
            counts={DECISIONS: self._count},
        )
        self._numbers = tuple(range(self._count) if numbers is None else numbers)
        self._session: _Session | None = None
        self._backoff = 0.0
        self._beaten = self._swept = self._looked = float("-inf")
        self.applied = 0  # codes written since the start

    def run(self, stop: threading.Event) -> None:
        """Until ``stop``. Raises ``Fatal``."""
        while not stop.is_set():
            self.turn(stop)
        self._close()

    def turn(self, stop: threading.Event | None = None) -> int:
        """One round; how many codes were written."""
        try:
            session = self._session or self._open()
            done = self._round(session)
            self._backoff = 0.0
            return done
        except Retryable as error:
            self._close()
            self._backoff = min(max(0.1, self._backoff * 2), self._settings.longest_backoff_s)
            log.warning("%s; again in %.1f s", error, self._backoff)
            (stop or threading.Event()).wait(self._backoff)
            return 0

    def _open(self) -> _Session:
        store = self._connect()
        tools = Tools(
            store, self._platform, self._intake, self._ledger, self._incidents, self._clock,
            self._world.simulated, self._count, self._ledger.topic_id(DECISIONS),
        )  # fmt: skip
        partitions = {n: Partition(tools, n) for n in self._numbers}
        writer = Writer(store, partitions)
        guard = Guard(tools, partitions, writer)
        self._session = session = _Session(store, partitions, writer, guard)
        store.hush(self._numbers[1:])
        positions = store.positions(self._count)
        for number, partition in partitions.items():
            partition.load(positions[number])
        store.changed()  # what came before is the sweep's
        guard.begin_sweep()
        self._source.start(session.offsets())
        log.info("applying from %s", session.offsets())
        return session

    def _round(self, session: _Session) -> int:
        now = time.monotonic()
        if now - self._looked >= _ASKED_S:
            self._looked = now
            self._rebuild(session)
        writer, settings = session.writer, self._settings
        wait = 0.0 if writer.busy else _SWEEPING_S if session.guard.sweeping else settings.wait_s
        before = writer.codes
        records = self._source.poll(settings.chunk, wait)
        if records:
            writer.write(records)
        elif not writer.busy:
            tidy()
        if len(records) < settings.chunk:  # nothing else is there to be done meanwhile
            writer.finish()
        if session.guard.turn() | self._sweep(session):
            self._source.start(session.offsets())
        if now - self._beaten >= settings.beat_s:
            self._beaten = now
            writer.finish()
            self._beat(session)
        done = writer.codes - before
        self.applied += done
        return done

    def _beat(self, session: _Session) -> None:
        first, store = self._numbers[0], session.store
        ends = self._source.ends()
        behind = sum(max(0, ends[n] - p.cursor) for n, p in session.partitions.items() if n in ends)
        alive = Alive(self._clock.now(), behind, store.connections)
        store.beat(self._platform.seal_alive(alive, first), first)

    def _sweep(self, session: _Session) -> bool:
        if session.guard.sweeping:
            self._swept = time.monotonic()
            return session.guard.sweep()
        if time.monotonic() - self._swept > self._settings.sweep_s:
            session.guard.begin_sweep()
        return False

    def _rebuild(self, session: _Session) -> None:
        """Anew what the operator asked for: a crash before the end, and it is asked for still."""
        asked = [n for n in self._numbers if self._settings.rebuild(n).exists()]
        if not asked:
            return
        session.writer.finish()
        log.warning("rebuilding partitions %s of the platform", asked)
        if len(asked) == self._count:
            session.store.drop()
        for number in asked:
            session.partitions[number].restart()
        self._source.start(session.offsets())
        for number in asked:
            self._settings.rebuild(number).unlink(missing_ok=True)

    def caught_up(self) -> bool:
        """Whether everything that is on the ledger is applied."""
        return self._session is not None and all(
            self._ledger.bounds(DECISIONS, number).end == partition.position.applied + 1
            for number, partition in self._session.partitions.items()
        )

    def _close(self) -> None:
        if self._session is not None:
            self._session.store.close()
            self._session = None
