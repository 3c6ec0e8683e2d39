"""Commands about the encrypted channel: who is admitted, and what lists travel in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invite:
    """Admission to the encrypted channel, by the digest of an issued code."""

    code: bytes
    officer: str


@dataclass(frozen=True, slots=True)
class Join:
    """The invited officer shows the code itself."""

    code: bytes


@dataclass(frozen=True, slots=True)
class SetSeal:
    """The key (X25519, 32 bytes) to which lists are encrypted for this member from now on."""

    seal: bytes


@dataclass(frozen=True, slots=True)
class PostList:
    """A list was put into the channel, encrypted to these members and to nobody else."""

    list: bytes  # 16 bytes
    division: str
    count: int  # rows
    pieces: int
    digest: bytes  # 32 bytes, over the encrypted pieces in order
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadList:
    """Asks for a list: the record comes first, the key that opens it after."""

    list: bytes
