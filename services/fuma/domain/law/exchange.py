"""Which provinces hear of a division's decisions, as a text of law."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.colour import Colour
from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Recipient:
    """A province that gets the decisions of these colours."""

    province: str  # two digits
    colours: tuple[Colour, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A version of who hears of the decisions in ``division``."""

    name: str
    version: int
    division: str
    begins: Ms
    until: Ms | None
    digest: bytes
    title: Words
    publisher: Words
    basis: Words
    recipients: tuple[Recipient, ...]

    def hears(self, colour: Colour) -> tuple[str, ...]:
        """The provinces that get a decision of that colour, sorted; never the division's own."""
        return tuple(
            sorted(
                one.province
                for one in self.recipients
                if colour in one.colours and not self.division.startswith(one.province)
            )
        )
