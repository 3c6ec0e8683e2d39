"""A match once more, from the records of ``presence`` alone, while they are kept.

What bears on one match stands in one partition: the stays at its place, what other spots told of
it, and the cases and areas, which every partition hears. Nothing of the stage's store is asked.

The topic loses its oldest records day by day, so the records may give less than the stage once had,
and count from another beginning: an area or case that is said again does not say its matches again.
A revision is therefore no evidence; what a match says, and whether it stands, is.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Area, Case, Input, Presence, Said, Spread, Tick
from fuma.domain.comparison.fold import evolve
from fuma.domain.comparison.meet import stay_digest as stay_digest_of
from fuma.domain.comparison.settings import Frame, Law
from fuma.domain.comparison.state import State
from fuma.domain.time import Ms


class Kept(StrEnum):
    """Whether a match's stay is still among the records."""

    KEPT = "kept"
    REPLACED = "replaced"  # a later revision took it back, or says something else
    ABSENT = "absent"


class Found(NamedTuple):
    """What the records bear of one match, and of its stay."""

    last: Said | None  # the last statement
    whole: Said | None  # the last one with place and times: a late withdrawal has neither
    stay: Kept
    since: Ms  # T of the first record; 0 where there is none


def look(
    match: bytes,
    place: bytes,
    stay_digest: bytes,
    heard: Iterable[tuple[Input, Ms]],
    law: Law,
    frame: Frame,
) -> Found:
    """What is found of ``match`` and of the stay of that digest.

    ``heard``: the records of the place's partition, in their order, each with its T.
    """
    state, since = State(frame), 0
    last: Said | None = None
    whole: Said | None = None
    newest: dict[bytes, Presence] = {}
    mine = b""  # id of the report of the stay
    for item, at in heard:
        since = since or at
        if not _bears(item, place):
            continue
        if isinstance(item, Presence):
            held = newest.get(item.id)
            if held is None or item.revision > held.revision:
                newest[item.id] = item
            if stay_digest_of(item) == stay_digest:
                mine = item.id
        for event in decide(state, item, at, law):
            evolve(state, event)
            if isinstance(event, Said) and event.match.id == match:
                last = event
                whole = event if event.match.place else whole
    return Found(last, whole, _kept(newest.get(mine), stay_digest), since)


def last_said(
    match: bytes, place: bytes, heard: Iterable[tuple[Input, Ms]], law: Law, frame: Frame
) -> Said | None:
    """The last statement on ``match``; ``None`` where the records bear none. ``heard`` as above."""
    return look(match, place, b"", heard, law, frame).last


def _kept(stay: Presence | None, stay_digest: bytes) -> Kept:
    if stay is None:
        return Kept.ABSENT
    same = not stay.gone and stay_digest_of(stay) == stay_digest
    return Kept.KEPT if same else Kept.REPLACED


def _bears(item: Input, place: bytes) -> bool:
    if isinstance(item, Presence):
        return item.place == place
    if isinstance(item, Spread):
        return item.exposure.spot[:-1] == place
    return isinstance(item, Case | Area | Tick)
