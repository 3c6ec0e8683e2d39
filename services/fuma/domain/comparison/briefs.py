"""Meetings that are too short by themselves, and long enough where they touch.

Departments report a stay in pieces, and a phone that looks for another mast makes two of one. So
the short overlaps of one person with one case at one spot are held; where some that touch or
overlap are together as long as the law asks of each, each of them is a match, of its own two
intervals. One that is long enough alone takes no part: it is a match anyway. One that becomes too
old leaves the others as they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fuma.domain.comparison.events import Brief, Brushed
from fuma.domain.comparison.pairs import Met
from fuma.domain.comparison.view import View
from fuma.domain.time import Ms


def group(brief: Brief) -> bytes:
    """What they have in common: spot, person, and case or derived case."""
    return brief.spot + brief.match.tag + brief.case


def joins(
    state: View, was: Mapping[bytes, Brief], now: Mapping[bytes, Brief], at: Ms
) -> tuple[list[Brushed], Met, Met]:
    """What to hold, and which matches stand by joining after and before.

    The revision of such a match is T where it can be, as a chain's: another piece, which has none
    of its own in it, makes it stand and fall.
    """
    brushed: list[Brushed] = []
    joined: Met = {}
    parted: Met = {}
    touched: dict[bytes, tuple[set[bytes], dict[bytes, Brief]]] = {}
    for id_, brief in was.items():
        touched.setdefault(group(brief), (set(), {}))[0].add(id_)
    for id_, brief in now.items():
        touched.setdefault(group(brief), (set(), {}))[1][id_] = brief
    for key in sorted(touched):
        gone, come = touched[key]
        held = {one.brief.match.id: one for one in state.briefs(key)}
        last = max(at, max((one.last for one in held.values()), default=0) + 1)
        before = {i: one.brief for i, one in held.items() if not one.gone and one.brief.dies > at}
        after = {i: brief for i, brief in before.items() if i not in gone} | come
        for id_ in sorted(before.keys() - after.keys()):
            brushed.append(Brushed(before[id_], True, last))
        for id_ in sorted(after):
            if after[id_] != before.get(id_):
                brushed.append(Brushed(after[id_], False, last))
        long = {b.match.id for b in together(before.values())}
        # What it was joined with may have become too old meanwhile: it stands until it is gone.
        stands = {i for i, b in before.items() if i not in long and state.stands(b.match.case, i)}
        for id_ in [*long, *(stands - after.keys())]:
            parted[id_] = before[id_].match, last, before[id_].stays
        for brief in together(after.values()):
            if brief.match.id not in stands:
                joined[brief.match.id] = brief.match, last, brief.stays
    return brushed, joined, parted


def together(held: Iterable[Brief]) -> list[Brief]:
    """Those that are long enough with what they touch."""
    found: list[Brief] = []
    run: list[Brief] = []
    until: Ms = 0
    for brief in sorted(held, key=lambda b: (b.match.since, b.match.until, b.match.id)):
        if run and brief.match.since > until:
            found += _long_enough(run, until)
            run = []
        until = max(until, brief.match.until) if run else brief.match.until
        run.append(brief)
    return found + (_long_enough(run, until) if run else [])


def _long_enough(run: list[Brief], until: Ms) -> list[Brief]:
    length = until - run[0].match.since
    return [brief for brief in run if length >= brief.minimum]
