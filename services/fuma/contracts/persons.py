"""Who reported and who signed, and the evidence that many share, as the log names them.

All three are HMACs under the deployment's evidence key: the same person or document gives the same
bytes wherever it is named, and nobody without the key can tell which person or document it is.
"""

from __future__ import annotations

import hmac
import struct
import unicodedata

from fuma.contracts.sealing import plain_number
from fuma.domain.ids import by_name, natural

#: A reporter given as a resident identity number: the same bytes as an officer of that number.
ID_PREFIX = "id:"


def _keyed(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA256 (32 bytes) over the parts, each behind its length in four bytes."""
    message = b"".join(struct.pack(">I", len(raw)) + raw for raw in (p.encode() for p in parts))
    return hmac.digest(key, message, "sha256")


def natural_person(key: bytes, number: str) -> bytes:
    """The natural person of a resident identity number, as the log names one (16 bytes).

    Its first bit is set: a name in free text never looks like a person who is known by number.
    """
    return natural(_keyed(key, "fuma natural person v1", number.strip().upper())[:16])


def reporter_number(reporter: str) -> str | None:
    """The identity number in ``id:<number>``, or ``None`` where ``reporter`` is free text."""
    if reporter[: len(ID_PREFIX)].lower() != ID_PREFIX:
        return None
    return reporter[len(ID_PREFIX) :].strip().upper()


def reporter_ref(key: bytes, department: str, reporter: str) -> bytes:
    """Who answers for a report (16 bytes); ``b""`` where nobody is named.

    ``id:<number>`` is that natural person, whatever the department. Free text is a name within its
    department: however it is spaced and in whatever width, one name has one reference.
    """
    number = reporter_number(reporter)
    if number is not None:
        return natural_person(key, number) if number else b""
    folded = unicodedata.normalize("NFKC", reporter).casefold()
    name = "".join(c for c in folded if unicodedata.category(c)[0] not in "CZ")
    return by_name(_keyed(key, "fuma reporter v1", department, name)[:16]) if name else b""


def root_ref(key: bytes, root: str) -> bytes:
    """The shared evidence that a report goes back to (32 bytes): an index case, a run, a document.

    Of its number as ``plain_number`` compares it and of nothing else, so that reports of different
    departments meet; ``b""`` where there is none.
    """
    number = plain_number(root)
    return _keyed(key, "fuma root v1", number) if number else b""
