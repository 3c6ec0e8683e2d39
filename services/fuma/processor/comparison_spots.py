"""The exposures of one partition in a sorted store, loaded a spot at a time.

Which spots have any is in memory, since every presence asks it; the exposures themselves are in a
cache that holds so many at most, apart from those that an open chunk has changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from fuma.contracts import comparison_rows as r
from fuma.domain.comparison.events import Exposed, Exposure
from fuma.domain.comparison.intervals import Intervals
from fuma.domain.time import Ms
from fuma.processor.comparison_overlay import Overlay

LIMIT = 100_000


class Spot:
    """What counts at one spot, place or division."""

    __slots__ = ("exposures", "told", "when")

    def __init__(self) -> None:
        self.exposures: dict[bytes, Exposure] = {}
        self.told: dict[bytes, tuple[Exposure, bool]] = {}
        self.when: Intervals[Exposure] = Intervals()

    def __len__(self) -> int:
        return len(self.exposures) + len(self.told)

    def add(self, exposure: Exposure, gone: bool, foreign: bool) -> None:
        self.drop(exposure.key)
        if foreign:
            self.told[exposure.key] = exposure, gone
        if not gone:
            self.exposures[exposure.key] = exposure
            self.when.add(exposure.key, exposure)

    def drop(self, key: bytes) -> None:
        held = self.exposures.pop(key, None)
        if held is not None:
            self.when.remove(key, held)


class Spots:
    """Reading and folding exposures."""

    def __init__(self, overlay: Overlay, grain: Ms, limit: int = LIMIT) -> None:
        self._overlay = overlay
        self._grain = grain
        self._limit = limit
        self._cache: OrderedDict[bytes, Spot] = OrderedDict()
        self._held = 0
        self.counts: dict[bytes, int] = {}
        for row, value in overlay.store.scan([b"e"]):
            if not r.exposure_of(value)[1]:
                where = r.where_of(row)
                self.counts[where] = self.counts.get(where, 0) + 1

    def spot(self, where: bytes) -> Spot:
        found = self._cache.get(where)
        if found is not None:
            self._cache.move_to_end(where)
            return found
        found = Spot()
        for _, value in self._overlay.store.scan([r.exposure_prefix(where)]):
            found.add(*r.exposure_of(value))
        self._cache[where] = found
        self._held += len(found)
        return found

    def shrink(self) -> None:
        """Bring the cache down to its limit."""
        if self._held <= self._limit:
            return
        for where in list(self._cache):
            if self._held <= self._limit:
                return
            if not self._overlay.dirty(where):
                self._held -= len(self._cache.pop(where))

    def take(self, event: Exposed) -> None:
        exposure = event.exposure
        where, key = exposure.spot, exposure.key
        spot = self.spot(where)
        before, live = len(spot), len(spot.exposures)
        spot.add(exposure, event.gone, event.foreign)
        self._changed(where, spot, before, live)
        row = r.exposure_prefix(where) + key
        if event.gone and not event.foreign:
            self._overlay.put(row, None)
            return
        self._overlay.put(row, r.exposure_value(exposure, event.gone, event.foreign))
        slot = exposure.dies // self._grain
        self._overlay.put(r.due_key(slot, row), b"")
        self._overlay.current.due.append((slot, row))

    def expire(self, row: bytes, now: Ms) -> None:
        """Drop what the row held if its time has come."""
        where = r.where_of(row)
        key = row[2 + len(where) :]
        spot = self.spot(where)
        before, live = len(spot), len(spot.exposures)
        held = spot.exposures.get(key)
        told = spot.told.get(key)
        if held is not None and held.dies // self._grain < now // self._grain:
            spot.drop(key)
        if told is not None and told[0].dies // self._grain < now // self._grain:
            del spot.told[key]
        self._changed(where, spot, before, live)
        if key not in spot.exposures and key not in spot.told:
            self._overlay.put(row, None)

    def _changed(self, where: bytes, spot: Spot, before: int, live: int) -> None:
        self._held += len(spot) - before
        self._overlay.current.dirty.add(where)
        count = self.counts.get(where, 0) + len(spot.exposures) - live
        if count:
            self.counts[where] = count
        else:
            self.counts.pop(where, None)

    def all(self) -> Iterator[tuple[Exposure, bool, bool]]:
        """Every row, for an audit. Nothing may be open."""
        for _, value in self._overlay.store.scan([b"e"]):
            yield r.exposure_of(value)
