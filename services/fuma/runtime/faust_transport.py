"""Faust's Kafka transport, handing an agent one message for all that a fetch brought of a topic.

Stock Faust makes four asyncio tasks for every record; a list of chunks of raw records, each of one
partition, costs them once (DESIGN.md, how a stage runs, 1). Registered under the URL scheme
``fuma://``. What else differs:

* Positions belong to the host. Faust's committer, its gaps and its acks do nothing here; a fetch
  starts where the host sought, and the host commits, with the group's generation.
* A partition is fetched only while the host says that it is ready: recovered, and not behind.
* ``auto.offset.reset`` is none. No offset, or one out of range, is a failure, never a jump.
* A failure while fetching reaches the host, which ends the process; it is never only logged.
* There is no producer: Faust's is not idempotent. The host appends by itself (``kafka.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from faust.transport import drivers
from faust.transport.drivers import aiokafka as stock
from faust.types import TP, ConsumerMessage

from fuma.runtime.faust_thread import FETCH_WAIT_S, ConsumerThread
from fuma.runtime.records import LogRecord


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one partition, and the assignment that they were fetched under."""

    tp: TP
    epoch: int
    records: Sequence[LogRecord]

    @property
    def first(self) -> int:
        return self.records[0].offset


class ChunkHost(Protocol):
    """What the transport asks of the host. All calls on the main thread."""

    chunk_records: int
    chunk_bytes: int

    @property
    def epoch(self) -> int:
        """Changes with every assignment and every revocation."""
        ...

    def ready(self, tp: TP) -> bool: ...

    def resting(self) -> set[TP]:
        """What is not to be fetched now, so that it comes in larger chunks."""
        ...

    async def assigned(self, tps: set[TP]) -> None: ...

    async def revoked(self, tps: set[TP]) -> None:
        """Finish or abandon what is in flight; nothing of these partitions is written after."""
        ...

    def failed(self, error: BaseException) -> None: ...


def split(records: Sequence[LogRecord], limit: int) -> list[Sequence[LogRecord]]:
    """Cut into runs of at most ``limit`` bytes of value; a larger record stands alone."""
    runs: list[Sequence[LogRecord]] = []
    start = size = 0
    for index, record in enumerate(records):
        length = len(record.value or b"")
        if size and size + length > limit:
            runs.append(records[start:index])
            start, size = index, 0
        size += length
    runs.append(records[start:])
    return runs


class Consumer(stock.Consumer):
    """Yields chunks; takes every position from the host."""

    _thread: ConsumerThread

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def host(self) -> ChunkHost:
        return cast(ChunkHost, cast(Any, self.app).chunk_host)

    @property
    def thread(self) -> ConsumerThread:
        return self._thread

    # --- positions: all of Faust's own bookkeeping is off -------------------------------------

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        return False

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        return False

    async def perform_seek(self) -> None:
        """The host seeks each partition once it is recovered."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return {}

    def ack(self, message: Any) -> bool:
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    # --- assignment -----------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        try:
            await self.host.revoked(set(revoked))
        except Exception as error:
            self.host.failed(error)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        await super().on_partitions_assigned(assigned, generation_id)
        try:
            await self.host.assigned(set(assigned))
        except Exception as error:
            self.host.failed(error)

    # --- chunks -----------------------------------------------------------------------------------

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        host = self.host
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        epoch, generation = host.epoch, self.app.consumer_generation_id
        ready = [tp for tp in self._get_active_partitions() if host.ready(tp)]
        if not ready:
            await self.sleep(FETCH_WAIT_S / 10)
            return
        found = await self._thread.call_thread(
            self._thread.fetch, ready, host.resting(), host.chunk_records
        )
        by_topic: dict[str, list[Chunk]] = {}
        for tp, records in found.items():
            chunks = by_topic.setdefault(tp.topic, [])
            chunks += (Chunk(tp, epoch, run) for run in split(records, host.chunk_bytes))
        for chunks in by_topic.values():
            # A new assignment seeks anew: what was fetched under the old one is dropped.
            if self.should_stop or not self.flow_active or host.epoch != epoch:
                return
            tp = chunks[0].tp
            yield tp, self._to_message(tp, chunks, generation)

    def _to_message(self, tp: TP, record: Any, generation: int | None = None) -> ConsumerMessage:
        first, last = record[0], record[-1].records[-1]
        return ConsumerMessage(
            tp.topic, tp.partition, first.first, last.timestamp / 1000.0, 1,
            None, None, record, None, 0, 0, tp, generation_id=generation,
        )  # fmt: skip

    async def _drain_messages(self, fetcher: Any) -> None:
        callback = self.callback
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for _, message in self.getmany(timeout=1.0):
                    await self.wait_first(callback(message), cast(Any, self.suspend_flow))
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            raise
        except self.consumer_stopped_errors as error:
            if not self.app.should_stop:
                self.host.failed(error)
        except Exception as error:
            self.host.failed(error)
            raise


class Producer(stock.Producer):
    """Nothing is ever sent through Faust; its producer does not even connect."""

    async def on_start(self) -> None:
        """Do not connect."""

    async def on_stop(self) -> None:
        """Nothing to disconnect."""

    async def flush(self) -> None:
        """Nothing is buffered."""

    async def send(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("records are appended by the host, never by Faust's producer")


class Transport(stock.Transport):
    """The transport behind ``fuma://host:port``."""

    Consumer = Consumer
    Producer = Producer


def register() -> None:
    """Make ``fuma://`` known in this process; an installed package needs no call (entry point)."""
    drivers.TRANSPORTS.aliases["fuma"] = f"{__name__}:Transport"
