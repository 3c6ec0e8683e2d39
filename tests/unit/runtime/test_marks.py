"""Positions of stages without state: gone by only where they carry our mark, never past a loss."""

from __future__ import annotations

from typing import Any

import pytest
from faust.types import TP

from broker.toy import SEALER
from fuma.contracts.errors import Fatal
from fuma.contracts.topics import partition_for
from fuma.runtime.host_stages import LedgerRunner, TransformRunner
from fuma.runtime.host_types import Emit
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer
from fuma.runtime.marks import MOVED, Committed, Marker, value_hash
from fuma.runtime.memory_log import MemoryLog, MemoryStore
from fuma.runtime.ports import Outgoing
from fuma.runtime.records import LogRecord
from unit.runtime.host_rig import Rig as HostRig

TOPIC = "in"


@pytest.fixture
def log() -> MemoryLog:
    made = MemoryLog({TOPIC: 2, "out": 1, "dlq": 1})
    made.append([Outgoing(TOPIC, 0, b"k", b"value %d" % n) for n in range(10)])
    return made


class Ear:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, kind: str, what: str) -> None:
        self.heard.append(kind)


def marker(log: MemoryLog, *, stage: str = "s", partition: int = 0, uuid: bytes = b"") -> Marker:
    return Marker(SEALER, stage, TOPIC, uuid or log.topic_id(TOPIC), partition)


def at(log: MemoryLog, offset: int, maker: Marker | None = None) -> Committed:
    before = log.records[TOPIC, 0][offset - 1]
    return (maker or marker(log)).committed(offset, value_hash(before))


def test_a_position_of_ours_is_gone_by(log: MemoryLog) -> None:
    ear = Ear()
    for offset in range(1, 11):
        assert marker(log).resume(at(log, offset), log, ear).offset == offset
    assert marker(log).resume(marker(log).committed(0, b""), log, ear).offset == 0
    assert ear.heard == []


@pytest.mark.parametrize("offset", [0, 3, 10, 10**6], ids=["back", "on", "end", "beyond"])
@pytest.mark.parametrize("mark", ["", "1.x", "1..", "2.00.00", "nonsense", "of another offset"])
def test_a_position_of_somebody_else_is_done_again(log: MemoryLog, offset: int, mark: str) -> None:
    ear = Ear()
    mark = at(log, 5).mark if mark == "of another offset" else mark
    assert marker(log).resume(Committed(offset, mark), log, ear).offset == 0
    assert ear.heard == [MOVED]


def test_a_mark_is_of_one_stage_topic_partition_and_key(log: MemoryLog) -> None:
    strangers = [
        marker(log, stage="t"),
        marker(log, partition=1),
        marker(log, uuid=b"n" * 16),
        Marker(Sealer(b"w" * 16, b"x" * 32), "s", TOPIC, log.topic_id(TOPIC), 0),
    ]
    for stranger in strangers:
        ear = Ear()
        assert marker(log).resume(at(log, 5, stranger), log, ear).offset == 0
        assert ear.heard == [MOVED]


def test_a_new_group_begins_at_the_first_record_and_alarms_nobody(log: MemoryLog) -> None:
    ear = Ear()
    assert marker(log).resume(None, log, ear).offset == 0
    assert ear.heard == []


def test_a_log_that_lost_its_tail_stops(log: MemoryLog) -> None:
    done = at(log, 9)
    log.cut(TOPIC, 0, 7)
    with pytest.raises(Fatal, match="the log ends at 7"):
        marker(log).resume(done, log, Ear())


def test_a_tail_that_grew_again_with_other_records_stops(log: MemoryLog) -> None:
    done = at(log, 9)
    log.forge(TOPIC, 0, 8, b"another")
    with pytest.raises(Fatal, match="another value at 8"):
        marker(log).resume(done, log, Ear())


class Copy:
    """``TransformStage``: one to one."""

    name = "copy"
    input_topics = (TOPIC,)
    dead_letter_topic = "dlq"

    def opened(self, topic: str, partition: int) -> None: ...

    def transform(self, raw: LogRecord) -> list[Emit]:
        return [Emit("out", raw.key or b"", raw.value or b"")]


def runner(log: MemoryLog, ear: Ear) -> TransformRunner:
    world = World(SEALER, False, {"dlq": 1}, alarm=ear)
    return TransformRunner(Copy(), ["out"], world, log, lambda key, count: 0)


def test_an_administrator_who_moves_a_transform_on_makes_it_skip_nothing() -> None:
    log, ear = MemoryLog({TOPIC: 1, "out": 1, "dlq": 1}), Ear()
    for n in range(10):
        value = b"value %d" % n
        headers = SEALER.headers(TOPIC, b"k", value, time=None)
        log.append([Outgoing(TOPIC, 0, b"k", value, headers)])
    engine = runner(log, ear).open(TP(TOPIC, 0), None)
    chunk = engine.decide(log.records[TOPIC, 0][:4], 0)
    engine.take(chunk, log.append(chunk.outgoing))
    assert engine.done.offset == 4

    assert runner(log, ear).open(TP(TOPIC, 0), engine.done).next_offset == 4
    assert ear.heard == []
    moved = runner(log, ear).open(TP(TOPIC, 0), Committed(9, engine.done.mark))
    assert moved.next_offset == 0
    assert ear.heard == [MOVED]
    chunk = moved.decide(log.records[TOPIC, 0], 0)
    log.append(chunk.outgoing)
    assert {r.value for r in log.records["out", 0]} == {b"value %d" % n for n in range(10)}
    # What was done twice is the same to the byte.
    assert [r.value for r in log.records["out", 0][4:8]] == [b"value %d" % n for n in range(4)]


def test_a_missing_offset_ends_the_process(log: MemoryLog) -> None:
    engine = runner(log, Ear()).open(TP(TOPIC, 0), None)
    records = log.records[TOPIC, 0]
    with pytest.raises(Fatal, match="offset 5 follows 3"):
        engine.decide([*records[:4], *records[5:]], 0)


class OneStore:
    """``Stores`` whose directory may be lost."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def open(self, stage: str, partition: int) -> MemoryStore:
        return self.store

    def drop(self, stage: str, partition: int) -> None:
        self.store = MemoryStore()


@pytest.mark.parametrize("keep_store", [True, False], ids=["store", "store gone"])
@pytest.mark.parametrize(
    ("which", "how"), [("toy.in", "cut"), ("toy.ledger", "cut"), ("toy.ledger", "grown again")]
)
def test_a_ledger_stage_notices_a_lost_tail_even_without_its_store(
    which: str, how: str, keep_store: bool
) -> None:
    rig, stores = HostRig(), OneStore()
    rig.write(*(rig.input(b"k" * 16, n) for n in range(10)))

    def opened(committed: Committed | None) -> Any:
        runner = LedgerRunner(rig.stage, rig.world, rig.log, stores, partition_for)
        return runner.open(TP("toy.in", 0), committed)

    engine = opened(None)
    rig.run(engine)
    assert opened(engine.done).next_offset == 10
    assert opened(Committed(3)).next_offset == 10  # somebody else's means nothing
    if not keep_store:
        stores.drop("toy", 0)
    if how == "cut":
        rig.log.cut(which, 0, 8)
    else:
        rig.log.forge(which, 0, rig.ledger()[-1].offset, rig.ledger()[-2].value or b"")
    with pytest.raises(Fatal, match=r"lost its tail|another value"):
        opened(engine.done)
