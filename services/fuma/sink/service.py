"""The sink's loop: read, apply, look after the platform; begin again where Redis went away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from fuma.contracts.errors import Retryable
from fuma.contracts.genesis import World
from fuma.contracts.platform import Alive, PlatformSealer
from fuma.contracts.topics import DECISIONS, partition_for
from fuma.runtime.declared import declared_count
from fuma.runtime.host_intake import Intake
from fuma.runtime.mac import Sealer
from fuma.runtime.platform_store import PlatformStore
from fuma.runtime.ports import Appender, Clock, LogReader
from fuma.sink.apply import Partition, Tools
from fuma.sink.guard import Guard
from fuma.sink.incidents import Incidents
from fuma.sink.settings import Settings
from fuma.sink.source import Source
from fuma.sink.writer import Writer

log = logging.getLogger("fuma.sink")
#: How long a poll waits while a sweep is under way: it reads a page between two polls.
_SWEEPING_S = 0.005


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
    ) -> None:
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
        self._session: _Session | None = None
        self._backoff = 0.0
        self._beaten = self._swept = float("-inf")
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
        partitions = {n: Partition(tools, n) for n in range(self._count)}
        writer = Writer(store, partitions)
        guard = Guard(store, self._platform, self._incidents, partitions, writer)
        self._session = session = _Session(store, partitions, writer, guard)
        for number, value in enumerate(store.positions(self._count)):
            partitions[number].load(value)
        store.changed()  # what came before is the sweep's
        guard.begin_sweep()
        self._source.start(session.offsets())
        log.info("applying from %s", session.offsets())
        return session

    def _round(self, session: _Session) -> int:
        if self._settings.rebuild.exists():
            self._rebuild(session)
        writer, settings = session.writer, self._settings
        wait = 0.0 if writer.busy else _SWEEPING_S if session.guard.sweeping else settings.wait_s
        before = writer.codes
        records = self._source.poll(settings.chunk, wait)
        if records:
            writer.write(records)
        if len(records) < settings.chunk:  # nothing else is there to be done meanwhile
            writer.finish()
        if session.guard.turn() | self._sweep(session):
            self._source.start(session.offsets())
        now = time.monotonic()
        if now - self._beaten >= settings.beat_s:
            self._beaten = now
            writer.finish()
            session.store.beat(
                self._platform.seal_alive(Alive(self._clock.now(), self._behind(session)))
            )
        done = writer.codes - before
        self.applied += done
        return done

    def _sweep(self, session: _Session) -> bool:
        if session.guard.sweeping:
            self._swept = time.monotonic()
            return session.guard.sweep()
        if time.monotonic() - self._swept > self._settings.sweep_s:
            session.guard.begin_sweep()
        return False

    def _behind(self, session: _Session) -> int:
        return sum(
            self._ledger.bounds(DECISIONS, n).end - p.position.applied - 1
            for n, p in session.partitions.items()
        )

    def _rebuild(self, session: _Session) -> None:
        """Everything anew, because the operator asked."""
        session.writer.finish()
        log.warning("rebuilding the platform: %d keys dropped", session.store.drop())
        for partition in session.partitions.values():
            partition.restart()
        self._source.start(session.offsets())
        self._settings.rebuild.unlink(missing_ok=True)

    def caught_up(self) -> bool:
        """Whether everything that is on the ledger is applied."""
        return self._session is not None and self._behind(self._session) == 0

    def _close(self) -> None:
        if self._session is not None:
            self._session.store.close()
            self._session = None
