"""What follows from a ledger record, on every topic: all of it, and nothing else.

Worked out again from the record alone: kind and id of each signal, each line and its end on
``person``, each reply, outcome and word to another province.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fault.checker.derived import SEVERITY, Neighbours, derive, number, plain, word
from fault.checker.effects import Effects, where
from fault.checker.ledgers import Ledger
from fault.checker.raw import Log, Mac, Rec, Schemas

SIGNALS, PERSON, REPLIES, COMMANDS = "fuma.signals", "fuma.person", "fuma.replies", "fuma.commands"
EXCHANGE = "fuma.exchange."
#: Schema and the names of what is compared, by topic.
_SUBJECT = {SIGNALS: "signal", PERSON: "person", REPLIES: "reply", COMMANDS: "command"}
#: Notes of which oversight hears nothing.
_QUIET = {"scan", "released", "release-pending", "no-colour", "same-evidence"}
#: What an answer about a line is to the authority.
_STATUS = {
    "effective": "effective", "held": "held", "refused": "refused", "lifted": "lifted",
    "annulled": "annulled", "amended": "effective", "ended": "lifted",
}  # fmt: skip
_SIGNALLED = {
    "Effective": "effective", "Lifted": "lifted", "Annulled": "annulled", "Refused": "refused",
    "Held": "held",
}  # fmt: skip


@dataclass(frozen=True)
class Must:
    """One record that must be on ``topic``, and what of it is known."""

    topic: str
    id: bytes
    key: bytes | None  # None: not worked out
    said: tuple[tuple[str, Any], ...]


def of_decision(
    key: bytes, body: dict[str, Any], near: Neighbours
) -> Iterator[Must]:  # fmt: skip
    """What the outbox makes of a record of ``decisions``."""
    seq = number(body["seq"])
    schedule = plain(body["schedule"])
    orders = {order["id"]: order for order in schedule["orders"]} if schedule else {}
    for ordinal, (name, event) in enumerate(body["events"]):
        kind, place = word(name), number(ordinal)
        ident = derive(b"signal", key, seq, place)
        told = _SIGNALLED.get(kind)
        if kind == "Noted" and event["code"] not in _QUIET:
            told = "noted"
        elif kind == "Answered" and event["status"] in ("refused", "held"):
            told = event["status"]
        if told is not None:
            yield Must(SIGNALS, ident, None, (("kind", told), ("subject", key)))
        if kind == "Noted" and _on_file(event):
            exposed = derive(b"exposed", ident)
            yield Must(SIGNALS, exposed, None, (("kind", "exposed"), ("subject", key)))
        if kind == "Answered" and event["status"] in _STATUS and _province(event["province"]):
            said = (
                ("order", event["order"]), ("line", event["line"]), ("code", event["code"]),
                ("status", _STATUS[event["status"]]),
            )  # fmt: skip
            id_ = derive(b"outcome", key, seq, place)
            yield Must(COMMANDS, id_, event["province"].encode(), said)
        if near.known:
            for province, change in _heard(kind, event, orders, body["at"], near):
                id_ = derive(b"exchange", key, seq, place, province.encode())
                yield Must(EXCHANGE + province, id_, key, (("kind", change),))


def _on_file(event: dict[str, Any]) -> bool:
    """A match that awaits an order: its evidence is itself."""
    own = hashlib.sha256(b"match" + event["fact"]).digest()
    root = event.get("root", b"")
    return event["code"] == "awaits-order" and root != b"" and event["evidence_ref"] == own


def _province(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isdigit()


def _heard(
    kind: str, event: dict[str, Any], orders: dict[bytes, Any], at: int, near: Neighbours
) -> Iterator[tuple[str, str]]:
    """Provinces that hear of an event, and what."""
    if kind == "Effective":
        order = plain(event["order"])
        worst = max((step["colour"] for step in order["steps"]), key=SEVERITY.index, default="")
        for province in near.hear(order["division"], at, worst or SEVERITY[0]):
            yield province, "effective"
    elif kind in ("Amended", "Lifted", "Annulled"):
        division = event.get("division", "")
        if kind == "Amended" and event["order"] in orders:
            division = orders[event["order"]]["division"]
        for province in near.ever(division, at):
            yield province, kind.lower()


def of_order(key: bytes, body: dict[str, Any]) -> Iterator[Must]:
    """What the orders' outbox makes of a record of ``orders``."""
    seq = number(body["seq"])
    for ordinal, (name, event) in enumerate(body["events"]):
        kind = word(name)
        if kind == "Issued":
            for one in event["lines"]:
                id_ = derive(b"line", key, event["order"], number(one["line"]), one["subject"])
                said = (("", "Line"), ("order", event["order"]), ("line", one["line"]))
                yield Must(PERSON, id_, one["subject"], said)
        elif kind in ("LinesEnded", "LineSuspended"):
            how = "suspended" if kind == "LineSuspended" else event["how"]
            for one in event["lines"] if kind == "LinesEnded" else [event]:
                named = event["order"], number(one["line"]), one["subject"], how.encode(), seq
                said = (("", "LineEnd"), ("how", how), ("line", one["line"]))
                yield Must(PERSON, derive(b"line-end", key, *named), one["subject"], said)
        for count, (to, status) in enumerate(_answered(kind, event)):
            id_ = derive(b"reply", key, seq, number(ordinal), number(count))
            yield Must(REPLIES, id_, to.encode(), (("status", status),))
    for count, told in enumerate(_told(body)):
        id_ = derive(b"signal", key, seq, number(count))
        yield Must(SIGNALS, id_, None, (("kind", told),))


def _answered(kind: str, event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that read something of an event, and what."""
    if kind == "Accepted":
        yield event["actor"]["key"], "accepted"
    elif kind == "Refused" and event["actor"]["key"]:
        yield event["actor"]["key"], "refused"
    elif kind in ("Overdue", "Forwarded", "CaseAssigned"):
        for key in event.get("keys", ()):
            yield key, "overdue" if kind == "Overdue" else "turn"


def _told(body: dict[str, Any]) -> Iterator[str]:
    """Kinds of signal, in their order; of refused and annulled lines one each order and code."""
    events = [(word(name), event) for name, event in body["events"]]
    commanded = body["part"] > 0 or any(kind == "Accepted" for kind, _ in events)
    lines: dict[tuple[bytes, str, str], None] = {}
    for kind, event in events:
        if kind == "Refused":
            yield "command-refused"
        elif kind == "Effected":
            yield "ordered"
        elif kind == "Ended" and event["how"] in ("rejected", "withdrawn", "lapsed"):
            yield "order-ended"
        elif kind == "BulkHeld":
            yield "bulk-held"
        elif kind == "LineSettled" and event["status"] == "refused" and commanded:
            lines[event["order"], "refused", event["code"]] = None
        elif kind == "LinesEnded" and event["how"] in ("refused", "annulled") and event["lines"]:
            lines[event["order"], event["how"], event["code"]] = None
    for _, kind, _ in lines:
        yield kind


@dataclass
class _Read:
    """A record that is there, read."""

    record: Rec
    body: dict[str, Any]


@dataclass
class _Topic:
    """What stands on one topic, by id; and of it what says that it follows from the ledger."""

    by_id: dict[bytes, list[_Read]] = field(default_factory=dict)
    ours: dict[bytes, Rec] = field(default_factory=dict)


def check_outbox(
    effects: Effects, log: Log, ledger: Ledger, name: str, near: Neighbours, mac: Mac,
    schemas: Schemas,
) -> int:  # fmt: skip
    """Everything that must follow from the ledger ``name``; how many records that is."""
    read: dict[str, _Topic] = {}
    uuid, count = log.ids[name], 0
    expected: dict[tuple[str, bytes], None] = {}
    for decided in ledger.decided:
        for record, body in decided.records:
            made = (
                of_decision(decided.key, body, near)
                if name == "fuma.decisions"
                else of_order(decided.key, body)
            )
            for must in made:
                if must.topic not in log.ids:
                    continue
                if must.topic not in read:
                    read[must.topic] = _read(log, must.topic, uuid, mac, schemas)
                expected[must.topic, must.id] = None
                count += 1
                _one(effects, read[must.topic], must, record)
    for topic in log.ids:
        if topic in _SUBJECT or (topic.startswith(EXCHANGE) and near.known):
            there = read.get(topic) or _read(log, topic, uuid, mac, schemas)
            for id_, record in there.ours.items():
                if (topic, id_) not in expected:
                    effects.faults.append(f"twice: {where(record)}: follows from nothing")
    return count


def _one(effects: Effects, there: _Topic, must: Must, cause: Rec) -> None:
    found = there.by_id.get(must.id, [])
    said = ", ".join(str(value) for _, value in must.said if isinstance(value, str))
    what = f"{where(cause)}: {said} on {must.topic}"
    if not found:
        effects.faults.append(f"lost: {what}: it never followed")
        return
    if len({one.record.value for one in found}) > 1:
        effects.faults.append(f"twice: {what}: in several wordings")
    for one in found:
        if must.key is not None and one.record.key != must.key:
            effects.faults.append(f"other: {what}: under another key, at {where(one.record)}")
        for name, value in must.said:
            if one.body.get(name) != value:
                effects.faults.append(f"other: {what}: says {name} {one.body.get(name)!r}")


def _read(log: Log, topic: str, uuid: bytes, mac: Mac, schemas: Schemas) -> _Topic:
    found = _Topic()
    subject = _SUBJECT.get(topic, "exchange")
    for record in log.of(topic):
        body = schemas.read(record.value, subject)
        if body is None or not mac.good(record):
            continue
        if set(body) == {"body"}:
            name, inner = body["body"]
            body = {"": word(name), **inner}
        if "id" not in body:
            continue
        found.by_id.setdefault(body["id"], []).append(_Read(record, body))
        origin = record.header("origin")
        if origin is not None and origin[:16] == uuid:
            found.ours[body["id"]] = record
    return found


def check_notices(effects: Effects, log: Log, ledger: Ledger, mac: Mac, schemas: Schemas) -> None:
    """The outbox: what the holder must be told is told, each decision in one wording."""
    told: dict[tuple[bytes, int], set[bytes]] = {}
    for record in log.of("fuma.notices"):
        body = schemas.read(record.value, "notice")
        if record.key is None or body is None or not mac.good(record):
            continue
        told.setdefault((record.key, body["seq"]), set()).add(record.value or b"")
    for one in ledger.decided:
        record, body = one.last
        kinds = {name.split(".")[-1] for name, _ in body["events"]}
        wordings = told.pop((one.key, body["seq"]), set())
        here = where(record)
        if not wordings and (len(one.records) > 1 or kinds & TOLD):
            effects.faults.append(f"lost: {here}: {sorted(kinds)}, and the holder is not told")
        if len(wordings) > 1:
            effects.faults.append(f"twice: {here}: told in {len(wordings)} wordings")
    for key, seq in told:
        effects.faults.append(f"twice: notice {seq} of {key.hex()}: there is no such decision")


#: Events of which the holder is told.
TOLD = {"Effective", "Lifted", "Annulled", "Amended", "Refused", "Ended"}
