"""The comparison's state at one partition, in memory: tables, and indexes that follow from them.

It is a function of the records of the last ``frame.keep``; it holds no matches, since a match is a
function of one stay and one exposure and can be computed again. ``fold`` changes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fuma.domain.comparison import links
from fuma.domain.comparison.events import (
    Area,
    Brushed,
    Case,
    Exposed,
    Exposure,
    Remembered,
    Said,
    Stay,
)
from fuma.domain.comparison.intervals import Intervals
from fuma.domain.comparison.keeping import lapses
from fuma.domain.comparison.settings import Frame
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


def schedule(state: State, when: Ms, table: str, key: bytes) -> None:
    state.due.setdefault(when // state.grain, []).append((table, key))


def remember(state: State, event: Remembered) -> None:
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
        schedule(state, event.at + state.frame.remember, "said", match.case + match.id)
    elif not of_case:
        del state.said[match.case]


def put_stay(state: State, stay: Stay) -> None:
    key = stay.key
    held = state.stays.get(key)
    if held is not None and not held.gone:
        unindex(state, held)
    state.stays[key] = stay
    if stay.gone:
        schedule(state, stay.at + state.frame.keep, "stay", key)
        return
    schedule(state, stay.until + state.frame.keep, "stay", key)
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


def unindex(state: State, stay: Stay) -> None:
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


def put_case(state: State, case: Case, at: Ms) -> None:
    uncase(state, case.id)
    state.cases[case.id] = (case, at)
    if not case.gone:
        state.cases_of.setdefault(case.tag, {})[case.id] = None
    schedule(state, lapses(state.frame, case, at), "case", case.id)


def uncase(state: State, case_id: bytes) -> None:
    held = state.cases.pop(case_id, None)
    if held is None or held[0].gone:
        return
    tag = held[0].tag
    state.cases_of[tag].pop(case_id, None)
    if not state.cases_of[tag]:
        del state.cases_of[tag]


def put_exposure(state: State, event: Exposed) -> None:
    exposure = event.exposure
    unexpose(state, exposure.key)
    if event.foreign:
        state.foreign[exposure.key] = (exposure, event.gone)
        schedule(state, exposure.dies, "foreign", exposure.key)
    if event.gone:
        return
    state.exposures[exposure.key] = exposure
    there = state.exposed.get(exposure.spot)
    if there is None:
        there = state.exposed[exposure.spot] = Intervals()
    there.add(exposure.key, exposure)
    schedule(state, exposure.dies, "exposure", exposure.key)


def unexpose(state: State, key: bytes) -> None:
    held = state.exposures.pop(key, None)
    if held is None:
        return
    there = state.exposed[held.spot]
    there.remove(key, held)
    if not there:
        del state.exposed[held.spot]
