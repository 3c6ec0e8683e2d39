"""The ledger as the sink reads it: straight into what the platform keeps, and no more.

Every byte of a record is read and checked as elsewhere; of what is not shown (its events, whose
evidence it was, the texts' digests) nothing is kept.
"""

from __future__ import annotations

from typing import Final

import msgspec

from fuma.contracts.platform import CODE_FIELDS, Kept
from fuma.contracts.shownbytes import Plain, read_plain
from fuma.contracts.shownrows import decode_any
from fuma.domain.time import Ms

#: Before a code's seq, and after its orders: an array of all its fields, and that it is not held.
_CODE: Final = bytes((0x90 | CODE_FIELDS,))
_NOT_HELD: Final = b"\xa0"
_pack: Final = msgspec.msgpack.Encoder().encode


def decode_shown(data: bytes | None) -> Plain:
    """A value of ``decisions``: what ``shownrows.Shown`` says. Raises ``Poison``."""
    if data is not None:
        plain = read_plain(data)
        if plain is not None:
            return plain
    return decode_any(data)


def code_of(first: tuple[int, int, bytes, int, int, Ms, bool], shown: bytes) -> Kept:
    """The platform's record of a decision. ``first``: the fields ``seq`` to ``simulated``."""
    body = b"".join((_CODE, _pack(first)[1:], shown, _NOT_HELD))
    return Kept(first[0], first[2], first[4], first[5], "", body)
