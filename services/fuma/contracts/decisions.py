"""``decisions`` values: a ledger record, wire to value and back.

A value is written in the oldest version of the schema that can say it, so that what the first
release decided is decided again to the same bytes. A decision goes into one record unless it has
more than ``MAX_EVENTS`` events; then into parts, of which the last alone carries the schedule.
Readers act on whole decisions only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fuma.contracts.codec import Wire, decode, encoder
from fuma.contracts.facts import actor_from_wire, actor_to_wire, line_from_wire, line_to_wire
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.time import Ms

MAX_EVENTS = 64
#: ``prev`` of a key's first ledger record.
FIRST = bytes(32)
_COLOURS = {colour.word: colour for colour in Colour}
_WORDS = {colour: colour.word for colour in Colour}
_KINDS = {kind.value: kind for kind in e.FactKind}
_first, _newest = encoder("decision", 1), encoder("decision")
#: Events that the first version of the schema has no record for.
_LATER = (e.Answered, e.Annulled, e.Amended)


@dataclass(frozen=True, slots=True)
class Cause:
    """The input that a ledger record follows from."""

    id: bytes
    topic: bytes  # topic UUID, 16 bytes
    partition: int
    offset: int
    digest: bytes  # sha256 of the input's value
    content: bytes


@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """One record of the decisions ledger, as it stands on the log."""

    seq: int
    prev: bytes
    part: int
    parts: int
    cause: Cause
    at: Ms
    law: e.LawRef | None
    events: tuple[e.Event, ...]
    schedule: e.Schedule | None


def ledger_hash(value: bytes) -> bytes:
    """What the key's next ledger record names as ``prev``."""
    return hashlib.sha256(value).digest()


def _law(ref: e.LawRef) -> Wire:
    return {
        "book": ref.book,
        "version": ref.version,
        "digest": ref.digest,
        "procedure": ref.procedure,
        "procedure_version": ref.procedure_version,
        "procedure_digest": ref.procedure_digest,
        "row": ref.row,
    }


def _order(order: e.Order) -> Wire:
    return {
        "id": order.id,
        "fact": order.fact,
        "ground": order.ground,
        "department": order.department,
        "division": order.division,
        "evidence_kind": order.evidence_kind,
        "evidence_ref": order.evidence_ref,
        "basis": order.basis,
        "recorded": order.recorded,
        "steps": _steps(order.steps),
        "law": _law(order.law),
        "source": None if order.source is None else _source(order.source),
    }


def _steps(steps: Sequence[e.Step]) -> list[Wire]:
    return [{"colour": _WORDS[s.colour], "since": s.since, "until": s.until} for s in steps]


def _source(source: e.Source) -> Wire:
    return {
        "order": source.order, "line": source.line, "province": source.province,
        "chain": [actor_to_wire(actor) for actor in source.chain], "released": source.released,
    }  # fmt: skip


def _event(event: e.Event) -> tuple[str, Wire]:
    if isinstance(event, e.Effective):
        return "fuma.Effective", {"order": _order(event.order)}
    if isinstance(event, e.Lifted):
        return "fuma.Lifted", {
            "order": event.order, "by": event.by, "at": event.at, "code": event.code,
        }  # fmt: skip
    if isinstance(event, e.Noted):
        return "fuma.Noted", {
            "fact": event.fact, "kind": event.kind.value, "ground": event.ground,
            "since": event.since, "evidence_ref": event.evidence_ref, "code": event.code,
            "department": event.department, "division": event.division,
            "evidence_kind": event.evidence_kind, "until": event.until,
            "reporter": event.reporter, "root": event.root,
        }  # fmt: skip
    if isinstance(event, e.Ended):
        return "fuma.Ended", {"by": event.by, "at": event.at}
    if isinstance(event, _LATER):
        return _later(event)
    name = "fuma.Refused" if isinstance(event, e.Refused) else "fuma.Held"
    return name, {
        "fact": event.fact, "kind": event.kind.value, "ground": event.ground,
        "department": event.department, "codes": list(event.codes),
    }  # fmt: skip


def _later(event: e.Answered | e.Annulled | e.Amended) -> tuple[str, Wire]:
    if isinstance(event, e.Answered):
        return "fuma.Answered", {
            "order": event.order, "line": event.line, "province": event.province,
            "status": event.status, "code": event.code,
            "claim": None if event.claim is None else line_to_wire(event.claim),
        }  # fmt: skip
    wire = {"order": event.order, "by": event.by, "at": event.at, "code": event.code}
    if isinstance(event, e.Annulled):
        return "fuma.Annulled", wire
    return "fuma.Amended", {**wire, "steps": _steps(event.steps), "law": _law(event.law)}


def _schedule(schedule: e.Schedule) -> Wire:
    return {
        "since": schedule.since,
        "segments": [
            {
                "colour": _WORDS[s.colour],
                "since": s.since,
                "until": s.until,
                "orders": list(s.orders),
            }
            for s in schedule.segments
        ],
        "orders": [_order(order) for order in schedule.orders],
        "ended": schedule.ended,
    }


def split(decision: e.Decision, cause: Cause, seq: int, prev: bytes) -> list[bytes]:
    """The ledger values of a decision: its parts in order, chained from ``prev``."""
    chunks = [
        decision.events[i : i + MAX_EVENTS] for i in range(0, len(decision.events), MAX_EVENTS)
    ] or [()]
    values = []
    for part, chunk in enumerate(chunks):
        last = part == len(chunks) - 1
        write = _first if _first_can_say(chunk, decision.schedule if last else None) else _newest
        value = write(
            {
                "seq": seq + part,
                "prev": prev,
                "part": part,
                "parts": len(chunks),
                "cause": {
                    "id": cause.id,
                    "topic": cause.topic,
                    "partition": cause.partition,
                    "offset": cause.offset,
                    "digest": cause.digest,
                    "content": cause.content,
                },
                "at": decision.at,
                "law": _law(decision.law) if decision.law else None,
                "events": [_event(event) for event in chunk],
                "schedule": _schedule(decision.schedule) if last else None,
            },
        )
        values.append(value)
        prev = ledger_hash(value)
    return values


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


def _bare(value: Any) -> Any:
    """A union's record without its name."""
    return value[1] if isinstance(value, tuple) else value


def _law_of(w: Wire) -> e.LawRef:
    return e.LawRef(
        w["book"],
        w["version"],
        w["digest"],
        w["procedure"],
        w["procedure_version"],
        w["procedure_digest"],
        w["row"],
    )


def _source_of(w: Wire) -> e.Source:
    chain = tuple(actor_from_wire(actor) for actor in w["chain"])
    return e.Source(w["order"], w["line"], w["province"], chain, w["released"])


def _steps_of(steps: Sequence[Wire]) -> tuple[e.Step, ...]:
    return tuple(e.Step(_COLOURS[s["colour"]], s["since"], s["until"]) for s in steps)


def _order_of(w: Wire) -> e.Order:
    source = _bare(w["source"])
    return e.Order(
        w["id"],
        w["fact"],
        w["ground"],
        w["department"],
        w["division"],
        w["evidence_kind"],
        w["evidence_ref"],
        w["basis"],
        w["recorded"],
        _steps_of(w["steps"]),
        _law_of(w["law"]),
        None if source is None else _source_of(source),
    )


def _event_of(named: tuple[str, Wire]) -> e.Event:
    name, w = named
    if name == "fuma.Effective":
        return e.Effective(_order_of(w["order"]))
    if name == "fuma.Lifted":
        return e.Lifted(w["order"], w["by"], w["at"], w["code"])
    if name == "fuma.Noted":
        return e.Noted(
            w["fact"], _KINDS[w["kind"]], w["ground"], w["since"], w["evidence_ref"], w["code"],
            w["department"], w["division"], w["evidence_kind"], w["until"], w["reporter"],
            w["root"],
        )  # fmt: skip
    if name == "fuma.Ended":
        return e.Ended(w["by"], w["at"])
    if name == "fuma.Answered":
        claim = _bare(w["claim"])
        return e.Answered(
            w["order"], w["line"], w["province"], w["status"], w["code"],
            None if claim is None else line_from_wire(claim),
        )  # fmt: skip
    if name == "fuma.Annulled":
        return e.Annulled(w["order"], w["by"], w["at"], w["code"])
    if name == "fuma.Amended":
        steps, law = _steps_of(w["steps"]), _law_of(w["law"])
        return e.Amended(w["order"], w["by"], w["at"], w["code"], steps, law)
    kind = e.Refused if name == "fuma.Refused" else e.Held
    return kind(w["fact"], _KINDS[w["kind"]], w["ground"], w["department"], tuple(w["codes"]))


def _schedule_of(w: Wire) -> e.Schedule:
    return e.Schedule(
        w["since"],
        tuple(
            e.Segment(_COLOURS[s["colour"]], s["since"], s["until"], tuple(s["orders"]))
            for s in w["segments"]
        ),
        tuple(_order_of(order) for order in w["orders"]),
        w["ended"],
    )


def decode_ledger(data: bytes | None) -> LedgerRecord:
    """A value of ``decisions``. Raises ``Poison``."""
    w = decode("decision", data)
    c, law, schedule = w["cause"], _bare(w["law"]), _bare(w["schedule"])
    return LedgerRecord(
        w["seq"],
        w["prev"],
        w["part"],
        w["parts"],
        Cause(c["id"], c["topic"], c["partition"], c["offset"], c["digest"], c["content"]),
        w["at"],
        _law_of(law) if law is not None else None,
        tuple(_event_of(event) for event in w["events"]),
        _schedule_of(schedule) if schedule is not None else None,
    )
