"""The comparison's state at one partition, in a sorted store: ``View``, and the fold into it.

In memory are the T, the areas, one entry for a person with a case, for a spot with an exposure, for
a division with stays, and a bounded cache. Everything else is read when a record asks for it. It
holds the same as ``state.State`` for the same events; tests hold them against each other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from fuma.contracts import comparison_rows as r
from fuma.domain.comparison import links
from fuma.domain.comparison.briefs import group
from fuma.domain.comparison.events import (
    Advanced,
    Area,
    AreaTaken,
    Brushed,
    Case,
    CaseTaken,
    Event,
    Exposed,
    Exposure,
    Linked,
    Remembered,
    Said,
    Stay,
    StayTaken,
)
from fuma.domain.comparison.keeping import lapses, passed
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import HOUR, Ms
from fuma.processor.comparison_overlay import Changes, Overlay
from fuma.processor.comparison_spots import LIMIT, Spots
from fuma.processor.comparison_stays import Stays
from fuma.runtime.ports import Range, SortedStore

_CASES = 20_000  # held decoded


class StoredState:
    """``View`` over a store. One caller at a time."""

    def __init__(self, store: SortedStore, frame: Frame, limit: int = LIMIT) -> None:
        """``limit``: exposures held in memory at once."""
        self.frame = frame
        self.grain = max(1, min(HOUR, frame.keep // 24))
        self._overlay = Overlay(store)
        now = store.get_many([r.NOW])[0]
        self.now: Ms = 0 if now is None else r.number_of(now)
        self._stays = Stays(self._overlay, frame, self.grain, self.now // self.grain)
        self._spots = Spots(self._overlay, self.grain, limit)
        self.areas: dict[bytes, tuple[Area, Ms]] = {}
        for row, value in store.scan([b"a"]):
            self.areas[row[1:]] = r.area_of(value)
        self._cases: OrderedDict[bytes, tuple[Case, Ms] | None] = OrderedDict()
        self._cases_of: dict[bytes, tuple[bytes, ...]] = {}
        for row, value in store.scan([b"c"]):
            case, _ = r.case_of(value)
            if not case.gone:
                self._cases_of[case.tag] = (*self._cases_of.get(case.tag, ()), row[1:])
        # ``decide`` asks these for every presence.
        self.stay = self._stays.get
        self.is_exposed = self._spots.counts.__contains__
        self.is_case = self._cases_of.__contains__

    # --- chunks -----------------------------------------------------------------------------------

    def prepare(self, keys: Iterable[bytes]) -> None:
        """Load the stays of these keys in one go, and give back what is over the limits."""
        self._stays.prepare(keys)
        self._spots.shrink()
        while len(self._cases) > _CASES:
            self._cases.popitem(last=False)

    def cut(self) -> Changes:
        """What changed since the last cut."""
        return self._overlay.cut()

    def written(self, changes: Changes) -> None:
        """The store holds them now."""
        self._overlay.written(changes)

    def ranges(self) -> list[Range]:
        """Where dropped rows may still be on the disk: what goes by time, and a share of the rest.

        Rows of the rest are deleted one by one and go with the next compaction of their range, at
        the latest when T has gone on by 24 steps.
        """
        least = self.now // self.grain
        part = least % 24
        edges = [bytes((256 * n // 24,)) for n in range(1, 24)]
        shares = [(b"", edges[0]), *pairwise(edges), (edges[-1], b"\xff" * 12)]
        low, high = shares[part]
        rest = [(letter + low, letter + high) for letter in (b"i", b"c", b"l", b"w", b"y", b"b")]
        levels = {r.slot_prefix(level, 0)[:2] for level in (*range(5), r.GONE)}
        slots = [(level, level + r.number_value(least)) for level in sorted(levels)]
        return [*slots, r.before(b"t", least), r.before(b"x", least), *rest, (b"e", b"f")]

    # --- reading ----------------------------------------------------------------------------------

    def exposures_at(self, where: bytes, since: Ms, until: Ms) -> Iterator[Exposure]:
        return self._spots.spot(where).when.overlapping(since, until)

    def exposure(self, like: Exposure) -> Exposure | None:
        return self._spots.spot(like.spot).exposures.get(like.key)

    def told(self, like: Exposure) -> tuple[Exposure, bool] | None:
        return self._spots.spot(like.spot).told.get(like.key)

    def stays_at(self, spot: bytes, since: Ms, until: Ms) -> Iterator[Stay]:
        return self._stays.at(spot, since, until)

    def stays_of(self, tag: bytes) -> Iterator[Stay]:
        return self._stays.of(tag)

    def stays_in(self, prefix: str, since: Ms, until: Ms) -> Iterator[Stay]:
        return self._stays.within(prefix, since, until)

    def case(self, id_: bytes) -> tuple[Case, Ms] | None:
        if id_ in self._cases:
            return self._cases[id_]
        value = self._overlay.get(b"c" + id_)
        found = self._cases[id_] = None if value is None else r.case_of(value)
        return found

    def cases_with(self, tag: bytes) -> Iterator[tuple[Case, Ms]]:
        for id_ in self._cases_of.get(tag, ()):
            found = self.case(id_)
            assert found is not None
            yield found

    def said_of(self, case: bytes) -> Iterator[Said]:
        fresh = self._overlay.said_of(case)
        yield from (said for said in fresh.values() if said is not None)
        for row, value in self._overlay.store.scan([r.said_key(case, b"")]):
            if row[17:] not in fresh:
                yield r.said_of(value).said

    def said_from(self, stay: bytes) -> Iterator[Said]:
        fresh = self._overlay.said_by(stay)
        found = [one for one, stands in fresh.items() if stands]
        rows = self._overlay.store.scan([r.stay_said_key(stay, b"", b"")])
        found += [row[17:] for row, _ in rows if row[17:] not in fresh]
        for one in found:
            value = self._overlay.get(b"w" + one)
            assert value is not None
            yield r.said_of(value).said

    def stands(self, case: bytes, match: bytes) -> bool:
        return self._overlay.get(r.said_key(case, match)) is not None

    def briefs(self, group: bytes) -> Iterator[Brushed]:
        fresh = self._overlay.briefs(group)
        yield from (one for one in fresh.values() if one is not None)
        for row, value in self._overlay.store.scan([r.brief_prefix(group)]):
            if row[-16:] not in fresh:
                yield r.brief_of(value)

    def chains(self, tag: bytes) -> links.Links:
        return r.chains_of(self._overlay.get(b"l" + tag))

    # --- folding ----------------------------------------------------------------------------------

    def evolve(self, event: Event) -> None:
        """Fold one event."""
        if type(event) is StayTaken:
            self._stays.take(event.stay)
        elif isinstance(event, Exposed):
            self._spots.take(event)
        elif isinstance(event, CaseTaken):
            self._case(event.case, event.at)
        elif isinstance(event, AreaTaken):
            row = b"a" + event.area.id
            self.areas[event.area.id] = event.area, event.at
            self._overlay.put(row, r.area_value(event.area, event.at))
            self._due(lapses(self.frame, event.area, event.at), row)
        elif isinstance(event, Linked):
            self._link(event)
        elif isinstance(event, Remembered):
            self._remember(event)
        elif isinstance(event, Brushed):
            self._brush(event)
        elif isinstance(event, Advanced):
            self._advance(event.at)

    def _due(self, when: Ms, row: bytes) -> None:
        slot = when // self.grain
        self._overlay.put(r.due_key(slot, row), b"")
        self._overlay.current.due.append((slot, row))

    def _case(self, case: Case, at: Ms) -> None:
        self._uncase(case.id)
        row = b"c" + case.id
        self._cases[case.id] = case, at
        self._overlay.put(row, r.case_value(case, at))
        if not case.gone:
            self._cases_of[case.tag] = (*self._cases_of.get(case.tag, ()), case.id)
        self._due(lapses(self.frame, case, at), row)

    def _uncase(self, id_: bytes) -> None:
        held = self.case(id_)
        self._cases[id_] = None
        if held is None or held[0].gone:
            return
        tag = held[0].tag
        rest = tuple(one for one in self._cases_of[tag] if one != id_)
        if rest:
            self._cases_of[tag] = rest
        else:
            del self._cases_of[tag]

    def _remember(self, event: Remembered) -> None:
        said, match = event.said, event.said.match
        row = r.said_key(match.case, match.id)
        of_case = self._overlay.current.said.setdefault(match.case, {})
        of_case[match.id] = said if said.stands else None
        # What is said again was of the same stays: a match's id follows from both.
        value = None if said.stands else self._overlay.get(row)
        self._by_stays(event if value is None else r.said_of(value), said.stands)
        self._overlay.put(row, r.said_value(event) if said.stands else None)
        if said.stands:
            self._due(event.at + self.frame.remember, row)

    def _by_stays(self, kept: Remembered, stands: bool) -> None:
        match, changes = kept.said.match, self._overlay.current
        for stay in kept.stays:
            row = r.stay_said_key(stay, match.case, match.id)
            self._overlay.put(row, b"" if stands else None)
            changes.said_by.setdefault(stay, {})[row[17:]] = stands

    def _brush(self, event: Brushed) -> None:
        of, match = group(event.brief), event.brief.match.id
        row = r.brief_prefix(of) + match
        self._overlay.current.briefs.setdefault(of, {})[match] = event
        self._overlay.put(row, r.brief_value(event))
        self._due(event.brief.dies, row)

    def _link(self, event: Linked) -> None:
        tag = event.contact.tag
        row = b"l" + tag
        chains = links.evolve(self.chains(tag), event, self.frame.keep)
        self._overlay.put(row, r.chains_value(chains))
        self._due(links.due(chains, event, self.frame.keep), row)

    def _advance(self, at: Ms) -> None:
        first, self.now = self.now // self.grain, max(self.now, at)
        self._overlay.put(r.NOW, r.number_value(self.now))
        least = self.now // self.grain
        # What was due before ``first`` went then, though the store may not have heard yet.
        (_, start), (letter, end) = r.before(b"x", first), r.before(b"x", least)
        rows = [r.due_row(key) for key, _ in self._overlay.store.range(start, end)]
        for changes in self._overlay.open:
            rows += [row for slot, row in changes.due if first <= slot < least]
        for row in dict.fromkeys(rows):
            self._expire(row)
        self._stays.advance(self.now)
        self._overlay.current.drops.append((letter, end))

    def _expire(self, row: bytes) -> None:
        letter, key, now = row[:1], row[1:], self.now
        if letter == b"e":
            self._spots.expire(row, self.now)
        elif letter == b"c":
            held = self.case(key)
            if held is not None and passed(self, lapses(self.frame, *held)):
                self._uncase(key)
                self._overlay.put(row, None)
        elif letter == b"a":
            if key in self.areas and passed(self, lapses(self.frame, *self.areas[key])):
                del self.areas[key]
                self._overlay.put(row, None)
        elif letter == b"b":
            value = self._overlay.get(row)
            if value is not None and passed(self, r.brief_of(value).brief.dies):
                self._overlay.current.briefs.setdefault(key[1:-16], {})[key[-16:]] = None
                self._overlay.put(row, None)
        elif letter == b"w":
            value = self._overlay.get(row)
            if value is not None:
                kept = r.said_of(value)
                if passed(self, kept.at + self.frame.remember):
                    self._remember(Remembered(kept.said._replace(stands=False), now))
        else:
            chains = links.young(self.chains(key), now, self.frame.keep)
            self._overlay.put(row, r.chains_value(chains) if chains else None)

    def rows(self) -> Sequence[Event]:
        """The events that make the state anew, sorted as ``fold.rows``. Nothing may be open."""
        store, found = self._overlay.store, list[Event]([Advanced(self.now)])
        found += [StayTaken(s) for s in sorted(self._stays.all(), key=lambda s: s.key)]
        found += [CaseTaken(*r.case_of(value)) for _, value in store.scan([b"c"])]
        found += [AreaTaken(*self.areas[id_]) for id_ in sorted(self.areas)]
        told = sorted(self._spots.all(), key=lambda one: one[0].key)
        found += [Exposed(*one) for one in told if not one[2]]
        found += [Exposed(*one) for one in told if one[2]]
        found += [r.said_of(value) for _, value in store.scan([b"w"])]
        found += [r.brief_of(value) for _, value in store.scan([b"b"])]
        for row, value in store.scan([b"l"]):
            found += links.rows(row[1:], r.chains_of(value))
        return found
