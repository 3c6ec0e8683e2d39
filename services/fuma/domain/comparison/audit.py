"""A match once more, from the records of ``presence`` alone, while they are kept.

What bears on one match stands in one partition: the stays at its place, what other spots told of
it, and the cases and areas, which every partition hears. Nothing of the stage's store is asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Area, Case, Input, Presence, Said, Spread, Tick
from fuma.domain.comparison.fold import State, evolve
from fuma.domain.comparison.settings import Frame, Law
from fuma.domain.time import Ms


def last_said(
    match: bytes, place: bytes, heard: Iterable[tuple[Input, Ms]], law: Law, frame: Frame
) -> Said | None:
    """The last statement on ``match``; ``None`` where the records bear none.

    ``heard``: the records of the place's partition, in their order, each with its T.
    """
    state, found = State(frame), None
    for item, at in heard:
        if not _bears(item, place):
            continue
        for event in decide(state, item, at, law):
            evolve(state, event)
            if isinstance(event, Said) and event.match.id == match:
                found = event
    return found


def _bears(item: Input, place: bytes) -> bool:
    if isinstance(item, Presence):
        return item.place == place
    if isinstance(item, Spread):
        return item.exposure.spot[:-1] == place
    return isinstance(item, Case | Area | Tick)
