"""For each schema the code that reads such values for its living, and in short what came of one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.cli.incidents import line
from fuma.contracts import channel, lawlog
from fuma.contracts.codec import decode
from fuma.contracts.commandlog import decode_command
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.facts import decode_fact, decode_person
from fuma.contracts.genesis import World, open_genesis, world_of
from fuma.contracts.incidents import decode_incident
from fuma.contracts.orders import decode_order
from fuma.contracts.provinces import decode_exchanged
from fuma.contracts.replies import decode_reply
from fuma.contracts.rulesfile import law_of_texts
from fuma.contracts.signals import decode_signal
from fuma.contracts.topics import DECISIONS, IN_COMMANDS, NOTICES, in_topic, partition_for, spec
from fuma.domain.authority.fold import evolve
from fuma.domain.authority.state import State
from fuma.feed.answers import Tally
from fuma.gateway.command_intake import CommandIntake, Forward
from fuma.gateway.intake import Intake
from fuma.processor.outbox import Outbox
from fuma.processor.taskforce import Taskforce
from fuma.processor.watch import Provinces
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.platform import Answer
from fuma.runtime.ports import LogRecord
from golden.making import Input, ledger_of, texts
from golden.samples import (
    AT,
    GATEWAY,
    JUDGE,
    MAC_KEY,
    RECEIPT,
    TAG,
    WORLD,
    public,
    vault,
)
from golden.samples_authority import PUBLIC
from golden.samples_presence import presence
from unit.sink.rig import Rig

Handled = dict[str, Any]


def _raw(topic: str, value: bytes) -> LogRecord:
    return LogRecord(topic, 0, 0, AT, TAG, value, ())


def sealed_row(value: bytes) -> Handled:
    """The gateway's door: who wrote it, unsealed, read, judged."""
    intake = Intake(WORLD, MAC_KEY, simulated=True)
    topic, key = in_topic("health"), RECEIPT.encode()
    headers = intake.sealers["health"].headers(topic, key, value, time=pack_time(AT))
    partition = partition_for(key, spec(topic).partitions)
    row = intake.take(LogRecord(topic, partition, 0, AT, key, value, headers))
    if row.end:
        return {"end of": row.receipt, "declared": row.declared}
    opened = JUDGE.open(row)
    assert opened.person is not None
    (subject,) = vault().subjects([opened.person])
    judged = JUDGE.judge(opened, subject, law_of_texts(texts()))
    assert judged.fact is not None
    codes = [fault.code for fault in judged.faults]
    return {"row": row.number, "faults": codes, "fact": judged.fact.id.hex()}


def list_piece(value: bytes) -> Handled:
    """A member that asked for it: the gateway's layer off, then its own, then the list."""
    piece = channel.decode_piece(value)
    ((officer, sealed),) = piece.keys
    inner = channel.open_outer(sealed, piece.list, officer, GATEWAY)
    member = X25519PrivateKey.from_private_bytes(b"m" * 32)
    key = channel.open_inner(inner, piece.list, officer, member)
    return {"officer": officer, "plain": channel.open_piece(piece, key).decode()}


def signed_command(value: bytes) -> Handled:
    """The gateway's door for officers: the form, and who signed."""
    sealer = Sealer(WORLD, MAC_KEY)
    intake = CommandIntake(World(WORLD, True, bytes(32)), sealer)
    headers = sealer.headers(IN_COMMANDS, b"14", value, time=pack_time(AT))
    ceremony = (public(b"a"), public(b"b"))
    taken = intake.take(LogRecord(IN_COMMANDS, 0, 0, AT, b"14", value, headers), ceremony)
    assert isinstance(taken, Forward)
    return {"province": taken.province, "forged": taken.forged, "at": taken.at}


def answer(value: bytes) -> Handled:
    """The department's client."""
    tally, told = Tally(), list[Mapping[str, Any]]()
    tally.add(decode("answer", value), told.append)
    return {
        "accepted": tally.accepted,
        "refused": tally.refused,
        "closed": tally.closed,
        "told": [one["en"] for one in told],
    }


def feed(value: bytes) -> Handled:
    """The task force."""
    (emit,) = Taskforce().transform(_raw("fuma.feed.health", value))
    fact = decode_fact(emit.value)
    return {"to": emit.topic, "kind": fact.kind.value, "breaches": list(fact.breaches)}


def person(value: bytes) -> Handled:
    """The decision, on a person of whom nothing is known yet."""
    written = [v for _, v in ledger_of([Input(AT, TAG, value)], law_of_texts(texts()), 1)]
    if not written:
        return {"input": type(decode_person(value)).__name__, "events": []}
    (record,) = map(decode_ledger, written)
    return {"events": [type(event).__name__ for event in record.events]}


def decision(value: bytes) -> Handled:
    """The outbox, and the sink with the platform behind it."""
    outbox = Outbox(lambda kind, what: None)
    outbox.opened(DECISIONS, 0)
    emitted = outbox.transform(_raw(DECISIONS, value))
    told = [decode("notice", e.value)["kind"] for e in emitted if e.topic == NOTICES]
    with tempfile.TemporaryDirectory(prefix="fuma-example-") as folder:
        rig = Rig(Path(folder))
        rig.append(TAG, value, decode_ledger(value).at)
        rig.drain()
        found = rig.platform.answer(TAG)
    assert isinstance(found, Answer)
    return {"notices": told, "shown": found.sentence.en, "held": found.held}


def notice(value: bytes) -> Handled:
    """Whoever tells the holder: all is in it, nothing has to be looked up."""
    told = decode("notice", value)
    return {"kind": told["kind"], "colour": told["colour"], "objection": told["objection"]}


def incident(value: bytes) -> Handled:
    """Whoever watches: ``fuma incidents``."""
    told = decode_incident(value)
    return {"code": told["code"], "severity": told["severity"], "says": line(told)}


def exchange(value: bytes) -> Handled:
    """The province that receives it."""
    told = decode_exchanged(value)
    return {"kind": told["kind"], "to": told["recipient"], "steps": len(told["steps"])}


def signal(value: bytes) -> Handled:
    """Oversight's door."""
    heard = decode_signal(value)
    law = law_of_texts(texts())
    raised = Provinces(lambda: law).take(b"", heard, heard.at)
    said = [decode_incident(emit.value)["code"] for emit in raised]
    return {"kind": heard.kind, "codes": list(heard.codes), "count": heard.count, "raised": said}


def law(value: bytes) -> Handled:
    """The law as every worker folds it, after the genesis."""
    from golden.examples import genesis_example

    first = genesis_example()
    payload = open_genesis(lawlog.envelope_of(first))[1]
    log = lawlog.LawLog(world_of(payload))
    log.apply(0, first, AT, True)
    if value != first:
        log.apply(1, value, AT, True)
    return {
        "time": log.time,
        "texts": [f"{p.text.name}@{p.text.version}" for p in log.published],
    }


def command(value: bytes) -> Handled:
    """What the authority stage hears, its signature checked."""
    heard = decode_command(value, PUBLIC)
    body = getattr(heard.item, "body", None)
    return {
        "heard": type(heard.item).__name__,
        "body": type(body).__name__ if body else "",
        "province": heard.province,
        "id": heard.id.hex(),
    }


def order(value: bytes) -> Handled:
    """The authority's fold, of a province of which nothing is known yet."""
    read = decode_order(value)
    state = evolve(State(WORLD, "41"), read.events)
    return {
        "events": [type(event).__name__ for event in read.events],
        "orders": {id.hex(): one.status for id, one in state.orders.items()},
        "offices": sorted(state.offices),
    }


def reply(value: bytes) -> Handled:
    """The officer who reads it."""
    told = decode_reply(value)
    return {"status": told.status, "type": told.type, "codes": list(told.codes)}


HANDLERS: dict[str, Callable[[bytes], Handled]] = {
    "answer": answer,
    "command": command,
    "decision": decision,
    "exchange": exchange,
    "feed": feed,
    "incident": incident,
    "law": law,
    "notice": notice,
    "order": order,
    "person": person,
    "presence": presence,
    "reply": reply,
    "list-piece": list_piece,
    "sealed-row": sealed_row,
    "signed-command": signed_command,
    "signal": signal,
}
