"""Orders and schedules of a ledger record read by hand (``shownbytes``), into MessagePack."""

from __future__ import annotations

import msgspec

from fuma.contracts.shownparts import (
    Odd,
    array_head,
    read_byte,
    read_chain,
    read_colour,
    read_count,
    read_end,
    read_int,
    read_law,
    read_steps,
    read_text,
    read_truth,
    skip_bytes,
)

_pack = msgspec.msgpack.Encoder().encode


def read_order(d: bytes, p: int, version: int) -> tuple[bytes, int]:
    """An order as the platform shows it."""
    fact = p + 16
    ground, p = read_text(d, fact + 16)
    department, p = read_text(d, p)
    division, p = read_text(d, p)
    kind, p = read_text(d, p)
    p = skip_bytes(d, p)
    basis, p = read_int(d, p)
    recorded, p = read_int(d, p)
    steps, p = read_steps(d, p)
    first, second, p = read_law(d, p)
    source = b"\xc0"
    if version > 1:
        branch, p = read_byte(d, p)
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
    line, p = read_int(d, p + 16)
    province, p = read_text(d, p)
    chain, p = read_chain(d, p)
    released, p = read_truth(d, p)
    return b"".join((b"\x95\xc4\x10", order, line, province, chain, released)), p


def read_schedule(
    d: bytes, p: int, version: int, known: list[tuple[bytes, bytes]]
) -> tuple[bytes, int]:
    since, p = read_int(d, p)
    count, p = read_count(d, p)
    segments: list[tuple[int, bytes, bytes, list[bytes]]] = []
    for _ in range(count):
        colour, p = read_colour(d, p)
        begin, p = read_int(d, p)
        until, p = read_int(d, p)
        named, p = read_count(d, p)
        ids: list[bytes] = []
        for _ in range(named):
            ids.append(d[p : p + 16])
            p += 16
        if named:
            p = read_end(d, p)
        segments.append((colour, begin, until, ids))
    if count:
        p = read_end(d, p)
    count, p = read_count(d, p)
    orders = [array_head(count)]
    places: dict[bytes, int] = {}
    for number in range(count):
        places[d[p : p + 16]] = number
        for raw, packed in known:
            if d.startswith(raw, p):  # Avro is self-delimiting: that order stands here
                orders.append(packed)
                p += len(raw)
                break
        else:
            packed, p = read_order(d, p, version)
            orders.append(packed)
    if count:
        p = read_end(d, p)
    ended = b"\xc0"
    branch, p = read_byte(d, p)
    if branch == 2:
        ended, p = read_int(d, p)
    elif branch != 0:
        raise Odd
    made = [since, ended, array_head(len(segments))]
    for colour, begin, until, ids in segments:
        made += (b"\x94\x00", b"\x94\x01", b"\x94\x02")[colour], begin, until, array_head(len(ids))
        for one in ids:
            place = places.get(one, -1)
            if place < 0:
                raise Odd
            made.append(_small(place))
    made += orders
    return b"".join(made), p


def _small(number: int) -> bytes:
    return bytes((number,)) if number < 128 else _pack(number)
