"""Identifiers that follow from what they name, so that a repeat gets the same ones.

Each is the first 16 bytes of SHA-256 over its parts, every part preceded by its length in bytes
(four bytes, big endian). Positions and clocks are never part of one.
"""

from __future__ import annotations

from hashlib import sha256


def derive(*parts: bytes) -> bytes:
    """16 bytes that follow from ``parts`` and their order."""
    return digest(*parts)[:16]


def digest(*parts: bytes) -> bytes:
    """The whole 32 bytes of which ``derive`` gives the first 16."""
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def report_id(department: str, source: str, event_id: str) -> bytes:
    """A report's: of the department it came from, CloudEvents ``source`` and ``id``."""
    return derive(department.encode(), source.encode(), event_id.encode())


def case_id(report: bytes, tag: bytes) -> bytes:
    """A case's: of the report that states it and of the person, who never changes under it."""
    return derive(b"case", report, tag)


def order_id(fact: bytes, row: str) -> bytes:
    """An order's: of the fact that bears it and the row that makes it one."""
    return derive(b"order", fact, row.encode())


def natural(ref: bytes) -> bytes:
    """``ref`` as that of a natural person who is known by number: its first bit set."""
    return bytes((ref[0] | 0x80,)) + ref[1:]


def by_name(ref: bytes) -> bytes:
    """``ref`` as that of somebody known by a name only: its first bit clear."""
    return bytes((ref[0] & 0x7F,)) + ref[1:]


def is_natural(ref: bytes) -> bool:
    """Whether ``ref`` is a person known by number. A name might be anybody's, the signer's too."""
    return bool(ref) and ref[0] >= 0x80
