"""A ledger record read by hand, straight into what the platform keeps: Avro in, MessagePack out.

Every byte is read and checked as by the compiled reader; nothing but the schedule is made into
anything, and that not into objects but into the bytes that stand in the platform's record. An order
stands in its event and in the schedule: it is read once. What is not in the plain form gives
``None``, and the compiled reader, which knows all forms, says what it is; a test holds both to the
same bytes.
"""

from __future__ import annotations

from typing import Final

from fuma.contracts.shownevents import skip_event
from fuma.contracts.shownorders import read_schedule
from fuma.contracts.shownparts import Odd, read_byte, read_count, read_end, read_law, read_long

#: Seq, prev, part, parts, T, and of the schedule since, ended, segments and orders, packed.
Plain = tuple[int, bytes, int, int, int, bytes | None]

#: Schema ids of the ledger's versions, most significant byte first, as they stand in the frame.
_VERSIONS: Final[dict[bytes, int]] = {}


def versions(frames: dict[bytes, int]) -> None:
    """Which version of the schema the five bytes of a frame say."""
    _VERSIONS.clear()
    _VERSIONS.update(frames)


def read_plain(data: bytes) -> Plain | None:
    """What a record says; ``None`` where it is not in the plain form."""
    version = _VERSIONS.get(data[:5], 0)
    if version == 0:
        return None
    try:
        return _read(data, version)
    except (Odd, IndexError, UnicodeDecodeError):
        return None


def _read(d: bytes, version: int) -> Plain:
    seq, p = read_long(d, 5)
    prev = d[p : p + 32]
    part, p = read_long(d, p + 32)
    parts, p = read_long(d, p)
    _, p = read_long(d, p + 32)  # the cause: id, topic, partition, offset, two digests
    _, p = read_long(d, p)
    at, p = read_long(d, p + 64)
    branch, p = read_byte(d, p)
    if branch == 2:
        p = read_law(d, p)[2]
    elif branch != 0:
        raise Odd
    count, p = read_count(d, p)
    known: list[tuple[bytes, bytes]] = []
    for _ in range(count):
        p = skip_event(d, p, version, known)
    if count:
        p = read_end(d, p)
    branch, p = read_byte(d, p)
    shown: bytes | None = None
    if branch == 2:
        shown, p = read_schedule(d, p, version, known)
    elif branch != 0:
        raise Odd
    if p != len(d):
        raise Odd
    return seq, prev, part, parts, at, shown
