"""A stage that is decided apart: it holds nobody up, and nothing touches its engines meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest
from faust.types import TP

from fuma.runtime.faust_host import Host
from fuma.runtime.faust_transport import Chunk
from fuma.runtime.ports import LogRecord
from unit.runtime.faust_rig import HERE, Done, Engine, Rig, Stage, settle

OTHER = TP("other", 0)


class Slow(Engine):
    """Decides for as long as the test says, and says when it is touched meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.begun = threading.Event()
        self.at_work = False

    def decide(self, records: Sequence[LogRecord], horizon: int) -> Done:
        self.at_work = True
        self.begun.set()
        assert self.go_on.wait(30)
        self.at_work = False
        return super().decide(records, horizon)

    def take(self, chunk: Done, offsets: list[int]) -> None:
        assert not self.at_work
        super().take(chunk, offsets)

    def close(self) -> None:
        assert not self.at_work
        super().close()


class Other(Stage):
    name = "other"
    topics = ("other",)

    def open(self, tp: TP, committed: object) -> Engine:
        return self.engine


class Both(Rig):
    """A slow stage that is decided apart, and another one."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = Slow()
        self.stage.engine, self.stage.apart = self.slow, True
        self.other = Other()
        self.host = Host([self.stage, self.other], self.appender, die=self.deaths.append)
        self.host.consumer = self.consumer  # type: ignore[assignment]

    async def begin(self) -> None:
        await self.host.assigned({HERE, OTHER})
        await settle()

    def give(self, tp: TP, start: int) -> None:
        records = [LogRecord(tp.topic, 0, start, 0, b"k", tp.topic.encode(), ())]
        self.host.receive([Chunk(tp, self.host.epoch, records)])

    @property
    def sent(self) -> list[bytes | None]:
        return [record.value for records in self.appender.sent for record in records]


@pytest.fixture
def both() -> Iterator[Both]:
    rig = Both()
    yield rig
    rig.slow.go_on.set()  # whatever failed: the thread ends


async def begun(rig: Both) -> None:
    while not rig.slow.begun.is_set():
        await asyncio.sleep(0.01)


async def test_the_other_stages_go_on_while_one_record_is_decided(both: Both) -> None:
    await both.begin()
    both.give(HERE, 0)
    await begun(both)
    both.give(OTHER, 0)
    await settle()
    assert both.sent == [b"other"]
    both.appender.open[0].set_result([0])
    await settle()
    assert both.other.engine.taken == [0]
    both.slow.go_on.set()
    await settle()
    assert both.sent == [b"other", b"in"]
    both.appender.open[1].set_result([0])
    await both.host.close()
    assert both.slow.taken == [0]
    assert both.deaths == []


async def test_what_was_acknowledged_is_taken_after_what_is_being_decided(both: Both) -> None:
    await both.begin()
    both.slow.go_on.set()
    both.give(HERE, 0)
    await settle()
    both.slow.go_on.clear()
    both.slow.begun.clear()
    both.give(HERE, 1)
    await begun(both)
    both.appender.open[0].set_result([0])
    await settle()
    assert both.slow.taken == []
    both.slow.go_on.set()
    await settle()
    assert both.slow.taken == [0]
    both.appender.open[1].set_result([1])
    await settle()
    assert both.slow.taken == [0, 1]
    assert both.deaths == []


async def test_a_partition_that_goes_away_is_closed_after_it_and_nothing_of_it_is_sent(
    both: Both,
) -> None:
    await both.begin()
    both.give(HERE, 0)
    await begun(both)
    away = asyncio.ensure_future(both.host.revoked({HERE}))
    await settle()
    assert not both.slow.closed
    both.slow.go_on.set()
    await asyncio.wait_for(away, 30)
    assert both.slow.closed
    assert both.sent == []
    assert both.deaths == []


async def test_an_error_that_no_future_can_hold_ends_the_process_too(both: Both) -> None:
    def ends(records: Sequence[LogRecord], horizon: int) -> Done:
        raise StopIteration

    both.slow.decide = ends  # type: ignore[method-assign]
    await both.begin()
    both.give(HERE, 0)
    await settle()
    assert [str(error) for error in both.deaths] == ["stage: StopIteration()"]
