"""The state as bytes: each row is an event that makes it anew, in a small exact encoding.

A row is a table letter and its fields: an integer is ``i`` and eight bytes, bytes ``b`` and text
``s`` with their length, ``t``/``f`` and ``n`` stand for true, false and nothing, ``l`` begins a
list. A shape version comes first; another shape is built anew from the log.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from fuma.domain.comparison.events import (
    Advanced,
    Area,
    AreaTaken,
    Brief,
    Brushed,
    Case,
    CaseTaken,
    Contact,
    Event,
    Exposed,
    Exposure,
    Linked,
    Match,
    Remembered,
    Said,
    Stay,
    StayTaken,
)
from fuma.domain.comparison.fold import evolve, rows
from fuma.domain.comparison.settings import Frame
from fuma.domain.comparison.state import State

SHAPE = b"fuma-comparison-5\n"
_INT = struct.Struct(">q")
_LENGTH = struct.Struct(">I")


class ShapeError(ValueError):
    """Bytes that are no state of this shape."""


def encode(state: State) -> bytes:
    """The whole state; equal states give equal bytes."""
    out = bytearray(SHAPE)
    for row in rows(state):
        _put(out, (type(row).__name__, *row))
    return bytes(out)


def decode(data: bytes, frame: Frame) -> State:
    """The state that was encoded. Raises ``ShapeError``."""
    if not data.startswith(SHAPE):
        raise ShapeError("another shape")
    state, at = State(frame), len(SHAPE)
    try:
        while at < len(data):
            row, at = _take(data, at)
            evolve(state, _event(row))
    except (KeyError, TypeError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise ShapeError("damaged") from error
    return state


def _event(row: list[Any]) -> Event:
    table, *fields = row
    if table == "Advanced":
        return Advanced(*fields)
    if table == "StayTaken":
        return StayTaken(Stay(*fields[0]))
    if table == "CaseTaken":
        return CaseTaken(Case(*fields[0]), fields[1])
    if table == "AreaTaken":
        id_, revision, places, divisions, periods, issued, gone = fields[0]
        spans = tuple((since, until) for since, until in periods)
        area = Area(id_, revision, tuple(places), tuple(divisions), spans, issued, gone)
        return AreaTaken(area, fields[1])
    if table == "Exposed":
        return Exposed(Exposure(*fields[0]), *fields[1:])
    if table == "Remembered":
        (match, stands, revision), at, stays = fields
        bare = Match(*match)._replace(stay=(0, 0), source=(0, 0))
        return Remembered(Said(bare, stands, revision), at, tuple(stays))
    if table == "Brushed":
        (spot, case, match, stays, minimum, dies), gone, last = fields
        brief = Brief(spot, case, _match(match), tuple(stays), minimum, dies)
        return Brushed(brief, gone, last)
    if table == "Linked":
        contact, reach, told, at = fields
        return Linked(Contact(*contact), reach, None if told is None else Case(*told), at)
    raise KeyError(table)


def _match(fields: list[Any]) -> Match:
    match = Match(*fields)
    (since, until), (begin, end) = match.stay, match.source
    return match._replace(stay=(since, until), source=(begin, end))


def _put(out: bytearray, value: object) -> None:
    if value is None:
        out += b"n"
    elif isinstance(value, bool):
        out += b"t" if value else b"f"
    elif isinstance(value, int):
        out += b"i" + _INT.pack(value)
    elif isinstance(value, bytes):
        out += b"b" + _LENGTH.pack(len(value)) + value
    elif isinstance(value, str):
        text = value.encode()
        out += b"s" + _LENGTH.pack(len(text)) + text
    else:
        assert isinstance(value, Iterable)
        items = list(value)
        out += b"l" + _LENGTH.pack(len(items))
        for item in items:
            _put(out, item)


def _take(data: bytes, at: int) -> tuple[Any, int]:
    kind, at = data[at : at + 1], at + 1
    if kind in (b"n", b"t", b"f"):
        return {b"n": None, b"t": True, b"f": False}[kind], at
    if kind == b"i":
        return _INT.unpack_from(data, at)[0], at + 8
    (length,) = _LENGTH.unpack_from(data, at)
    at += 4
    if kind == b"l":
        items = []
        for _ in range(length):
            item, at = _take(data, at)
            items.append(item)
        return items, at
    raw = data[at : at + length]
    if len(raw) != length or kind not in (b"b", b"s"):
        raise KeyError(kind)
    return (raw.decode() if kind == b"s" else raw), at + length
