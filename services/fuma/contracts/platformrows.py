"""What a value of the code platform says: rows of MessagePack, fields in a fixed order."""

from __future__ import annotations

import msgspec

from fuma.domain.codes.events import (
    Actor,
    LawRef,
    Order,
    Schedule,
    Segment,
    Source,
    Step,
)
from fuma.domain.colour import Colour
from fuma.domain.time import Ms

SUM_BYTES = 16


class StepRow(msgspec.Struct, array_like=True, frozen=True):
    """A colour (0 green, 1 yellow, 2 red) over ``[since, until)``."""

    colour: int
    since: Ms
    until: Ms


class SignerRow(msgspec.Struct, array_like=True, frozen=True):
    """Who took a step of an officers' order."""

    step: str
    office: str
    officer: str


class SourceRow(msgspec.Struct, array_like=True, frozen=True):
    """The officers' order that an order is a line of."""

    order: bytes
    line: int
    province: str
    chain: tuple[SignerRow, ...]
    released: bool


class OrderRow(msgspec.Struct, array_like=True, frozen=True):
    """An order as the platform shows it: why, by whom, under which rule, until when."""

    id: bytes
    fact: bytes
    ground: str
    department: str
    division: str
    evidence_kind: str
    basis: Ms
    recorded: Ms
    steps: tuple[StepRow, ...]
    book: str
    version: int
    row: str
    procedure: str
    procedure_version: int
    source: SourceRow | None = None  # nobody signed


class SegmentRow(msgspec.Struct, array_like=True, frozen=True):
    """The person's colour over ``[since, until)``; ``orders`` are indices into the code's."""

    colour: int
    since: Ms
    until: Ms
    orders: tuple[int, ...]


class Code(msgspec.Struct, array_like=True, frozen=True):
    """One subject's code as of one decision. ``seq`` 0: held before anything could be read."""

    seq: int  # of the ledger record that it is from (the last part of a decision)
    before: int  # ``seq`` of the subject's previous record on the platform; 0: there is none
    hash: bytes  # sha256 of that ledger record's value
    partition: int
    offset: int
    recorded: Ms  # T of the decision
    simulated: bool
    since: Ms
    ended: Ms | None
    segments: tuple[SegmentRow, ...]
    orders: tuple[OrderRow, ...]
    held: str = ""  # why the subject's ledger is held; empty where it is not

    def schedule(self) -> Schedule:
        """The schedule in the domain's own shapes. Digests of law and evidence stay on the log."""
        orders = tuple(_order(row) for row in self.orders)
        return Schedule(
            self.since,
            tuple(
                Segment(Colour(s.colour), s.since, s.until, tuple(orders[i].id for i in s.orders))
                for s in self.segments
            ),
            orders,
            self.ended,
        )


class End(msgspec.Struct, array_like=True, frozen=True):
    """A ``Code`` of which only that is read by which the next one follows on."""

    seq: int
    before: int
    hash: bytes
    partition: int
    offset: int
    recorded: Ms
    simulated: bool
    since: msgspec.Raw
    ended: msgspec.Raw
    segments: msgspec.Raw
    orders: msgspec.Raw
    held: str = ""


class Position(msgspec.Struct, array_like=True, frozen=True):
    """How far the sink has applied one partition of the ledger; written with the codes."""

    partition: int
    applied: int  # offset of the last record that is done; -1: none
    at: Ms  # highest T applied; 0: none
    topic: bytes  # the ledger's topic UUID
    subjects: int  # subjects with a record, of this partition
    written: Ms  # by the machine's clock
    sum: bytes = bytes(SUM_BYTES)  # of the fingerprints of those records, modulo 2^128, big-endian


class Alive(msgspec.Struct, array_like=True, frozen=True):
    """The sink's sign of life."""

    at: Ms  # by the machine's clock
    behind: int  # records it had not applied then
    connections: tuple[str, ...] = ()  # Redis's ids of its own


def _order(r: OrderRow) -> Order:
    law = LawRef(r.book, r.version, b"", r.procedure, r.procedure_version, b"", r.row)
    return Order(
        r.id, r.fact, r.ground, r.department, r.division, r.evidence_kind, b"", r.basis, r.recorded,
        tuple(Step(Colour(s.colour), s.since, s.until) for s in r.steps), law,
        None if r.source is None else _source(r.source),
    )  # fmt: skip


def _source(row: SourceRow) -> Source:
    """Natural persons and keys stay on the log."""
    chain = tuple(Actor(b"", a.officer, a.office, "", a.step) for a in row.chain)
    return Source(row.order, row.line, row.province, chain, row.released)
