"""The aiokafka consumer's own thread: fetches, seeks and commits for the host."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from aiokafka.structs import TopicPartition as KafkaTP
from faust.transport.drivers import aiokafka as stock
from faust.types import TP

from fuma.runtime import fetch_actions, fetched_records
from fuma.runtime.commit_metadata import read_any_metadata
from fuma.runtime.faust_assignor import DeclaredAssignor
from fuma.runtime.fetch_sessions import FetchSessions
from fuma.runtime.marks import Committed
from fuma.runtime.records import LogRecord

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

read_any_metadata()


class ConsumerThread(stock.AIOKafkaConsumerThread):
    """The aiokafka consumer's own thread, with calls that never wait behind a fetch."""

    _resting = False

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        fetch_actions.install()
        fetched_records.install()
        conf = self.app.conf
        settings = stock.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context)
        return AIOKafkaConsumer(
            **settings,
            bootstrap_servers=stock.server_list(transport.url, transport.default_port),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            # A worker that comes back within the session timeout gets its partitions at once.
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=(DeclaredAssignor,),
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

    async def fetch(
        self, ready: Sequence[TP], resting: set[TP], limit: int
    ) -> dict[TP, list[LogRecord]]:
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

    async def _buffered(self, ready: Sequence[TP], limit: int) -> dict[TP, list[LogRecord]]:
        fetcher = self._ensure_consumer()._fetcher
        found: dict[TP, list[LogRecord]] = {}
        for tp in [tp for tp in ready if tp in fetcher._records]:
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
        late = [one for tp, one in fetcher._records.items() if one._backoff and tp not in ready]
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
