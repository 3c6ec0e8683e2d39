"""The ledger as the sink reads it, in any form of Avro: by way of the platform's rows.

``shownbytes`` reads the plain form faster, to the same bytes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from fuma.contracts import shownbytes
from fuma.contracts.codec import decoder
from fuma.contracts.platformrows import OrderRow, SegmentRow, SignerRow, SourceRow, StepRow
from fuma.contracts.registry import registry
from fuma.contracts.shapes import Shape, Shapes
from fuma.domain.colour import Colour
from fuma.domain.time import Ms


class Rows(msgspec.Struct, array_like=True, frozen=True):
    """A schedule as the platform has it."""

    since: Ms
    ended: Ms | None
    segments: tuple[SegmentRow, ...]
    orders: tuple[OrderRow, ...]


class Shown(NamedTuple):
    """A ledger record: its place in its key's chain, T, and the schedule if it carries one."""

    seq: int
    prev: bytes
    part: int
    parts: int
    at: Ms
    shown: bytes | None  # since, ended, segments and orders, each in MessagePack


def _rows(
    since: Ms,
    segments: tuple[tuple[int, Ms, Ms, tuple[bytes, ...]], ...],
    orders: tuple[OrderRow, ...],
    ended: Ms | None,
) -> Rows:
    places = {order.id: index for index, order in enumerate(orders)}
    made = [
        SegmentRow(colour, begin, end, tuple([places[one] for one in ids]))
        for colour, begin, end, ids in segments
    ]
    return Rows(since, ended, tuple(made), orders)


def _segment(
    colour: int, since: Ms, until: Ms, orders: tuple[bytes, ...]
) -> tuple[int, Ms, Ms, tuple[bytes, ...]]:
    return colour, since, until, orders


def _law(book: str, version: int, procedure: str, number: int, row: str) -> tuple[Any, ...]:
    return book, version, row, procedure, number


def _shown(
    seq: int, prev: bytes, part: int, parts: int, at: Ms, rows: Rows | None
) -> Shown:  # fmt: skip
    # The head of an array of four goes: its items stand in a longer one.
    return Shown(seq, prev, part, parts, at, None if rows is None else _pack(rows)[1:])


def _order(
    id: bytes, fact: bytes, ground: str, department: str, division: str, evidence_kind: str,
    basis: Ms, recorded: Ms, steps: tuple[StepRow, ...], law: tuple[Any, ...],
    source: SourceRow | None,
) -> OrderRow:  # fmt: skip
    book, version, row, procedure, number = law
    return OrderRow(
        id, fact, ground, department, division, evidence_kind, basis, recorded, steps,
        book, version, row, procedure, number, source,
    )  # fmt: skip


_SHAPES = Shapes(
    {
        "fuma.Decision": Shape(_shown, ("seq", "prev", "part", "parts", "at", "schedule")),
        "fuma.Schedule": Shape(_rows),
        "fuma.Segment": Shape(_segment),
        "fuma.Step": Shape(StepRow),
        "fuma.Order": Shape(
            _order,
            ("id", "fact", "ground", "department", "division", "evidence_kind", "basis",
             "recorded", "steps", "law", "source"),
        ),
        "fuma.LawRef": Shape(_law, ("book", "version", "procedure", "procedure_version", "row")),
        "fuma.Source": Shape(SourceRow),
        "fuma.Actor": Shape(SignerRow, ("step", "office", "officer")),
    },
    enums={"fuma.Colour": {colour.word: colour.value for colour in Colour}},
    repeats=frozenset({"fuma.LawRef"}),
    skip=frozenset(
        f"fuma.{name}"
        for name in (
            "Cause", "Effective", "Lifted", "Noted", "Refused", "Held", "Ended", "Answered",
            "Annulled", "Amended",
        )
    ),
)  # fmt: skip
_read = decoder("decision", _SHAPES)
_pack = msgspec.msgpack.Encoder().encode
#: Versions of the schema that ``shownbytes`` reads; those that come later it does not know.
_BY_HAND = 4
shownbytes.versions(
    {
        b"\0" + one.id.to_bytes(4, "big"): one.version
        for one in registry().by_id.values()
        if one.subject == "decision" and one.version <= _BY_HAND
    }
)


def decode_any(data: bytes | None) -> Shown:
    """A value of ``decisions``. Raises ``Poison``."""
    found: Shown = _read(data)
    return found
