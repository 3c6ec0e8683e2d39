"""Appending a round as one request: what one submit has for many partitions goes together.

librdkafka sends a request for each partition (it batches by partition and broker thread), and at a
trickle a round is a record or two on each of many: the requests are then most of what an append
costs, here and at the broker. So this speaks Kafka's protocol by itself, over aiokafka's
connections: format v2 (``record_batches.py``), one request under way after the other
(``round_wire.py``), on a thread with a loop of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.codec import lz4_encode
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from fuma.contracts.errors import Fatal
from fuma.runtime.kafka import STALL_S
from fuma.runtime.kafka_access import for_client
from fuma.runtime.kafka_records import GONE, Told, check_sizes
from fuma.runtime.ports import Outgoing
from fuma.runtime.record_batches import Part, Sequences, parted
from fuma.runtime.round_wire import Answer, Lost, Unsendable, Where, Wire

log = logging.getLogger(__name__)
#: An answer that takes longer is not waited for; the connection is made anew.
REQUEST_S = 30.0
#: A topic that nobody knows may have been created a moment ago; after so long it was not.
NEW_TOPIC_S = 5.0
#: So much may wait for its turn; then ``submit`` waits.
_ROOM_BYTES = 64 << 20
_ALL = -1
_AGAIN_S = 0.2
_CLOSE_S = 30.0


class Nodes:
    """``round_wire.Brokers`` over aiokafka's client."""

    def __init__(self, config: Mapping[str, str], *, request_s: float = REQUEST_S) -> None:
        """``config``: connection settings (bootstrap servers, SASL). On the loop it serves."""
        self._request_s = request_s
        self._missing: dict[Where, float] = {}  # since when, by the loop's clock
        self._told = True  # whether a broker answered when it was last asked who leads what
        self._connections: dict[int, Any] = {}
        self._client = AIOKafkaClient(
            client_id="fuma-appender",
            request_timeout_ms=int(request_s * 1_000),
            # A quiet connection costs nothing, and a new one a handshake.
            connections_max_idle_ms=None,
            **for_client(config),
        )

    async def begin(self) -> tuple[int, int]:
        """Connect; an idempotent producer's id and epoch. Tries until there is a broker.

        Raises ``Unsendable`` if it refuses us.
        """
        while True:
            try:
                if self._client.get_random_node() is None:
                    await self._client.bootstrap()
                node = self._client.get_random_node()
                answer = await self._client.send(node, InitProducerIdRequest(None, 0))
                if not answer.error_code:
                    return answer.producer_id, answer.producer_epoch
                error = for_code(answer.error_code)
                if not error.retriable:
                    raise Unsendable(f"no producer id: {error.__name__}")
            except (KafkaError, OSError, TimeoutError) as error:
                log.info("the broker is asked for a producer id again: %r", error)
            await asyncio.sleep(_AGAIN_S)

    async def leader(self, where: Where) -> int | None:
        topic, partition = where
        cluster = self._client.cluster
        node = cluster.leader_for_partition(TopicPartition(topic, partition))
        if node is None:
            self._told = await self._client.add_topic(topic) and self._told
            node = cluster.leader_for_partition(TopicPartition(topic, partition))
        if topic in cluster.unauthorized_topics:
            raise Unsendable(f"{topic}: no right to write there")
        if node is not None and node >= 0:
            self._missing.pop(where, None)
            return int(node)
        if not self._told:
            self._missing.pop(where, None)  # nobody says so
        elif partition not in (cluster.partitions_for_topic(topic) or ()):
            now = asyncio.get_running_loop().time()
            if now - self._missing.setdefault(where, now) > NEW_TOPIC_S:
                raise Unsendable(f"{topic}/{partition}: there is no such partition")
        return None

    async def reach(self, node: int) -> None:
        try:
            self._connections[node] = await self._client._get_conn(node)
        except KafkaError as error:
            raise Lost(repr(error)) from error
        if self._connections[node] is None:
            raise Lost(f"no connection to node {node}")

    def send(self, node: int, parts: Sequence[Part]) -> Awaitable[list[Answer]]:
        connection = self._connections[node]
        topics: dict[str, list[tuple[int, bytes]]] = {}
        for part in parts:
            topics.setdefault(part.topic, []).append((part.partition, part.batch))
        request = ProduceRequest(None, _ALL, int(self._request_s * 1_000), list(topics.items()))
        try:
            return _answer(connection, connection.send(request))
        except (KafkaError, OSError) as error:
            raise Lost(repr(error)) from error

    async def renew(self) -> None:
        self._told = await self._client.force_metadata_update()

    def name(self, code: int) -> str:
        return str(for_code(code).__name__)

    async def close(self) -> None:
        await self._client.close()


async def _answer(connection: Any, sent: Awaitable[Any]) -> list[Answer]:
    try:
        response = await sent
    except TimeoutError as error:
        connection.close(reason=CloseReason.CONNECTION_TIMEOUT)
        raise Lost("no answer in time") from error
    except (KafkaError, OSError) as error:
        raise Lost(repr(error)) from error
    return [
        (topic, part[0], part[1], part[2]) for topic, parts in response.topics for part in parts
    ]


def _packed(body: bytes) -> bytes:
    packed: bytes = lz4_encode(body, level=1)
    return packed


class RoundAppender:
    """``ports.Appender``: idempotent, ``acks=all``, and never past a failure."""

    def __init__(
        self, config: Mapping[str, str], *, stall_s: float = STALL_S, request_s: float = REQUEST_S
    ) -> None:
        """``config``: connection settings (bootstrap servers, SASL)."""
        self._config = config
        self._stall_s = stall_s
        self._request_s = request_s
        self._failure: Fatal | None = None
        self._nodes: Nodes | None = None
        self._wire: Wire | None = None
        self._early: list[Sequence[Part]] = []  # handed over before there was a producer id
        self._room = threading.Condition()
        self._unacknowledged = 0  # bytes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
        self._thread.start()

    # --- called in any thread -----------------------------------------------------------------

    def submit(self, records: Sequence[Outgoing]) -> Future[list[int]]:
        check_sizes(records)
        told = Told(len(records))
        parts = parted(records, told)
        size = sum([part.size for part in parts])
        with self._room:
            if not self._room.wait_for(self._has_room, self._stall_s):
                raise self._fail("nothing was acknowledged for too long")
            if self._failure is not None:
                raise self._failure
            self._unacknowledged += size
            self._loop.call_soon_threadsafe(self._put, parts)
        told.future.add_done_callback(lambda _: self._made_room(size))
        return told.future

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        try:
            return self.submit(records).result(self._stall_s)
        except FutureTimeout:
            raise self._fail("nothing was acknowledged for too long") from None

    def close(self) -> None:
        """Stop. Whoever did not wait for an acknowledgement does not get one."""
        with self._room:
            if self._failure is None:
                self._room.wait_for(lambda: not self._unacknowledged, _CLOSE_S)
                self._failure = Fatal("the appender is closed")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _has_room(self) -> bool:
        return self._failure is not None or self._unacknowledged < _ROOM_BYTES

    def _made_room(self, size: int) -> None:
        with self._room:
            self._unacknowledged -= size
            self._room.notify_all()

    def _fail(self, what: str) -> Fatal:
        """Send nothing any more."""
        if self._failure is None:
            self._failure = Fatal(what, GONE)
            self._loop.call_soon_threadsafe(self._tell, self._failure)
        return self._failure

    # --- called in the loop's -----------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = self._loop.create_task(self._serve())
        self._loop.run_forever()
        serving.cancel()
        self._loop.run_until_complete(asyncio.gather(serving, return_exceptions=True))
        self._loop.close()

    async def _serve(self) -> None:
        nodes = self._nodes = Nodes(self._config, request_s=self._request_s)
        try:
            sequences = Sequences(*await nodes.begin(), _packed, calc_crc32c)
            self._wire = Wire(nodes, sequences, _now)
            for parts in self._early:
                self._wire.put(parts)
            self._early.clear()
            await self._wire.run()
        except Exception as error:
            self._failure = self._failure or (
                error if isinstance(error, Fatal) else Unsendable(repr(error))
            )
            self._tell(self._failure)
        finally:
            await nodes.close()

    def _put(self, parts: Sequence[Part]) -> None:
        if self._failure is not None:
            for part in parts:
                part.told.failed(self._failure)
        elif self._wire is None:
            self._early.append(parts)
        else:
            self._wire.put(parts)

    def _tell(self, failure: Fatal) -> None:
        if self._wire is not None:
            self._wire.fail(failure)
        for parts in self._early:
            for part in parts:
                part.told.failed(failure)
        self._early.clear()


def _now() -> int:
    return time.time_ns() // 1_000_000
