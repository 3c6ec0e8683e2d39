"""What compiled Avro codecs (``avronativewrite``, ``avronativeread``) are made of: numbers, texts.

For mypyc: bytes are written to one buffer and read by place, in machine integers. Anything that is
not in the plain form raises, and ``codec`` asks fastavro, as it does of the codecs in Python.
"""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter
from mypy_extensions import i64, u8

from fuma.contracts.avroparts import MOST, Malformed

_LONGEST: Final = 80  # characters; longer texts seldom repeat
_TOP: Final[i64] = 0x7FFF_FFFF_FFFF_FFFF
_written: Final[dict[str, bytes]] = {}
_read: Final[dict[bytes, str]] = {}


def put_long(out: BytesWriter, number: i64) -> None:
    """Avro's ``int`` and ``long``. A number of more than 64 bits does not get here."""
    left: i64 = (number << 1) ^ (number >> 63)
    while left < 0 or left > 0x7F:
        out.append(u8(left & 0x7F | 0x80))
        left = (left >> 7) & 0x01FF_FFFF_FFFF_FFFF
    out.append(u8(left))


def put_text(out: BytesWriter, text: str) -> None:
    """A text, its length before it."""
    data = _written.get(text)
    if data is None:
        data = text.encode("utf-8")
        if len(text) <= _LONGEST:
            if len(_written) >= MOST:
                _written.clear()
            _written[text] = data
    put_long(out, len(data))
    out.write(data)


def put_bytes(out: BytesWriter, data: bytes) -> None:
    """Bytes, their length before them."""
    put_long(out, len(data))
    out.write(data)


def put_fixed(out: BytesWriter, data: bytes, size: i64) -> None:
    """Bytes of a size that the schema names. Raises ``Malformed`` on another one."""
    if len(data) != size:
        raise Malformed(f"{len(data)} bytes, not {size}")
    out.write(data)


def long_at(d: bytes, p: i64) -> tuple[i64, i64]:
    """The number at ``p``, and the place after it."""
    byte: i64 = d[p]
    p += 1
    if byte < 128:
        return (byte >> 1) ^ -(byte & 1), p
    raw: i64 = byte & 0x7F
    shift: i64 = 7
    while True:
        byte = d[p]
        p += 1
        if shift == 63 and byte > 1:
            raise Malformed("more than 64 bits")
        raw |= (byte & 0x7F) << shift
        if byte < 128:
            return ((raw >> 1) & _TOP) ^ -(raw & 1), p
        shift += 7


def end_at(d: bytes, p: i64) -> tuple[i64, i64]:
    """Where the bytes whose length stands at ``p`` begin and end; not past the end of ``d``."""
    size, p = long_at(d, p)
    if size < 0 or size > len(d) - p:
        raise Malformed(p)
    return p, p + size


def bytes_at(d: bytes, p: i64) -> tuple[bytes, i64]:
    """Bytes whose length stands at ``p``, and the place after them."""
    p, end = end_at(d, p)
    return d[p:end], end


def fixed_at(d: bytes, p: i64, size: i64) -> bytes:
    """``size`` bytes at ``p``."""
    if size > len(d) - p:
        raise Malformed(p)
    return d[p : p + size]


def text_at(d: bytes, p: i64) -> tuple[str, i64]:
    """The text at ``p``, and the place after it. Raises ``UnicodeDecodeError``."""
    p, end = end_at(d, p)
    data = d[p:end]
    text = _read.get(data)
    if text is None:
        text = data.decode("utf-8")
        if len(data) <= _LONGEST:
            if len(_read) >= MOST:
                _read.clear()
            _read[data] = text
    return text, end


def past_text(d: bytes, p: i64) -> i64:
    """The place after the text at ``p``, which is one."""
    p, end = end_at(d, p)
    at = p
    while at < end:
        if d[at] > 0x7F:
            d[p:end].decode("utf-8")
            break
        at += 1
    return end


def past_fixed(d: bytes, p: i64, size: i64) -> i64:
    """The place after ``size`` bytes at ``p``, which are there."""
    if size > len(d) - p:
        raise Malformed(p)
    return p + size


def count_at(d: bytes, p: i64) -> tuple[i64, i64]:
    """How many items an array in one block has, and the place after that number."""
    count, p = long_at(d, p)
    # An item takes a byte at least.
    if count < 0 or count > len(d) - p:
        raise Malformed(p)
    return count, p


def mark_at(d: bytes, p: i64, choices: i64) -> i64:
    """Which branch of a union, or symbol of an enum, stands at ``p`` in one byte."""
    byte: i64 = d[p]
    if byte & 1 or byte >> 1 >= choices:
        raise Malformed(p)
    return byte >> 1


def mark_bool(d: bytes, p: i64) -> bool:
    """The ``boolean`` at ``p``."""
    byte: i64 = d[p]
    if byte > 1:
        raise Malformed(p)
    return byte == 1
