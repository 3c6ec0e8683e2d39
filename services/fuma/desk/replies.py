"""What officers read back: ``fuma.replies``, by the id of a key."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from fuma.contracts.errors import Fatal, Poison, Retryable
from fuma.contracts.replies import Reply, decode_reply
from fuma.contracts.topics import REPLIES, partition_for, spec
from fuma.domain.time import Ms
from fuma.runtime.kafka_poll import fetching

_TIMEOUT_S = 30.0


class ReplyReader:
    """Follows the partitions on which some keys are answered."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self._fatal: KafkaError | None = None
        self._partitions: set[int] = set()
        self._keys: set[str] = set()
        self._count = spec(REPLIES).partitions
        self._consumer = Consumer(
            {
                **config,
                "group.id": "fuma.officer.replies",  # a name only: nothing is committed
                "auto.offset.reset": "earliest",
                **fetching(20, 4_096),
                "error_cb": self._error,
                "log_level": 0,
            }
        )

    def _error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError.TOPIC_AUTHORIZATION_FAILED):
            self._fatal = error

    def follow(self, key: str, since: Ms | None = None) -> None:
        """Hear replies to ``key`` from now on, or from the broker's time ``since`` on."""
        self._keys.add(key)
        partition = partition_for(key.encode(), self._count)
        if partition in self._partitions:
            return
        self._partitions.add(partition)
        self._consumer.incremental_assign([self._from(partition, since)])

    def _from(self, partition: int, since: Ms | None) -> TopicPartition:
        deadline = time.monotonic() + _TIMEOUT_S
        where = TopicPartition(REPLIES, partition)
        while True:
            try:
                low, end = self._consumer.get_watermark_offsets(where, timeout=5, cached=False)
                if since is None:
                    return TopicPartition(REPLIES, partition, max(end, 0))
                if since <= 0:
                    return TopicPartition(REPLIES, partition, max(low, 0))
                asked = [TopicPartition(REPLIES, partition, since)]
                (found,) = self._consumer.offsets_for_times(asked, timeout=5)
                return TopicPartition(
                    REPLIES, partition, found.offset if found.offset >= 0 else max(end, 0)
                )
            except Exception as error:
                if self._fatal is not None or time.monotonic() > deadline:
                    reason = self._fatal.str() if self._fatal else str(error)
                    raise Retryable(f"{REPLIES} cannot be read: {reason}") from error

    def poll(self, timeout: float) -> list[Reply]:
        """Replies to the keys that have come, waiting ``timeout`` seconds for a first one."""
        found: list[Reply] = []
        for message in self._consumer.consume(1, timeout) + self._consumer.consume(200, 0.005):
            error = message.error()
            if error is not None:
                if error.fatal() or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    raise Fatal(f"{REPLIES}: {error.str()}")
                continue
            try:
                reply = decode_reply(message.value())
            except Poison:
                continue  # not the platform's: it writes no such thing
            if reply.key in self._keys:
                found.append(reply)
        if self._fatal is not None:
            raise Fatal(f"{REPLIES}: {self._fatal.str()}")
        return found

    def history(self, timeout: float = 10.0) -> list[Reply]:
        """Everything that stands now, where ``follow`` was given a beginning."""
        ends = {}
        for partition in self._partitions:
            where = TopicPartition(REPLIES, partition)
            ends[partition] = self._consumer.get_watermark_offsets(where, timeout=timeout)[1]
        found: list[Reply] = []
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found += self.poll(0.1)
            at: Any = self._consumer.position(
                [TopicPartition(REPLIES, partition) for partition in self._partitions]
            )
            if all(p.offset >= ends[p.partition] or not ends[p.partition] for p in at):
                break
        return found

    def close(self) -> None:
        self._consumer.close()
