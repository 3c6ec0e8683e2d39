"""How much a packed batch is, before anything of it is unpacked.

A broker takes a batch by its packed size, and a megabyte may be gigabytes: zstd says "128 KiB of
this byte" in four, gzip packs a thousand to one. Whoever unpacked it whole would end, and again at
every start. So what is more than ``MOST`` stays as it is (``batch_reading.Packed``).
"""

from __future__ import annotations

import zlib
from typing import Final

GZIP: Final = 1
SNAPPY: Final = 2
LZ4: Final = 3
ZSTD: Final = 4
#: Bytes of a batch in memory at most: its content, and what each of its records is here.
MOST: Final = 32 << 20
#: A fetch may bring a hundred batches: so many bytes of them are unpacked before some are taken.
ENOUGH: Final = 4 << 20
RECORD: Final = 256
_GZIP_RATIO: Final = 1_032  # deflate's best
_XERIAL: Final = b"\x82SNAPPY\0"
_ZSTD_BLOCK: Final = 128 << 10  # RFC 8878, 3.1.1.2.4
_ZSTD_MAGIC: Final = 0xFD2FB528
_LZ4_MAGIC: Final = 0x184D2204
_PIECE: Final = 1 << 20


def too_large(codec: int, packed: bytes, records: int, most: int = MOST) -> bool:
    """Whether ``records`` records, packed as ``packed``, are more than ``most`` bytes here.

    ``codec``: as in a batch's attributes; 0 is not packed. What does not follow its format is too
    large: nobody can say what it is.
    """
    room = most - RECORD * records
    if room < 0 or records < 0:
        return True
    try:
        if codec == GZIP:
            return len(packed) * _GZIP_RATIO > room and _inflated(packed, room) > room
        if codec == SNAPPY:
            return _snappy(packed) > room
        if codec == LZ4:
            return _lz4(packed) > room
        return codec == ZSTD and _zstd(packed) > room
    except (ValueError, IndexError, zlib.error):
        return True


def _inflated(packed: bytes, room: int) -> int:
    """Bytes of a gzip stream (RFC 1952), counted up to ``room``."""
    size = 0
    while packed and size <= room:
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        rest = packed
        while not inflate.eof and size <= room:
            made = len(inflate.decompress(rest, _PIECE))
            rest = inflate.unconsumed_tail
            if not made and not rest and not inflate.eof:
                raise ValueError("it ends too early")
            size += made
        packed = inflate.unused_data
    return size


def _snappy(packed: bytes) -> int:
    """What each block says that it is: a decoder makes room for that first."""
    if not packed.startswith(_XERIAL):
        return _varint(packed, 0)
    at, size = 16, 0
    while at < len(packed):
        length = int.from_bytes(packed[at : at + 4], "big")
        size += _varint(packed, at + 4)
        at += 4 + length
    return size


def _varint(data: bytes, at: int) -> int:
    found = 0
    for shift in range(0, 35, 7):
        byte = data[at + shift // 7]
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found
    raise ValueError("no number")


def _lz4(packed: bytes) -> int:
    """At most so many bytes: LZ4 frames, by the blocks that they have."""
    at, size = 0, 0
    while at < len(packed):
        if _number(packed, at, 4) != _LZ4_MAGIC:
            raise ValueError("no LZ4 frame")
        flags, block = packed[at + 4], packed[at + 5]
        largest = 1 << (8 + 2 * (block >> 4 & 7))
        at += 7 + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0)
        while (length := _number(packed, at, 4)) != 0:
            stored = length & 0x7FFFFFFF
            size += stored if length >> 31 else min(largest, stored * 255)
            at += 4 + stored + (4 if flags & 0x10 else 0)
        at += 4 + (4 if flags & 0x04 else 0)
    return size


def _zstd(packed: bytes) -> int:
    """At most so many bytes: zstd frames (RFC 8878, 3.1.1), by the blocks that they have."""
    at, size = 0, 0
    while at < len(packed):
        magic = _number(packed, at, 4)
        if magic >> 4 == 0x184D2A5:  # to be skipped
            at += 8 + _number(packed, at + 4, 4)
            continue
        if magic != _ZSTD_MAGIC:
            raise ValueError("no zstd frame")
        told = packed[at + 4]
        single = told >> 5 & 1
        content = (single, 2, 4, 8)[told >> 6]
        at += 5 + (0 if single else 1) + (0, 1, 2, 4)[told & 3] + content
        last = 0
        while not last:
            block = _number(packed, at, 3)
            last, kind, length = block & 1, block >> 1 & 3, block >> 3
            size += _ZSTD_BLOCK if kind == 2 else length
            at += 3 + (1 if kind == 1 else length)
        at += 4 if told & 4 else 0
    return size


def _number(data: bytes, at: int, size: int) -> int:
    """Little-endian. Raises ``ValueError`` where ``data`` ends before it."""
    if at + size > len(data):
        raise ValueError("it ends too early")
    return int.from_bytes(data[at : at + size], "little")
