"""``orders`` values: the ledger of ``authority``, wire to events and back.

One Avro record for each event of ``domain.authority.events``, named like it and with its fields in
their order. A decision is cut into parts by size; readers act on whole decisions only.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from fuma.contracts.codec import Wire, decode, encode
from fuma.contracts.commands import TYPES, WORDS
from fuma.contracts.decisions import Cause, ledger_hash
from fuma.domain.authority import events as e
from fuma.domain.time import Ms

#: Bytes of events in one record. The largest event is a page or a form's papers, below 50,000; a
#: tile entry takes 65,535 with the frame, the cause and the key.
PART_BYTES = 40_000
#: Events in one record at most.
PART_EVENTS = 1_000

#: Pairs are records on the wire: their fields' names, by the field that holds them.
_PAIRS = {
    ("Draft", "papers"): ("word", "text"),
    ("BulkHeld", "effective"): ("order", "lines"),
    ("ReturnReceived", "items"): ("department", "digest"),
}
_Convert = Callable[[Any], Any] | None  # ``None``: as it is


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One record of the ledger, as it stands on the log."""

    seq: int
    prev: bytes
    part: int
    parts: int
    cause: Cause
    at: Ms
    events: tuple[e.Event, ...]


def split(events: Sequence[e.Event], at: Ms, cause: Cause, seq: int, prev: bytes) -> list[bytes]:
    """The ledger values of a decision: its parts in order, chained from ``prev``."""
    chunks = _chunks([_event(event) for event in events])
    source = {
        "id": cause.id,
        "topic": cause.topic,
        "partition": cause.partition,
        "offset": cause.offset,
        "digest": cause.digest,
        "content": cause.content,
    }
    values = []
    for part, chunk in enumerate(chunks):
        value = encode(
            "order",
            {
                "seq": seq + part,
                "prev": prev,
                "part": part,
                "parts": len(chunks),
                "cause": source,
                "at": at,
                "events": chunk,
            },
        )
        values.append(value)
        prev = ledger_hash(value)
    return values


def decode_order(data: bytes | None) -> OrderRecord:
    """A value of ``orders``. Raises ``Poison``."""
    w = decode("order", data)
    c = w["cause"]
    return OrderRecord(
        w["seq"],
        w["prev"],
        w["part"],
        w["parts"],
        Cause(c["id"], c["topic"], c["partition"], c["offset"], c["digest"], c["content"]),
        w["at"],
        tuple(_READERS[name](fields) for name, fields in w["events"]),
    )


def _event(event: e.Event) -> tuple[str, Wire]:
    kind = type(event).__name__
    return f"fuma.{kind}", _WRITERS[kind](event)


def _chunks(events: list[tuple[str, Wire]]) -> list[list[tuple[str, Wire]]]:
    """Events in order, cut where the next would make a record too large."""
    chunks: list[list[tuple[str, Wire]]] = [[]]
    size = 0
    for event in events:
        length = _size(event) if len(events) > 1 else 0
        if chunks[-1] and (size + length > PART_BYTES or len(chunks[-1]) >= PART_EVENTS):
            chunks.append([])
            size = 0
        chunks[-1].append(event)
        size += length
    return chunks


def _size(value: Any) -> int:
    """At least the bytes that ``value`` takes."""
    if isinstance(value, str | bytes):
        return 3 + (len(value) if isinstance(value, bytes) else len(value.encode()))
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list | tuple):
        return 4 + sum(map(_size, value))
    return 9


def _fields(kind: type) -> list[tuple[str, Any, tuple[str, ...]]]:
    """Name, type and the pair's names of each field."""
    hints = get_type_hints(kind)
    return [
        (f.name, hints[f.name], _PAIRS.get((kind.__name__, f.name), ()))
        for f in dataclasses.fields(kind)
    ]


def _writing(hint: Any, pair: tuple[str, ...]) -> _Convert:
    if get_origin(hint) is tuple:
        if pair:
            return lambda items: [dict(zip(pair, item, strict=True)) for item in items]
        inner = _writing(get_args(hint)[0], ())
        return list if inner is None else lambda items: [inner(item) for item in items]
    return _writer(hint) if dataclasses.is_dataclass(hint) else None


def _reading(hint: Any, pair: tuple[str, ...]) -> _Convert:
    if get_origin(hint) is tuple:
        if pair:
            return lambda items: tuple(tuple(item[name] for name in pair) for item in items)
        inner = _reading(get_args(hint)[0], ())
        return tuple if inner is None else lambda items: tuple(inner(item) for item in items)
    return _reader(hint) if dataclasses.is_dataclass(hint) else None


def _writer(kind: Any) -> Callable[[Any], Wire]:
    """From a dataclass to the fields of its Avro record."""
    typed = ("type",) if kind in (e.Accepted, e.Refused) else ()
    fields = [(name, _writing(hint, pair)) for name, hint, pair in _fields(kind)]
    plain = [name for name, convert in fields if convert is None]
    rest = [(name, convert) for name, convert in fields if convert is not None]

    def write(value: Any) -> Wire:
        wire = {name: getattr(value, name) for name in plain}
        for name, convert in rest:
            wire[name] = convert(getattr(value, name))
        for name in typed:
            wire[name] = WORDS.get(wire[name], wire[name])
        return wire

    return write


def _reader(kind: Any) -> Callable[[Wire], Any]:
    """From the fields of an Avro record to the dataclass."""
    typed = kind in (e.Accepted, e.Refused)
    fields = [(name, _reading(hint, pair)) for name, hint, pair in _fields(kind)]

    def read(wire: Wire) -> Any:
        made = {
            name: wire[name] if convert is None else convert(wire[name]) for name, convert in fields
        }
        if typed:
            made["type"] = TYPES.get(made["type"], made["type"])
        return kind(**made)

    return read


EVENTS: tuple[type, ...] = typing.get_args(e.Event)
_WRITERS = {kind.__name__: _writer(kind) for kind in EVENTS}
_READERS = {f"fuma.{kind.__name__}": _reader(kind) for kind in EVENTS}
