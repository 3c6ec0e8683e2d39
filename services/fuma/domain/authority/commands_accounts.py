"""Commands about offices, accounts and keys.

Ids of offices and officers are words that their opener chose; applications have 16-byte ids; a
person is a 16-byte tag, the same for every account of one natural person.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Office:
    """An office: where it stands and for which division prefix."""

    id: str
    kind: str  # a word of ``procedure.OFFICES``
    department: str
    level: str  # a word of ``procedure.LEVELS``
    division: str
    name: str


@dataclass(frozen=True, slots=True)
class Officer:
    """An account: one role, in one office, of one natural person."""

    id: str
    office: str
    role: str  # a word of ``procedure.ROLES``
    person: bytes
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """The bootstrap ceremony: first offices, officers and keys, from the genesis."""

    offices: tuple[Office, ...]
    officers: tuple[tuple[Officer, str], ...]  # with key id


@dataclass(frozen=True, slots=True)
class OpenOffice:
    office: Office


@dataclass(frozen=True, slots=True)
class CloseOffice:
    office: str
    reason: str


@dataclass(frozen=True, slots=True)
class Apply:
    """Asks for an account; signed by the key that is to be registered."""

    application: bytes
    officer: Officer
    need: str


@dataclass(frozen=True, slots=True)
class ReviewApplication:
    application: bytes
    grant: bool
    reason: str


@dataclass(frozen=True, slots=True)
class CloseAccount:
    officer: str
    reason: str


@dataclass(frozen=True, slots=True)
class RotateKey:
    """The signer's next key; the one that signs ends with this record."""

    key: str


@dataclass(frozen=True, slots=True)
class RevokeKey:
    key: str
    reason: str
