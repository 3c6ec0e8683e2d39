"""Whether the platform answers as was decided, and what the sink says went wrong."""

from __future__ import annotations

from fuma.contracts.codec import decode
from fuma.contracts.topics import INCIDENTS
from fuma.domain.codes.schedule import colour_at
from fuma.domain.time import DAY, HOUR
from unit.sink.rig import START, Rig


def then(rig: Rig, tag: bytes, at: int) -> str:
    """What the decisions themselves say was so at ``at``, known then."""
    known = [d for d in rig.author.decisions.get(tag, ()) if d.at <= at]
    if not known:
        return "green"
    colour = colour_at(known[-1].schedule, at)
    return "none" if colour is None else colour.word


def incidents(rig: Rig) -> list[str]:
    return [decode("incident", r.value)["code"] for r in rig.log.records[INCIDENTS, 0]]


def agree(rig: Rig, tags: list[bytes]) -> int:
    reds = 0
    now = rig.platform.now()
    for tag in tags:
        for at in range(START - DAY, now + 40 * DAY, 9 * HOUR):
            said = rig.platform.colour(tag, at)
            assert said == then(rig, tag, at)
            reds += said == "red"
    return reds
