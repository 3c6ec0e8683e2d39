"""As time goes on: at each step what is said is what the slow reference's answer changed by.

Nothing counts longer than the frame keeps it, and a state made anew from the records of that time
says the same as one that has been there all along.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Area, Case, Event, Input, Match, Presence, Said, Tick
from fuma.domain.comparison.fold import evolve, rows
from fuma.domain.comparison.meet import digest
from fuma.domain.comparison.rows import decode, encode
from fuma.domain.comparison.settings import Frame, Settings
from fuma.domain.comparison.state import State
from fuma.domain.time import Ms
from property.comparison import world
from property.comparison.reference import Found, companions, seen, sojourns
from property.comparison.world import PLACES, START, STEP

KEEP = 24 * STEP
FRAME = Frame(keep=KEEP, longest=12 * STEP)
LAW_HERE = replace(
    world.SETTINGS,
    neighbours=False,
    companion=world.rule("companion", "spatiotemporal-companion"),
)
Told = tuple[Input, Ms]


class Here:
    """One text of law, no chain, no neighbours: one partition is the whole line."""

    def settings(self, division: str, at: Ms) -> Settings | None:
        return LAW_HERE


class Slow:
    """All records ever accepted; the answer anew each time."""

    def __init__(self) -> None:
        self.best: dict[object, tuple[Presence | Case | Area, Ms]] = {}
        self.stays: dict[bytes, object] = {}  # by what their reports say
        self.too_old: set[bytes] = set()  # said again when it was

    def _corrects(self, record: Presence | Case, at: Ms) -> bool:
        if isinstance(record, Presence):
            return record.revision > 0
        held, _ = self.best.get((Case, record.id), (record, at))
        if held.gone or _over(held, at) or held.revision >= record.revision:
            return False
        assert isinstance(held, Case)
        return (held.since, held.until) != (record.since, record.until)

    def says(self, said: bytes, key: object) -> bool:
        """Whether a stay's report says that now."""
        record = self.best[key][0]
        assert isinstance(record, Presence)
        # An id that is used again after it was forgotten corrects nothing.
        if record.gone:
            return said in self.too_old
        return _of(record) == said or not record.revision

    def hear(self, record: Input, at: Ms) -> None:
        assert isinstance(record, Presence | Case | Area)
        if _over(record, at):
            return
        if isinstance(record, Presence | Case) and not record.gone and record.until <= at - KEEP:
            # Nothing of it counts; where it says otherwise than before, nor does that.
            if not self._corrects(record, at):
                return
            if isinstance(record, Presence):
                self.too_old.add(_of(record))
            record = record._replace(gone=True)
        if isinstance(record, Presence) and not record.gone:
            length = record.until - record.since
            if not 0 < length <= FRAME.longest or record.until > at:
                return
        key: object = (type(record), record.id)
        if isinstance(record, Presence):
            key = (record.id, record.place)
        held = self.best.get(key)
        lapsed = held is not None and (_over(held[0], at) or _forgotten(*held, at))
        if held is None or lapsed or record.revision > held[0].revision:
            self.best[key] = (record, at)
            if isinstance(record, Presence):
                self.stays[_of(record)] = key

    def answer(self, at: Ms, joined: bool = True) -> Counter[Found]:
        """``joined``: short ones only where they are long enough together."""
        there = [(r, t) for r, t in self.best.values() if not r.gone]
        stays = [r for r, _ in there if isinstance(r, Presence)]
        found: list[Found] = []
        for record, _ in there:
            if _over(record, at):
                continue
            if isinstance(record, Case):
                span = (record.since, record.until)
                old = at - KEEP
                who = record.tag
                found += companions(stays, who, span, record.id, who, 0, old, joined=joined)
            elif isinstance(record, Area):
                found += sojourns(stays, record)
        return Counter(f for f in found if f.until > at - KEEP)


def _of(p: Presence) -> bytes:
    return digest("stay", p.id, p.tag, p.place, p.since, p.until, p.carriage, p.row)


def _forgotten(record: Presence | Case | Area, taken: Ms, at: Ms) -> bool:
    if not isinstance(record, Presence):
        return False
    return (taken if record.revision or record.gone else record.until) + KEEP <= at


def _over(record: Presence | Case | Area, at: Ms) -> bool:
    return not isinstance(record, Presence) and record.issued + KEEP <= at


def told(random: Random) -> list[Told]:
    """Records with the time at which they are heard, in order; a stay is reported when over."""
    found: list[Told] = []
    moments: dict[bytes, int] = {}
    for _ in range(random.randrange(8, 40)):
        now = random.randrange(20, 80)
        record: Input = random.choice((world.presence, world.presence, world.case))(random)
        if isinstance(record, Presence):
            moment = moments.setdefault(record.id, random.randrange(14, 60))
            now = max(now, moment)
            since = START + random.randrange(moment - 10, moment) * STEP
            until = min(since + random.choice((1, 2, 4, 9)) * STEP, START + moment * STEP)
            place = random.choice((PLACES[0], PLACES[2], PLACES[0], PLACES[3]))
            record = record._replace(
                since=since, until=until, place=place, division="410105", row=2, carriage=1
            )
        elif isinstance(record, Case):
            shift = random.randrange(60) * STEP
            record = record._replace(since=record.since + shift, until=record.until + shift)
            record, now = _issued(random, record, now, moments)
        found.append((record, START + now * STEP + random.randrange(3)))
        if random.random() < 0.2:
            found.append((record, START + (now + random.randrange(9)) * STEP))
    if random.random() < 0.5:
        for _ in range(3):
            area, now = _issued(random, world.area(random), random.randrange(20, 80), moments)
            found.append((area, START + now * STEP))
    return sorted(found, key=lambda pair: pair[1])


C = TypeVar("C", Case, Area)


def _issued(random: Random, record: C, now: int, moments: dict[bytes, int]) -> tuple[C, int]:
    """Revisions of an id are issued one after the other, and heard in any order."""
    first = moments.setdefault(record.id, random.randrange(10, 50))
    issued = first + 7 * record.revision
    return record._replace(issued=START + issued * STEP), max(now, issued)


@settings(max_examples=600, deadline=None)
@given(st.integers(0, 2**60), st.booleans())
def test_each_step_says_what_changed(seed: int, restart: bool) -> None:
    state, slow, law = State(FRAME), Slow(), Here()
    standing: dict[bytes, Match] = {}
    for record, at in told(Random(seed)):
        before = slow.answer(at)
        slow.hear(record, at)
        after = slow.answer(at)
        if restart:
            state = decode(encode(state), FRAME)
        events = decide(state, record, at, law)
        for event in events:
            evolve(state, event)
        said = _said(events)
        change = Counter(seen(s.match) for s in said if s.stands)
        change.subtract(seen(s.match) for s in said if not s.stands)
        changed = after.copy()
        changed.subtract(before)
        assert _long(+change) == _long(+changed)
        assert _long(-change) == _long(-changed)
        _keep(standing, events)
        # Short ones that are long together: what one was joined with may have become too old.
        young = Counter(seen(m) for m in standing.values() if m.until > at - KEEP)
        assert _short(after) <= _short(young)
        lapsed = {r.id for r, _ in slow.best.values() if _over(r, at)}
        counted = Counter({one: n for one, n in young.items() if one.case not in lapsed})
        assert _short(counted) <= _short(slow.answer(at, joined=False))
        if at - KEEP < START + 20 * STEP + FRAME.remember:
            _nothing_stands_on_what_is_withdrawn(standing, slow)


def _nothing_stands_on_what_is_withdrawn(standing: dict[bytes, Match], slow: Slow) -> None:
    """However late: neither on a stay that is said otherwise now, nor on a case that is none."""
    said = {digest for digest, key in slow.stays.items() if slow.says(digest, key)}
    for match in standing.values():
        assert match.stay_digest in said
        case = slow.best.get((Case, match.case))
        if case is None:
            continue
        assert not case[0].gone
        sources = (d for d in slow.stays if match.source_digest == _exposure(d, match))
        assert next(sources) in said


def _exposure(stay: bytes, match: Match) -> bytes:
    return digest("exposure", stay, *match.source)


def _keep(standing: dict[bytes, Match], events: list[Event]) -> None:
    for event in events:
        if isinstance(event, Said) and event.stands:
            # Again, where its case had lapsed and is said again.
            standing[event.match.id] = event.match
        elif isinstance(event, Said):
            assert standing.pop(event.match.id), "withdrawn twice"


def _is_short(one: Found) -> bool:
    return one.rule == "companion" and one.until - one.since < 2 * STEP


def _long(found: Counter[Found]) -> Counter[Found]:
    return Counter({one: n for one, n in found.items() if not _is_short(one)})


def _short(found: Counter[Found]) -> Counter[Found]:
    return Counter({one: n for one, n in found.items() if _is_short(one)})


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**60))
def test_made_anew_from_the_records_of_the_time_kept(seed: int) -> None:
    log, law = told(Random(seed)), Here()
    live = State(FRAME)
    for number, (record, at) in enumerate(log):
        if number == len(log) * 2 // 3:
            break
        for event in decide(live, record, at, law):
            evolve(live, event)
    start = log[number][1] - KEEP
    fresh = State(FRAME)
    for record, at in log[:number]:
        if at > start - 1:
            for event in decide(fresh, record, at, law):
                evolve(fresh, event)
    for record, at in log[number:]:
        one, other = decide(live, record, at, law), decide(fresh, record, at, law)
        assert _said(one) == _said(other)
        for event in one:
            evolve(live, event)
        for event in other:
            evolve(fresh, event)


def _said(events: list[Event]) -> list[Said]:
    # What is remembered longer than what it follows from, a state made anew does not know.
    return [e for e in events if isinstance(e, Said) and e.match.place]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**60))
def test_nothing_stays_longer_than_it_is_kept(seed: int) -> None:
    state, law = State(FRAME), Here()
    last = START
    for record, at in told(Random(seed)):
        for event in decide(state, record, at, law):
            evolve(state, event)
        last = at
    world_end = last + FRAME.remember + 2 * state.grain
    for event in decide(state, Tick(), world_end, law):
        evolve(state, event)
    assert len(list(rows(state))) == 1, "only the time is left"
    tables = (state.by_tag, state.at_spot, state.divisions, state.cases_of, state.exposed)
    assert not any((*tables, state.due))
