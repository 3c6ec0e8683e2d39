"""``law`` as a service reads it: whole from its first record, then whatever is new."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fuma.contracts.errors import Poison
from fuma.contracts.genesis import World
from fuma.contracts.lawlog import LAW_TOPIC, LawLog
from fuma.contracts.rulesfile import law_of
from fuma.domain.law.inforce import Law
from fuma.domain.law.publication import FRESHNESS
from fuma.domain.time import Ms
from fuma.runtime.mac import TIME_HEADER, Sealer, unpack_time
from fuma.runtime.ports import LogReader, LogRecord

OnPoison = Callable[[LogRecord, Poison], None]


class LawReader:
    """Follows ``law``. ``poll`` is cheap where nothing is new; it may be called from any thread.

    ``on_poison`` hears of each record that is none of the law's; only one service (the gateway)
    needs to keep those as dead letters.
    """

    def __init__(
        self,
        reader: LogReader,
        sealer: Sealer,
        world: World,
        on_poison: OnPoison | None = None,
    ) -> None:
        self._reader = reader
        self._sealer = sealer
        self._world = world
        self._on_poison = on_poison
        self._lock = threading.Lock()
        self.log = LawLog(world)
        self.law = Law(())

    def poll(self) -> bool:
        """Read what is new; whether the texts changed. Raises ``Fatal`` on another genesis."""
        with self._lock:
            start, end = self.log.next_offset, self._reader.bounds(LAW_TOPIC, 0).end
            changed = False
            if end > start:
                for record in self._reader.read(LAW_TOPIC, 0, start, end):
                    changed |= self._apply(record)
            if changed:
                self.law = law_of(self.log.published)
            return changed

    def _apply(self, record: LogRecord) -> bool:
        authentic = self._sealer.check(LAW_TOPIC, record.key, record.value, record.headers)
        time = record.timestamp
        if self._world.simulated:
            stated = unpack_time(record.header(TIME_HEADER))
            if stated is None and self.log.genesis is not None:
                return self._fold(record, None, authentic)
            time = stated if stated is not None else record.timestamp
        return self._fold(record, time, authentic)

    def _fold(self, record: LogRecord, time: Ms | None, authentic: bool) -> bool:
        try:
            return self.log.apply(record.offset, record.value, time, authentic)
        except Poison as poison:
            if self._on_poison is not None:
                self._on_poison(record, poison)
            return False

    @property
    def begun(self) -> bool:
        """Whether there is a genesis on the topic."""
        return self.log.genesis is not None

    def fresh_for(self, at: Ms) -> bool:
        """Whether every text that could apply at ``at`` has been read."""
        return self.begun and self.log.time >= at - FRESHNESS
