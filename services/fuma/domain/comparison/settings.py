"""What the comparison asks of the law: the rules of a match, and the parameters with their marks.

The law in force at a division and a moment gives one ``Settings``; the core knows no province.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fuma.domain.comparison.place import Vehicle
from fuma.domain.time import DAY, MINUTE, Ms


@dataclass(frozen=True, slots=True)
class Rule:
    """When two intervals make a match, and what the match is evidence of."""

    name: str
    id: bytes  # digest of the text it stands in, and its name
    #: By distance from the case: its contacts, their contacts. Who met a case under a rule of one
    #: ground is no case of the next depth.
    grounds: tuple[str, ...]
    evidence: str
    minimum: Ms  # the overlap that counts; at least 1


@dataclass(frozen=True, slots=True)
class Seating:
    """Who met on a vehicle run: everyone, the same carriage, or within so many rows of it."""

    carriage: bool = False
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The parameters of one text of law."""

    companion: Rule | None = None
    neighbours: bool = False  # whether the cells around count as the cell itself
    ride: Rule | None = None
    seating: Mapping[Vehicle, Seating] = field(default_factory=dict)
    sojourn: Rule | None = None
    lookback: Ms = 14 * DAY  # how long before it became high-risk an area counts
    chain: Ms = 14 * DAY  # how long from the first contact on a contact's contacts count


class Law(Protocol):
    """The settings in force for a division at a moment, or ``None``."""

    def settings(self, division: str, at: Ms) -> Settings | None: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """Fixed for the life of the topic: where records go and how long they last."""

    parts: int = 1  # spots that each place is spread over
    keep: Ms = 14 * DAY
    #: That a match was said, without place and times: so long its case can take it back.
    remember: Ms = 45 * DAY
    longest: Ms = 4 * DAY  # a longer stay is reported in pieces


#: The press's figure for a companion (A); a text of law states its own.
TEN_MINUTES: Ms = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Infectious:
    """When a case was infectious: from so long before a day that the law names, to isolation."""

    before: Ms = 2 * DAY  # A


def infectious(rule: Infectious, first_day: Ms, isolated: Ms) -> tuple[Ms, Ms]:
    """The infectious interval.

    ``first_day`` is the start of the day of onset or, without symptoms, of sampling; ``isolated``
    the moment of isolation. A person isolated before that day was infectious up to isolation.
    """
    return min(first_day, isolated) - rule.before, isolated
