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
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from aiokafka.structs import TopicPartition as KafkaTP
from faust.transport import drivers
from faust.transport.drivers import aiokafka as stock
from faust.types import TP, ConsumerMessage

from fuma.runtime.fetch_sessions import FetchSessions
from fuma.runtime.host_types import Raw
from fuma.runtime.marks import Committed

#: A fetch that finds nothing waits this long for something; a partition that becomes ready
#: meanwhile is looked at after it at the latest.
FETCH_WAIT_S = 0.1
#: How long the broker holds a fetch request that finds nothing.
FETCH_WAIT_MS = 100
FETCH_BYTES = 512 * 1024
#: And all partitions together: what is buffered does not grow with their number.
FETCH_ALL_BYTES = 8 << 20
#: A worker that is silent for this long has lost its partitions.
SESSION_MS = 10_000
REBALANCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one partition, and the assignment that they were fetched under."""

    tp: TP
    epoch: int
    records: Sequence[Raw]

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


def split(records: Sequence[Raw], limit: int) -> list[Sequence[Raw]]:
    """Cut into runs of at most ``limit`` bytes of value; a larger record stands alone."""
    runs: list[Sequence[Raw]] = []
    start = size = 0
    for index, record in enumerate(records):
        length = len(record.value or b"")
        if size and size + length > limit:
            runs.append(records[start:index])
            start, size = index, 0
        size += length
    runs.append(records[start:])
    return runs


class ConsumerThread(stock.AIOKafkaConsumerThread):
    """The aiokafka consumer's own thread, with calls that never wait behind a fetch."""

    _resting = False

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        conf = self.app.conf
        settings = stock.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context)
        return AIOKafkaConsumer(
            **settings,
            bootstrap_servers=stock.server_list(transport.url, transport.default_port),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            # A worker that comes back within the session timeout gets its partitions at once.
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
            auto_offset_reset="none",
            enable_auto_commit=False,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 5,
            rebalance_timeout_ms=REBALANCE_MS,
            max_poll_interval_ms=1 << 30,  # a partition may wait for the law for days
            # A partition whose records were still buffered joins the next request only.
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_ALL_BYTES,
            check_crcs=True,
        )

    async def fetch(self, ready: Sequence[TP], resting: set[TP], limit: int) -> dict[TP, list[Raw]]:
        """At most ``limit`` records of each ready partition, else nothing after a short wait."""
        fetcher = self._ensure_consumer()._fetcher
        if not isinstance(fetcher._client, FetchSessions):
            fetcher._client = FetchSessions(fetcher._client)
        self._rest(resting)
        self._pass_over(ready)
        found = await self._buffered(ready, limit)
        if not found:
            waiter = fetcher._create_fetch_waiter()
            done, _ = await asyncio.wait([waiter], timeout=FETCH_WAIT_S)
            if done:
                waiter.result()  # an authorization failure, if there is one
                found = await self._buffered(ready, limit)
            else:
                waiter.cancel()
        return found

    async def _buffered(self, ready: Iterable[TP], limit: int) -> dict[TP, list[Raw]]:
        fetcher = self._ensure_consumer()._fetcher
        found: dict[TP, list[Raw]] = {}
        for tp in ready:
            if KafkaTP(*tp) not in fetcher._records:
                continue
            # Checked before every call, with nothing awaited between: inside, aiokafka would wait
            # for the next assignment, which waits for this queue.
            if fetcher._subscriptions.reassignment_in_progress:
                return {}
            with fetcher._subscriptions.fetch_context():
                got = await fetcher.fetched_records([KafkaTP(*tp)], timeout=0, max_records=limit)
            for records in got.values():
                found[tp] = records
        return found

    def _pass_over(self, ready: Sequence[TP]) -> None:
        """Let the next request go without the partitions that are not ready.

        aiokafka asks again only once all that came is taken, so that one request asks for every
        partition, or after a tenth of a second: what we do not take must not hold up the others.
        """
        fetcher = self._ensure_consumer()._fetcher
        wanted = set(map(tuple, ready))
        late = [one for tp, one in fetcher._records.items() if tp not in wanted and one._backoff]
        for one in late:
            one._backoff = 0
        if late:
            fetcher._notify(fetcher._wait_consume_future)

    def _rest(self, resting: set[TP]) -> None:
        """Leave these out of the next fetches, and no others."""
        consumer = self._ensure_consumer()
        if not resting and not self._resting:
            return
        mine = consumer.assignment()
        wanted = {KafkaTP(*tp) for tp in resting} & mine
        paused = consumer.paused()
        if more := wanted - paused:
            consumer.pause(*more)
        if fewer := paused - wanted:
            consumer.resume(*fewer)
        self._resting = bool(wanted)

    async def call(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Run ``work`` in the consumer's thread, past Faust's method queue."""

        async def run() -> Any:
            return await work()

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run(), self.thread_loop))

    async def committed(self, tp: TP) -> Committed | None:
        """The group's position with its mark, or ``None`` where there never was one."""
        coordinator = self._ensure_consumer()._coordinator  # its public method drops the mark
        here = KafkaTP(*tp)
        found = (await self.call(lambda: coordinator.fetch_committed_offsets([here]))).get(here)
        if found is None or found.offset < 0:
            return None
        return Committed(int(found.offset), found.metadata or "")

    async def rejoin(self) -> None:
        """Join the group again; if this process leads it, all partitions are shared out anew."""
        coordinator, client = self._ensure_consumer()._coordinator, self._ensure_consumer()._client

        async def ask() -> None:
            await client.force_metadata_update()
            coordinator.request_rejoin()

        await self.call(ask)

    async def position_at(self, tp: TP, offset: int) -> None:
        """Fetch from ``offset`` on; what was fetched before is forgotten."""
        consumer = self._ensure_consumer()

        async def seek() -> None:
            if KafkaTP(*tp) in consumer.assignment():
                consumer.seek(KafkaTP(*tp), offset)

        await self.call(seek)

    async def commit_positions(self, offsets: Mapping[TP, Committed]) -> bool:
        """Commit with the group's generation. ``False`` where it was refused or not possible."""
        consumer = self._ensure_consumer()

        async def commit() -> bool:
            mine = consumer.assignment()
            wanted = {
                KafkaTP(*tp): OffsetAndMetadata(done.offset, done.mark)
                for tp, done in offsets.items()
                if KafkaTP(*tp) in mine
            }
            if wanted:
                await consumer.commit(wanted)
            return True

        try:
            return bool(await self.call(commit))
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            # Harmless: the store (or the redelivery) decides where to go on, not this number.
            self.log.warning("positions not committed: %r", error)
            return False

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock detector looks at acks and commits, which are not ours."""


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
