"""Which stays meet which exposures: pairs, from either side, as they are read from the state."""

from __future__ import annotations

from collections.abc import Iterator

from fuma.domain.comparison.events import Brief, Exposure, Match, Presence, Stay
from fuma.domain.comparison.meet import named, source_stay, touch
from fuma.domain.comparison.place import spots
from fuma.domain.comparison.settings import Frame, Law
from fuma.domain.comparison.view import View
from fuma.domain.time import Ms

#: By a match's id: the match, its revision, the names of its stays.
Met = dict[bytes, tuple[Match, int, tuple[bytes, ...]]]


class Found:
    """Pairs that are a match, and those that are too short by themselves (``brief``)."""

    __slots__ = ("briefs", "met")

    def __init__(self) -> None:
        self.met: Met = {}
        self.briefs: dict[bytes, Brief] = {}

    def add(
        self,
        stay: Stay,
        exposure: Exposure,
        sources: tuple[bytes, ...],
        later: int,
        frame: Frame,
        law: Law,
        at: Ms,
    ) -> None:
        """The pair, if it meets. ``sources``: names of what the exposure follows from; ``later``:
        how far the pair's revision has gone on since."""
        touched = touch(stay, exposure, frame, law, at)
        if touched is None:
            return
        match, minimum = touched
        revision = stay.revision + exposure.revision + later
        stays = (named(stay.key), *sources)
        if match.until - match.since >= minimum:
            self.met[match.id] = match, revision, stays
        elif exposure.family == "cell" or exposure.family == "near":
            dies = min(exposure.dies, match.until + frame.keep)
            case = exposure.key[:16]
            self.briefs[match.id] = Brief(stay.spot, case, match, stays, minimum, dies)

    def update(self, other: Found) -> None:
        self.met.update(other.met)
        self.briefs.update(other.briefs)

    def __bool__(self) -> bool:
        return bool(self.met or self.briefs)


def of_stay(state: View, stay: Stay, later: int, law: Law, at: Ms) -> Found:
    """Pairs of one stay; ``later`` is how far its revision has gone on since."""
    found = Found()
    if stay.gone:
        return found
    places = (stay.spot, *areas_of(stay)) if state.areas else (stay.spot,)
    for where in places:
        if not state.is_exposed(where):
            continue
        for exposure in state.exposures_at(where, stay.since, stay.until):
            found.add(stay, exposure, _sources(exposure), later, state.frame, law, at)
    return found


def of_exposure(state: View, exposure: Exposure, law: Law, at: Ms) -> Found:
    """Pairs of one exposure: costs about what overlaps it."""
    found, sources = Found(), _sources(exposure)
    for stay in _candidates(state, exposure):
        found.add(stay, exposure, sources, 0, state.frame, law, at)
    return found


def _sources(exposure: Exposure) -> tuple[bytes, ...]:
    """The infectious stay at that spot, and the derived case."""
    if exposure.family == "area":
        return ()
    stay = named(source_stay(exposure) + exposure.spot)
    return (stay, named(exposure.key[:16])) if exposure.depth else (stay,)


def areas_of(where: Presence | Stay) -> Iterator[bytes]:
    """Where an area that holds a stay is found: its place, and each prefix of its division."""
    yield where.place
    code = where.division.encode()
    for length in (2, 4, 6, 9, 12):
        if length <= len(code):
            yield b"d" + code[:length]


def _candidates(state: View, exposure: Exposure) -> Iterator[Stay]:
    where, since, until = exposure.spot, exposure.since, exposure.until
    if exposure.family != "area":
        yield from state.stays_at(where, since, until)
    elif where[:1] != b"d":
        for target in spots(where, state.frame.parts):
            yield from state.stays_at(target, since, until)
    else:
        yield from state.stays_in(where[1:].decode(), since, until)
