"""The sweep after a change of law: whom it asks about, and that it may be made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fuma.contracts.decisions import decode_ledger
from fuma.contracts.facts import decode_person, encode_person
from fuma.contracts.topics import DECISIONS, PERSON, partition_for
from fuma.domain.codes import events as e
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, Ms
from fuma.processor.codes import Codes
from fuma.processor.sweep import Marks, Sweeper
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_replay import decide_again
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.ports import Outgoing
from unit.domain.making import fact, national, release

SEALER = Sealer(bytes(16), bytes(32))
BEGINS = instant("2022-06-28")
LONG, SHORT, FREED = (letter * 16 for letter in (b"l", b"s", b"f"))
COUNT = 2


class Gate:
    """The law, known up to ``now``."""

    def __init__(self) -> None:
        self.now = instant("2022-06-21")

    def law(self) -> Law:
        return national()

    def time(self) -> Ms:
        return self.now


class Rig:
    """``person`` and the ledger that follows from it, as the stage writes it."""

    def __init__(self, marks: Path) -> None:
        self.log = MemoryLog({PERSON: COUNT, DECISIONS: COUNT})
        self.gate = Gate()
        self.marks = marks

    def say(self, tag: bytes, item: e.Input, at: Ms) -> None:
        value, partition = encode_person(item), partition_for(tag, COUNT)
        headers = SEALER.headers(PERSON, tag, value, time=pack_time(at))
        self.log.append([Outgoing(PERSON, partition, tag, value, headers)])

    def decide(self) -> list[tuple[bytes, tuple[e.Event, ...]]]:
        """Write the ledger anew from everything said; each record's key and events."""
        stage = Codes(national)
        world = World(SEALER, True, {stage.dead_letter_topic: 1})
        counts = {PERSON: COUNT}
        intake = Intake(SEALER, simulated=True, partition_of=partition_for, counts=counts)
        found = []
        for partition in range(COUNT):
            del self.log.records[DECISIONS, partition][:]
            for key, value in decide_again(stage, world, intake, self.log, partition, chunk=10):
                headers = SEALER.headers(DECISIONS, key, value, time=pack_time(0))
                self.log.append([Outgoing(DECISIONS, partition, key, value, headers)])
                found.append((key, decode_ledger(value).events))
        return found

    def sweep(self) -> int:
        sweeper = Sweeper(
            self.gate, self.log, self.log, SEALER, Marks(self.marks), lambda: set(range(COUNT)),
            simulated=True,
        )  # fmt: skip
        return sweeper.sweep()

    def asked(self) -> list[tuple[bytes, e.Amend]]:
        found = []
        for partition in range(COUNT):
            for raw in self.log.records[PERSON, partition]:
                item = decode_person(raw.value)
                if isinstance(item, e.Amend):
                    found.append((raw.key or b"", item))
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """One contact whose order the 9th edition shortens, one suspected whom it does not touch, one
    contact who was released."""
    made, noon = Rig(tmp_path / "sweeps.json"), instant("2022-06-20") + 12 * HOUR
    contact = {"ground": "close-contact", "since": "2022-06-20", "evidence": "isolation-record"}
    made.say(LONG, fact("long", **contact), noon)
    made.say(FREED, fact("freed", **contact), noon)
    made.say(FREED, release("out", "close-contact", "2022-06-21", "exclusion-report"), noon + DAY)
    made.say(SHORT, fact("short", "suspected", "2022-06-27", "clinical-report"), BEGINS - HOUR)
    made.decide()
    return made


def test_when_a_text_begins_those_are_asked_about_whose_orders_it_changes(rig: Rig) -> None:
    rig.gate.now = BEGINS - 1
    assert rig.sweep() == 0
    rig.gate.now = BEGINS
    assert rig.sweep() == 1
    ((tag, amend),) = rig.asked()
    assert (tag, amend.book, amend.at) == (LONG, "cn/control-plan-9", BEGINS)
    amended = [(key, x) for key, events in rig.decide() for x in events if isinstance(x, e.Amended)]
    ((key, event),) = amended
    assert (key, event.by, event.code) == (LONG, amend.id, "term-shortened")


def test_a_sweep_is_made_once_and_again_later_for_who_was_still_on_the_way(rig: Rig) -> None:
    rig.gate.now = BEGINS
    assert rig.sweep() == 1
    assert rig.sweep() == 0
    rig.decide()
    rig.gate.now = BEGINS + HOUR
    assert rig.sweep() == 0, "amended already"
    rig.gate.now = BEGINS + DAY
    assert rig.sweep() == 0
    # three passes of each text that began within the ledger's time
    made = json.loads(rig.marks.read_text())
    assert {len(sweeps) % 3 for sweeps in made.values()} == {0}


@pytest.mark.parametrize("decided", [True, False])
def test_a_crash_before_the_mark_repeats_the_same_records_and_changes_nothing(
    rig: Rig, decided: bool
) -> None:
    rig.gate.now = BEGINS
    assert rig.sweep() == 1
    if decided:
        rig.decide()
    rig.marks.unlink()
    rig.marks.write_text("no json")
    assert rig.sweep() == (0 if decided else 1)
    assert len({amend for _, amend in rig.asked()}) == 1
    amended = [x for _, events in rig.decide() for x in events if isinstance(x, e.Amended)]
    assert len(amended) == 1


def test_a_failed_append_leaves_no_mark(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(records: object) -> None:
        raise RuntimeError("away")

    rig.gate.now = BEGINS
    with monkeypatch.context() as patched:
        patched.setattr(rig.log, "submit", fails)
        with pytest.raises(RuntimeError, match="away"):
            rig.sweep()
    assert rig.sweep() == 1


def test_a_forged_ledger_record_asks_about_nobody(rig: Rig) -> None:
    partition = partition_for(LONG, COUNT)
    records = rig.log.records[DECISIONS, partition]
    (index,) = [n for n, raw in enumerate(records) if raw.key == LONG]
    forged = bytearray(records[index].value or b"")
    forged[-1] ^= 1
    rig.log.forge(DECISIONS, partition, index, bytes(forged))
    rig.gate.now = BEGINS
    assert rig.sweep() == 0


def test_whoever_was_decided_by_the_old_text_meanwhile_is_asked_about_by_the_next_pass(
    rig: Rig,
) -> None:
    other = next(
        bytes([n] * 16) for n in range(256)
        if partition_for(bytes([n] * 16), COUNT) != partition_for(LONG, COUNT)
    )  # fmt: skip
    rig.gate.now = BEGINS
    assert rig.sweep() == 1
    # Its partition lagged: its log time is still of before.
    late = fact("late", "close-contact", "2022-06-25", "isolation-record")
    rig.say(other, late, BEGINS - 1)
    rig.decide()
    rig.gate.now = BEGINS + HOUR - 1
    assert rig.sweep() == 0
    rig.gate.now = BEGINS + HOUR
    assert rig.sweep() == 1
    amended = [key for key, events in rig.decide() for x in events if isinstance(x, e.Amended)]
    assert sorted(amended) == sorted([LONG, other])


def test_a_partition_that_is_anothers_is_left_alone(rig: Rig) -> None:
    rig.gate.now = BEGINS
    sweeper = Sweeper(
        rig.gate, rig.log, rig.log, SEALER, Marks(rig.marks),
        lambda: {1 - partition_for(LONG, COUNT)}, simulated=True,
    )  # fmt: skip
    assert sweeper.sweep() == 0
    assert rig.sweep() == 1
