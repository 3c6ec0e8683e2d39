"""The comparison's state at one partition, and ``evolve``, which folds events into it.

The state is a function of the records of the last ``frame.keep``; it holds no matches, since a
match is a function of one stay and one exposure and can be computed again. ``evolve`` never
raises. It changes the state in place and returns it: a million stays are not copied for one.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from fuma.domain.comparison.intervals import Intervals
from fuma.domain.comparison.meet import counted
from fuma.domain.comparison.settings import Frame
from fuma.domain.comparison.view import View
from fuma.domain.time import HOUR, Ms


class State:
    """What one partition holds. Tables first, then the indexes that follow from them."""

    __slots__ = (
        "area_spots",
        "areas",
        "at_spot",
        "brushed",
        "by_tag",
        "cases",
        "cases_of",
        "divisions",
        "due",
        "exposed",
        "exposures",
        "foreign",
        "frame",
        "grain",
        "links",
        "now",
        "said",
        "said_by",
        "stays",
    )

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.now: Ms = 0
        self.stays: dict[bytes, Stay] = {}
        self.cases: dict[bytes, tuple[Case, Ms]] = {}
        self.areas: dict[bytes, tuple[Area, Ms]] = {}
        self.exposures: dict[bytes, Exposure] = {}
        #: Revision of each exposure that another spot told us of, whether it is gone, its end.
        self.foreign: dict[bytes, tuple[Exposure, bool]] = {}
        #: Matches that were said to stand, by case and id.
        self.said: dict[bytes, dict[bytes, Remembered]] = {}
        #: By either stay's name (``meet.named``): case and match.
        self.said_by: dict[bytes, dict[tuple[bytes, bytes], None]] = {}
        self.links: dict[bytes, links.Links] = {}
        #: By ``briefs.group`` and the match's id.
        self.brushed: dict[bytes, dict[bytes, Brushed]] = {}
        self.by_tag: dict[bytes, dict[bytes, None]] = {}
        self.at_spot: dict[bytes, Intervals[Stay]] = {}
        self.divisions: dict[str, dict[bytes, int]] = {}
        self.cases_of: dict[bytes, dict[bytes, None]] = {}
        self.exposed: dict[bytes, Intervals[Exposure]] = {}
        self.grain = max(1, min(HOUR, frame.keep // 24))
        self.due: dict[int, list[tuple[str, bytes]]] = {}

    # --- what ``decide`` asks (``view.View``) ---------------------------------------------------

    def stay(self, key: bytes) -> Stay | None:
        return self.stays.get(key)

    def is_exposed(self, where: bytes) -> bool:
        return where in self.exposed

    def exposures_at(self, where: bytes, since: Ms, until: Ms) -> Iterator[Exposure]:
        there = self.exposed.get(where)
        return iter(()) if there is None else there.overlapping(since, until)

    def exposure(self, like: Exposure) -> Exposure | None:
        return self.exposures.get(like.key)

    def told(self, like: Exposure) -> tuple[Exposure, bool] | None:
        return self.foreign.get(like.key)

    def stays_at(self, spot: bytes, since: Ms, until: Ms) -> Iterator[Stay]:
        there = self.at_spot.get(spot)
        return iter(()) if there is None else there.overlapping(since, until)

    def stays_of(self, tag: bytes) -> Iterator[Stay]:
        return (self.stays[key] for key in self.by_tag.get(tag, ()))

    def stays_in(self, prefix: str, since: Ms, until: Ms) -> Iterator[Stay]:
        under = (there for code, there in self.divisions.items() if code.startswith(prefix))
        for spot in {spot for there in under for spot in there}:
            for stay in self.stays_at(spot, since, until):
                if stay.division.startswith(prefix):
                    yield stay

    def is_case(self, tag: bytes) -> bool:
        return tag in self.cases_of

    def case(self, id_: bytes) -> tuple[Case, Ms] | None:
        return self.cases.get(id_)

    def cases_with(self, tag: bytes) -> Iterator[tuple[Case, Ms]]:
        return (self.cases[id_] for id_ in self.cases_of.get(tag, ()))

    def said_of(self, case: bytes) -> Iterator[Said]:
        return (kept.said for kept in self.said.get(case, {}).values())

    def said_from(self, stay: bytes) -> Iterator[Said]:
        return (self.said[case][match].said for case, match in self.said_by.get(stay, ()))

    def stands(self, case: bytes, match: bytes) -> bool:
        return match in self.said.get(case, ())

    def briefs(self, group: bytes) -> Iterator[Brushed]:
        return iter(self.brushed.get(group, {}).values())

    def chains(self, tag: bytes) -> links.Links:
        return self.links.get(tag, {})


def evolve(state: State, event: Event) -> State:
    """Fold one event."""
    if type(event) is StayTaken:
        _stay(state, event.stay)
    elif isinstance(event, Exposed):
        _exposure(state, event)
    elif isinstance(event, CaseTaken):
        _case(state, event.case, event.at)
    elif isinstance(event, AreaTaken):
        state.areas[event.area.id] = (event.area, event.at)
        _schedule(state, lapses(state.frame, event.area, event.at), "area", event.area.id)
    elif isinstance(event, Remembered):
        _remember(state, event)
    elif isinstance(event, Linked):
        tag = event.contact.tag
        chains = state.links[tag] = links.evolve(state.links.get(tag, {}), event, state.frame.keep)
        _schedule(state, links.due(chains, event, state.frame.keep), "links", tag)
    elif isinstance(event, Brushed):
        key = group(event.brief)
        state.brushed.setdefault(key, {})[event.brief.match.id] = event
        _schedule(state, event.brief.dies, "brushed", key + event.brief.match.id)
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


def _remember(state: State, event: Remembered) -> None:
    match = event.said.match
    of_case = state.said.setdefault(match.case, {})
    held = of_case.pop(match.id, None)
    for stay in () if held is None else held.stays:
        of_stay = state.said_by[stay]
        del of_stay[match.case, match.id]
        if not of_stay:
            del state.said_by[stay]
    if event.said.stands:
        of_case[match.id] = event
        for stay in event.stays:
            state.said_by.setdefault(stay, {})[match.case, match.id] = None
        _schedule(state, event.at + state.frame.remember, "said", match.case + match.id)
    elif not of_case:
        del state.said[match.case]


def _schedule(state: State, when: Ms, table: str, key: bytes) -> None:
    state.due.setdefault(when // state.grain, []).append((table, key))


def _stay(state: State, stay: Stay) -> None:
    key = stay.key
    held = state.stays.get(key)
    if held is not None and not held.gone:
        _unindex(state, held)
    state.stays[key] = stay
    if stay.gone:
        _schedule(state, stay.at + state.frame.keep, "stay", key)
        return
    _schedule(state, stay.until + state.frame.keep, "stay", key)
    there = state.at_spot.get(stay.spot)
    if there is None:
        there = state.at_spot[stay.spot] = Intervals()
    there.add(key, stay)
    mine = state.by_tag.get(stay.tag)
    if mine is None:
        state.by_tag[stay.tag] = {key: None}
    else:
        mine[key] = None
    found = state.divisions.get(stay.division)
    if found is None:
        found = state.divisions[stay.division] = {}
    found[stay.spot] = found.get(stay.spot, 0) + 1


def _unindex(state: State, stay: Stay) -> None:
    there = state.at_spot[stay.spot]
    there.remove(stay.key, stay)
    if not there:
        del state.at_spot[stay.spot]
    mine = state.by_tag[stay.tag]
    mine.pop(stay.key, None)
    if not mine:
        del state.by_tag[stay.tag]
    found = state.divisions[stay.division]
    found[stay.spot] -= 1
    if not found[stay.spot]:
        del found[stay.spot]
        if not found:
            del state.divisions[stay.division]


def _case(state: State, case: Case, at: Ms) -> None:
    _uncase(state, case.id)
    state.cases[case.id] = (case, at)
    if not case.gone:
        state.cases_of.setdefault(case.tag, {})[case.id] = None
    _schedule(state, lapses(state.frame, case, at), "case", case.id)


def _uncase(state: State, case_id: bytes) -> None:
    held = state.cases.pop(case_id, None)
    if held is None or held[0].gone:
        return
    tag = held[0].tag
    state.cases_of[tag].pop(case_id, None)
    if not state.cases_of[tag]:
        del state.cases_of[tag]


def _exposure(state: State, event: Exposed) -> None:
    exposure = event.exposure
    _unexpose(state, exposure.key)
    if event.foreign:
        state.foreign[exposure.key] = (exposure, event.gone)
        _schedule(state, exposure.dies, "foreign", exposure.key)
    if event.gone:
        return
    state.exposures[exposure.key] = exposure
    there = state.exposed.get(exposure.spot)
    if there is None:
        there = state.exposed[exposure.spot] = Intervals()
    there.add(exposure.key, exposure)
    _schedule(state, exposure.dies, "exposure", exposure.key)


def _unexpose(state: State, key: bytes) -> None:
    held = state.exposures.pop(key, None)
    if held is None:
        return
    there = state.exposed[held.spot]
    there.remove(key, held)
    if not there:
        del state.exposed[held.spot]


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
            _unindex(state, stay)
            del state.stays[key]
            if stay.revision and stay.at + keep > now:
                # An older revision may still come: only that it is outdated is remembered.
                _stay(state, forgotten(stay))
        elif passed(state, stay.at + keep):
            del state.stays[key]
    elif table == "case":
        if key in state.cases and passed(state, lapses(state.frame, *state.cases[key])):
            _uncase(state, key)
    elif table == "area":
        if key in state.areas and passed(state, lapses(state.frame, *state.areas[key])):
            del state.areas[key]
    elif table == "exposure":
        if key in state.exposures and passed(state, state.exposures[key].dies):
            _unexpose(state, key)
    elif table == "said":
        of_case = state.said.get(key[:16], {})
        held = of_case.get(key[16:])
        if held is not None and passed(state, held.at + state.frame.remember):
            _remember(state, Remembered(held.said._replace(stands=False), now))
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


def passed(state: View, when: Ms) -> bool:
    """Whether the step of T that ``when`` is in is over."""
    return when // state.grain < state.now // state.grain


def lapses(frame: Frame, record: Case | Area, taken: Ms) -> Ms:
    """From when on a case or area counts no longer, unless it is said again."""
    return counted(record, taken) + frame.keep


def remembered(frame: Frame, stay: Stay) -> Ms:
    """Until when a stay's id and revision are held. A revision is made after the stay is over, so
    what it replaces is too old itself by the time that this is."""
    return (stay.at if stay.revision or stay.gone else stay.until) + frame.keep


def forgotten(stay: Stay) -> Stay:
    """What remains of a stay that is gone: that it was, and its revision."""
    return stay._replace(
        tag=b"", division="", since=0, until=0, carriage=0, row=0, gone=True, identity="",
        department="",
    )  # fmt: skip
