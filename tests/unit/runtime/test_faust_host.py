"""The host's lines: order of writes, back-pressure, failures, revocation. No Faust, no broker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faust.types import TP

from fuma.contracts.errors import Fatal
from fuma.runtime.faust_transport import Chunk, split
from fuma.runtime.ports import LogRecord
from unit.runtime.faust_rig import HERE, JUNK, THERE, Rig, Stage, settle


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuma.runtime.faust_host.COMMIT_EVERY_S", 0.05)


@pytest.fixture(params=[False, True], ids=["here", "apart"], autouse=True)
def apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these holds for a stage that is decided in a thread of its own, too."""
    monkeypatch.setattr(Stage, "apart", request.param)


async def test_store_and_commit_follow_the_acknowledgement() -> None:
    rig = Rig()
    await rig.assign()
    assert rig.consumer.thread.seeks == [0]
    rig.chunk(0, 3)
    await settle()
    assert rig.stage.engine.taken == []
    rig.appender.open[0].set_result([0, 1, 2])
    await asyncio.sleep(0.1)
    assert rig.stage.engine.taken == [2]
    assert rig.consumer.thread.commits == [0, 3]  # 0: where a new group starts, said explicitly
    assert rig.deaths == []


async def test_what_is_taken_during_a_commit_is_committed_without_another_chunk() -> None:
    rig = Rig()
    await rig.assign()
    rig.consumer.thread.slow_s = 0.1
    rig.chunk(0, 3)
    await settle()
    rig.appender.open[0].set_result([0, 1, 2])
    rig.chunk(3, 1)
    await asyncio.sleep(0.1)  # the commit of the first is under way
    rig.appender.open[1].set_result([3])
    await asyncio.sleep(0.4)
    assert rig.consumer.thread.commits[-1] == 4


async def test_a_refused_commit_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuma.runtime.faust_host.COMMIT_AGAIN_S", 0.01)
    rig = Rig()
    await rig.assign()
    rig.consumer.thread.good = False
    rig.chunk(0, 3)
    await settle()
    rig.appender.open[0].set_result([0, 1, 2])
    await asyncio.sleep(0.1)
    rig.consumer.thread.good = True
    seen = len(rig.consumer.thread.commits)
    await asyncio.sleep(0.2)
    assert rig.consumer.thread.commits[seen:] == [3]


async def test_the_next_chunk_is_decided_meanwhile_but_taken_after() -> None:
    rig = Rig(depth=2)
    await rig.assign()
    rig.chunk(0, 2)
    rig.chunk(2, 2)
    rig.chunk(4, 2)
    await settle()
    assert len(rig.appender.open) == 2  # the third waits: memory is bounded
    rig.appender.open[1].set_result([2, 3])
    await settle()
    assert rig.stage.engine.taken == []
    rig.appender.open[0].set_result([0, 1])
    await settle()
    assert rig.stage.engine.taken == [1, 3]
    assert len(rig.appender.open) == 3


async def test_dead_letters_are_on_the_log_before_anything_later_is_sent() -> None:
    rig = Rig(depth=2)
    await rig.assign()
    values = (JUNK, b"v", b"v")
    records = [LogRecord("in", 0, n, 0, b"k", value, ()) for n, value in enumerate(values)]
    rig.host.receive([Chunk(HERE, rig.host.epoch, records)])
    rig.chunk(3, 2)
    await settle()
    assert len(rig.appender.open) == 1  # neither the rest of the chunk nor the next one
    rig.appender.open[0].set_result([7])
    await settle()
    assert len(rig.appender.open) == 3
    assert rig.stage.engine.taken == []
    rig.appender.open[1].set_result([0, 1])
    rig.appender.open[2].set_result([2, 3])
    await settle()
    assert rig.stage.engine.taken == [2, 4]


def values(tp: TP, start: int, *said: bytes) -> list[LogRecord]:
    return [
        LogRecord("in", tp.partition, start + n, 0, b"k", one, ()) for n, one in enumerate(said)
    ]


async def both(**options: Any) -> Rig:
    rig = Rig(**options)
    await rig.host.assigned({HERE, THERE})
    await settle()
    return rig


def send(rig: Rig, *chunks: tuple[TP, list[LogRecord]]) -> None:
    rig.host.receive([Chunk(tp, rig.host.epoch, records) for tp, records in chunks])


async def test_what_is_there_of_several_partitions_is_appended_at_once_and_taken_by_each() -> None:
    rig = await both()
    send(rig, (HERE, values(HERE, 0, b"v", b"v")), (THERE, values(THERE, 0, b"v")))
    await settle()
    assert len(rig.appender.open) == 1
    rig.appender.open[0].set_result([5, 6, 9])
    await settle()
    assert rig.stage.engine.taken == [1]
    assert rig.stage.other.taken == [0]
    assert rig.stage.engine.offsets + rig.stage.other.offsets in ([5, 6, 9], [6, 9, 5])


async def test_dead_letters_of_one_partition_hold_up_no_other() -> None:
    rig = await both()
    send(rig, (HERE, values(HERE, 0, JUNK, b"v")), (THERE, values(THERE, 0, b"v")))
    await settle()
    letters, rest = sorted(rig.appender.open, key=lambda one: one is not rig.appender.first_junk)
    rest.set_result([4])
    await settle()
    assert rig.stage.other.taken == [0]
    send(rig, (THERE, values(THERE, 1, b"v")))
    await settle()
    rig.appender.open[-1].set_result([5])
    await settle()
    assert rig.stage.other.taken == [0, 1]
    assert rig.stage.engine.taken == []
    letters.set_result([1])
    await settle()
    rig.appender.open[-1].set_result([2])
    await settle()
    assert rig.stage.engine.taken == [1]
    assert rig.stage.engine.offsets == [1, 2]
    assert rig.deaths == []


async def test_a_partition_that_waits_for_the_law_holds_up_no_other() -> None:
    rig = await both()
    rig.stage.bound = 2
    send(rig, (HERE, values(HERE, 0, *[b"v"] * 5)), (THERE, values(THERE, 0, b"v")))
    await settle()
    rig.appender.open[0].set_result(list(range(4)))
    await settle()
    assert rig.stage.engine.taken == [2]
    assert rig.stage.other.taken == [0]
    send(rig, (THERE, values(THERE, 1, b"v")))
    await settle()
    rig.appender.open[1].set_result([4])
    await settle()
    assert rig.stage.other.taken == [0, 1]
    assert rig.stage.engine.taken == [2]


async def test_a_round_is_not_larger_than_a_chunk_may_be_and_each_partition_has_its_turn() -> None:
    rig = await both(chunk_records=2, depth=8)
    for start in (0, 2, 4):
        send(rig, (HERE, values(HERE, start, b"v", b"v")))
    send(rig, (THERE, values(THERE, 0, b"v", b"v")))
    await settle()
    sizes = [len(records) for records in rig.appender.sent]
    assert sizes == ([4, 2, 2] if rig.stage.apart else [2, 2, 2, 2])  # apart, eight chunks
    partitions = [record.partition for records in rig.appender.sent for record in records]
    assert 1 in partitions[:4]


async def test_revocation_of_one_partition_takes_the_round_of_both() -> None:
    rig = await both()
    send(rig, (HERE, values(HERE, 0, b"v")), (THERE, values(THERE, 0, b"v")))
    await settle()
    revoking = asyncio.create_task(rig.host.revoked({HERE}))
    await settle()
    assert not revoking.done()
    rig.appender.open[0].set_result([0, 1])
    await revoking
    assert rig.stage.engine.taken == rig.stage.other.taken == [0]
    assert rig.stage.engine.closed
    assert not rig.stage.other.closed
    send(rig, (THERE, values(THERE, 1, b"v")))
    await settle()
    assert len(rig.appender.open) == 1  # of an older assignment: the transport fetches it anew


async def test_a_patient_stage_rests_after_a_small_chunk_and_not_after_a_full_one() -> None:
    rig = Rig(chunk_records=4)
    rig.stage.patience_s = 60.0
    await rig.assign()
    assert rig.host.ready(HERE)
    rig.chunk(0, 4)
    await settle()
    assert rig.host.ready(HERE)
    assert rig.host.resting() == set()
    rig = Rig(chunk_records=400)
    rig.stage.patience_s = 60.0
    await rig.assign()
    rig.chunk(0, 4)
    await settle()
    assert not rig.host.ready(HERE)
    assert rig.host.resting() == {HERE}
    assert len(rig.appender.open) == 1  # what came is decided at once


async def test_a_patient_stages_rounds_are_short_so_that_the_others_have_their_turn() -> None:
    rig = await both()
    rig.stage.patience_s = 60.0
    send(rig, (HERE, values(HERE, 0, *[b"v"] * 60)), (THERE, values(THERE, 0, *[b"v"] * 60)))
    await settle()
    assert [len(records) for records in rig.appender.sent] == [60, 60]


async def test_a_partition_is_not_ready_while_it_recovers_or_is_behind() -> None:
    rig = Rig(depth=2)
    assert not rig.host.ready(HERE)
    await rig.assign()
    assert rig.host.ready(HERE)
    for start in range(0, 10, 2):
        rig.chunk(start, 2)
    await settle()
    assert not rig.host.ready(HERE)


async def test_a_chunk_of_an_old_assignment_is_dropped() -> None:
    rig = Rig()
    await rig.assign()
    rig.chunk(0, 2, epoch=rig.host.epoch - 1)
    await settle()
    assert rig.appender.open == []


async def test_a_chunk_that_does_not_start_where_it_should_is_dropped_and_sought_once() -> None:
    rig = Rig()
    await rig.assign()
    rig.chunk(5, 2)
    rig.chunk(7, 2)
    await settle()
    assert rig.appender.open == []
    assert rig.consumer.thread.seeks == [0, 0]
    rig.chunk(0, 2)
    await settle()
    assert len(rig.appender.open) == 1


async def test_a_seek_for_a_partition_that_went_away_meanwhile_ends_nothing() -> None:
    rig = Rig()
    await rig.assign()
    gone = asyncio.Event()

    async def seek(tp: TP, offset: int) -> None:
        await gone.wait()
        raise RuntimeError("the consumer is stopped")

    rig.consumer.thread.position_at = seek  # type: ignore[method-assign]
    rig.chunk(5, 2)
    await settle()
    await rig.host.revoked({HERE})
    gone.set()
    await settle()
    assert rig.deaths == []


async def test_a_failed_append_ends_the_process_and_nothing_is_taken() -> None:
    rig = Rig()
    await rig.assign()
    rig.chunk(0, 2)
    await settle()
    rig.appender.open[0].set_exception(Fatal("not appended"))
    await settle()
    assert [str(death) for death in rig.deaths] == ["not appended"]
    assert rig.stage.engine.taken == []
    assert set(rig.consumer.thread.commits) <= {0}


async def test_no_acknowledgement_for_too_long_ends_the_process() -> None:
    rig = Rig(stall_s=0.05)
    await rig.assign()
    rig.chunk(0, 2)
    await asyncio.sleep(0.2)
    assert isinstance(rig.deaths[0], Fatal)
    assert "no acknowledgement" in str(rig.deaths[0])
    assert rig.stage.engine.taken == []


async def test_a_stage_that_raises_ends_the_process() -> None:
    rig = Rig()
    await rig.assign()
    rig.stage.engine.bug = True
    rig.chunk(0, 2)
    await settle()
    assert isinstance(rig.deaths[0], ZeroDivisionError)
    assert rig.appender.open == []


async def test_a_partition_that_cannot_be_recovered_ends_the_process() -> None:
    rig = Rig()
    rig.stage.refuse = Fatal("the log has lost its tail")
    await rig.assign()
    assert [str(death) for death in rig.deaths] == ["the log has lost its tail"]


async def test_revocation_takes_what_is_acknowledged_then_closes_the_store() -> None:
    rig = Rig()
    await rig.assign()
    rig.chunk(0, 2)
    rig.chunk(2, 2)
    await settle()
    revoking = asyncio.create_task(rig.host.revoked({HERE}))
    await settle()
    assert not revoking.done()
    for future in rig.appender.open:
        future.set_result([0, 1])
    await revoking
    assert rig.stage.engine.taken == [1, 3]
    assert rig.stage.engine.closed
    assert rig.consumer.thread.commits[-1] == 4
    assert not rig.host.ready(HERE)
    assert rig.deaths == []


async def test_what_the_law_does_not_reach_yet_waits_and_then_goes_on() -> None:
    rig = Rig()
    rig.stage.bound = 2
    await rig.assign()
    rig.chunk(0, 5)
    await settle()
    assert len(rig.appender.open) == 1
    rig.appender.open[0].set_result([0, 1, 2])
    rig.stage.bound = 10
    await asyncio.sleep(0.2)
    assert len(rig.appender.open) == 2
    rig.appender.open[1].set_result([3, 4])
    await asyncio.sleep(0.1)
    assert rig.stage.engine.taken == [2, 4]


@pytest.mark.parametrize(
    ("sizes", "runs"),
    [([10, 10, 10], [2, 1]), ([30], [1]), ([30, 1], [1, 1]), ([1, 30], [1, 1]), ([20], [1])],
)
def test_a_chunk_is_cut_by_bytes(sizes: list[int], runs: list[int]) -> None:
    records = [LogRecord("in", 0, n, 0, b"k", bytes(size), ()) for n, size in enumerate(sizes)]
    cut = split(records, 20)
    assert [len(run) for run in cut] == runs
    assert [record for run in cut for record in run] == records


async def test_what_came_twice_is_not_sought_where_the_next_follows() -> None:
    rig = Rig()
    await rig.assign()
    rig.chunk(0, 2)
    await settle()
    records = [LogRecord("in", 0, offset, 0, b"k", b"v", ()) for offset in range(4)]
    epoch = rig.host.epoch
    again = [Chunk(HERE, epoch, records[:2]), Chunk(HERE, epoch, records[2:])]
    rig.host.receive(again)
    await settle()
    assert [len(sent) for sent in rig.appender.sent] == [2, 2]
    assert rig.consumer.thread.seeks == [0]
    for acknowledged, offsets in zip(rig.appender.open, ([0, 1], [2, 3]), strict=True):
        acknowledged.set_result(offsets)
    await settle()
    rig.host.receive(again[:1])
    await settle()
    assert rig.consumer.thread.seeks == [0, 4]
