"""What is said: matches that begin to stand or stand no longer, by what met before and after.

Assertions come before withdrawals, so that evidence which merely changes its shape is never missing
in between. Lists are sorted by id: how the state came about does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from fuma.domain.comparison import briefs
from fuma.domain.comparison.events import Contact, Event, Remembered, Said
from fuma.domain.comparison.pairs import Found
from fuma.domain.comparison.settings import Law
from fuma.domain.comparison.view import View
from fuma.domain.time import Ms

_NONE: Mapping[bytes, Said] = MappingProxyType({})


def said(
    state: View, was: Found, now: Found, at: Ms, law: Law, back: Mapping[bytes, Said] = _NONE
) -> list[Event]:
    """What is asserted, and withdrawn; of ``back``, what neither follows nor followed lately."""
    brushed, joined, parted = briefs.joins(state, was.briefs, now.briefs, at)
    before, after = {**was.met, **parted}, {**now.met, **joined}
    asserted = sorted(after.keys() - before.keys())
    # What its case took back already is not said again.
    gone = before.keys() - after.keys()
    withdrawn = sorted(i for i in gone if state.stands(before[i][0].case, i))
    told = [Said(after[i][0], True, after[i][1]) for i in asserted]
    told += (Said(before[i][0], False, before[i][1]) for i in withdrawn)
    late = sorted(back.keys() - before.keys() - after.keys())
    told += (Said(back[i].match, False, back[i].revision + 1) for i in late)
    stays = {i: met[2] for i, met in after.items()}
    kept = [Remembered(bare(one), at, stays.get(one.match.id, ())) for one in told]
    contacts = (contact for one in told for contact in _met(one, at, law))
    return [*brushed, *told, *kept, *contacts]


def bare(said: Said) -> Said:
    """Without place and times."""
    match = said.match._replace(place=b"", since=0, until=0, stay=(0, 0), source=(0, 0))
    return said._replace(match=match)


def taken_back(follows: Iterable[Said], events: list[Event], at: Ms, law: Law) -> list[Event]:
    """What a withdrawn case takes back though its stay, or its own, has gone meanwhile."""
    done = {event.match.id for event in events if isinstance(event, Said)}
    found: list[Event] = []
    for said in sorted(follows, key=lambda said: said.match.id):
        if said.match.id not in done:
            gone = Said(said.match, False, said.revision + 1)
            found += [gone, Remembered(gone, at), *_met(gone, at, law)]
    return found


def _met(said: Said, at: Ms, law: Law) -> Iterator[Contact]:
    """What the person's own tag is told, where contacts of contacts may count."""
    match = said.match
    if not match.mark:
        return
    if said.stands:
        settings = law.settings(match.division, at)
        rules = () if settings is None else (settings.companion, settings.ride)
        further = (len(rule.grounds) for rule in rules if rule and rule.name == match.rule)
        if match.depth + 1 >= max(further, default=0):
            return
    yield Contact(
        match.id, said.revision, said.stands, match.tag, match.division, match.since, match.until,
        match.case, match.depth, match.mark,
    )  # fmt: skip
