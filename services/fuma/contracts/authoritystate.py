"""A province's state as bytes, in parts, for the processor's store: a cache of the ledger's fold.

The part ``b""`` holds everything but the orders, and which orders and pages there are. An order is
a part of its own, ``o`` and its id; so is each page of its form, ``p``, the id and the number, four
bytes big endian. All are MessagePack. A store of another ``SHAPE`` is folded again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from fuma.domain.authority.commands import Draft, Line, Office, Officer
from fuma.domain.authority.events import Actor, Applied, ItemPushed, ListPosted, ReturnReceived
from fuma.domain.authority.state import BulkEntry, Case, Order, Settled, State
from fuma.domain.time import Ms

#: Raised whenever the fields of ``State`` or of what it holds change.
SHAPE = 4
Parts = Callable[[Sequence[bytes]], list[bytes | None]]


@dataclass(frozen=True, slots=True)
class _Head:
    """What ``State`` holds beside its orders; sets in order, tables as pairs."""

    world: bytes
    province: str
    founded: bool
    tick: Ms
    offices: list[Office]
    closed: list[str]
    officers: list[Officer]
    keys: list[tuple[str, str]]
    ended_keys: list[str]
    applications: list[tuple[Applied, Ms]]  # and the last tick before each
    invited: list[tuple[str, bytes]]
    members: list[str]
    seen: list[tuple[str, bytes, bytes, Ms]]  # in the order in which they are forgotten
    bulk: list[BulkEntry]
    items: list[ItemPushed]
    returns: list[ReturnReceived]
    missing: list[tuple[str, int]]
    missing_items: list[tuple[str, str, int]]
    cases: list[Case]
    recalls: list[tuple[bytes, list[str]]]
    seals: list[tuple[str, bytes]]
    lists: list[ListPosted]
    archived: list[bytes]
    orders: list[tuple[bytes, list[int]]]  # id, and the pages that are there


@dataclass(frozen=True, slots=True)
class _Order:
    draft: Draft
    procedure: str
    status: str
    at: Ms
    lapses: Ms
    chain: list[Actor]
    steps: list[str]
    settled: list[tuple[int, str, str, Ms]]
    recipients: list[str]
    effected: Ms | None
    until: Ms | None
    released: bool
    late: str
    book: tuple[str, int]
    heard: list[int]


_Page = list[tuple[bytes, str, bytes, bytes, bytes, str, int]]
_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head).decode
_order = msgspec.msgpack.Decoder(_Order).decode
_page = msgspec.msgpack.Decoder(_Page).decode


def encode_state(state: State) -> dict[bytes, bytes | None]:
    """The parts that changed since the last time; ``None`` is a part that is no more.

    What is still to be written is forgotten: whoever asks writes them all, or dies.
    """
    parts: dict[bytes, bytes | None] = {b"": _encode(_head_of(state))}
    for id in sorted(state.touched):
        order = state.orders.get(id)
        parts[b"o" + id] = None if order is None else _encode(_order_of(order))
    for id, number in sorted(state.paged):
        order = state.orders.get(id)
        lines = order.pages.get(number) if order is not None else None
        parts[_page_name(id, number)] = None if lines is None else _encode(_lines(lines))
    state.touched.clear()
    state.paged.clear()
    return parts


def decode_state(parts: Parts) -> State:
    """The state from its parts. Raises ``ValueError`` where they do not fit each other."""
    head = _head(_there(parts([b""]))[0])
    state = State(
        head.world,
        head.province,
        head.founded,
        head.tick,
        {one.id: one for one in head.offices},
        set(head.closed),
        {one.id: one for one in head.officers},
        dict(head.keys),
        set(head.ended_keys),
        {one.application: one for one, _ in head.applications},
        {one.application: asked for one, asked in head.applications},
        dict(head.invited),
        set(head.members),
        {(key, id): (digest, until) for key, id, digest, until in head.seen},
        bulk=list(head.bulk),
        items={(one.city, one.department, one.day): one for one in head.items},
        returns={(one.city, one.day): one for one in head.returns},
        missing=set(head.missing),
        missing_items=set(head.missing_items),
        cases={one.filed.case: one for one in head.cases},
        recalls={order: set(names) for order, names in head.recalls},
        seals=dict(head.seals),
        lists={one.list: one for one in head.lists},
        archived=set(head.archived),
    )
    same: dict[Any, Any] = {}
    for id, numbers in head.orders:
        names = [b"o" + id, *(_page_name(id, number) for number in numbers)]
        first, *rest = _there(parts(names))
        order = _order_from(_order(first))
        for number, data in zip(numbers, rest, strict=True):
            lines = tuple(_shared(line, same) for line in _page(data))
            order.pages[number] = lines
            order.reporters |= {line.reporter for line in lines if line.reporter}
        state.orders[id] = order
    state.derive()
    return state


def _page_name(id: bytes, number: int) -> bytes:
    return b"p" + id + number.to_bytes(4, "big")


def _there(found: list[bytes | None]) -> list[bytes]:
    if any(one is None for one in found):
        raise ValueError("a part of the state is missing")
    return [one for one in found if one is not None]


def _lines(lines: Sequence[Line]) -> list[tuple[Any, ...]]:
    return [(x.subject, x.division, x.fact, x.root, x.reporter, x.venue, x.seen) for x in lines]


def _shared(fields: tuple[Any, ...], same: dict[Any, Any]) -> Line:
    """A line whose words are one object however many lines have them."""
    subject, division, fact, root, reporter, venue, seen = fields
    once = same.setdefault
    return Line(
        subject, once(division, division), fact, once(root, root), once(reporter, reporter),
        once(venue, venue), seen,
    )  # fmt: skip


def _head_of(state: State) -> _Head:
    return _Head(
        state.world,
        state.province,
        state.founded,
        state.tick,
        _values(state.offices),
        sorted(state.closed),
        _values(state.officers),
        sorted(state.keys.items()),
        sorted(state.ended_keys),
        [(one, state.asked[one.application]) for one in _values(state.applications)],
        sorted(state.invited.items()),
        sorted(state.members),
        [(key, id, digest, until) for (key, id), (digest, until) in state.seen.items()],
        state.bulk,
        _values(state.items),
        _values(state.returns),
        sorted(state.missing),
        sorted(state.missing_items),
        _values(state.cases),
        [(order, sorted(names)) for order, names in sorted(state.recalls.items())],
        sorted(state.seals.items()),
        _values(state.lists),
        sorted(state.archived),
        [(id, sorted(state.orders[id].pages)) for id in sorted(state.orders)],
    )


def _values(table: Mapping[Any, Any]) -> list[Any]:
    return [table[name] for name in sorted(table)]


def _order_of(order: Order) -> _Order:
    return _Order(
        order.draft,
        order.procedure,
        order.status,
        order.at,
        order.lapses,
        order.chain,
        order.steps,
        [(n, s.status, s.code, s.at) for n, s in sorted(order.settled.items())],
        sorted(order.recipients),
        order.effected,
        order.until,
        order.released,
        order.late,
        order.book,
        sorted(order.heard),
    )


def _order_from(found: _Order) -> Order:
    order = Order(
        found.draft,
        found.procedure,
        found.status,
        found.at,
        found.lapses,
        found.chain,
        found.steps,
        recipients=set(found.recipients),
        effected=found.effected,
        until=found.until,
        released=found.released,
        late=found.late,
        book=found.book,
        heard=set(found.heard),
    )
    for number, status, code, at in found.settled:
        order.settle(number, Settled(status, code, at))
    return order
