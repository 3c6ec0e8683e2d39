"""``decisions`` values: a ledger record, bytes to value and back.

A value is written in the oldest version of the schema that can say it, so that what the first
release decided is decided again to the same bytes. A decision goes into one record unless it has
more than ``MAX_EVENTS`` events; then into parts, of which the last alone carries the schedule.
Readers act on whole decisions only.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence

from fuma.contracts.codec import decoder, encoder
from fuma.contracts.framed import Cause as Cause
from fuma.contracts.framed import LedgerRecord as LedgerRecord
from fuma.contracts.shapes import Shape, Shapes, named
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour

MAX_EVENTS = 64
#: ``prev`` of a key's first ledger record.
FIRST = bytes(32)
#: Events that the first version of the schema has no record for.
_LATER = (e.Answered, e.Annulled, e.Amended)


#: The domain's own classes stand for the schema's records, which have their names and fields.
SHAPES = Shapes(
    named(
        Cause, e.LawRef, e.Order, e.Step, e.Source, e.Actor, e.Line, e.Schedule, e.Segment,
        e.Effective, e.Lifted, e.Noted, e.Refused, e.Held, e.Ended, e.Answered, e.Annulled,
        e.Amended,
    )
    | {"fuma.Decision": Shape(LedgerRecord)},
    enums={
        "fuma.FactKind": {kind.value: kind for kind in e.PERSONAL},
        "fuma.Colour": {colour.word: colour for colour in Colour},
    },
    # An order stands in its event and in the schedule; a text of law in thousands of records.
    shared=frozenset({"fuma.Order"}),
    repeats=frozenset({"fuma.LawRef"}),
    name="domain",
)  # fmt: skip
_first, _second = encoder("decision", 1, SHAPES), encoder("decision", 2, SHAPES)
_third, _newest = encoder("decision", 3, SHAPES), encoder("decision", None, SHAPES)
_read = decoder("decision", SHAPES)
#: Its fold needs no schedule: that follows from the events.
_EVENTS = dataclasses.replace(SHAPES, skip=frozenset({"fuma.Schedule"}), name="events")
_read_events = decoder("decision", _EVENTS)


def ledger_hash(value: bytes) -> bytes:
    """What the key's next ledger record names as ``prev``."""
    return hashlib.sha256(value).digest()


def split(decision: e.Decision, cause: Cause, seq: int, prev: bytes) -> list[bytes]:
    """The ledger values of a decision: its parts in order, chained from ``prev``."""
    chunks = [
        decision.events[i : i + MAX_EVENTS] for i in range(0, len(decision.events), MAX_EVENTS)
    ] or [()]
    values = []
    for part, chunk in enumerate(chunks):
        last = part == len(chunks) - 1
        schedule = decision.schedule if last else None
        write = _writer(chunk, schedule)
        record = LedgerRecord(
            seq + part, prev, part, len(chunks), cause, decision.at, decision.law, chunk, schedule
        )
        value = write(record)
        values.append(value)
        if not last:
            prev = ledger_hash(value)
    return values


def _writer(events: Sequence[e.Event], schedule: e.Schedule | None) -> Callable[..., bytes]:
    """The encoder of the oldest version that loses nothing of a value."""
    placed = False
    for event in events:
        if isinstance(event, e.Refused | e.Held):
            placed = placed or bool(event.division or event.evidence_ref)
        elif isinstance(event, e.Lifted | e.Annulled):
            placed = placed or bool(event.ground or event.division)
        elif isinstance(event, e.Amended) and (event.ground or event.division):
            return _newest
    if placed:
        return _third
    return _first if _first_can_say(events, schedule) else _second


def _first_can_say(events: Sequence[e.Event], schedule: e.Schedule | None) -> bool:
    """Whether version 1 of the schema loses nothing of a value."""
    for event in events:
        if isinstance(event, e.Effective):
            if event.order.source is not None:
                return False
        elif isinstance(event, e.Noted):
            if event.until is not None or event.reporter or event.root:
                return False
        elif isinstance(event, _LATER):
            return False
    return schedule is None or all(order.source is None for order in schedule.orders)


def decode_ledger(data: bytes | None) -> LedgerRecord:
    """A value of ``decisions``. Raises ``Poison``."""
    found: LedgerRecord = _read(data)
    return found


def decode_events(data: bytes | None) -> LedgerRecord:
    """A value of ``decisions`` for whoever folds it: read whole, but without its schedule.

    Raises ``Poison``.
    """
    found: LedgerRecord = _read_events(data)
    return found
