"""The digests that a match carries, from what departments report (docs/formats/places.md).

They outlast the records: whoever has the two reports computes both again, as the stage did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fuma.domain.comparison.events import Area, Presence
from fuma.domain.comparison.meet import ENDLESS, exposure_digest, risk_digest, stay_digest
from fuma.domain.time import Ms


class Source(NamedTuple):
    """What a stay may have met: an infectious person's interval, or an area's risk."""

    since: Ms
    until: Ms | None  # of an area whose risk has no end yet: none
    target: bytes  # the place; or ``d`` and the division prefix that the area names
    digest: bytes  # 32 bytes


def of_exposure(stay: Presence, since: Ms, until: Ms) -> Source | None:
    """Of the stay of a person who was infectious over ``[since, until)``.

    ``None``: not while they were there, so that nobody could meet them.
    """
    since, until = max(since, stay.since), min(until, stay.until)
    if since >= until:
        return None
    return Source(since, until, stay.place, exposure_digest(stay_digest(stay), since, until))


def of_risks(area: Area, place: bytes, division: str) -> Iterator[Source]:
    """Of everything that an area says of a place and division, one for each period."""
    targets = [one for one in area.places if one == place]
    targets += [b"d" + one.encode() for one in area.divisions if division.startswith(one)]
    for since, until in area.periods:
        for target in targets:
            end = ENDLESS if until is None else until
            yield Source(since, until, target, risk_digest(area.id, target, since, end))
