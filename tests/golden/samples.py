"""Made values for the examples of ``schemas/``: one person, one day, keys of zeros."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from doorkit import event, name, number
from fuma.contracts import channel, dsse, genesis, lawlog
from fuma.contracts.cloudevents import read
from fuma.contracts.codec import decode
from fuma.contracts.commands import found, sign_command
from fuma.contracts.decisions import MAX_EVENTS, Cause, decode_ledger, split
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.facts import encode_feed, encode_person
from fuma.contracts.presence import encode_presence
from fuma.contracts.provinces import exchanged
from fuma.contracts.rulesfile import law_of_texts
from fuma.contracts.sealing import row_info, seal_row
from fuma.contracts.signals import encode_signal, signals_of_decision, signals_of_door
from fuma.contracts.topics import DECISIONS, INCIDENTS, NOTICES
from fuma.domain.authority import commands as c
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.time import DAY, HOUR
from fuma.domain.watch.events import Party, Signal
from fuma.gateway.answers import Answers
from fuma.gateway.intake import Row
from fuma.gateway.judge import Judge, Judged, Opened
from fuma.processor.incidents import Incidents
from fuma.processor.outbox import Outbox
from fuma.processor.watch import Provinces
from fuma.runtime.mac import Sealer
from fuma.runtime.memory import MemoryVault
from fuma.runtime.ports import LogRecord
from golden import samples_authority
from golden.making import DAY_START, Input, ledger_of, texts
from golden.samples_presence import heard

AT = DAY_START + 9 * HOUR
TAG = bytes(range(16))
WORLD = bytes(16)
MAC_KEY = bytes(32)
RECEIPT = "health-20220614-example"
GATEWAY = X25519PrivateKey.from_private_bytes(b"g" * 32)
JUDGE = Judge(GATEWAY, b"e" * 32)
_LAW = ("cn/interim-measures-2021", "cn/control-plan-8", "cn/procedure-automatic")
_PUBLISHED = "cn/class-b-management"

Wire = dict[str, Any]


def vault() -> MemoryVault:
    """With one holder in its register."""
    made = MemoryVault()
    made.load([(number(1), name(1))])
    return made


def _row(row: int, declared: int | None = None) -> Row:
    raw = LogRecord("fuma.in.health", 0, row, AT, RECEIPT.encode(), None, ())
    return Row(raw, "health", RECEIPT, b"run", row, declared, False, AT, b"", b"")


def _judged(**change: Any) -> Judged:
    reading = read(json.dumps(event(1, **change), ensure_ascii=False).encode())
    assert reading.report is not None
    (subject,) = vault().subjects([(reading.report.number, reading.report.name)])
    return JUDGE.judge(Opened(_row(1), reading), subject, law_of_texts(texts()))


def _fact(**change: Any) -> e.Fact:
    fact = _judged(**change).fact
    assert fact is not None
    return fact


def _sealed_row(kind: str, row: int, declared: int | None) -> Wire:
    enc = sealed = b""
    if kind == "row":
        plain = json.dumps(event(1), ensure_ascii=False).encode()
        enc, sealed = seal_row(GATEWAY.public_key(), plain, row_info("health", RECEIPT, row))
    return {
        "receipt": RECEIPT, "kind": kind, "row": row, "declared": declared, "enc": enc,
        "sealed": sealed,
    }  # fmt: skip


def _answer() -> Wire:
    answers = Answers({"health": Sealer(WORLD, MAC_KEY)}, simulated=True)
    answers.accepted(_row(1))
    answers.accepted(_row(2))
    answers.refused(_row(3), _judged(evidence=None).faults, recorded=True)
    answers.closed(_row(3), 3)
    (record,) = answers.records()
    return decode("answer", record.value)


def _decided(fact: e.Fact) -> bytes:
    ((_, value),) = ledger_of([Input(AT, TAG, encode_person(fact))], law_of_texts(texts()), 1)
    return value


def _decision(*said: e.Event) -> Wire:
    """A decision with just these events, on nobody's order."""
    return decode("decision", _bytes(*said))


def _bytes(*said: e.Event) -> bytes:
    schedule = e.Schedule(AT, (), (), AT if isinstance(said[0], e.Ended) else None)
    fact = _fact()
    cause = Cause(fact.id, bytes(16), 0, 0, bytes(32), fact.content)
    (value,) = split(e.Decision(AT, fact, None, said, schedule), cause, 1, bytes(32))
    return value


def _notice(value: bytes) -> Wire:
    outbox = Outbox(lambda kind, what: None)
    outbox.opened(DECISIONS, 0)
    emitted = outbox.transform(LogRecord(DECISIONS, 0, 0, AT, TAG, value, ()))
    (told,) = (emit.value for emit in emitted if emit.topic == NOTICES)
    return decode("notice", told)


def _signal(value: bytes) -> Wire:
    (heard,) = signals_of_decision(TAG, decode_ledger(value))
    return decode("signal", encode_signal(heard))


def _door() -> Wire:
    rows = [(7, "410105", ["not-json"]), (9, "410105", ["not-json", "missing"])]
    (heard,) = signals_of_door("health", RECEIPT, AT, rows)
    return decode("signal", encode_signal(heard))


def _incident() -> Wire:
    incidents = Incidents(Sealer(WORLD, MAC_KEY), 1, simulated=True)
    raw = LogRecord("fuma.person", 3, 41, AT, TAG, b"forged", ())
    (made,) = incidents.beside(raw, Poison(Reason.NO_MAC))
    assert made.topic == INCIDENTS
    return decode("incident", made.value)


def _exchanged(value: bytes) -> Wire:
    told = exchanged(TAG, decode_ledger(value), law_of_texts(texts()))
    return decode("exchange", told[0].value)


def _pattern() -> Wire:
    """What the watch says of a false ground."""
    party = Party("signer", b"p" * 16, "zhang", "control-office")
    codes = ("evidence-not-of-ground",)
    heard = Signal(
        bytes(16), AT, "41", "refused", "command", "command 410100", "inbound", codes, TAG, 1,
        b"", "", "green", b"o" * 16, (party,),
    )  # fmt: skip
    law = law_of_texts(texts())
    (made,) = Provinces(lambda: law).take(b"41", heard, AT)
    return decode("incident", made.value)


def _key(letter: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(letter * 32)


def public(letter: bytes) -> str:
    return dsse.public_bytes(_key(letter)).hex()


def _genesis() -> bytes:
    publisher = genesis.Publisher(public(b"p"), "国务院联防联控机制", "测试 test", "")
    first = tuple(text.body for text in texts() if text.name in _LAW)
    body = genesis.payload(
        genesis.Genesis(
            WORLD.hex(), True, DAY_START, (public(b"a"), public(b"b")), (publisher,), first
        )
    )
    return dsse.sign(genesis.GENESIS_TYPE, body, _key(b"a"), _key(b"b"))


def _law(value: bytes) -> Wire:
    return decode("law", value)


def list_piece() -> Wire:
    """A list of two rows, encrypted to one member."""
    member = X25519PrivateKey.from_private_bytes(b"m" * 32).public_key().public_bytes_raw()
    key, id = b"l" * 32, bytes(range(16))
    (piece,) = channel.seal_list(
        id, [b"number,name\n"], key, 1, {"bureau-head": member}, GATEWAY.public_key()
    )
    # HPKE is not deterministic: what a sender made once, kept.
    return {
        "list": id, "number": 0, "pieces": 1, "sealed": piece.sealed,
        "keys": [{"officer": name, "sealed": sealed} for name, sealed in piece.keys],
    }  # fmt: skip


_SIGNED: dict[str, Any] = {
    "id": bytes(range(16)), "world": WORLD, "province": "14", "issued": AT, "expires": AT + HOUR,
}  # fmt: skip


def _command() -> Wire:
    body = c.Act(bytes(range(16, 32)), "sign", bytes(32))
    return {"envelope": sign_command(body, _key(b"o"), **_SIGNED)}


def _founding() -> Wire:
    office = c.Office("xing-control", "control-office", "command", "county", "141123", "兴县防控办")
    officer = c.Officer("clerk", "xing-control", "staff", bytes(16), "张三")
    body = c.Found((office,), ((officer, dsse.key_id(dsse.public_bytes(_key(b"o")))),))
    return {"envelope": found(body, _key(b"a"), _key(b"b"), **_SIGNED)}


def _text() -> Wire:
    (text,) = (t for t in texts() if t.name == _PUBLISHED and t.version == 1)
    return _law(lawlog.text_value(dsse.sign(lawlog.LAW_TYPE, text.body.encode(), _key(b"p")), AT))


_ROOTED = {
    "reporter": f"id:{number(7)}",
    "evidence": {"kind": "diagnosis-report", "number": "ZZ-CDC-2022-3317", "root": "ZZ-2022-0417"},
}


def line(**change: Any) -> e.Line:
    """A line of an order by officers, on the person's own fact."""
    fact = _fact()
    made = e.Line(
        bytes([1] * 16), bytes([1] * 32), bytes([9] * 16), 0, "41", fact.division, fact.ground,
        Colour.RED, fact.id, fact.root, fact.reporter, AT, AT + 7 * DAY, "cn/control-plan-8", 1,
        "confirmed", "41/orders", 1,
        (_actor(b"a", "compile"), _actor(b"b", "sign")), False,
    )  # fmt: skip
    return replace(made, **change)


def _actor(letter: bytes, step: str) -> e.Actor:
    word = letter.decode()
    return e.Actor(letter * 16, f"officer-{word}", f"office-{word}", letter.hex() * 32, step)


def _end() -> e.LineEnd:
    ident, order = bytes([2] * 16), bytes([9] * 16)
    return e.LineEnd(
        ident, bytes([2] * 32), order, 0, "41", e.End.ANNULLED, "never-valid", AT, _actor(b"c", "")
    )


def _match(stands: bool) -> e.MatchFact:
    revision = 1 if stands else 2
    return e.MatchFact(
        bytes([3, revision] * 8), bytes([3] * 32), bytes([4] * 16), revision, stands, "450100",
        "spatiotemporal-companion", "grid-match", "companion", bytes([5] * 16), AT - 2 * HOUR,
        AT - HOUR, b"c\x01", (AT - 3 * HOUR, AT - HOUR), bytes([6] * 32),
        (AT - 2 * HOUR, AT), bytes([7] * 32), bytes([8] * 16), 0, b"", "public-security",
        e.Identity.MATCHED,
    )  # fmt: skip


def _amend() -> e.Amend:
    return e.Amend(bytes([10] * 16), bytes([10] * 32), "cn/control-plan-9", 1, bytes(32), AT)


def _order_of(value: bytes) -> e.Order:
    (event,) = decode_ledger(value).events
    assert isinstance(event, e.Effective)
    source = e.Source(bytes([9] * 16), 0, "41", (_actor(b"a", "compile"),), False)
    return replace(event.order, source=source)


def samples() -> dict[tuple[str, str], Wire]:
    """(subject, name) to the value."""
    red, refused = _decided(_fact()), _decided(_fact(evidence=None))
    f = _fact()
    ident, kind = f.id, f.kind
    order = _order_of(red)
    answered = e.Answered(bytes([9] * 16), 0, "41", "effective", "")
    noted = e.Noted(ident, e.FactKind.SCAN, "", AT, b"", "scan", "transport", "410105", "")
    return samples_authority.samples() | {
        ("answer", "two-accepted-one-refused"): _answer(),
        ("decision", "red"): decode("decision", red),
        ("decision", "refused"): decode("decision", refused),
        ("decision", "lifted"): _decision(e.Lifted(bytes(16), ident, AT, "released")),
        ("decision", "noted"): _decision(noted),
        ("decision", "held"): _decision(
            e.Held(ident, kind, "confirmed", "health", ("identity-mismatched",))
        ),
        ("decision", "ended"): _decision(e.Ended(ident, AT)),
        ("decision", "effective-by-officers"): _decision(e.Effective(_order_of(red)), answered),
        ("decision", "line-held"): _decision(
            replace(answered, status="held", code="fact-absent", claim=line())
        ),
        ("decision", "annulled"): _decision(e.Annulled(bytes(16), ident, AT, "never-valid")),
        ("decision", "amended"): _decision(
            e.Amended(
                bytes(16),
                ident,
                AT,
                "term-shortened",
                order.steps,
                order.law,
                "confirmed",
                "410105",
            )
        ),
        ("decision", "many-events"): _decision(*[noted] * MAX_EVENTS),
        ("exchange", "red"): _exchanged(red),
        ("exchange", "recall"): _exchanged(
            _bytes(e.Annulled(bytes(16), ident, AT, "never-valid", "inbound", "410105"))
        ),
        ("feed", "finding"): decode("feed", encode_feed(f)),
        ("feed", "reporter-and-root"): decode("feed", encode_feed(_fact(**_ROOTED))),
        ("feed", "refused-at-the-door"): decode("feed", encode_feed(_fact(evidence=None))),
        ("incident", "forged-record"): _incident(),
        ("incident", "false-ground"): _pattern(),
        ("law", "genesis"): _law(lawlog.genesis_value(_genesis(), DAY_START)),
        ("law", "text"): _text(),
        ("law", "tick"): _law(lawlog.tick_value(AT)),
        ("notice", "red"): _notice(red),
        ("notice", "refused"): _notice(refused),
        ("person", "finding"): decode("person", encode_person(f)),
        ("person", "until"): decode(
            "person", encode_person(_fact(until="2022-06-20", **{"from": "2022-06-14"}))
        ),
        ("person", "refused-at-the-door"): decode("person", encode_person(_fact(evidence=None))),
        ("person", "line"): decode("person", encode_person(line())),
        ("person", "line-end"): decode("person", encode_person(_end())),
        ("person", "match"): decode("person", encode_person(_match(True))),
        ("person", "match-withdrawn"): decode("person", encode_person(_match(False))),
        ("person", "amend"): decode("person", encode_person(_amend())),
        ("person", "another-name"): decode("person", encode_person(_fact(name="另一人"))),
        ("list-piece", "first"): list_piece(),
        ("signed-command", "act"): _command(),
        ("signed-command", "founding"): _founding(),
        **{
            ("presence", name): decode("presence", encode_presence(item))
            for name, item in heard().items()
        },
        ("sealed-row", "row"): _sealed_row("row", 1, None),
        ("signal", "red"): _signal(red),
        ("signal", "refused"): _signal(refused),
        ("signal", "ended-at-the-door"): _door(),
        ("sealed-row", "end-of-a-declared-batch"): _sealed_row("end", 3, 3),
    }


__all__ = ["AT", "JUDGE", "MAC_KEY", "RECEIPT", "TAG", "WORLD", "public", "samples", "vault"]
