"""A host without Faust and broker: what it calls, and a stage whose chunks the test gives."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from faust.types import TP

from fuma.runtime.faust_host import Host
from fuma.runtime.faust_transport import Chunk
from fuma.runtime.marks import Committed
from fuma.runtime.ports import LogRecord, Outgoing

HERE, THERE = TP("in", 0), TP("in", 1)


class Thread:
    """The consumer's thread as the host sees it."""

    def __init__(self) -> None:
        self.seeks: list[int] = []
        self.commits: list[int] = []
        self.slow_s = 0.0
        self.good = True

    async def committed(self, tp: TP) -> Committed | None:
        return None

    async def position_at(self, tp: TP, offset: int) -> None:
        self.seeks.append(offset)

    async def commit_positions(self, offsets: dict[TP, Committed]) -> bool:
        self.commits += [done.offset for tp, done in offsets.items() if tp == HERE]
        await asyncio.sleep(self.slow_s)
        return self.good


class Consumer:
    def __init__(self) -> None:
        self.thread = Thread()

    def highwater(self, tp: TP) -> int:
        return 0


class Acknowledger:
    """An appender whose acknowledgements the test gives."""

    def __init__(self) -> None:
        self.open: list[Future[list[int]]] = []
        self.sent: list[Sequence[Any]] = []
        self.first_junk: Future[list[int]] | None = None

    def submit(self, records: Sequence[Outgoing]) -> Future[list[int]]:
        self.open.append(Future())
        self.sent.append(records)
        if self.first_junk is None and any(record.value == JUNK for record in records):
            self.first_junk = self.open[-1]
        return self.open[-1]

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        raise NotImplementedError

    def close(self) -> None: ...


JUNK = b"junk"


class Done:
    """Junk comes first in what is sent, as ``letters_first`` puts it."""

    def __init__(self, records: Sequence[LogRecord], taken: int) -> None:
        self.outgoing: list[Any] = list(records[:taken])
        self.letters = sum(record.value == JUNK for record in self.outgoing)
        self.taken = taken
        self.applied = records[taken - 1].offset if taken else -1
        self.at = 0
        self.dead: list[Any] = []


class Engine:
    def __init__(self) -> None:
        self.next_offset = 0
        self.taken: list[int] = []
        self.offsets: list[int] = []
        self.closed = False
        self.bug = False
        self.bound = 1 << 62

    @property
    def done(self) -> Committed:
        return Committed(self.taken[-1] + 1 if self.taken else 0)

    def decide(self, records: Sequence[LogRecord], horizon: int) -> Done:
        if self.bug:
            raise ZeroDivisionError("a bug in a stage")
        done = Done(records, sum(record.offset <= horizon for record in records))
        if done.taken:
            self.next_offset = done.applied + 1
        return done

    def take(self, chunk: Done, offsets: list[int]) -> None:
        assert not self.closed
        self.taken.append(chunk.applied)
        self.offsets += offsets

    def close(self) -> None:
        self.closed = True


class Stage:
    name = "stage"
    patience_s = 0.0
    apart = False
    topics = ("in",)

    def __init__(self) -> None:
        self.engine, self.other = Engine(), Engine()
        self.bound = 1 << 62
        self.refuse: Exception | None = None

    def open(self, tp: TP, committed: Committed | None) -> Engine:
        if self.refuse:
            raise self.refuse
        return self.engine if tp == HERE else self.other

    def horizon(self) -> int:
        return self.bound


class Rig:
    def __init__(self, **options: Any) -> None:
        self.deaths: list[BaseException] = []
        self.stage = Stage()
        self.appender = Acknowledger()
        self.consumer = Consumer()
        self.host = Host([self.stage], self.appender, die=self.deaths.append, **options)
        self.host.consumer = self.consumer  # type: ignore[assignment]

    async def assign(self) -> None:
        await self.host.assigned({HERE})
        await settle()

    def chunk(self, start: int, count: int, epoch: int | None = None) -> None:
        records = [LogRecord("in", 0, start + n, 0, b"k", b"v", ()) for n in range(count)]
        self.host.receive([Chunk(HERE, self.host.epoch if epoch is None else epoch, records)])


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0.01)
