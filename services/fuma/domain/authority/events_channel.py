"""What was said of the encrypted channel and the lists in it."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.actor import Actor
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Invited:
    officer: str
    code: bytes
    by: Actor


@dataclass(frozen=True, slots=True)
class Joined:
    officer: str


@dataclass(frozen=True, slots=True)
class SealSet:
    officer: str
    seal: bytes


@dataclass(frozen=True, slots=True)
class ListPosted:
    list: bytes
    division: str
    count: int
    pieces: int
    digest: bytes
    recipients: tuple[str, ...]
    by: Actor
    at: Ms


@dataclass(frozen=True, slots=True)
class ListRead:
    """A member was given the key of a list: recorded before it was given."""

    list: bytes
    by: Actor
    at: Ms
