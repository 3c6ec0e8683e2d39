"""Parts of a ledger record read by hand: numbers, texts, laws, steps, chains (``shownbytes``).

``read_*`` take bytes and a place, and give what the platform keeps of the part, as MessagePack or
as a number, and the place after it; ``skip_*`` only the place. All check every byte. What is not
in the plain form raises ``Odd`` or ``IndexError``.
"""

from __future__ import annotations

from typing import Final

import msgspec

_pack = msgspec.msgpack.Encoder().encode

#: Entries of one memo. A full one is emptied.
_MOST: Final = 16_384
_LONGEST: Final = 80
_texts: Final[dict[bytes, bytes]] = {}  # UTF-8 to MessagePack
_instants: Final[dict[bytes, int]] = {}  # six bytes of a long
_packed: Final[dict[int, bytes]] = {}  # a number in MessagePack
_moments: Final[dict[bytes, bytes]] = {}  # six bytes of a long to MessagePack
#: A text of law: book, version and row; procedure and number.
_laws: Final[dict[bytes, tuple[bytes, bytes]]] = {}


class Odd(Exception):
    """Not in the plain form."""


def read_byte(d: bytes, p: int) -> tuple[int, int]:
    return d[p], p + 1


def read_end(d: bytes, p: int) -> int:
    """The end of an array."""
    if d[p] != 0:
        raise Odd
    return p + 1


def read_long(d: bytes, p: int) -> tuple[int, int]:
    byte = d[p]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), p + 1
    piece = d[p : p + 6]
    known = _instants.get(piece)
    if known is not None:
        return known, p + 6
    return _longer(d, p)


def _longer(d: bytes, p: int) -> tuple[int, int]:
    raw, shift, start = 0, 0, p
    while True:
        byte = d[p]
        p += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise Odd
    if raw >> 64:
        raise Odd
    found = (raw >> 1) ^ -(raw & 1)
    if p - start == 6:
        if len(_instants) >= _MOST:
            _instants.clear()
        _instants[d[start:p]] = found
    return found, p


def read_int(d: bytes, p: int) -> tuple[bytes, int]:
    """A number, in MessagePack."""
    start = p
    if d[p] >= 0x80:
        moment = _moments.get(d[p : p + 6])
        if moment is not None:
            return moment, p + 6
    number, p = read_long(d, p)
    packed = _packed.get(number)
    if packed is None:
        packed = _pack(number)
        if len(_packed) >= _MOST:
            _packed.clear()
        _packed[number] = packed
    if p - start == 6:
        if len(_moments) >= _MOST:
            _moments.clear()
        _moments[d[start:p]] = packed
    return packed, p


def read_count(d: bytes, p: int) -> tuple[int, int]:
    """The number of an array's items, in one block; each takes a byte at least."""
    count, p = read_long(d, p)
    if count < 0 or count > len(d) - p:
        raise Odd
    return count, p


def skip_bytes(d: bytes, p: int) -> int:
    size, p = read_long(d, p)
    if size < 0:
        raise Odd
    return p + size


def read_text(d: bytes, p: int) -> tuple[bytes, int]:
    """A text, in MessagePack."""
    size, p = read_long(d, p)
    if size < 0:
        raise Odd
    end = p + size
    raw = d[p:end]
    known = _texts.get(raw)
    if known is None:
        if end > len(d):
            raise Odd
        known = _pack(raw.decode())
        if size <= _LONGEST:
            if len(_texts) >= _MOST:
                _texts.clear()
            _texts[raw] = known
    return known, end


def skip_text(d: bytes, p: int) -> int:
    """A text that is not shown."""
    return read_text(d, p)[1]


def read_law(d: bytes, p: int) -> tuple[bytes, bytes, int]:
    """Book, version and row, and procedure and number, in MessagePack."""
    start = p
    p = skip_bytes(d, p)
    _, p = read_long(d, p)
    p = skip_bytes(d, p + 32)
    _, p = read_long(d, p)
    p = skip_bytes(d, p + 32)
    whole = d[start:p]
    known = _laws.get(whole)
    if known is None:
        if p > len(d):
            raise Odd
        book, at = read_text(whole, 0)
        number, at = read_int(whole, at)
        procedure, at = read_text(whole, at + 32)
        second, at = read_int(whole, at)
        row, at = read_text(whole, at + 32)
        known = b"".join((book, number, row)), procedure + second
        if len(_laws) >= _MOST:
            _laws.clear()
        _laws[whole] = known
    return known[0], known[1], p


def read_colour(d: bytes, p: int) -> tuple[int, int]:
    byte = d[p]
    if byte > 4 or byte & 1:
        raise Odd
    return byte >> 1, p + 1


def read_steps(d: bytes, p: int) -> tuple[bytes, int]:
    count, p = read_count(d, p)
    made = [array_head(count)]
    for _ in range(count):
        colour, p = read_colour(d, p)
        since, p = read_int(d, p)
        until, p = read_int(d, p)
        made += (b"\x93\x00", b"\x93\x01", b"\x93\x02")[colour], since, until
    if count:
        p = read_end(d, p)
    return b"".join(made), p


def array_head(count: int) -> bytes:
    """The head of an array in MessagePack."""
    if count < 16:
        return bytes((0x90 | count,))
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


def read_truth(d: bytes, p: int) -> tuple[bytes, int]:
    byte = d[p]
    if byte > 1:
        raise Odd
    return b"\xc3" if byte else b"\xc2", p + 1


def read_chain(d: bytes, p: int) -> tuple[bytes, int]:
    """Who took part: step, office, officer. Natural persons and keys stay on the log."""
    count, p = read_count(d, p)
    made = [array_head(count)]
    for _ in range(count):
        p = skip_bytes(d, p)
        officer, p = read_text(d, p)
        office, p = read_text(d, p)
        p = skip_text(d, p)
        step, p = read_text(d, p)
        made += b"\x93", step, office, officer
    if count:
        p = read_end(d, p)
    return b"".join(made), p
