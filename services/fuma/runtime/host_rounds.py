"""Rounds: what is there of one stage is decided and appended together, whatever its partitions.

At a trickle a partition's chunk is a record or two, and what a chunk costs whatever its size (a
task, an append, an acknowledgement) is then most of what a record costs. So a stage's waiting
chunks are decided one after the other and handed to the broker as one; store and commit follow for
each partition in its own order. Nobody waits for company: a round takes what is there.

A partition never waits for another one. What waits for the law stays behind alone, and so does a
chunk with dead letters, which have to be on the log before the rest of it is sent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from faust.types import TP

from fuma.contracts.errors import Fatal
from fuma.domain.time import Ms
from fuma.runtime import metrics
from fuma.runtime.faust_transport import Chunk
from fuma.runtime.host_types import Raw
from fuma.runtime.marks import Committed
from fuma.runtime.ports import Appender

log = logging.getLogger(__name__)
#: Warn when a partition has waited this long for the law.
LAW_ALARM_S = 30.0
#: And look again whether it is there.
LAW_AGAIN_S = 0.1
#: A patient stage's round ends with so many records: it shares the loop with stages that are not.
PATIENT_RECORDS = 50


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
    #: So long its records may lie before they are read, to be read in larger chunks. 0 for all
    #: that stands between a report and the platform.
    patience_s: float

    @property
    def topics(self) -> tuple[str, ...]: ...

    def open(self, tp: TP, committed: Committed | None) -> Engine:
        """Recover a partition; blocking, in a thread of its own. Raises ``Fatal``."""
        ...

    def horizon(self) -> Ms:
        """The highest T that may be decided now; ``FOREVER`` where law is not consulted."""
        ...


@dataclass(eq=False)
class Line:
    """One assigned partition."""

    stage: Stage
    tp: TP
    epoch: int
    engine: Engine | None = None
    ready: bool = False  # recovered, and sought
    inbox: deque[Chunk] = field(default_factory=deque)
    rest: Sequence[Raw] = ()  # of a chunk that was decided in part
    waits: bool = False  # for the law
    waits_since: float = 0.0  # by the monotonic clock; 0 where it does not
    unacknowledged: int = 0  # chunks decided and not yet taken
    tail: asyncio.Task[None] | None = None  # finishes the newest decided chunk
    opening: asyncio.Task[None] | None = None
    sending: bool = False  # dead letters go first: nothing of the partition may overtake them
    sought: bool = False  # a seek is under way; chunks from before it are still arriving
    live: bool = True
    shown: metrics.Shown | None = None


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

    async def _run(self) -> None:
        try:
            while self._round():
                await asyncio.sleep(0)  # the other stages' turn
        finally:
            self._runs = False

    def _round(self) -> bool:
        """Steps 1 and 2 of a chunk of some partitions; whether there was any."""
        horizon, size = self.stage.horizon(), 0
        enough = PATIENT_RECORDS if self.stage.patience_s else self._chunk_records
        together: list[_Part] = []
        found = False
        for _ in range(len(self._lines)):
            if size >= enough:
                break
            line = self._lines[0]
            self._lines.rotate(-1)  # next time begins with the one after the last
            held = line.sending or line.waits or line.unacknowledged >= self._depth
            if held or line.engine is None:
                continue
            records = self._next(line, line.engine)
            if not records:
                continue
            size += len(records)
            decided = self._decide(line, line.engine, records, horizon)
            if decided is None:
                continue
            found = True
            line.unacknowledged += 1
            if decided.letters:
                line.sending = True
                line.tail = self._start(self._letters(line, line.engine, decided, line.tail))
            else:
                together.append((line, line.engine, decided))
        if together:
            # (2) Append. A crash: the next owner folds what reached the ledger.
            sent = [record for _, _, decided in together for record in decided.outgoing]
            acknowledged = self._submit(sent)
            before = {line.tail for line, _, _ in together if line.tail is not None}
            task = self._start(self._finish(together, acknowledged, before))
            for line, _, _ in together:
                line.tail = task
        return found

    def _next(self, line: Line, engine: Engine) -> Sequence[Raw]:
        if line.rest:
            return line.rest
        while line.inbox:
            chunk = line.inbox.popleft()
            if chunk.first == engine.next_offset:
                line.sought = False
                return chunk.records
            metrics.CHUNKS_DROPPED.labels(self.stage.name).inc()
            if not line.sought:
                line.sought = True
                self._start(self._sought(line, engine))
        return ()

    async def _sought(self, line: Line, engine: Engine) -> None:
        try:
            await self._seek(line.tp, engine.next_offset)
        except Exception:
            # Of a partition that went away meanwhile, nothing is left to seek.
            if line.live:
                raise

    def _decide(
        self, line: Line, engine: Engine, records: Sequence[Raw], horizon: Ms
    ) -> Decided | None:
        """Step 1; ``None`` where the law is not known far enough for the first record."""
        started = time.monotonic()
        # A crash: nothing was written.
        decided: Decided = engine.decide(records, horizon)
        line.rest = records[decided.taken :]
        if not decided.taken:
            line.waits = True
            self._start(self._waited(line, started))
            return None
        line.waits_since = 0.0
        self._timed.size.observe(decided.taken)
        self._timed.decide.observe(time.monotonic() - started)
        return decided

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
        started, begin = time.monotonic(), 0
        for line, engine, decided in together:
            end = begin + len(decided.outgoing)
            self._take(engine, decided, offsets[begin:end])
            begin = end
            line.unacknowledged -= 1
            self._taken(line, engine, decided)
        self._timed.store.observe(time.monotonic() - started)
        self.wake()

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
