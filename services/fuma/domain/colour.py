"""Colours, in order of severity (the most severe over the orders in force is a person's)."""

from __future__ import annotations

from enum import IntEnum


class Colour(IntEnum):
    """绿 / 黄 / 红. The integer is the severity, and the Avro enum's index."""

    GREEN = 0
    YELLOW = 1
    RED = 2

    __hash__ = int.__hash__  # an enum's own is interpreted

    @property
    def zh(self) -> str:
        """Its Chinese name, as a holder reads it."""
        return ("绿码", "黄码", "红码")[self]

    @property
    def word(self) -> str:
        """Its name on the wire and in ``--json``."""
        return self.name.lower()
