"""The host: stages on Faust, each partition with its own line of decided and open chunks.

``ChunkHost`` of the transport. Every assigned partition is recovered first, then sought, then
fetched. Of one partition at most ``depth`` chunks are open; the next is decided while the last is
being acknowledged, but store and commit follow in order (``host_rounds``). Whatever fails and is
neither a value nor a dead letter ends the process (``failed``): a supervisor starts it again, and
the log decides.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from faust.types import TP

from fuma.contracts.errors import Fatal
from fuma.runtime import heap, metrics
from fuma.runtime.faust_transport import Chunk, Consumer
from fuma.runtime.host_line import Decided, Engine, Line, Stage
from fuma.runtime.host_rounds import Rounds
from fuma.runtime.ports import Appender

log = logging.getLogger(__name__)
#: Seconds without an acknowledgement after which the process ends.
STALL_S = 120.0
#: Positions are committed together, this often at most.
COMMIT_EVERY_S = 0.2
COMMIT_AGAIN_S = 1.0


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
        self._die = die
        self._rounds: dict[str, Rounds] = {}
        for stage in stages:
            rounds = Rounds(
                stage, appender, start=self._start, taken=self._taken, seek=self._seek,
                chunk_records=chunk_records, depth=depth, stall_s=stall_s,
            )  # fmt: skip
            self._rounds.update(dict.fromkeys(stage.topics, rounds))
        self._depth = depth
        self._lines: dict[TP, Line] = {}
        self._commits: dict[TP, Engine] = {}  # to be asked what is done
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
        if line is None or not line.ready or len(line.inbox) >= self._depth:
            return False
        return not self._rounds[tp.topic].resting(time.monotonic())

    def resting(self) -> set[TP]:
        now = time.monotonic()
        names = {name for name, rounds in self._rounds.items() if rounds.resting(now)}
        return {tp for tp in self._lines if tp.topic in names} if names else set()

    async def assigned(self, tps: set[TP]) -> None:
        self.epoch += 1
        for tp in sorted(tps):
            line = Line(self._rounds[tp.topic].stage, tp, self.epoch)
            self._lines[tp] = line
            line.opening = self._start(self._open(line))

    async def revoked(self, tps: set[TP]) -> None:
        self.epoch += 1
        lines = [self._lines.pop(tp) for tp in tps if tp in self._lines]
        for line in lines:
            line.live = False
            self._rounds[line.tp.topic].remove(line)
            if line.opening is not None:
                line.opening.cancel()
        for rounds in {self._rounds[line.tp.topic] for line in lines}:
            await rounds.settled()
        for line in lines:
            # What is appended is on the ledger either way; taking it saves the next owner work.
            if line.tail is not None:
                await line.tail
        await self._commit()
        for line in lines:
            if line.opening is not None:
                await asyncio.gather(line.opening, return_exceptions=True)
            if line.engine is not None:
                line.engine.close()

    def failed(self, error: BaseException) -> None:
        self._die(error)

    # --- chunks ---------------------------------------------------------------------------------

    def receive(self, chunks: Sequence[Chunk]) -> None:
        """Chunks of one topic from its agent: to their lines, if still of this assignment."""
        found = []
        for chunk in chunks:
            line = self._lines.get(chunk.tp)
            if line is None or chunk.epoch != line.epoch:
                metrics.CHUNKS_DROPPED.labels(self._rounds[chunk.tp.topic].stage.name).inc()
            else:
                found.append((line, chunk))
        if found:
            self._rounds[found[0][1].tp.topic].receive(found)

    async def _open(self, line: Line) -> None:
        try:
            await self._recover(line)
        except Exception:
            # Of a partition that went away meanwhile, nothing is left to lose.
            if line.live:
                raise

    async def _recover(self, line: Line) -> None:
        loop, thread = asyncio.get_running_loop(), self._consumer().thread
        committed = await thread.committed(line.tp)
        opening = loop.run_in_executor(self._recovery, line.stage.open, line.tp, committed)
        try:
            engine = await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The partition went away meanwhile; its store must be closed before the next owner
            # in this process opens it, and recovery has one thread, so it is closed there.
            opening.add_done_callback(_close_opened)
            raise
        # Known from here on, so that whoever takes the partition away closes it.
        line.engine = engine
        await thread.position_at(line.tp, engine.next_offset)
        line.ready = True
        # What recovery found done, or a new group's explicit 0, is what the group shall say.
        self._commit_later(line, engine)
        self._rounds[line.tp.topic].add(line)

    def _taken(self, line: Line, engine: Engine, decided: Decided) -> None:
        # (4) Commit, with the group's generation.
        self._commit_later(line, engine)
        self._count(line, decided)

    async def _seek(self, tp: TP, offset: int) -> None:
        await self._consumer().thread.position_at(tp, offset)

    def _commit_later(self, line: Line, engine: Engine) -> None:
        self._commits[line.tp] = engine
        if line.live and (self._committer is None or self._committer.done()):
            self._committer = self._start(self._commit_soon())

    async def _commit_soon(self) -> None:
        # Until nothing is left: what arrives during a commit must not wait for the next chunk.
        while self._commits:
            await asyncio.sleep(COMMIT_EVERY_S)
            if not await self._commit():
                await asyncio.sleep(COMMIT_AGAIN_S)
            busy = any(rounds.at_work for rounds in self._rounds.values())
            if not busy and not any(line.unacknowledged for line in self._lines.values()):
                heap.tidy()

    async def _commit(self) -> bool:
        engines, self._commits = self._commits, {}
        done = {tp: engine.done for tp, engine in engines.items()}
        if not done or await self._consumer().thread.commit_positions(done):
            return True
        for tp, engine in engines.items():
            if tp in self._lines:  # still ours: say it again
                self._commits.setdefault(tp, engine)
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

    def _count(self, line: Line, decided: Decided) -> None:
        stage = line.stage.name
        shown = line.shown or metrics.Shown(stage, str(line.tp.partition))
        line.shown = shown
        shown.records_in.inc(decided.taken)
        shown.records_out.inc(len(decided.outgoing) - len(decided.dead))
        for reason in decided.dead:
            metrics.DEAD_LETTERS.labels(stage, reason.value).inc()
        shown.log_time.set(decided.at)
        if line.live and (end := self._consumer().highwater(line.tp)) is not None:
            shown.lag.set(end - decided.applied - 1)

    async def close(self) -> None:
        """Finish what is open and give the partitions up."""
        await self.revoked(set(self._lines))
        self._recovery.shutdown(wait=True)
        for rounds in set(self._rounds.values()):
            rounds.close()


def _close_opened(opening: asyncio.Future[Engine]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
