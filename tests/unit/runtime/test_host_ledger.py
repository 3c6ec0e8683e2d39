"""One partition of a ledger stage: chunks, dead letters, order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.toy import SEALER
from fuma.contracts.errors import Fatal
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import internal
from fuma.runtime.host_types import Position
from fuma.runtime.mac import pack_time
from fuma.runtime.ports import Outgoing
from unit.runtime.host_rig import START, Rig

A, B = b"a" * 16, b"b" * 16


def reasons(rig: Rig) -> list[bytes | None]:
    return [letter.header("fuma-reason") for letter in rig.dead()]


def test_a_chunk_becomes_ledger_records_chained_per_key() -> None:
    rig = Rig()
    rig.write(rig.input(A, 1), rig.input(B, 2), rig.input(A, 3, amount=7))
    rig.run(rig.open())
    records = [rig.stage.read(record.value or b"") for record in rig.ledger()]
    assert [(r.seq, r.part, r.parts) for r in records] == [
        (1, 0, 1),
        (1, 0, 1),
        (2, 0, 2),
        (3, 1, 2),
    ]
    assert [r.cause.offset for r in records] == [0, 1, 2, 2]
    assert records[1].prev == bytes(32)
    assert all(SEALER.check(r.topic, r.key, r.value, r.headers) for r in rig.ledger())


def test_an_open_chunk_is_seen_by_the_next_and_the_bytes_are_those_of_one_by_one() -> None:
    rig = Rig()
    rig.write(*(rig.input(A, number, amount=number) for number in range(1, 9)))
    engine = rig.open()
    first = engine.decide(rig.inputs(0, 4), FOREVER)
    second = engine.decide(rig.inputs(4, 8), FOREVER)
    engine.take(first, rig.log.append(first.outgoing))
    engine.take(second, rig.log.append(second.outgoing))
    assert rig.said() == rig.expected(chunk=1)


def test_chunks_are_taken_in_order_or_not_at_all() -> None:
    rig = Rig()
    rig.write(*(rig.input(A, number) for number in range(1, 5)))
    engine = rig.open()
    engine.decide(rig.inputs(0, 2), FOREVER)
    second = engine.decide(rig.inputs(2, 4), FOREVER)
    with pytest.raises(Fatal):
        engine.take(second, rig.log.append(second.outgoing))
    assert rig.store.meta.get("position") is None or (
        Position.load(rig.store.meta["position"]).applied == -1
    )


def test_a_chunk_that_does_not_follow_is_fatal() -> None:
    rig = Rig()
    rig.write(*(rig.input(A, number) for number in range(1, 5)))
    with pytest.raises(Fatal, match="follows"):
        rig.open().decide(rig.inputs(1, 3), FOREVER)


def test_a_store_that_moved_on_behind_the_chunk_is_fatal() -> None:
    rig = Rig()
    rig.write(rig.input(A, 1))
    engine = rig.open()
    decided = engine.decide(rig.inputs(), FOREVER)
    engine.position = replace(engine.position, applied=5)
    with pytest.raises(Fatal, match="the store is at 5"):
        engine.take(decided, [0])


def test_poison_in_the_middle_of_a_chunk_is_set_aside_and_the_rest_goes_on() -> None:
    rig = Rig()
    rig.write(rig.input(A, 1), rig.input(A, 2, amount=1000), rig.input(A, 3))
    engine = rig.open()
    rig.run(engine)
    assert reasons(rig) == [b"undecodable"]
    assert [rig.stage.read(value).cause.offset for _, value in rig.said()] == [0, 2]
    assert engine.position.applied == 2


def test_every_kind_of_stray_is_a_dead_letter_with_its_bytes_and_never_moves_time() -> None:
    rig = Rig()
    topic, late = rig.stage.input_topic, pack_time(START + 10**9)
    good = rig.input(A, 1)
    headers = SEALER.headers(topic, A, b"x", time=late)
    rig.write(
        good,
        Outgoing(topic, 0, A, b"x", (("fuma-time", late),)),
        Outgoing(topic, 0, A, b"y", headers),
        internal(SEALER, topic, A, good.value or b"", 0, None, None),
        Outgoing(topic, 0, None, b"x", SEALER.headers(topic, None, b"x", time=late)),
        Outgoing(topic, 0, A, None, SEALER.headers(topic, A, None, time=late)),
        internal(SEALER, topic, A, b"no input", 0, late, None),
    )
    engine = rig.open()
    rig.run(engine)
    assert reasons(rig) == [
        b"no-mac", b"bad-mac", b"no-time", b"no-key", b"no-value", b"undecodable",
    ]  # fmt: skip
    assert engine.position.at == START + 1_000
    letter = rig.dead()[1]
    assert (letter.key, letter.value) == (A, b"y")
    assert letter.headers[: len(headers)] == headers
    assert letter.header("__streams.errors.topic") == topic.encode()
    assert letter.header("__streams.errors.partition") == b"0"
    assert letter.header("__streams.errors.offset") == b"2"


def test_a_record_in_the_partition_of_another_key_is_a_dead_letter() -> None:
    rig = Rig()
    rig.intake._partition_of = lambda key, count: 0 if key == A else 1
    rig.write(rig.input(A, 1), rig.input(B, 2))
    rig.run(rig.open())
    assert reasons(rig) == [b"wrong-partition"]


def test_time_is_the_highest_seen_and_every_record_carries_it() -> None:
    rig = Rig()
    rig.write(
        rig.input(A, 1, at=START + 5), rig.input(B, 2, at=START), rig.input(B, 3, at=START + 9)
    )
    engine = rig.open()
    rig.run(engine)
    assert [rig.stage.read(value).at - START for _, value in rig.said()] == [5, 5, 9]
    assert [record.header("fuma-time") for record in rig.ledger()] == [
        pack_time(START + 5), pack_time(START + 5), pack_time(START + 9),
    ]  # fmt: skip


def test_beyond_the_horizon_of_the_law_nothing_is_decided() -> None:
    rig = Rig()
    rig.write(*(rig.input(A, number) for number in range(1, 6)))
    engine = rig.open()
    decided = engine.decide(rig.inputs(), START + 3_000)
    assert decided.taken == 3
    assert engine.next_offset == 3
    assert engine.decide(rig.inputs(3), START + 3_000).taken == 0
    engine.take(decided, rig.log.append(decided.outgoing))
    rig.run(engine)
    assert rig.said() == rig.expected()


def test_a_repeat_writes_nothing_but_is_done() -> None:
    rig = Rig()
    rig.write(rig.input(A, 1), rig.input(A, 1))
    engine = rig.open()
    rig.run(engine)
    assert len(rig.ledger()) == 1
    assert engine.position.applied == 1


def test_a_decision_too_large_for_a_tile_entry_is_set_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig()
    monkeypatch.setattr("fuma.runtime.host_ledger.ledger_value_fits", lambda key, value: key == A)
    rig.write(rig.input(B, 1), rig.input(A, 2))
    rig.run(rig.open())
    assert reasons(rig) == [b"too-large"]
    assert [key for key, _ in rig.said()] == [A]
