"""Kafka's murmur2, by which every record's partition is computed and checked."""

from __future__ import annotations

import struct
from typing import Final

from mypy_extensions import i64

_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_FOUR = struct.Struct("<4I").unpack


def murmur2(data: bytes) -> int:
    """``Utils.murmur2`` of Kafka's clients, seed 0x9747b28c: 32 bits, unsigned."""
    length: i64 = len(data)
    h: i64 = 0x9747B28C ^ length
    if length == 16:  # a subject tag, the key of nearly every record: without a loop
        words: tuple[i64, i64, i64, i64] = _FOUR(data)
        a, b, c, d = words
        a = a * _M & _MASK
        h = h * _M & _MASK ^ (a ^ a >> 24) * _M & _MASK
        b = b * _M & _MASK
        h = h * _M & _MASK ^ (b ^ b >> 24) * _M & _MASK
        c = c * _M & _MASK
        h = h * _M & _MASK ^ (c ^ c >> 24) * _M & _MASK
        d = d * _M & _MASK
        h = h * _M & _MASK ^ (d ^ d >> 24) * _M & _MASK
    else:
        whole = length & ~3
        k: i64
        for i in range(0, whole, 4):
            k = int.from_bytes(data[i : i + 4], "little")
            k = (k * _M) & _MASK
            k = ((k ^ (k >> 24)) * _M) & _MASK
            h = ((h * _M) & _MASK) ^ k
        if length != whole:
            k = int.from_bytes(data[whole:], "little")
            h = ((h ^ k) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


def partition_for(key: bytes, count: int) -> int:
    """The partition that a key belongs to among ``count``: Kafka's default partitioner's."""
    return (murmur2(key) & 0x7FFFFFFF) % count
