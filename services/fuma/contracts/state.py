"""A person's state as bytes, for the processor's store: a cache of the ledger's fold.

First byte: the shape's version. A store of another shape is no error, it is folded again. The rest
is MessagePack, arrays in the order of the domain's fields. Equal states give equal bytes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from fuma.domain.codes.events import LawRef, Order, Step
from fuma.domain.codes.state import EMPTY, Release, State
from fuma.domain.colour import Colour

#: Raised whenever the fields of ``State`` or of what it holds change.
SHAPE = 1
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
        )
    )


def decode_state(data: bytes | None) -> State:
    """The state in ``data``; the empty one for ``None``. Raises ``OtherShape``."""
    if data is None:
        return EMPTY
    if data[:1] != _HEAD:
        raise OtherShape(f"state of shape {data[:1].hex()}, expected {SHAPE}")
    orders, ids, lifted, used, releases, ended = _decoder.decode(memoryview(data)[1:])
    return State(
        tuple(_order_of(order) for order in orders),
        ids,
        tuple(lifted),
        tuple(used),
        tuple(Release(*release) for release in releases),
        ended,
    )


def _order(order: Order) -> tuple[Any, ...]:
    law = order.law
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
        (
            law.book,
            law.version,
            law.digest,
            law.procedure,
            law.procedure_version,
            law.procedure_digest,
            law.row,
        ),
    )


@lru_cache(maxsize=4096)
def _law(fields: tuple[Any, ...]) -> LawRef:
    return LawRef(*fields)


_COLOURS = tuple(Colour)


def _order_of(fields: list[Any]) -> Order:
    id, fact, ground, department, division, kind, ref, basis, recorded, steps, law = fields
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
        _law(tuple(law)),
    )
