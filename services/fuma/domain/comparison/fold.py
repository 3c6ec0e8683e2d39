"""``evolve`` folds events into the comparison's state, and drops what has become too old.

It never raises. It changes the state in place and returns it: a million stays are not copied for
one.
"""

from __future__ import annotations

from collections.abc import Iterator

from fuma.domain.comparison import links
from fuma.domain.comparison.briefs import group
from fuma.domain.comparison.events import (
    Advanced,
    AreaTaken,
    Brushed,
    CaseTaken,
    Event,
    Exposed,
    Linked,
    Remembered,
    StayTaken,
)
from fuma.domain.comparison.keeping import forgotten, lapses, passed
from fuma.domain.comparison.state import (
    State,
    put_case,
    put_exposure,
    put_stay,
    remember,
    schedule,
    uncase,
    unexpose,
    unindex,
)
from fuma.domain.time import Ms


def evolve(state: State, event: Event) -> State:
    """Fold one event."""
    if type(event) is StayTaken:
        put_stay(state, event.stay)
    elif isinstance(event, Exposed):
        put_exposure(state, event)
    elif isinstance(event, CaseTaken):
        put_case(state, event.case, event.at)
    elif isinstance(event, AreaTaken):
        state.areas[event.area.id] = (event.area, event.at)
        schedule(state, lapses(state.frame, event.area, event.at), "area", event.area.id)
    elif isinstance(event, Remembered):
        remember(state, event)
    elif isinstance(event, Linked):
        tag = event.contact.tag
        chains = state.links[tag] = links.evolve(state.links.get(tag, {}), event, state.frame.keep)
        schedule(state, links.due(chains, event, state.frame.keep), "links", tag)
    elif isinstance(event, Brushed):
        key = group(event.brief)
        state.brushed.setdefault(key, {})[event.brief.match.id] = event
        schedule(state, event.brief.dies, "brushed", key + event.brief.match.id)
    elif isinstance(event, Advanced):
        _advance(state, event.at)
    return state


def rows(state: State) -> Iterator[Event]:
    """Events that make the state anew, sorted: what is written down of it."""
    yield Advanced(state.now)
    yield from (StayTaken(state.stays[key]) for key in sorted(state.stays))
    yield from (CaseTaken(*state.cases[key]) for key in sorted(state.cases))
    yield from (AreaTaken(*state.areas[key]) for key in sorted(state.areas))
    for key in sorted(state.exposures):
        if key not in state.foreign:
            yield Exposed(state.exposures[key], False, False)
    for key in sorted(state.foreign):
        yield Exposed(*state.foreign[key], True)
    for case in sorted(state.said):
        yield from (state.said[case][id_] for id_ in sorted(state.said[case]))
    for key in sorted(state.brushed):
        yield from (state.brushed[key][id_] for id_ in sorted(state.brushed[key]))
    for tag in sorted(state.links):
        yield from links.rows(tag, state.links[tag])


def _advance(state: State, at: Ms) -> None:
    state.now = max(state.now, at)
    first = state.now // state.grain
    for number in sorted(n for n in state.due if n < first):
        for table, key in state.due.pop(number):
            _expire(state, table, key)


def _expire(state: State, table: str, key: bytes) -> None:
    """Drop what ``key`` holds if its time has come; a later revision has a date of its own."""
    keep, now = state.frame.keep, state.now
    if table == "stay":
        stay = state.stays.get(key)
        if stay is None:
            return
        if not stay.gone:
            if not passed(state, stay.until + keep):
                return
            unindex(state, stay)
            del state.stays[key]
            if stay.revision and stay.at + keep > now:
                # An older revision may still come: only that it is outdated is remembered.
                put_stay(state, forgotten(stay))
        elif passed(state, stay.at + keep):
            del state.stays[key]
    elif table == "case":
        if key in state.cases and passed(state, lapses(state.frame, *state.cases[key])):
            uncase(state, key)
    elif table == "area":
        if key in state.areas and passed(state, lapses(state.frame, *state.areas[key])):
            del state.areas[key]
    elif table == "exposure":
        if key in state.exposures and passed(state, state.exposures[key].dies):
            unexpose(state, key)
    elif table == "said":
        of_case = state.said.get(key[:16], {})
        held = of_case.get(key[16:])
        if held is not None and passed(state, held.at + state.frame.remember):
            remember(state, Remembered(held.said._replace(stands=False), now))
    elif table == "brushed":
        of_group = state.brushed.get(key[:-16], {})
        if key[-16:] in of_group and passed(state, of_group[key[-16:]].brief.dies):
            del of_group[key[-16:]]
            if not of_group:
                del state.brushed[key[:-16]]
    elif table == "links":
        chains = links.young(state.links.pop(key, {}), now, keep)
        if chains:
            state.links[key] = chains
    elif key in state.foreign and passed(state, state.foreign[key][0].dies):
        del state.foreign[key]
