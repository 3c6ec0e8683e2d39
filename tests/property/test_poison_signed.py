"""What is signed, sealed or kept in a file: each reader gives a value or its declared error.

``test_poison`` goes through the schemas' decoders and the stages; here are the readers that stand
before or beside those. Payloads are spoilt first and signed after, as their senders could.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.contracts import channel, commandlog, commands, dsse, exchange, genesis, lawlog, sealing
from fuma.contracts.codec import encode
from fuma.contracts.errors import Fatal, FumaError, Poison, Refusal
from fuma.contracts.genesis import World
from fuma.contracts.rulesfile import canonical, parse_text
from fuma.contracts.topics import IN_COMMANDS, ORDERS, in_topic
from fuma.gateway.command_intake import CommandIntake
from fuma.gateway.intake import Intake
from fuma.processor.outbox_orders import OrdersOutbox
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import LogRecord
from property.spoilt import DEEP, MORE, only, spoilt_bytes, spoilt_json, spoilt_text, written
from unit.authority.making import NOON, line
from unit.authority.making import WORLD as WORLD_ID
from unit.authority.rig import CEREMONY, PUBLIC, Rig, Signer, key_of, xing_founding
from unit.contracts import test_lawlog as laws

WORLD = World(WORLD_ID, True, bytes(32))
MAC_KEY = b"k" * 32
Reader = Callable[[bytes], object]


@cache
def signed() -> list[tuple[str, Any]]:
    """Payloads as they are signed: their type, and their JSON."""
    _, pages = Signer("14").form("clerk", "form", [line(n, "141123") for n in range(3)], "141123")
    found = [dsse.parse(one) for one in (*pages, xing_founding())]
    made = [(one.type, json.loads(one.payload)) for one in found]
    asked = exchange.request(
        key_of("clerk"), world=WORLD_ID, province="14", issued=NOON, ask="person", purpose="查询",
        body={"id": "x"},
    )  # fmt: skip
    made.append((exchange.REQUEST_TYPE, json.loads(dsse.parse(asked).payload)))
    made.append((genesis.GENESIS_TYPE, json.loads(laws.payload(texts=(laws.PLAN.body,)))))
    made.append((lawlog.LAW_TYPE, json.loads(laws.text())))
    return made


def _take(envelope: bytes) -> object:
    value = encode("signed-command", {"envelope": envelope})
    raw = LogRecord(IN_COMMANDS, 0, 0, NOON, b"14", value, ())
    return CommandIntake(WORLD, Sealer(WORLD_ID, MAC_KEY)).take(raw, PUBLIC)


READERS: dict[str, tuple[Reader, type[FumaError]]] = {
    "dsse.parse": (dsse.parse, Poison),
    "open_command": (commands.open_command, Poison),
    "named": (commands.named, Poison),
    "open_founding": (lambda e: commands.open_founding(e, PUBLIC), Poison),
    "open_signed": (lambda e: commandlog.open_signed(e, PUBLIC), Poison),
    "open_request": (exchange.open_request, Refusal),
    "open_genesis": (genesis.open_genesis, Poison),
    "CommandIntake.take": (_take, Poison),
}


@st.composite
def envelopes(draw: st.DrawFn) -> bytes:
    """A payload that was spoilt, or none, and then signed: by whom it names, or by others."""
    kind, good = draw(st.sampled_from(signed()))
    if not draw(st.integers(0, 9)):
        kind = draw(st.sampled_from([k for k, _ in signed()] + ["", "x", "\ud800"]))
    data = draw(st.one_of(spoilt_text(good), st.just(written(good))))
    keys = {
        exchange.REQUEST_TYPE: [key_of("clerk")], commands.COMMAND_TYPE: [key_of("clerk")],
        lawlog.LAW_TYPE: [laws.PUBLISHER], genesis.GENESIS_TYPE: [laws.A, laws.B],
    }.get(kind, list(CEREMONY))  # fmt: skip
    try:
        made = dsse.sign(kind, data, *keys)
    except UnicodeEncodeError:  # a type that nobody can sign
        made = dsse.sign("x", data, *keys).replace(b'"x"', b'"\\ud800"')
    if not draw(st.integers(0, 3)):
        made = draw(spoilt_bytes(made))
    if not draw(st.integers(0, 5)):
        try:
            made = written(draw(spoilt_json(json.loads(made))))
        except (ValueError, RecursionError):
            pass
    return made


@MORE
@given(envelopes())
def test_what_is_signed_is_read_or_refused(envelope: bytes) -> None:
    for name, (reader, declared) in READERS.items():
        only(name, reader, envelope, declared)


@pytest.mark.parametrize("name", READERS)
def test_payloads_that_were_met_once(name: str) -> None:
    """Too deep to be read, and a number beyond all numbers, under good signatures."""
    reader, declared = READERS[name]
    good = dict(signed())[genesis.GENESIS_TYPE]
    endless = written(good).replace(b'"created":%d' % good["created"], b'"created":1e999')
    assert endless != written(good)
    for kind, _ in signed():
        for payload in (DEEP, endless, b"[]", b"5", b'"x"', b"null"):
            for keys in ([laws.A, laws.B], list(CEREMONY), [key_of("clerk")]):
                only(name, reader, dsse.sign(kind, payload, *keys), declared)


def test_a_key_that_is_no_key_signs_nothing() -> None:
    """An envelope may name it all the same: the id of any bytes can be worked out."""
    short = bytes(31)
    body = json.loads(laws.payload(ceremony=(short.hex(), short.hex() + "00")))
    envelope = json.loads(dsse.sign(genesis.GENESIS_TYPE, written(body), laws.A))
    for one in (short, short + b"\0"):
        envelope["signatures"].append({"keyid": dsse.key_id(one), "sig": ""})
    only("open_genesis", genesis.open_genesis, written(envelope), Poison)


@settings(parent=MORE, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3), st.data()), min_size=1, max_size=6))
def test_outer_fields_of_a_command_stop_neither_authority_nor_its_outbox(
    drawn: list[tuple[int, st.DataObject]],
) -> None:
    """Signed as it should be: the core sees whatever an officer may put there."""
    rig, payloads = Rig(), [p for kind, p in signed() if kind == commands.COMMAND_TYPE]
    rig.signed(xing_founding())
    for number, (which, data) in enumerate(drawn):
        fields = dict(payloads[which % len(payloads)]) | {"id": b"%16d" % number}
        fields["id"] = fields["id"].hex()
        for name in ("issued", "expires", "province", "world", "type")[: which + 1]:
            fields[name] = data.draw(spoilt_json(fields[name]))
        rig.signed(dsse.sign(commands.COMMAND_TYPE, written(fields), key_of("clerk")))
    rig.run(rig.open())
    outbox = OrdersOutbox(lambda kind, what: pytest.fail(f"{kind}: {what}"))
    outbox.opened(ORDERS, 0)
    for record in rig.log.records[ORDERS, 0]:
        outbox.transform(record)


def _begun() -> lawlog.LawLog:
    return laws.begun(texts=(laws.PLAN.body,))


@st.composite
def law_values(draw: st.DrawFn) -> bytes | None:
    envelope = draw(envelopes())
    kind = draw(st.sampled_from(["text", "text", "genesis", "tick"]))
    value = encode("law", {"kind": kind, "envelope": envelope, "at": draw(st.integers(0, 9))})
    return draw(st.one_of(st.just(value), spoilt_bytes(value), st.none()))


@MORE
@given(law_values(), st.sampled_from([None, 0, NOON, (1 << 63) - 1]), st.booleans())
def test_a_record_of_law_changes_it_or_is_a_dead_letter(
    value: bytes | None, time: int | None, authentic: bool
) -> None:
    log = _begun()
    only("LawLog.apply", lambda _: log.apply(1, value, time, authentic), value or b"", Poison)
    only(
        "LawLog.apply first",
        lambda _: lawlog.LawLog(WORLD).apply(0, value, time, authentic), value or b"", Fatal,
    )  # fmt: skip


def test_a_genesis_with_a_text_that_is_none_stops_the_service() -> None:
    """As a dead letter it would leave a world without its first law, and no word of it."""
    body = laws.payload(texts=(laws.PLAN.body, "{}"))
    log = lawlog.LawLog(genesis.world_of(body))
    value = lawlog.genesis_value(dsse.sign(genesis.GENESIS_TYPE, body, laws.A, laws.B), 1)
    with pytest.raises(Fatal, match="cannot read"):
        log.apply(0, value, 1, True)


@MORE
@given(st.data())
def test_a_text_of_law_is_read_or_refused(data: st.DataObject) -> None:
    good = json.loads(data.draw(st.sampled_from(laws.TEXTS)).body)
    spoilt = data.draw(spoilt_json(good))
    try:
        body = canonical(spoilt)
    except (ValueError, TypeError):
        return
    only("parse_text", lambda _: parse_text(body), body.encode("utf-8", "surrogatepass"), Poison)
    raw = data.draw(spoilt_text(good)).decode("utf-8", "replace")
    only("parse_text", lambda _: parse_text(raw), raw.encode(), Poison)


# What is sealed.

GATEWAY = X25519PrivateKey.from_private_bytes(b"\3" * 32)
SUBJECT = b"\3" * 64


@MORE
@given(st.data())
def test_what_is_sealed_is_opened_or_refused(data: st.DataObject) -> None:
    enc, sealed = sealing.seal_row(GATEWAY.public_key(), b"a row", b"i")
    whole = data.draw(spoilt_bytes(enc + sealed))
    only("open_row", lambda b: sealing.open_row(GATEWAY, b[:32], b[32:], b"i"), whole, Poison)
    only("open_row", lambda b: sealing.open_row(GATEWAY, b"", b, b"i"), whole, Poison)
    for name, opened in (("outer", channel.open_outer), ("inner", channel.open_inner)):
        only(name, lambda b, opened=opened: opened(b, b"l" * 16, "a", GATEWAY), whole, Poison)
    # By whoever has the subject's key: a gateway of another release.
    inside = data.draw(spoilt_text({"reporter": "x", "number": "y"}))
    own = AESSIV(SUBJECT).encrypt(inside or b"{", [b"i"])
    for one in (own, data.draw(spoilt_bytes(own))):
        only("open_subject", lambda b: sealing.open_subject(SUBJECT, b, b"i"), one, Poison)
    piece = channel.Piece(
        data.draw(st.binary(max_size=20)), data.draw(st.integers(0, (1 << 31) - 1)),
        data.draw(st.integers(0, (1 << 31) - 1)), whole,
    )  # fmt: skip
    only("open_piece", lambda _: channel.open_piece(piece, b"k" * 32), whole, Poison)


@pytest.mark.parametrize("plain", [b"[]", b"5", b"null", b'"x"', b"[1]", b"{"])
def test_a_subjects_fields_are_fields(plain: bytes) -> None:
    sealed = AESSIV(SUBJECT).encrypt(plain, [b"i"])
    with pytest.raises(Poison):
        sealing.open_subject(SUBJECT, sealed, b"i")


# The departments' door.


@MORE
@given(st.data())
def test_a_row_is_taken_or_is_a_dead_letter(data: st.DataObject) -> None:
    """Spoilt by the department itself, under its own good MAC; or by others."""
    intake = Intake(WORLD_ID, MAC_KEY, simulated=data.draw(st.booleans()))
    receipt = data.draw(st.sampled_from(["R", "", "长" * 30, "x" * 65]))
    numbers = st.sampled_from([0, 1, -1, (1 << 31) - 1, -(1 << 31)])
    value: bytes | None = encode(
        "sealed-row",
        {"receipt": receipt, "kind": data.draw(st.sampled_from(["row", "end"])),
         "row": data.draw(numbers), "declared": data.draw(st.one_of(st.none(), numbers)),
         "enc": data.draw(st.binary(max_size=40)), "sealed": b"x"},
    )  # fmt: skip
    value = data.draw(st.one_of(st.just(value), spoilt_bytes(value or b""), st.none()))
    key = data.draw(st.sampled_from([receipt.encode(), b"\xff\xfe", b"", None]))
    topic = in_topic("health")
    time = data.draw(st.sampled_from([None, pack_time(NOON), b"\xff" * 8, b"", b"x" * 9]))
    headers = intake.sealers["health"].headers(topic, key, value, time=time)
    if data.draw(st.booleans()):
        headers = (*headers, ("fuma-run", data.draw(st.binary(max_size=40))))
    for made in (headers, headers[:1], ()):
        raw = LogRecord(topic, data.draw(st.integers(0, 8)), 0, NOON, key, value, made)
        only("Intake.take", lambda _, raw=raw: intake.take(raw), value or b"", Poison)
