"""Rounds: what is there of one stage is decided and appended together, whatever its partitions.

At a trickle a partition's chunk is a record or two, and what a chunk costs whatever its size (a
task, an append, an acknowledgement) is then most of what a record costs. So a stage's waiting
chunks are decided one after the other and handed to the broker as one; store and commit follow for
each partition in its own order. Nobody waits for company: a round takes what is there.

A partition never waits for another one. What waits for the law stays behind alone, and so does a
chunk with dead letters, which have to be on the log before the rest of it is sent.

A stage of which one record can cost a second (a case in a crowd) is decided ``apart``, in a thread
of its own: the other stages share the interpreter with it and do not wait for its end. Nothing
else touches its partitions meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from faust.types import TP

from fuma.contracts.errors import Fatal
from fuma.domain.time import Ms
from fuma.runtime import metrics
from fuma.runtime.faust_transport import Chunk
from fuma.runtime.host_line import Decided, Engine, Line, Stage
from fuma.runtime.ports import Appender
from fuma.runtime.records import LogRecord

log = logging.getLogger(__name__)
#: Warn when a partition has waited this long for the law.
LAW_ALARM_S = 30.0
#: And look again whether it is there.
LAW_AGAIN_S = 0.1
#: A patient stage's round ends with so many records: it shares the loop with stages that are not.
PATIENT_RECORDS = 50
#: A round that is decided apart takes so many chunks: nobody waits for its end, and each hand-over
#: to another thread waits for the interpreter's lock.
APART_CHUNKS = 8


_Pick = tuple[Line, Engine, Sequence[LogRecord]]
_Part = tuple[Line, Engine, Decided]
_Start = Callable[[Any], asyncio.Task[None]]


class Rounds:
    """One stage's rounds. All calls on the loop's thread."""

    def __init__(
        self,
        stage: Stage,
        appender: Appender,
        *,
        start: _Start,
        taken: Callable[[Line, Engine, Decided], None],
        seek: Callable[[TP, int], Awaitable[None]],
        chunk_records: int,
        depth: int,
        stall_s: float,
    ) -> None:
        """``start`` runs a task whose failure ends the process; ``taken`` hears of each chunk."""
        self.stage = stage
        self._appender = appender
        self._start = start
        self._taken = taken
        self._seek = seek
        self._chunk_records = chunk_records
        self._depth = depth
        self._stall_s = stall_s
        self._timed = metrics.Timed(stage.name)
        self._lines: deque[Line] = deque()
        self._rests_until = 0.0
        self._runs = False
        self._apart: ThreadPoolExecutor | None = None
        if stage.apart:
            self._apart = ThreadPoolExecutor(1, thread_name_prefix=stage.name)
        #: Held while engines are at work in that thread.
        self._at_work = asyncio.Lock()

    def add(self, line: Line) -> None:
        """A partition that is recovered."""
        self._lines.append(line)

    def remove(self, line: Line) -> None:
        """A partition that goes away: what is decided is finished, nothing is begun."""
        if line in self._lines:
            self._lines.remove(line)

    def resting(self, now: float) -> bool:
        """Whether the stage lets its records gather."""
        return now < self._rests_until

    def receive(self, chunks: Sequence[tuple[Line, Chunk]]) -> None:
        """Chunks of this stage, in the order of each partition."""
        full = False
        for line, chunk in chunks:
            line.inbox.append(chunk)
            full |= len(chunk.records) >= self._chunk_records // 4
        if self.stage.patience_s and not full:
            self._rests_until = time.monotonic() + self.stage.patience_s
        self.wake()

    def wake(self) -> None:
        """There may be something to do."""
        if not self._runs:
            self._runs = True
            self._start(self._run())

    async def settled(self) -> None:
        """Until no engine is at work in another thread. Of the lines that went away by then,
        what was decided there is as if it never had been."""
        async with self._at_work:
            pass

    def close(self) -> None:
        """All partitions are gone."""
        if self._apart is not None:
            self._apart.shutdown()

    @property
    def at_work(self) -> bool:
        """Whether engines are at work in another thread."""
        return self._at_work.locked()

    async def _run(self) -> None:
        try:
            while await self._round():
                await asyncio.sleep(0)  # the other stages' turn
        finally:
            self._runs = False

    async def _round(self) -> bool:
        """Steps 1 and 2 of some chunks; whether there were any."""
        if self._apart is None:
            if picked := self._pick():
                self._send(picked, self._decide(picked, self.stage.horizon()))
            return bool(picked)
        async with self._at_work:
            if picked := self._pick():
                horizon = self.stage.horizon()
                self._send(picked, await self._in_thread(self._decide, picked, horizon))
            return bool(picked)

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        def run() -> Any:
            try:
                return work(*arguments)
            except StopIteration as error:  # no future can hold one: it would never be done
                raise RuntimeError(f"{self.stage.name}: {error!r}") from error

        return await asyncio.get_running_loop().run_in_executor(self._apart, run)

    def _pick(self) -> list[_Pick]:
        """The chunks of the next round."""
        enough = self._chunk_records
        if self.stage.patience_s:
            enough = PATIENT_RECORDS
        elif self._apart is not None:
            enough *= APART_CHUNKS
        picked: list[_Pick] = []
        size = 0
        for _ in range(len(self._lines)):
            if size >= enough:
                break
            line = self._lines[0]
            self._lines.rotate(-1)  # next time begins with the one after the last
            held = line.sending or line.waits or line.unacknowledged >= self._depth
            if held or line.engine is None:
                continue
            records = self._next(line, line.engine)
            if records:
                picked.append((line, line.engine, records))
                size += len(records)
        return picked

    def _decide(self, picked: Sequence[_Pick], horizon: Ms) -> list[Decided]:
        """Step 1. A crash: nothing was written."""
        found: list[Decided] = []
        for _, engine, records in picked:
            started = time.monotonic()
            decided: Decided = engine.decide(records, horizon)
            found.append(decided)
            if decided.taken:
                self._timed.size.observe(decided.taken)
                self._timed.decide.observe(time.monotonic() - started)
        return found

    def _send(self, picked: Sequence[_Pick], found: Sequence[Decided]) -> None:
        """Step 2. A chunk of which nothing was taken waits: the law is not known far enough."""
        together: list[_Part] = []
        for (line, engine, records), decided in zip(picked, found, strict=True):
            if not line.live:
                continue
            line.rest = records[decided.taken :]
            if not decided.taken:
                line.waits = True
                self._start(self._waited(line, time.monotonic()))
                continue
            line.waits_since = 0.0
            line.unacknowledged += 1
            if decided.letters:
                line.sending = True
                line.tail = self._start(self._letters(line, engine, decided, line.tail))
            else:
                together.append((line, engine, decided))
        if together:
            # A crash: the next owner folds what reached the ledger.
            sent = [record for _, _, decided in together for record in decided.outgoing]
            acknowledged = self._submit(sent)
            before = {line.tail for line, _, _ in together if line.tail is not None}
            task = self._start(self._finish(together, acknowledged, before))
            for line, _, _ in together:
                line.tail = task

    def _next(self, line: Line, engine: Engine) -> Sequence[LogRecord]:
        if line.rest:
            return line.rest
        stale = False
        while line.inbox:
            chunk = line.inbox.popleft()
            if chunk.first == engine.next_offset:
                line.sought = False
                return chunk.records
            metrics.CHUNKS_DROPPED.labels(self.stage.name).inc()
            stale = True
        if stale and not line.sought:
            line.sought = True
            self._start(self._sought(line, engine.next_offset))
        return ()

    async def _sought(self, line: Line, offset: int) -> None:
        try:
            await self._seek(line.tp, offset)
        except Exception:
            # Of a partition that went away meanwhile, nothing is left to seek.
            if line.live:
                raise

    async def _waited(self, line: Line, now: float) -> None:
        line.waits_since = line.waits_since or now
        if now - line.waits_since > LAW_ALARM_S:
            log.warning("%s/%d waits: the law is too far behind", *line.tp)
            metrics.ALARMS.labels(self.stage.name, "law-behind").inc()
            line.waits_since = now
        await asyncio.sleep(LAW_AGAIN_S)
        line.waits = False
        self.wake()

    async def _letters(
        self, line: Line, engine: Engine, decided: Decided, before: asyncio.Task[None] | None
    ) -> None:
        """(2) of a chunk with dead letters: these first.

        A crash: the next owner takes the inputs before a ledger record as done, so dead letters
        are there before any later record of the ledger.
        """
        first = await self._appended(self._submit(decided.outgoing[: decided.letters]))
        acknowledged = self._submit(decided.outgoing[decided.letters :])
        line.sending = False
        self.wake()
        others = set() if before is None else {before}
        await self._finish([(line, engine, decided)], acknowledged, others, first)

    async def _finish(
        self,
        together: Sequence[_Part],
        acknowledged: Awaitable[list[int]],
        before: set[asyncio.Task[None]],
        letters: Sequence[int] = (),
    ) -> None:
        started = time.monotonic()
        offsets = [*letters, *await self._appended(acknowledged)]
        for task in before:
            await task
        self._timed.append.observe(time.monotonic() - started)
        if self._apart is None:
            self._take_all(together, offsets)
        else:
            async with self._at_work:
                await self._in_thread(self._take_all, together, offsets)
        for line, engine, decided in together:
            line.unacknowledged -= 1
            self._taken(line, engine, decided)
        self.wake()

    def _take_all(self, together: Sequence[_Part], offsets: list[int]) -> None:
        started, begin = time.monotonic(), 0
        for _, engine, decided in together:
            end = begin + len(decided.outgoing)
            self._take(engine, decided, offsets[begin:end])
            begin = end
        self._timed.store.observe(time.monotonic() - started)

    def _take(self, engine: Engine, decided: Decided, offsets: list[int]) -> None:
        """(3) One batch in the store, only if the chunk follows on it.

        A crash: the group's offset is behind, and nobody reads it where there is a store.
        """
        engine.take(decided, offsets)

    def _submit(self, records: Sequence[Any]) -> Awaitable[list[int]]:
        return asyncio.wrap_future(self._appender.submit(records))

    async def _appended(self, acknowledged: Awaitable[list[int]]) -> list[int]:
        try:
            return await asyncio.wait_for(acknowledged, self._stall_s)
        except TimeoutError:
            what = f"{self.stage.name}: no acknowledgement for {self._stall_s:g} s"
            raise Fatal(what) from None
