"""Genesis, signatures and the rules of publication, on the fold itself."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import dsse, genesis, lawlog
from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import canonical, load_folder
from fuma.domain.time import DAY, HOUR, MINUTE, Ms, day_start, iso

A, B, PUBLISHER, STRANGER = (
    Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(4)
)
START = day_start(date(2022, 6, 1))
TEXTS = load_folder(root() / "rules")
PLAN = next(t for t in TEXTS if t.name == "cn/control-plan-9")


def payload(**change: Any) -> bytes:
    values: dict[str, Any] = {
        "world": "ab" * 16,
        "simulated": True,
        "created": START,
        "ceremony": (dsse.public_bytes(A).hex(), dsse.public_bytes(B).hex()),
        "publishers": (
            genesis.Publisher(dsse.public_bytes(PUBLISHER).hex(), "发布人", "国务院", ""),
        ),
        "texts": tuple(t.body for t in TEXTS),
    }
    return genesis.payload(genesis.Genesis(**(values | change)))


def begun(**change: Any) -> lawlog.LawLog:
    body = payload(**change)
    log = lawlog.LawLog(genesis.world_of(body))
    value = lawlog.genesis_value(dsse.sign(genesis.GENESIS_TYPE, body, A, B), START)
    assert log.apply(0, value, START, False)
    return log


def text(*, version: int = 2, begins: Ms = START + 3 * DAY, division: str = "") -> bytes:
    body = json.loads(PLAN.body)
    body |= {"version": version, "division": division}
    body["in_force"] = {"from": iso(begins)}
    return canonical(body).encode()


def signed(body: bytes, key: Ed25519PrivateKey = PUBLISHER, kind: str = lawlog.LAW_TYPE) -> bytes:
    return lawlog.text_value(dsse.sign(kind, body, key), START)


def refused(log: lawlog.LawLog, value: bytes | None, time: Ms | None = START) -> Reason:
    before = (len(log.published), log.time)
    with pytest.raises(Poison) as caught:
        log.apply(log.next_offset, value, time, True)
    assert (len(log.published), log.time) == before
    return caught.value.reason


def test_a_genesis_needs_both_keys() -> None:
    body = payload()
    for keys in ((A,), (A, A), (A, PUBLISHER), ()):
        with pytest.raises(Poison):
            genesis.open_genesis(dsse.sign(genesis.GENESIS_TYPE, body, *keys))
    alone = payload(ceremony=(dsse.public_bytes(A).hex(),) * 2)
    with pytest.raises(Poison):
        genesis.open_genesis(dsse.sign(genesis.GENESIS_TYPE, alone, A, A))
    found, signed_body = genesis.open_genesis(dsse.sign(genesis.GENESIS_TYPE, body, A, B))
    assert found.world == "ab" * 16
    assert signed_body == body


def test_another_genesis_than_the_pinned_one_stops_the_service() -> None:
    log = lawlog.LawLog(genesis.world_of(payload()))
    other = payload(world="cd" * 16)
    value = lawlog.genesis_value(dsse.sign(genesis.GENESIS_TYPE, other, A, B), START)
    with pytest.raises(Fatal, match="another genesis"):
        log.apply(0, value, START, True)


def test_a_law_that_does_not_begin_with_a_genesis_stops_the_service() -> None:
    for value in (None, b"", lawlog.tick_value(START), signed(text())):
        with pytest.raises(Fatal):
            lawlog.LawLog(genesis.world_of(payload())).apply(0, value, START, True)


def test_texts_of_the_genesis_hold_from_the_beginning() -> None:
    log = begun()
    assert len(log.published) == len(TEXTS)
    assert all(p.genesis for p in log.published)
    assert log.time == START


def test_a_second_genesis_changes_nothing() -> None:
    log = begun()
    again = lawlog.genesis_value(dsse.sign(genesis.GENESIS_TYPE, payload(), A, B), START)
    assert refused(log, again) is Reason.BAD_LAW


def test_a_publishers_text_counts_with_its_notice() -> None:
    log = begun()
    assert log.apply(1, signed(text()), START + HOUR, True)
    standing = log.published[-1]
    assert (standing.text.version, standing.at, standing.genesis) == (2, START + HOUR, False)
    assert standing.publisher is not None
    assert standing.publisher.name == "发布人"


def test_without_a_mac_a_simulated_time_counts_for_nothing() -> None:
    log = begun()
    assert log.apply(1, signed(text()), START + DAY, False)
    assert log.published[-1].at == START
    assert log.time == START


def test_an_unsigned_or_strange_text_is_a_dead_letter() -> None:
    log = begun()
    assert refused(log, signed(text(), STRANGER)) is Reason.UNKNOWN_PUBLISHER
    assert refused(log, lawlog.text_value(b"{}", START)) is Reason.BAD_SIGNATURE
    altered = json.loads(dsse.sign(lawlog.LAW_TYPE, text(), PUBLISHER))
    altered["payload"] = json.loads(dsse.sign(lawlog.LAW_TYPE, text(version=3), A))["payload"]
    value = lawlog.text_value(json.dumps(altered).encode(), START)
    assert refused(log, value) is Reason.BAD_SIGNATURE
    assert refused(log, signed(text(), kind="application/json")) is Reason.BAD_LAW
    assert refused(log, signed(b"not canonical")) is Reason.BAD_LAW


def test_scenario_34_lower_version_past_start_other_province() -> None:
    log = begun()
    assert refused(log, signed(text(version=1))) is Reason.BAD_LAW
    assert refused(log, signed(text(begins=START + DAY - 1))) is Reason.BAD_LAW
    henan = genesis.Publisher(dsse.public_bytes(PUBLISHER).hex(), "发布人", "河南", "41")
    log = begun(publishers=(henan,))
    assert refused(log, signed(text(division="45"))) is Reason.BAD_LAW


def test_the_same_text_twice_counts_once() -> None:
    log = begun()
    assert log.apply(1, signed(text()), START, True)
    assert refused(log, signed(text())) is Reason.BAD_LAW
    assert not log.apply(1, signed(text(version=9)), START, True), "an offset is folded once"


def test_ticks_move_time_forward_only_and_only_with_a_mac() -> None:
    log = begun()
    assert not log.apply(1, lawlog.tick_value(START + MINUTE), START + MINUTE, True)
    assert log.time == START + MINUTE
    log.apply(2, lawlog.tick_value(START), START, True)
    assert log.time == START + MINUTE
    with pytest.raises(Poison) as caught:
        log.apply(3, lawlog.tick_value(START + DAY), START + DAY, False)
    assert caught.value.reason is Reason.BAD_MAC
    assert refused(log, lawlog.tick_value(START), None) is Reason.NO_TIME
    assert log.time == START + MINUTE
