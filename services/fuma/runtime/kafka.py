"""Kafka by confluent-kafka: appending durably, and reading by offset without a group."""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from fuma.contracts.errors import Fatal
from fuma.runtime.hand_fetch import fetch_by_hand
from fuma.runtime.kafka_poll import UNREAD, fetching
from fuma.runtime.kafka_records import GONE, Batch, Lane, check_sizes, record_of
from fuma.runtime.ports import Bounds, LogRecord, Outgoing

log = logging.getLogger(__name__)
#: No acknowledgement for this long ends the process: the broker is gone, or we are cut off.
STALL_S = 120.0
_TIMEOUT_S = 30.0
_NEW_TOPIC_S = 5.0
_NOT_YET = (
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,  # what a broker says that has only just started
)


class KafkaAppender:
    """``ports.Appender``: idempotent, ``acks=all``, and never past a failure."""

    def __init__(self, config: Mapping[str, str], *, stall_s: float = STALL_S) -> None:
        """``config``: connection settings (bootstrap servers, SASL)."""
        self._stall_s = stall_s
        self._producer = Producer(
            {
                **config,
                "enable.idempotence": True,
                "acks": "all",
                # A record is never given up; the stall limit ends the process instead.
                "message.timeout.ms": 0,
                # If one fails for good all the same, everything behind it fails too.
                "enable.gapless.guarantee": True,
                # A chunk is handed over whole: nothing more is coming that it could wait for.
                "linger.ms": 1,
                "compression.type": "lz4",
                "queue.buffering.max.messages": 1_000_000,
                "queue.buffering.max.kbytes": 262_144,
                # Errors only: it warns of the line above about gaps, and of every slow start.
                "log_level": 3,
                "logger": log,
            }
        )
        self._lane = Lane(self._producer.produce, self._fail)
        self._closing = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="appender", daemon=True)
        self._poller.start()

    def _poll(self) -> None:
        while not self._closing.is_set():
            try:
                self._producer.poll(0.1)
            except KafkaException as error:
                # What is under way fails by its own callbacks, which need this thread.
                self._fail(f"records were refused: {error}")

    def submit(self, records: Sequence[Outgoing]) -> Future[list[int]]:
        check_sizes(records)
        batch, deadline = Batch(len(records), self._fail), 0.0
        handed = self._lane.hand(batch, records, 0)
        while handed < len(records):
            # The poll thread makes room as acknowledgements come in.
            deadline = deadline or time.monotonic() + self._stall_s
            if time.monotonic() > deadline:
                raise self._fail("nothing was acknowledged for too long")
            time.sleep(0.005)
            handed = self._lane.hand(batch, records, handed)
        return batch.future

    def _fail(self, what: str) -> Fatal:
        """Send nothing any more."""
        failure = self._lane.failure
        if failure is None:
            failure = self._lane.failure = Fatal(what, GONE)
            self._producer.purge(in_queue=True, in_flight=False, blocking=False)
        return failure

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        try:
            return self.submit(records).result(self._stall_s)
        except FutureTimeout:
            raise self._fail("nothing was acknowledged for too long") from None

    def close(self) -> None:
        """Stop. Whoever did not wait for an acknowledgement does not get one."""
        if self._lane.failure is None:
            self._producer.flush(_TIMEOUT_S)
        self._closing.set()
        self._poller.join()


class KafkaLogReader:
    """``ports.LogReader``. One thread at a time."""

    def __init__(self, config: Mapping[str, str]) -> None:
        """``config``: connection settings (bootstrap servers, SASL)."""
        self._config = config
        # What fails is raised; left alone, it would write to stderr by itself.
        self._admin = AdminClient({**config, "log_level": 0})
        self._consumer = Consumer(
            {
                **config,
                # Only a name that librdkafka wants: nothing is committed and nobody joins.
                "group.id": f"fuma.{config.get('sasl.username', 'anyone')}.reader",
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                **fetching(5, 16_384),
                "check.crcs": True,
                "logger": log,
            }
        )

    def topic_id(self, topic: str) -> bytes:
        futures = self._admin.describe_topics(TopicCollection([topic]), request_timeout=_TIMEOUT_S)
        try:
            found = futures[topic].result(_TIMEOUT_S)
        except FutureTimeout as error:
            raise Fatal(f"{topic}: the broker does not answer", GONE) from error
        except KafkaException as error:
            raise Fatal(f"{topic}: {error}", "`fuma topics apply` creates the topics") from error
        uuid = found.topic_id
        # Two signed halves, as Kafka prints them.
        return struct.pack(
            ">qq", uuid.get_most_significant_bits(), uuid.get_least_significant_bits()
        )

    def partitions(self, topic: str) -> int:
        try:
            found = self._consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic]
        except KafkaException as error:
            raise Fatal(f"{topic}: {error}", GONE) from error
        if found.error is not None:
            raise Fatal(f"{topic}: {found.error}", "`fuma topics apply` creates the topics")
        return len(found.partitions)

    def bounds(self, topic: str, partition: int) -> Bounds:
        deadline = time.monotonic() + _NEW_TOPIC_S
        while True:
            try:
                start, end = self._consumer.get_watermark_offsets(
                    TopicPartition(topic, partition), timeout=_TIMEOUT_S, cached=False
                )
                return Bounds(start, end)
            except KafkaException as error:
                # a topic that was created a moment ago has no leader yet
                unknown = error.args[0].code() in _NOT_YET
                if not unknown or time.monotonic() > deadline:
                    raise Fatal(f"{topic}/{partition}: {error}", GONE) from error
                time.sleep(0.05)
                self._ask_anew(topic)

    def _ask_anew(self, topic: str) -> None:
        try:
            self._consumer.list_topics(topic, timeout=_TIMEOUT_S)
        except KafkaException as error:
            raise Fatal(f"{topic}: {error}", GONE) from error

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        if start >= end:
            return
        self._consumer.assign([TopicPartition(topic, partition, start)])
        quiet = time.monotonic()
        try:
            while start < end:
                # Never more than there is: librdkafka waits until it has as many.
                messages = self._consumer.consume(min(1_000, end - start), timeout=0.5)
                if messages:
                    quiet = time.monotonic()
                elif time.monotonic() - quiet > _TIMEOUT_S:
                    raise Fatal(f"{topic}/{partition}: nothing to read at {start}", GONE)
                for message in messages:
                    ended = self._ends(message, topic, partition)
                    if (message.topic(), message.partition()) != (topic, partition):
                        continue
                    error = message.error()
                    if error is not None and not ended and error.code() not in UNREAD:
                        continue
                    follows = error is None and message.offset() == start
                    record = record_of(message) if follows else None
                    if record is not None:
                        yield record
                        start += 1
                        if start >= end:
                            return
                        continue
                    # librdkafka cannot tell what stands there (``kafka_poll.InOrder``).
                    found, behind = fetch_by_hand(self._config, topic, partition, start)
                    yield from [one for one in found if one.offset < end]
                    if behind == start:
                        return
                    start = behind
                    self._consumer.assign([TopicPartition(topic, partition, start)])
                    break
        finally:
            self._consumer.unassign()

    def exact(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        found, _ = fetch_by_hand(self._config, topic, partition, offset, exact=True)
        return found[0] if found and found[0].offset == offset else None

    def _ends(self, message: Any, topic: str, partition: int) -> bool:
        error = message.error()
        if error is None:
            return False
        if error.code() == KafkaError._PARTITION_EOF:
            return (message.topic(), message.partition()) == (topic, partition)
        if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED or error.retriable():
            return False  # no group is used
        if error.code() in UNREAD:
            return False  # it is read by hand
        raise Fatal(f"{topic}/{partition}: {error}", GONE)

    def close(self) -> None:
        self._consumer.close()
