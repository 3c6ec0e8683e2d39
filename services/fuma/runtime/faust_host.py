"""The host: stages on Faust, each partition with its own line of decided and open chunks.

``ChunkHost`` of the transport. Every assigned partition is recovered first, then sought, then
fetched. Of one partition at most ``depth`` chunks are open; the next is decided while the last is
being acknowledged, but store and commit follow in order. Whatever fails and is neither a value nor
a dead letter ends the process (``failed``): a supervisor starts it again, and the log decides.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from faust.types import TP

from fuma.contracts.errors import Fatal
from fuma.domain.time import Ms
from fuma.runtime import metrics
from fuma.runtime.faust_transport import Chunk, Consumer
from fuma.runtime.marks import Committed
from fuma.runtime.ports import Appender

log = logging.getLogger(__name__)
#: Seconds without an acknowledgement after which the process ends.
STALL_S = 120.0
#: Positions are committed together, this often at most.
COMMIT_EVERY_S = 0.05
COMMIT_AGAIN_S = 1.0
#: Warn when a partition has waited this long for the law.
LAW_ALARM_S = 30.0


class Decided(Protocol):
    """What the host sees of a decided chunk."""

    outgoing: list[Any]
    letters: int  # the first so many of ``outgoing`` are on the log before the others are sent
    taken: int
    applied: int
    at: Ms
    dead: list[Any]


class Engine(Protocol):
    """One recovered partition of a stage, with or without a ledger."""

    @property
    def next_offset(self) -> int: ...

    @property
    def done(self) -> Committed:
        """What the group shall say: everything before it is taken."""
        ...

    def decide(self, records: Any, horizon: Ms) -> Any: ...

    def take(self, chunk: Any, offsets: list[int]) -> None: ...

    def close(self) -> None: ...


class Stage(Protocol):
    """A stage as the host runs it."""

    name: str

    @property
    def topics(self) -> tuple[str, ...]: ...

    def open(self, tp: TP, committed: Committed | None) -> Engine:
        """Recover a partition; blocking, in a thread of its own. Raises ``Fatal``."""
        ...

    def horizon(self) -> Ms:
        """The highest T that may be decided now; ``FOREVER`` where law is not consulted."""
        ...


@dataclass
class _Line:
    """One assigned partition."""

    stage: Stage
    tp: TP
    epoch: int
    engine: Engine | None = None
    inbox: asyncio.Queue[Chunk] = field(default_factory=asyncio.Queue)
    unacknowledged: int = 0  # chunks decided and not yet taken
    tail: asyncio.Task[None] | None = None  # finishes the newest decided chunk
    worker: asyncio.Task[None] | None = None
    sought: bool = False  # a seek is under way; chunks from before it are still arriving
    live: bool = True


class Host:
    """Runs stages over the partitions that the group gives this process."""

    def __init__(
        self,
        stages: list[Stage],
        appender: Appender,
        *,
        die: Callable[[BaseException], None],
        chunk_records: int = 1_000,
        chunk_bytes: int = 1_000_000,
        depth: int = 2,
        stall_s: float = STALL_S,
    ) -> None:
        self.chunk_records = chunk_records
        self.chunk_bytes = chunk_bytes
        self.epoch = 0
        self.consumer: Consumer | None = None  # set when the app has one
        self._stages = {topic: stage for stage in stages for topic in stage.topics}
        self._appender = appender
        self._die = die
        self._depth = depth
        self._stall_s = stall_s
        self._lines: dict[TP, _Line] = {}
        self._commits: dict[TP, Committed] = {}
        self._committer: asyncio.Task[None] | None = None
        # One thread: recovery shares one reader, and stores are opened one after the other.
        self._recovery = ThreadPoolExecutor(1, thread_name_prefix="recovery")

    def owns(self, topic: str) -> set[int]:
        """The partitions of ``topic`` that are this process's now. From any thread."""
        return {tp.partition for tp in tuple(self._lines) if tp.topic == topic}

    @property
    def lines(self) -> Mapping[TP, object]:
        """The partitions that are this process's now. To look things up in, from its thread."""
        return self._lines

    # --- what the transport asks ---------------------------------------------------------------

    def ready(self, tp: TP) -> bool:
        line = self._lines.get(tp)
        if line is None or line.engine is None:
            return False
        return line.inbox.qsize() < self._depth

    async def assigned(self, tps: set[TP]) -> None:
        self.epoch += 1
        for tp in sorted(tps):
            line = _Line(self._stages[tp.topic], tp, self.epoch)
            self._lines[tp] = line
            line.worker = self._start(self._work(line))

    async def revoked(self, tps: set[TP]) -> None:
        self.epoch += 1
        lines = [self._lines.pop(tp) for tp in tps if tp in self._lines]
        for line in lines:
            line.live = False
            if line.worker is not None:
                line.worker.cancel()
        for line in lines:
            # What is appended is on the ledger either way; taking it saves the next owner work.
            if line.tail is not None:
                await line.tail
        await self._commit()
        for line in lines:
            if line.worker is not None:
                await asyncio.gather(line.worker, return_exceptions=True)
            if line.engine is not None:
                line.engine.close()

    def failed(self, error: BaseException) -> None:
        self._die(error)

    # --- chunks ---------------------------------------------------------------------------------

    def receive(self, chunk: Chunk) -> None:
        """A chunk from the agent: to its partition's line, if it still is of this assignment."""
        line = self._lines.get(chunk.tp)
        if line is None or chunk.epoch != line.epoch:
            metrics.CHUNKS_DROPPED.labels(self._stages[chunk.tp.topic].name).inc()
            return
        line.inbox.put_nowait(chunk)

    async def _work(self, line: _Line) -> None:
        try:
            await self._run(line)
        except Exception:
            # Of a partition that went away meanwhile, nothing is left to lose.
            if line.live:
                raise

    async def _run(self, line: _Line) -> None:
        loop, consumer = asyncio.get_running_loop(), self._consumer()
        committed = await consumer.thread.committed(line.tp)
        opening = loop.run_in_executor(self._recovery, line.stage.open, line.tp, committed)
        try:
            engine = await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The partition went away meanwhile; its store must be closed before the next owner
            # in this process opens it, and recovery has one thread, so it is closed there.
            opening.add_done_callback(_close_opened)
            raise
        await consumer.thread.position_at(line.tp, engine.next_offset)
        line.engine = engine
        # What recovery found done, or a new group's explicit 0, is what the group shall say.
        self._commit_later(line, engine.done)
        while True:
            chunk = await line.inbox.get()
            if chunk.first != engine.next_offset:
                metrics.CHUNKS_DROPPED.labels(line.stage.name).inc()
                if not line.sought:
                    line.sought = True
                    await consumer.thread.position_at(line.tp, engine.next_offset)
                continue
            line.sought = False
            await self._decide(line, engine, chunk)

    async def _decide(self, line: _Line, engine: Engine, chunk: Chunk) -> None:
        """Steps 1 and 2 of a chunk, in as many pieces as the law's horizon makes."""
        records, name = chunk.records, line.stage.name
        metrics.CHUNK_SIZE.labels(name).observe(len(records))
        waiting = time.monotonic()
        while records:
            while line.unacknowledged >= self._depth and line.tail is not None:
                # The oldest is taken before the newest, so this waits for at least one.
                await asyncio.wait([line.tail], timeout=0.002)
            started = time.monotonic()
            # (1) Decide. A crash: nothing was written.
            decided = engine.decide(records, line.stage.horizon())
            if not decided.taken:
                if time.monotonic() - waiting > LAW_ALARM_S:
                    log.warning("%s/%d waits: the law is too far behind", *line.tp)
                    metrics.ALARMS.labels(name, "law-behind").inc()
                    waiting = time.monotonic()
                await asyncio.sleep(0.1)
                continue
            metrics.DECIDE.labels(name).observe(time.monotonic() - started)
            # (2) Append. A crash: the next owner folds what reached the ledger. It takes the inputs
            # before as done, so dead letters are there before any later record of the ledger.
            sent, offsets = decided.outgoing, list[int]()
            if decided.letters:
                offsets = await self._appended(name, self._submit(sent[: decided.letters]))
                sent = sent[decided.letters :]
            acknowledged = self._submit(sent)
            line.unacknowledged += 1
            line.tail = self._start(
                self._finish(line, engine, decided, offsets, acknowledged, line.tail)
            )
            records = records[decided.taken :]

    async def _finish(
        self,
        line: _Line,
        engine: Engine,
        decided: Decided,
        letters: list[int],
        acknowledged: Awaitable[list[int]],
        before: asyncio.Task[None] | None,
    ) -> None:
        name, started = line.stage.name, time.monotonic()
        offsets = letters + await self._appended(name, acknowledged)
        if before is not None:
            await before
        metrics.APPEND.labels(name).observe(time.monotonic() - started)
        started = time.monotonic()
        # (3) One batch in the store, only if the chunk follows on it. A crash: the group's offset
        # is behind, and nobody reads it where there is a store.
        engine.take(decided, offsets)
        metrics.STORE.labels(name).observe(time.monotonic() - started)
        # (4) Commit, with the group's generation.
        self._commit_later(line, engine.done)
        line.unacknowledged -= 1
        self._count(line, decided)

    def _submit(self, records: list[Any]) -> Awaitable[list[int]]:
        return asyncio.wrap_future(self._appender.submit(records))

    async def _appended(self, name: str, acknowledged: Awaitable[list[int]]) -> list[int]:
        try:
            return await asyncio.wait_for(acknowledged, self._stall_s)
        except TimeoutError:
            raise Fatal(f"{name}: no acknowledgement for {self._stall_s:g} s") from None

    def _commit_later(self, line: _Line, done: Committed) -> None:
        self._commits[line.tp] = done
        if line.live and (self._committer is None or self._committer.done()):
            self._committer = self._start(self._commit_soon())

    async def _commit_soon(self) -> None:
        # Until nothing is left: what arrives during a commit must not wait for the next chunk.
        while self._commits:
            await asyncio.sleep(COMMIT_EVERY_S)
            if not await self._commit():
                await asyncio.sleep(COMMIT_AGAIN_S)

    async def _commit(self) -> bool:
        positions, self._commits = self._commits, {}
        if not positions or await self._consumer().thread.commit_positions(positions):
            return True
        for tp, done in positions.items():
            if tp in self._lines:  # still ours: say it again, unless there is more to say
                self._commits.setdefault(tp, done)
        return False

    # --- the rest -------------------------------------------------------------------------------

    def _consumer(self) -> Consumer:
        if self.consumer is None:
            raise Fatal("the host was started without its consumer")
        return self.consumer

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._die(error)

    def _count(self, line: _Line, decided: Decided) -> None:
        name, partition = line.stage.name, str(line.tp.partition)
        metrics.RECORDS_IN.labels(name).inc(decided.taken)
        metrics.RECORDS_OUT.labels(name).inc(len(decided.outgoing) - len(decided.dead))
        for reason in decided.dead:
            metrics.DEAD_LETTERS.labels(name, reason.value).inc()
        metrics.LOG_TIME.labels(name, partition).set(decided.at)
        if line.live and (end := self._consumer().highwater(line.tp)) is not None:
            metrics.LAG.labels(name, partition).set(end - decided.applied - 1)

    async def close(self) -> None:
        """Finish what is open and give the partitions up."""
        await self.revoked(set(self._lines))
        self._recovery.shutdown(wait=True)


def _close_opened(opening: asyncio.Future[Engine]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
