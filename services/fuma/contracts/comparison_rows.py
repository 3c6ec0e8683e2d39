"""The comparison's state as rows of a sorted store: keys in the order of time, values MessagePack.

What goes by time begins with its letter and ``slot``: the step of T (``View.grain``) in which it is
dropped, so that a whole step goes in one deletion and its files with it. ::

    s level slot spot id   a stay; level: how long it is, so that what overlaps is near; GONE: only
                           its revision is remembered
    t slot tag digest      where the stays of a person are
    x slot letter key      what else goes then: of e, c, a, l, w, b
    i digest               level and slot of the stay with that spot and id
    e where key            an exposure, or what another spot said of one
    w case match           that a match stands, without place and times; kept longer
    y stay case match      the same by either stay (``meet.named``)
    b group match          a match that is too short by itself (``briefs.group``)
    c id · a id · l tag    a case, an area, a person's contacts with cases
    d division             until which day somebody was there
    n                      T as last folded

Integers are big-endian; spot, place and division have their length (1) before them.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_left
from typing import Any

import msgspec

from fuma.domain.comparison.events import (
    Area,
    Brief,
    Brushed,
    Case,
    Exposure,
    Match,
    Remembered,
    Said,
    Stay,
)
from fuma.domain.comparison.intervals import SIZES
from fuma.domain.comparison.links import Chain, Link, Links
from fuma.domain.time import Ms

#: Raised whenever a key or value changes its form.
SHAPE = "comparison-5"
GONE = 255
NOW = b"n"
_SLOT = struct.Struct(">Q")
_LEVEL = struct.Struct(">BQ")
_STAY_HEAD = struct.Struct(">cBQB")
#: Where a match has intervals.
_SPANS = (Match._fields.index("stay"), Match._fields.index("source"))
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def level(length: Ms) -> int:
    """The least of the sizes that holds a stay of such a length; one more than any for longer."""
    return bisect_left(SIZES, length)


def digest(key: bytes) -> bytes:
    """12 bytes that stand for spot and id, and show neither."""
    return hashlib.sha256(key).digest()[:12]


def stay_key(level_: int, slot: int, spot: bytes, id_: bytes) -> bytes:
    return _STAY_HEAD.pack(b"s", level_, slot, len(spot)) + spot + id_


def stay_prefix(level_: int, slot: int, spot: bytes) -> bytes:
    return _STAY_HEAD.pack(b"s", level_, slot, len(spot)) + spot


def slot_prefix(level_: int, slot: int) -> bytes:
    return b"s" + _LEVEL.pack(level_, slot)


def split_stay_key(row: bytes) -> tuple[int, int, bytes]:
    """Level, slot, and spot with id."""
    _, level_, slot, _ = _STAY_HEAD.unpack_from(row)
    return level_, slot, row[_STAY_HEAD.size :]


def stay_value(s: Stay) -> bytes:
    return _encode(
        (s.division, s.tag, s.revision, s.since, s.until, s.carriage, s.row, s.gone, s.at,
         s.identity, s.department)
    )  # fmt: skip


def stay_of(key: bytes, value: bytes) -> Stay:
    """``key``: spot and id."""
    division, tag, revision, since, until, carriage, row, gone, at, identity, department = _decode(
        value
    )
    return Stay(
        key, key[:-16], key[-16:], revision, tag, division, since, until, carriage, row, gone, at,
        identity, department,
    )  # fmt: skip


def is_under(value: bytes, division: bytes) -> bool:
    """Whether a stay's value may be of a division that begins so: its first field, behind two bytes
    of heads unless it has more than 31 bytes."""
    return value.startswith(division, 2) or value[1] >= 0xC0


def tag_key(slot: int, tag: bytes, digest_: bytes) -> bytes:
    return b"t" + _SLOT.pack(slot) + tag + digest_


def tag_prefix(slot: int, tag: bytes) -> bytes:
    return b"t" + _SLOT.pack(slot) + tag


def tag_value(level_: int, key: bytes) -> bytes:
    return bytes((level_,)) + key


def index_value(level_: int, slot: int) -> bytes:
    return _LEVEL.pack(level_, slot)


def index_of(value: bytes) -> tuple[int, int]:
    level_, slot = _LEVEL.unpack(value)
    return level_, slot


def due_key(slot: int, row: bytes) -> bytes:
    """``row``: the key of the row that goes then."""
    return b"x" + _SLOT.pack(slot) + row


def due_row(key: bytes) -> bytes:
    return key[9:]


def before(letter: bytes, slot: int) -> tuple[bytes, bytes]:
    """The range of a letter's rows (``t``, ``x``) whose slot is less."""
    return letter, letter + _SLOT.pack(slot)


def exposure_prefix(where: bytes) -> bytes:
    return b"e" + bytes((len(where),)) + where


def where_of(row: bytes) -> bytes:
    return row[2 : 2 + row[1]]


def exposure_value(exposure: Exposure, gone: bool, foreign: bool) -> bytes:
    return _encode((tuple(exposure), gone, foreign))


def exposure_of(value: bytes) -> tuple[Exposure, bool, bool]:
    fields, gone, foreign = _decode(value)
    return Exposure(*fields), gone, foreign


def case_value(case: Case, at: Ms) -> bytes:
    return _encode((tuple(case), at))


def case_of(value: bytes) -> tuple[Case, Ms]:
    fields, at = _decode(value)
    return Case(*fields), at


def area_value(area: Area, at: Ms) -> bytes:
    return _encode((tuple(area), at))


def area_of(value: bytes) -> tuple[Area, Ms]:
    (id_, revision, places, divisions, periods, issued, gone), at = _decode(value)
    spans = tuple((since, until) for since, until in periods)
    return Area(id_, revision, tuple(places), tuple(divisions), spans, issued, gone), at


def said_key(case: bytes, match: bytes) -> bytes:
    return b"w" + case + match


def stay_said_key(stay: bytes, case: bytes, match: bytes) -> bytes:
    return b"y" + stay + case + match


def said_value(kept: Remembered) -> bytes:
    return _encode((tuple(kept.said.match), kept.said.revision, kept.at, kept.stays))


def said_of(value: bytes) -> Remembered:
    fields, revision, at, stays = _decode(value)
    match = Match(*fields)
    match = match._replace(stay=(0, 0), source=(0, 0))
    return Remembered(Said(match, True, revision), at, tuple(stays))


def brief_prefix(group: bytes) -> bytes:
    return b"b" + bytes((len(group),)) + group


def brief_value(event: Brushed) -> bytes:
    b = event.brief
    fields = (b.spot, b.case, tuple(b.match), b.stays, b.minimum, b.dies)
    return _encode((fields, event.gone, event.last))


def brief_of(value: bytes) -> Brushed:
    (spot, case, match, stays, minimum, dies), gone, last = _decode(value)
    for place in _SPANS:
        match[place] = tuple(match[place])
    brief = Brief(spot, case, Match(*match), tuple(stays), minimum, dies)
    return Brushed(brief, gone, last)


def chains_value(chains: Links) -> bytes:
    rows = [
        (case, depth, None if c.told is None else tuple(c.told), list(c.links.items()))
        for (case, depth), c in chains.items()
    ]
    return _encode(rows)


def chains_of(value: bytes | None) -> Links:
    if value is None:
        return {}
    rows: list[Any] = _decode(value)
    return {
        (case, depth): Chain(
            {id_: Link(*link) for id_, link in links}, None if told is None else Case(*told)
        )
        for case, depth, told, links in rows
    }


def division_key(division: str) -> bytes:
    return b"d" + division.encode()


def division_of(row: bytes) -> str:
    return row[1:].decode()


def number_value(number: int) -> bytes:
    return _SLOT.pack(number)


def number_of(value: bytes) -> int:
    return int(_SLOT.unpack(value)[0])


def slot_of_tag(row: bytes) -> int:
    """The slot of a row of letter ``t``."""
    return int(_SLOT.unpack_from(row, 1)[0])
