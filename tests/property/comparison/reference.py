"""The comparison, slow and obvious: everything with everything, from nothing each time.

It shares only the shapes of records and the place names with the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from fuma.domain.comparison.events import Area, Case, Input, Match, Presence
from fuma.domain.time import Ms
from property.comparison.world import COACH, DIVISIONS, PLACES, STEP, TRAIN

CELLS = PLACES[:3]
_FAR = 1 << 52


class Found(NamedTuple):
    """A match, without its digests."""

    rule: str
    ground: str
    tag: bytes
    place: bytes
    since: Ms
    until: Ms
    stay: tuple[Ms, Ms]
    source: tuple[Ms, Ms]
    case: bytes
    depth: int


def seen(match: Match) -> Found:
    return Found(
        match.rule,
        match.ground,
        match.tag,
        match.place,
        match.since,
        match.until,
        match.stay,
        match.source,
        match.case,
        match.depth,
    )


def current(
    heard: Iterable[tuple[Input, Ms]], parts: int = 1
) -> tuple[list[Presence], list[tuple[Case, Ms]], list[tuple[Area, Ms]]]:
    """The records that count: the highest revision, of equals the first; without withdrawn ones."""
    best: dict[object, tuple[Presence | Case | Area, Ms]] = {}
    for record, at in heard:
        assert isinstance(record, Presence | Case | Area)
        key: object = (type(record), record.id)
        if isinstance(record, Presence):
            key = (record.id, record.place, record.tag[0] % parts)
        if key not in best or best[key][0].revision < record.revision:
            best[key] = (record, at)
    there = [(record, at) for record, at in best.values() if not record.gone]
    return (
        [r for r, _ in there if isinstance(r, Presence)],
        [(r, at) for r, at in there if isinstance(r, Case)],
        [(r, at) for r, at in there if isinstance(r, Area)],
    )


def companions(
    stays: list[Presence], who: bytes, span: tuple[Ms, Ms], case: bytes, root: bytes, depth: int,
    too_old: Ms = 0, joined: bool = True,
) -> list[Found]:  # fmt: skip
    """All matches with one infectious person, companion and ride."""
    found, brief = list[Found](), list[tuple[Found, Ms]]()
    for a in stays:
        if a.tag != who:
            continue
        low, high = max(a.since, span[0]), min(a.until, span[1])
        for b in stays:
            if b.tag in (who, root) or low >= high:
                continue
            since, until = max(low, b.since), min(high, b.until)
            verdict = _rule(a, b, depth)
            if verdict is None or since >= until:
                continue
            rule, ground, minimum = verdict
            one = Found(
                rule, ground, b.tag, b.place, since, until, (b.since, b.until), (low, high), case,
                depth,
            )  # fmt: skip
            if until - since >= minimum:
                found.append(one)
            elif b.place in CELLS and until > too_old:
                brief.append((one, minimum))
    long = [one for one, minimum in brief if not joined or reach(one, brief) >= minimum]
    return found + long


def reach(one: Found, brief: list[tuple[Found, Ms]]) -> Ms:
    """How long the person was with the case at that place, in one go, with that overlap in it."""
    since, until = one.since, one.until
    others = [b for b, _ in brief if (b.tag, b.place) == (one.tag, one.place)]
    for _ in others:  # as often as it can grow
        for b in others:
            if b.since <= until and since <= b.until:
                since, until = min(since, b.since), max(until, b.until)
    return until - since


def _rule(a: Presence, b: Presence, depth: int) -> tuple[str, str, Ms] | None:
    strict_a, strict = a.division == DIVISIONS[2], b.division == DIVISIONS[2]
    if a.place in CELLS and b.place in CELLS:
        adjacent = {a.place, b.place} == set(CELLS[:2])
        if a.place != b.place and not (adjacent and not strict_a and not strict):
            return None
        if strict:
            return ("strict", "spatiotemporal-companion", STEP) if depth == 0 else None
        return "companion", ("spatiotemporal-companion", "secondary-contact")[depth], 2 * STEP
    if a.place != b.place or strict or depth:
        return None
    if a.place == TRAIN:
        known = a.carriage and a.row and b.row
        if not known or a.carriage != b.carriage or abs(a.row - b.row) > 1:
            return None
    else:
        assert a.place == COACH
    return "ride", "close-contact", STEP


def sojourns(stays: list[Presence], area: Area) -> list[Found]:
    found = []
    for since, end in area.periods:
        until = _FAR if end is None else end
        if since >= until:
            continue
        low = since - 6 * STEP
        for b in stays:
            inside = [p for p in area.places if p == b.place]
            inside += [d.encode() for d in area.divisions if b.division.startswith(d)]
            start, stop = max(low, b.since), min(until, b.until)
            if b.division == DIVISIONS[2] or stop - start < 1:
                continue
            found += [
                Found(
                    "sojourn",
                    "high-risk-area",
                    b.tag,
                    b.place,
                    start,
                    stop,
                    (b.since, b.until),
                    (low, until),
                    area.id,
                    0,
                )
                for _ in inside
            ]
    return found


def everything(heard: Iterable[tuple[Input, Ms]], parts: int = 1) -> Counter[Found]:
    """All matches that stand in a world in which nothing has become too old."""
    stays, cases, areas = current(heard, parts)
    found: list[Found] = []
    for case, _ in cases:
        span = (case.since, case.until)
        first = companions(stays, case.tag, span, case.id, case.tag, 0)
        found += first
        for contact in {f.tag for f in first}:
            # A contact counts in turn if some match of theirs is under a rule of two grounds.
            starts = [f.since for f in first if f.tag == contact and f.rule == "companion"]
            if starts:
                span = (min(starts), min(starts) + 12 * STEP)
                found += companions(stays, contact, span, case.id, case.tag, 1)
    for area, _ in areas:
        found += sojourns(stays, area)
    return Counter(found)
