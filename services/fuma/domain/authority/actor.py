"""Who did it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: natural person, account, office, key."""

    person: bytes
    officer: str
    office: str
    key: str


NOBODY = Actor(b"", "", "", "")
