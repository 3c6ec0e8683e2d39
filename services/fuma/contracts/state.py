"""A person's state as bytes, for the processor's store: a cache of the ledger's fold.

First byte: the shape's version. A store of another shape is no error, it is folded again. The rest
is MessagePack, arrays in the order of the domain's fields. Equal states give equal bytes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from fuma.domain.codes.events import Actor, LawRef, Line, Order, Source, Step
from fuma.domain.codes.state import (
    EMPTY,
    NO_LINES,
    Early,
    Filed,
    Lines,
    Over,
    Release,
    State,
    Waiting,
)
from fuma.domain.colour import Colour

#: Raised whenever the fields of ``State`` or of what it holds change.
SHAPE = 5
_HEAD = bytes([SHAPE])
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()


class OtherShape(ValueError):
    """Bytes of another version of the shape: the store is to be folded again."""


def encode_state(state: State) -> bytes:
    """``state`` as bytes."""
    return _HEAD + _encoder.encode(
        (
            [_order(order) for order in state.orders],
            state.ids,
            state.lifted,
            state.used,
            state.releases,
            state.ended,
            *(() if state.lines is NO_LINES else (_lines(state.lines),)),
        )
    )


def decode_state(data: bytes | None) -> State:
    """The state in ``data``; the empty one for ``None``. Raises ``OtherShape``."""
    if data is None:
        return EMPTY
    if data[:1] != _HEAD:
        raise OtherShape(f"state of shape {data[:1].hex()}, expected {SHAPE}")
    orders, ids, lifted, used, releases, ended, *lines = _decoder.decode(memoryview(data)[1:])
    return State(
        tuple(_order_of(order) for order in orders),
        ids,
        tuple(lifted),
        tuple(used),
        tuple(Release(*release) for release in releases),
        ended,
        _lines_of(*lines[0]) if lines else NO_LINES,
    )


def _lines(lines: Lines) -> tuple[Any, ...]:
    waiting = [(_line(one.line), one.code) for one in lines.waiting]
    return (lines.filed, waiting, lines.early, lines.over)


def _lines_of(filed: list[Any], waiting: list[Any], early: list[Any], over: list[Any]) -> Lines:
    return Lines(
        tuple(Filed(*one) for one in filed),
        tuple(Waiting(_line_of(line), code) for line, code in waiting),
        tuple(Early(*one) for one in early),
        tuple(Over(*one) for one in over),
    )


_LINE = tuple(Line.__match_args__)
_COLOUR, _CHAIN = _LINE.index("colour"), _LINE.index("chain")


def _line(line: Line) -> list[Any]:
    fields = [getattr(line, name) for name in _LINE]
    fields[_COLOUR], fields[_CHAIN] = int(line.colour), _chain(line.chain)
    return fields


def _line_of(fields: list[Any]) -> Line:
    fields[_COLOUR] = _COLOURS[fields[_COLOUR]]
    fields[_CHAIN] = _chain_of(fields[_CHAIN])
    return Line(*fields)


def _chain(chain: tuple[Actor, ...]) -> list[Any]:
    return [(a.person, a.officer, a.office, a.key, a.step) for a in chain]


def _chain_of(chain: list[Any]) -> tuple[Actor, ...]:
    return tuple(Actor(*fields) for fields in chain)


def _order(order: Order) -> tuple[Any, ...]:
    return (
        order.id,
        order.fact,
        order.ground,
        order.department,
        order.division,
        order.evidence_kind,
        order.evidence_ref,
        order.basis,
        order.recorded,
        [(int(step.colour), step.since, step.until) for step in order.steps],
        _law_bytes(order.law),
        *(() if order.source is None else (_source(order.source),)),
    )


def _source(source: Source) -> tuple[Any, ...]:
    return (source.order, source.line, source.province, _chain(source.chain), source.released)


def _source_of(fields: list[Any]) -> Source:
    order, line, province, chain, released = fields
    return Source(order, line, province, _chain_of(chain), released)


#: There are few texts of law and thousands of orders: a text's bytes stand in one piece, and are
#: made and read once for each object.
_LAWS = 4_096
_law_of: dict[int, tuple[LawRef, bytes]] = {}


def _law_bytes(law: LawRef) -> bytes:
    known = _law_of.get(id(law))
    if known is not None and known[0] is law:
        return known[1]
    data = _encoder.encode(
        (
            law.book, law.version, law.digest, law.procedure, law.procedure_version,
            law.procedure_digest, law.row,
        )
    )  # fmt: skip
    if len(_law_of) >= _LAWS:
        _law_of.clear()
    _law_of[id(law)] = law, data
    return data


@lru_cache(maxsize=_LAWS)
def _law(data: bytes) -> LawRef:
    return LawRef(*_decoder.decode(data))


_COLOURS = tuple(Colour)


def _order_of(fields: list[Any]) -> Order:
    id, fact, ground, department, division, kind, ref, basis, recorded, steps, law, *source = fields
    colours = tuple(Step(_COLOURS[colour], since, until) for colour, since, until in steps)
    return Order(
        id,
        fact,
        ground,
        department,
        division,
        kind,
        ref,
        basis,
        recorded,
        colours,
        _law(law),
        _source_of(source[0]) if source else None,
    )
