"""The stays of one partition in a sorted store: by id, by spot and time, by person; gone by time.

A row is dropped in the step of T (``slot``) at which the stay has been over for ``keep``; what
remains of a corrected one is its revision, under the level ``GONE``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fuma.contracts import comparison_rows as r
from fuma.domain.comparison.events import Stay
from fuma.domain.comparison.intervals import SIZES
from fuma.domain.comparison.keeping import forgotten
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import Ms
from fuma.processor.comparison_overlay import Overlay

_LEVELS = (*range(len(SIZES) + 1), r.GONE)
_LAST = (1 << 64) - 1


class Stays:
    """Reading and folding stays. ``first``: the least slot that is not dropped yet."""

    def __init__(self, overlay: Overlay, frame: Frame, grain: Ms, first: int) -> None:
        self.first = first
        self._overlay = overlay
        self._fresh = overlay.fresh
        self._keep = frame.keep
        self._grain = grain
        self._loaded: dict[bytes, Stay] = {}
        self._known: dict[bytes, bytes] = {}  # digests of keys asked for in batch, found or not
        #: Slots in use, by level. A few hundred: one for each step that anything is kept.
        self._slots: dict[int, set[int]] = {level: self._in_use(level) for level in _LEVELS}
        #: Until which slot somebody stayed in a division.
        self._divisions: dict[str, int] = {}
        for row, value in overlay.store.scan([b"d"]):
            self._divisions[r.division_of(row)] = r.number_of(value)

    def _in_use(self, level: int) -> set[int]:
        found: set[int] = set()
        slot = 0
        while True:
            start = r.slot_prefix(level, slot)
            row = self._overlay.store.first(start, r.slot_prefix(level, _LAST))
            if row is None:
                return found
            slot = r.split_stay_key(row)[1]
            found.add(slot)
            slot += 1

    def slot(self, stay: Stay) -> int:
        return ((stay.at if stay.gone else stay.until) + self._keep) // self._grain

    # --- reading --------------------------------------------------------------------------------

    def prepare(self, keys: Iterable[bytes]) -> None:
        """Load what a chunk asks by key, in two batched reads."""
        self._known = {key: r.digest(key) for key in keys}
        self._loaded = {}
        get = self._overlay.store.get_many
        found = []
        index = get([b"i" + digest for digest in self._known.values()])
        for key, value in zip(self._known, index, strict=True):
            if value is not None:
                found.append((key, *r.index_of(value)))
        if not found:
            return
        rows = get([r.stay_key(level, slot, key[:-16], key[-16:]) for key, level, slot in found])
        for (key, _, slot), value in zip(found, rows, strict=True):
            if value is not None and slot >= self.first:
                self._loaded[key] = r.stay_of(key, value)

    def get(self, key: bytes) -> Stay | None:
        fresh = self._fresh.get(key)
        if fresh is not None:
            return fresh if self.slot(fresh) >= self.first else None
        if key not in self._known:
            self._add(key)
        stay = self._loaded.get(key)
        return stay if stay is not None and self.slot(stay) >= self.first else None

    def _add(self, key: bytes) -> None:
        known, loaded = self._known, self._loaded
        self.prepare([key])
        self._known |= known
        self._loaded.update(loaded)

    def at(self, spot: bytes, since: Ms, until: Ms) -> Iterator[Stay]:
        """Those of a spot that share an instant with ``[since, until)``."""
        for stay in self._overlay.at_spot(spot):
            if since < stay.until and stay.since < until and self.slot(stay) >= self.first:
                yield stay
        prefixes = (r.stay_prefix(level, slot, spot) for level, slot in self._over(since, until))
        for row, value in self._overlay.store.scan(prefixes):
            key = r.split_stay_key(row)[2]
            if key in self._fresh:
                continue
            stay = r.stay_of(key, value)
            if stay.since < until and stay.until > since:
                yield stay

    def within(self, prefix: str, since: Ms, until: Ms) -> Iterator[Stay]:
        """Those in a division of that prefix; reads every stay of that time."""
        if not any(division.startswith(prefix) for division in self._divisions):
            return
        for stay in self._overlay.standing():
            if self.slot(stay) >= self.first and _is_of(stay, prefix, since, until):
                yield stay
        slots = (r.slot_prefix(level, slot) for level, slot in self._over(since, until))
        code = prefix.encode()
        for row, value in self._overlay.store.scan(slots):
            if not r.is_under(value, code):
                continue
            stay = r.stay_of(r.split_stay_key(row)[2], value)
            if stay.key not in self._fresh and _is_of(stay, prefix, since, until):
                yield stay

    def _over(self, since: Ms, until: Ms) -> Iterator[tuple[int, int]]:
        """Levels and slots of whatever shares an instant with ``[since, until)``."""
        for level, size in enumerate((*SIZES, None)):
            for slot in self._between(level, since, None if size is None else until + size):
                yield level, slot

    def _between(self, level: int, since: Ms, until: Ms | None) -> Iterator[int]:
        used = self._slots[level]
        if not used:
            return
        low = max(self.first, (since + self._keep) // self._grain)
        high = max(used) if until is None else (until + self._keep) // self._grain
        if high - low < len(used):
            yield from (slot for slot in range(low, high + 1) if slot in used)
        else:
            yield from sorted(slot for slot in used if low <= slot <= high)

    def of(self, tag: bytes) -> Iterator[Stay]:
        """Those of a person."""
        for stay in self._overlay.of_tag(tag):
            if self.slot(stay) >= self.first:
                yield stay
        slots = sorted({s for level in _LEVELS for s in self._slots[level] if s >= self.first})
        keys, rows = [], []
        for row, value in self._overlay.store.scan(r.tag_prefix(slot, tag) for slot in slots):
            level, key = value[0], value[1:]
            if key not in self._fresh:
                keys.append(key)
                rows.append(r.stay_key(level, r.slot_of_tag(row), key[:-16], key[-16:]))
        for key, found in zip(keys, self._overlay.store.get_many(rows), strict=True):
            if found is not None:
                yield r.stay_of(key, found)

    # --- folding --------------------------------------------------------------------------------

    def take(self, stay: Stay) -> None:
        """Put a stay in place of the one with its key."""
        key, spot, tag, changes = stay.key, stay.spot, stay.tag, self._overlay.current
        digest = self._known.get(key)
        if digest is None or key in self._loaded or key in self._fresh:
            digest = r.digest(key)
            held = self.get(key)
            if held is not None:
                self._delete(held, digest)
        slot = self.slot(stay)
        puts = changes.puts
        level = r.GONE if stay.gone else r.level(stay.until - stay.since)
        puts[b"i" + digest] = r.index_value(level, slot)
        puts[r.stay_key(level, slot, spot, stay.id)] = r.stay_value(stay)
        self._slots[level].add(slot)
        changes.taken.append(stay)
        self._fresh[key] = stay
        if stay.gone:
            return
        puts[r.tag_key(slot, tag, digest)] = r.tag_value(level, key)
        if self._divisions.get(stay.division, -1) < slot:
            # A day ahead, so that it is written once a day at most.
            self._divisions[stay.division] = slot + 24
            puts[r.division_key(stay.division)] = r.number_value(slot + 24)

    def _delete(self, held: Stay, digest: bytes) -> None:
        slot, puts = self.slot(held), self._overlay.current.puts
        level = r.GONE if held.gone else r.level(held.until - held.since)
        puts[r.stay_key(level, slot, held.spot, held.id)] = None
        if not held.gone:
            puts[r.tag_key(slot, held.tag, digest)] = None

    def advance(self, now: Ms) -> None:
        """Drop every slot that has passed."""
        passed = now // self._grain
        changes = self._overlay.current
        kept: list[Stay] = []
        old = [(lv, s) for lv in _LEVELS for s in sorted(self._slots[lv]) if s < passed]
        for row, value in self._overlay.store.scan(r.slot_prefix(*one) for one in old):
            key = r.split_stay_key(row)[2]
            if key not in self._fresh:
                self._expire(r.stay_of(key, value), now, kept)
        for stay in list(self._fresh.values()):
            if self.first <= self.slot(stay) < passed:
                self._expire(stay, now, kept)
        for level, slot in old:
            changes.drops.append((r.slot_prefix(level, slot), r.slot_prefix(level, slot + 1)))
            self._slots[level].discard(slot)
        changes.drops.append(r.before(b"t", passed))
        self.first = max(self.first, passed)
        for stay in kept:
            self.take(forgotten(stay))
        for division in [code for code, slot in self._divisions.items() if slot < passed]:
            del self._divisions[division]
            changes.puts[r.division_key(division)] = None

    def _expire(self, stay: Stay, now: Ms, kept: list[Stay]) -> None:
        if not stay.gone and stay.revision and stay.at + self._keep > now:
            # An older revision may still come: only that it is outdated is remembered.
            kept.append(stay)
        else:
            self._overlay.current.puts[b"i" + r.digest(stay.key)] = None

    def all(self) -> Iterator[Stay]:
        """Every stay that the store holds, for an audit. Nothing may be open."""
        levels = (r.slot_prefix(level, slot) for level in _LEVELS for slot in self._slots[level])
        for row, value in self._overlay.store.scan(levels):
            yield r.stay_of(r.split_stay_key(row)[2], value)


def _is_of(stay: Stay, prefix: str, since: Ms, until: Ms) -> bool:
    if not stay.division.startswith(prefix):
        return False
    return stay.since < until and stay.until > since
