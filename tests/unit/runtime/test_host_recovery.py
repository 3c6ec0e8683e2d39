"""Recovery: the log decides, the store is only ever behind it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from broker.toy import SEALER
from fuma.contracts.errors import Fatal
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import internal
from fuma.runtime.mac import pack_time
from fuma.runtime.memory_log import MemoryStore
from fuma.runtime.ports import Outgoing
from unit.runtime.host_rig import START, Rig

A, B = b"a" * 16, b"b" * 16


def busy(count: int = 20) -> Rig:
    rig = Rig()
    rig.write(*(rig.input(A if n % 3 else B, n, amount=n) for n in range(1, count + 1)))
    return rig


def test_a_deleted_store_is_given_back_by_the_ledger() -> None:
    rig = busy()
    engine = rig.open()
    rig.run(engine)
    before, states = engine.position, rig.store.states
    rig.store = MemoryStore()
    again = rig.open()
    assert again.position == before
    assert rig.store.states == states


def test_a_ledger_ahead_of_the_store_is_folded_and_nothing_is_decided_twice() -> None:
    rig = busy()
    engine = rig.open()
    rig.step(engine, rig.inputs(0, 5))
    decided = engine.decide(rig.inputs(5, 12), FOREVER)
    rig.log.append(decided.outgoing)  # acknowledged, and then the process died
    engine = rig.open()
    assert engine.position.applied == 11
    rig.run(engine)
    assert [value for _, value in rig.expected()] == [r.value for r in rig.ledger()]


def test_an_input_that_lacks_parts_is_decided_again_from_the_state_before_it() -> None:
    rig = Rig()
    rig.write(rig.input(A, 1), rig.input(A, 2, amount=7), rig.input(A, 3))
    decided = rig.open().decide(rig.inputs(0, 2), FOREVER)
    rig.log.append(decided.outgoing[:-1])  # the second part never arrived
    engine = rig.open()
    assert engine.position.applied == 0
    rig.run(engine)
    assert rig.said() == rig.expected()
    assert len(rig.ledger()) == len(rig.expected()) + 1
    rig.store = MemoryStore()
    assert rig.open().position.applied == 2


def test_an_old_owner_that_writes_late_changes_nothing() -> None:
    rig = busy(10)
    late = rig.open().decide(rig.inputs(0, 6), FOREVER)
    rig.run(rig.open())
    rig.log.append(late.outgoing)
    rig.store = MemoryStore()
    engine = rig.open()
    assert engine.position.applied == 9
    assert rig.said() == rig.expected()
    assert rig.alarms == []


def test_an_owner_that_slept_while_another_decided_misses_nothing_when_it_opens_again() -> None:
    """Its records stand behind the other's, which its states do not know."""
    rig = busy(12)
    slept = rig.open()
    late = slept.decide(rig.inputs(0, 3), FOREVER)
    mine, rig.store = rig.store, MemoryStore()
    other = rig.open()
    rig.step(other, rig.inputs(0, 8))
    slept.take(late, rig.log.append(late.outgoing))
    rig.step(other, rig.inputs(8, 10))
    rig.store = mine
    engine = rig.open()
    assert engine.position.applied == 9
    rig.run(engine)
    assert rig.said() == rig.expected()
    assert rig.alarms == []


def test_time_after_recovery_is_exact() -> None:
    rig = Rig()
    rig.write(rig.input(A, 1), rig.input(A, 1, at=START + 500_000), rig.input(B, 2))
    rig.run(rig.open(), chunk=1)
    rig.store = MemoryStore()
    engine = rig.open()  # the repeat left no record: it is read again, and moves T again
    rig.run(engine)
    assert [rig.stage.read(value).at for _, value in rig.said()] == [START + 1_000, START + 500_000]


def test_a_topic_made_anew_is_another_topic() -> None:
    rig = busy()
    rig.run(rig.open())
    rig.log.topic_id = lambda topic: hashlib.sha256(b"new" + topic.encode()).digest()[:16]  # type: ignore[method-assign]
    with pytest.raises(Fatal, match="not those"):
        rig.open()
    rig.store = MemoryStore()
    with pytest.raises(Fatal, match="another topic"):
        rig.open()


@pytest.mark.parametrize("which", ["input_topic", "ledger_topic"])
def test_a_broker_that_lost_its_tail_stops_the_partition(which: str) -> None:
    rig = busy()
    rig.run(rig.open())
    rig.log.cut(getattr(rig.stage, which), 0, 12)
    with pytest.raises(Fatal, match="lost its tail"):
        rig.open()


@pytest.mark.parametrize("which", ["input_topic", "ledger_topic"])
def test_another_value_at_a_stored_offset_stops_the_partition(which: str) -> None:
    rig = busy()
    rig.run(rig.open())
    topic = getattr(rig.stage, which)
    rig.log.forge(topic, 0, rig.log.bounds(topic, 0).end - 1, b"another")
    with pytest.raises(Fatal, match="another value"):
        rig.open()


def test_a_ledger_that_knows_more_inputs_than_there_are_stops_the_partition() -> None:
    rig = busy()
    rig.run(rig.open())
    rig.store = MemoryStore()
    rig.log.cut(rig.stage.input_topic, 0, 12)
    with pytest.raises(Fatal, match="the ledger knows input 19"):
        rig.open()


def test_a_ledger_record_without_our_mac_alarms_and_never_counts() -> None:
    rig = busy(4)
    rig.run(rig.open())
    forged = rig.ledger()[0]
    rig.write(Outgoing(rig.stage.ledger_topic, 0, A, forged.value, ()))
    rig.write(rig.input(A, 5))
    engine = rig.open()
    rig.run(engine)
    assert rig.alarms == ["forged"]
    assert rig.said() == rig.expected()


def test_another_value_under_a_known_number_holds_that_key_and_no_other() -> None:
    rig = busy(4)
    rig.run(rig.open())
    first = rig.stage.read(rig.ledger()[0].value or b"")
    other = replace(first.cause, id=b"z" * 16)
    key = rig.ledger()[0].key or b""
    decision = rig.stage.decide(None, (other.id, 3), first.at)
    assert decision is not None
    (value,) = rig.stage.encode(decision, other, 1, bytes(32))
    rig.write(internal(SEALER, rig.stage.ledger_topic, key, value, 0, pack_time(first.at), None))
    rig.write(rig.input(A, 8), rig.input(B, 9))
    rig.store = MemoryStore()
    rig.run(rig.open())
    assert rig.alarms == ["held"]
    assert [letter.header("fuma-reason") for letter in rig.dead()] == [b"held"]
    assert {letter.key for letter in rig.dead()} == {key}


def test_a_skipped_number_holds_the_key() -> None:
    rig = busy(3)  # 1 and 2 are of A, 3 is of B
    decided = rig.open().decide(rig.inputs(), FOREVER)
    rig.log.append(decided.outgoing[1:])
    rig.write(rig.input(A, 11), rig.input(B, 12))
    rig.run(rig.open())
    assert rig.alarms == ["held"]
    assert [letter.header("fuma-reason") for letter in rig.dead()] == [b"held"]
    assert [(letter.key, letter.value) for letter in rig.dead()] == [(A, rig.inputs()[3].value)]
    assert [rig.stage.read(value).seq for key, value in rig.said() if key == B] == [1, 2]


def test_a_record_of_another_partition_copied_here_alarms_and_stops_nothing() -> None:
    """Whoever may write to the broker can copy a record whole, its MAC with it."""
    rig = busy(4)
    rig.run(rig.open())
    first = rig.stage.read(rig.ledger()[0].value or b"")
    other = replace(first.cause, partition=first.cause.partition + 1)
    decision = rig.stage.decide(None, (other.id, 3), first.at)
    assert decision is not None
    (value,) = rig.stage.encode(decision, other, 1, bytes(32))
    rig.write(internal(SEALER, rig.stage.ledger_topic, A, value, 0, pack_time(first.at), None))
    rig.write(rig.input(A, 5))
    rig.run(rig.open())
    rig.store = MemoryStore()
    rig.run(rig.open())
    assert rig.alarms == ["stray", "stray"]
    said = [one for one in rig.said() if one[1] != value]
    assert said == rig.expected()


@pytest.mark.parametrize("sent", range(9))
def test_no_dead_letter_is_lost_however_much_of_a_chunk_reached_the_log(sent: int) -> None:
    """The ledger says that what came before is done, so the letters come before the ledger."""
    rig = Rig()
    junk = Outgoing(rig.stage.input_topic, 0, A, b"junk", ())
    rig.write(rig.input(A, 1), junk, rig.input(A, 2), junk, rig.input(B, 3), junk)
    decided = rig.open().decide(rig.inputs(), FOREVER)
    assert len(decided.outgoing) >= 6
    assert decided.letters == 3
    rig.log.append(decided.outgoing[:sent])
    rig.store = MemoryStore()
    rig.run(rig.open())
    origins = {r.header("__streams.errors.offset") for r in rig.dead()}
    assert origins == {b"1", b"3", b"5"}
    assert rig.said() == rig.expected()
