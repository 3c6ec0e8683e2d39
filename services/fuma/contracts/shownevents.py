"""Events of a ledger record passed over by hand (``shownbytes``): bytes checked, orders kept."""

from __future__ import annotations

from fuma.contracts.shownorders import read_order
from fuma.contracts.shownparts import (
    Odd,
    read_byte,
    read_chain,
    read_colour,
    read_count,
    read_end,
    read_law,
    read_long,
    read_steps,
    read_truth,
    skip_bytes,
    skip_text,
)


def skip_event(d: bytes, p: int, version: int, known: list[tuple[bytes, bytes]]) -> int:
    """The place after an event. Of one that takes effect, the order is kept."""
    kind, p = read_byte(d, p)
    if kind == 0:  # Effective
        start = p
        packed, p = read_order(d, p, version)
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
        return read_long(d, p + 16)[1]
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
    _, p = read_long(d, p + 32)
    p = skip_text(d, p)
    return _placed(d, p) if version > 2 else p


def _placed(d: bytes, p: int) -> int:
    """Ground and division."""
    return skip_text(d, skip_text(d, p))


def _noted(d: bytes, p: int, version: int) -> int:
    p = skip_text(d, _kind(d, p + 16))
    _, p = read_long(d, p)
    p = skip_text(d, skip_bytes(d, p))
    p = skip_text(d, skip_text(d, skip_text(d, p)))  # department, division, kind of evidence
    if version > 1:
        branch, p = read_byte(d, p)
        if branch == 2:
            _, p = read_long(d, p)
        elif branch != 0:
            raise Odd
        p = skip_bytes(d, skip_bytes(d, p))
    return p


def _kind(d: bytes, p: int) -> int:
    byte = d[p]
    if byte > 6 or byte & 1:
        raise Odd
    return p + 1


def _refused(d: bytes, p: int, version: int) -> int:
    p = skip_text(d, skip_text(d, _kind(d, p + 16)))
    count, p = read_count(d, p)
    for _ in range(count):
        p = skip_text(d, p)
    if count:
        p = read_end(d, p)
    return skip_bytes(d, skip_text(d, p)) if version > 2 else p


def _answered(d: bytes, p: int) -> int:
    _, p = read_long(d, p + 16)
    p = skip_text(d, skip_text(d, skip_text(d, p)))
    branch, p = read_byte(d, p)
    if branch == 0:
        return p
    if branch != 2:
        raise Odd
    _, p = read_long(d, p + 64)  # the line that it answers
    p = read_colour(d, _placed_line(d, p))[1]
    p = skip_bytes(d, skip_bytes(d, skip_bytes(d, p)))
    _, p = read_long(d, p)
    _, p = read_long(d, p)
    p = skip_text(d, p)
    _, p = read_long(d, p)
    p = skip_text(d, skip_text(d, p))
    _, p = read_long(d, p)
    _, p = read_chain(d, p)
    return read_truth(d, p)[1]


def _placed_line(d: bytes, p: int) -> int:
    """Province, division and ground."""
    return skip_text(d, skip_text(d, skip_text(d, p)))


def _amended(d: bytes, p: int, version: int) -> int:
    _, p = read_long(d, p + 32)
    p = skip_text(d, p)
    _, p = read_steps(d, p)
    p = read_law(d, p)[2]
    return _placed(d, p) if version > 3 else p
