"""A ledger record read by hand, straight into what the platform keeps: Avro in, MessagePack out.

Every byte is read and checked as by the compiled reader; nothing but the schedule is made into
anything, and that not into objects but into the bytes that stand in the platform's record. An order
stands in its event and in the schedule: it is read once. What is not in the plain form gives
``None``, and the compiled reader, which knows all forms, says what it is; a test holds both to the
same bytes.
"""

from __future__ import annotations

from typing import Final

import msgspec

#: Seq, prev, part, parts, T, and of the schedule since, ended, segments and orders, packed.
Plain = tuple[int, bytes, int, int, int, bytes | None]
_pack = msgspec.msgpack.Encoder().encode

#: Entries of one memo. A full one is emptied.
_MOST: Final = 16_384
_LONGEST: Final = 80
_LOW: Final = -(1 << 63)
_HIGH: Final = (1 << 63) - 1
_texts: Final[dict[bytes, bytes]] = {}  # UTF-8 to MessagePack
_instants: Final[dict[bytes, int]] = {}  # six bytes of a long
_packed: Final[dict[int, bytes]] = {}  # a number in MessagePack
_moments: Final[dict[bytes, bytes]] = {}  # six bytes of a long to MessagePack
#: A text of law: book, version and row; procedure and number.
_laws: Final[dict[bytes, tuple[bytes, bytes]]] = {}
#: Schema ids of the ledger's versions, most significant byte first, as they stand in the frame.
_VERSIONS: Final[dict[bytes, int]] = {}


class Odd(Exception):
    """Not in the plain form."""


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
    seq, p = _long(d, 5)
    prev = d[p : p + 32]
    part, p = _long(d, p + 32)
    parts, p = _long(d, p)
    _, p = _long(d, p + 32)  # the cause: id, topic, partition, offset, two digests
    _, p = _long(d, p)
    at, p = _long(d, p + 64)
    branch, p = _byte(d, p)
    if branch == 2:
        p = _law(d, p)[2]
    elif branch != 0:
        raise Odd
    count, p = _count(d, p)
    known: list[tuple[bytes, bytes]] = []
    for _ in range(count):
        p = _event(d, p, version, known)
    if count:
        p = _zero(d, p)
    branch, p = _byte(d, p)
    shown: bytes | None = None
    if branch == 2:
        shown, p = _schedule(d, p, version, known)
    elif branch != 0:
        raise Odd
    if p != len(d):
        raise Odd
    return seq, prev, part, parts, at, shown


def _byte(d: bytes, p: int) -> tuple[int, int]:
    return d[p], p + 1


def _zero(d: bytes, p: int) -> int:
    """The end of an array."""
    if d[p] != 0:
        raise Odd
    return p + 1


def _long(d: bytes, p: int) -> tuple[int, int]:
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


def _int(d: bytes, p: int) -> tuple[bytes, int]:
    """A number, in MessagePack."""
    start = p
    if d[p] >= 0x80:
        moment = _moments.get(d[p : p + 6])
        if moment is not None:
            return moment, p + 6
    number, p = _long(d, p)
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


def _count(d: bytes, p: int) -> tuple[int, int]:
    """The number of an array's items, in one block; each takes a byte at least."""
    count, p = _long(d, p)
    if count < 0 or count > len(d) - p:
        raise Odd
    return count, p


def _bytes(d: bytes, p: int) -> int:
    size, p = _long(d, p)
    if size < 0:
        raise Odd
    return p + size


def _text(d: bytes, p: int) -> tuple[bytes, int]:
    """A text, in MessagePack."""
    size, p = _long(d, p)
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


def _said(d: bytes, p: int) -> int:
    """A text that is not shown."""
    return _text(d, p)[1]


def _law(d: bytes, p: int) -> tuple[bytes, bytes, int]:
    """Book, version and row, and procedure and number, in MessagePack."""
    start = p
    p = _bytes(d, p)
    _, p = _long(d, p)
    p = _bytes(d, p + 32)
    _, p = _long(d, p)
    p = _bytes(d, p + 32)
    whole = d[start:p]
    known = _laws.get(whole)
    if known is None:
        if p > len(d):
            raise Odd
        book, at = _text(whole, 0)
        number, at = _int(whole, at)
        procedure, at = _text(whole, at + 32)
        second, at = _int(whole, at)
        row, at = _text(whole, at + 32)
        known = b"".join((book, number, row)), procedure + second
        if len(_laws) >= _MOST:
            _laws.clear()
        _laws[whole] = known
    return known[0], known[1], p


def _colour(d: bytes, p: int) -> tuple[int, int]:
    byte = d[p]
    if byte > 4 or byte & 1:
        raise Odd
    return byte >> 1, p + 1


def _steps(d: bytes, p: int) -> tuple[bytes, int]:
    count, p = _count(d, p)
    made = [_array(count)]
    for _ in range(count):
        colour, p = _colour(d, p)
        since, p = _int(d, p)
        until, p = _int(d, p)
        made += (b"\x93\x00", b"\x93\x01", b"\x93\x02")[colour], since, until
    if count:
        p = _zero(d, p)
    return b"".join(made), p


def _array(count: int) -> bytes:
    """The head of an array in MessagePack."""
    if count < 16:
        return bytes((0x90 | count,))
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


def _order(d: bytes, p: int, version: int) -> tuple[bytes, int]:
    """An order as the platform shows it."""
    fact = p + 16
    ground, p = _text(d, fact + 16)
    department, p = _text(d, p)
    division, p = _text(d, p)
    kind, p = _text(d, p)
    p = _bytes(d, p)
    basis, p = _int(d, p)
    recorded, p = _int(d, p)
    steps, p = _steps(d, p)
    first, second, p = _law(d, p)
    source = b"\xc0"
    if version > 1:
        branch, p = _byte(d, p)
        if branch == 2:
            source, p = _source(d, p)
        elif branch != 0:
            raise Odd
    start = fact - 16
    made = (
        b"\x9f\xc4\x10", d[start:fact], b"\xc4\x10", d[fact : fact + 16], ground, department,
        division, kind, basis, recorded, steps, first, second, source,
    )  # fmt: skip
    return b"".join(made), p


def _source(d: bytes, p: int) -> tuple[bytes, int]:
    order = d[p : p + 16]
    line, p = _int(d, p + 16)
    province, p = _text(d, p)
    chain, p = _chain(d, p)
    released, p = _truth(d, p)
    return b"".join((b"\x95\xc4\x10", order, line, province, chain, released)), p


def _truth(d: bytes, p: int) -> tuple[bytes, int]:
    byte = d[p]
    if byte > 1:
        raise Odd
    return b"\xc3" if byte else b"\xc2", p + 1


def _chain(d: bytes, p: int) -> tuple[bytes, int]:
    """Who took part: step, office, officer. Natural persons and keys stay on the log."""
    count, p = _count(d, p)
    made = [_array(count)]
    for _ in range(count):
        p = _bytes(d, p)
        officer, p = _text(d, p)
        office, p = _text(d, p)
        p = _said(d, p)
        step, p = _text(d, p)
        made += b"\x93", step, office, officer
    if count:
        p = _zero(d, p)
    return b"".join(made), p


def _schedule(
    d: bytes, p: int, version: int, known: list[tuple[bytes, bytes]]
) -> tuple[bytes, int]:
    since, p = _int(d, p)
    count, p = _count(d, p)
    segments: list[tuple[int, bytes, bytes, list[bytes]]] = []
    for _ in range(count):
        colour, p = _colour(d, p)
        begin, p = _int(d, p)
        until, p = _int(d, p)
        named, p = _count(d, p)
        ids: list[bytes] = []
        for _ in range(named):
            ids.append(d[p : p + 16])
            p += 16
        if named:
            p = _zero(d, p)
        segments.append((colour, begin, until, ids))
    if count:
        p = _zero(d, p)
    count, p = _count(d, p)
    orders = [_array(count)]
    places: dict[bytes, int] = {}
    for number in range(count):
        places[d[p : p + 16]] = number
        for raw, packed in known:
            if d.startswith(raw, p):  # Avro is self-delimiting: that order stands here
                orders.append(packed)
                p += len(raw)
                break
        else:
            packed, p = _order(d, p, version)
            orders.append(packed)
    if count:
        p = _zero(d, p)
    ended = b"\xc0"
    branch, p = _byte(d, p)
    if branch == 2:
        ended, p = _int(d, p)
    elif branch != 0:
        raise Odd
    made = [since, ended, _array(len(segments))]
    for colour, begin, until, ids in segments:
        made += (b"\x94\x00", b"\x94\x01", b"\x94\x02")[colour], begin, until, _array(len(ids))
        for one in ids:
            place = places.get(one, -1)
            if place < 0:
                raise Odd
            made.append(_small(place))
    made += orders
    return b"".join(made), p


def _small(number: int) -> bytes:
    return bytes((number,)) if number < 128 else _pack(number)


def _event(d: bytes, p: int, version: int, known: list[tuple[bytes, bytes]]) -> int:
    """The place after an event. Of one that takes effect, the order is kept."""
    kind, p = _byte(d, p)
    if kind == 0:  # Effective
        start = p
        packed, p = _order(d, p, version)
        if p > len(d):
            raise Odd
        known.append((d[start:p], packed))
        return p
    if kind == 2:  # Lifted
        return _ended(d, p, version)
    if kind == 4:
        return _noted(d, p, version)
    if kind == 6 or kind == 8:  # Refused, Held
        return _refused(d, p, version)
    if kind == 10:  # Ended
        return _long(d, p + 16)[1]
    if version == 1:
        raise Odd
    if kind == 12:
        return _answered(d, p)
    if kind == 14:  # Annulled
        return _ended(d, p, version)
    if kind == 16:
        return _amended(d, p, version)
    raise Odd


def _ended(d: bytes, p: int, version: int) -> int:
    _, p = _long(d, p + 32)
    p = _said(d, p)
    return _placed(d, p) if version > 2 else p


def _placed(d: bytes, p: int) -> int:
    """Ground and division."""
    return _said(d, _said(d, p))


def _noted(d: bytes, p: int, version: int) -> int:
    p = _said(d, _kind(d, p + 16))
    _, p = _long(d, p)
    p = _said(d, _bytes(d, p))
    p = _said(d, _said(d, _said(d, p)))  # department, division, kind of evidence
    if version > 1:
        branch, p = _byte(d, p)
        if branch == 2:
            _, p = _long(d, p)
        elif branch != 0:
            raise Odd
        p = _bytes(d, _bytes(d, p))
    return p


def _kind(d: bytes, p: int) -> int:
    byte = d[p]
    if byte > 6 or byte & 1:
        raise Odd
    return p + 1


def _refused(d: bytes, p: int, version: int) -> int:
    p = _said(d, _said(d, _kind(d, p + 16)))
    count, p = _count(d, p)
    for _ in range(count):
        p = _said(d, p)
    if count:
        p = _zero(d, p)
    return _bytes(d, _said(d, p)) if version > 2 else p


def _answered(d: bytes, p: int) -> int:
    _, p = _long(d, p + 16)
    p = _said(d, _said(d, _said(d, p)))
    branch, p = _byte(d, p)
    if branch == 0:
        return p
    if branch != 2:
        raise Odd
    _, p = _long(d, p + 64)  # the line that it answers
    p = _colour(d, _placed_line(d, p))[1]
    p = _bytes(d, _bytes(d, _bytes(d, p)))
    _, p = _long(d, p)
    _, p = _long(d, p)
    p = _said(d, p)
    _, p = _long(d, p)
    p = _said(d, _said(d, p))
    _, p = _long(d, p)
    _, p = _chain(d, p)
    return _truth(d, p)[1]


def _placed_line(d: bytes, p: int) -> int:
    """Province, division and ground."""
    return _said(d, _said(d, _said(d, p)))


def _amended(d: bytes, p: int, version: int) -> int:
    _, p = _long(d, p + 32)
    p = _said(d, p)
    _, p = _steps(d, p)
    p = _law(d, p)[2]
    return _placed(d, p) if version > 3 else p
