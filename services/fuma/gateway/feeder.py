"""The gateway's consumer group: assignment, polling, commits."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from fuma.contracts.errors import Fatal, FumaError
from fuma.gateway.doors import Doors
from fuma.runtime.kafka_poll import InOrder, consume_ready, fetching
from fuma.runtime.ports import LogRecord
from fuma.runtime.positions import read_committed

log = logging.getLogger("fuma.gateway")
GROUP = "fuma.gateway"
#: A consumer that says nothing for so long is out of the group: publishing a large batch is slow.
_MAX_POLL_MS = 900_000
#: Each commit is a record on the broker, and says little more than the one before.
_COMMIT_S = 0.2


def _committed(error: Any, partitions: Any) -> None:
    if error is not None:
        log.warning("not committed: %s", error)


class Feeder:
    """The consumer group's side: assignment, polling, commits."""

    def __init__(self, config: dict[str, str], doors: Doors) -> None:
        self._config = config
        self._doors = doors
        self._failure: Exception | None = None
        self._handled: dict[tuple[str, int], LogRecord] = {}  # the last of each, not yet committed
        self._committed = 0.0  # when, by the monotonic clock
        self._last: list[TopicPartition] = []  # what was committed last
        self._consumer = Consumer(
            {
                **config,
                "group.id": GROUP,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "session.timeout.ms": 10_000,
                "heartbeat.interval.ms": 2_000,
                "max.poll.interval.ms": _MAX_POLL_MS,
                **fetching(250, 8_192),
                "check.crcs": True,
                "on_commit": _committed,
                "logger": log,
            }
        )
        self._order = InOrder(config, self._consumer, "rows are gone that were not read")
        self._consumer.subscribe(doors.topics(), on_assign=self._assign, on_revoke=self._revoke)

    def _assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        try:
            known = read_committed(
                self._config, GROUP, [(one.topic, one.partition) for one in partitions]
            )
            for one in partitions:
                place = one.topic, one.partition
                one.offset = self._doors.assigned(*place, known[place])
                self._order.start(*place, one.offset)
            consumer.assign(partitions)
        except (FumaError, KafkaException) as error:
            self._failure = error  # a callback's exception would be swallowed

    def _revoke(self, _: Any, partitions: list[TopicPartition]) -> None:
        try:
            self.commit(wait=True)
        except FumaError as error:
            self._failure = error
        gone = {(one.topic, one.partition) for one in partitions}
        # Another worker says from now on how far they are done.
        self._last = [one for one in self._last if (one.topic, one.partition) not in gone]
        for topic, partition in gone:
            self._order.stop(topic, partition)
            self._doors.revoked(topic, partition)

    def chunk(self, size: int) -> list[LogRecord]:
        """About ``size`` records that are there, in the order of each partition."""
        messages = consume_ready(self._consumer, size, 0.25)
        if self._failure is not None:
            raise Fatal(f"taking over partitions failed: {self._failure}") from self._failure
        return self._order.records(messages)

    def handled(self, records: Sequence[LogRecord]) -> None:
        """``records`` are done but for their answers' acknowledgement."""
        self._handled.update(((raw.topic, raw.partition), raw) for raw in records)

    def commit(self, *, idle: bool = False, wait: bool = False) -> None:
        """End the last chunk, and (6) commit what was handled, some times a second at most.

        A crash before it: what was handled comes again. The next chunk does not wait for the
        broker's answer.
        """
        self._doors.settle()
        now = time.monotonic()
        if not self._handled or not (idle or wait or now - self._committed > _COMMIT_S):
            return
        self._committed = now
        self._last = [
            TopicPartition(topic, partition, done.offset, metadata=done.mark)
            for (topic, partition), done in self._doors.committed([*self._handled.values()]).items()
        ]
        self._handled.clear()
        self._commit(wait=wait)

    def _commit(self, *, wait: bool) -> None:
        try:
            if wait:
                self._consumer.commit(offsets=self._last, asynchronous=False)
            else:
                self._consumer.commit(offsets=self._last, asynchronous=True)
        except KafkaException as error:
            # The group moved on without us: whoever has the partition now does the chunk again.
            log.warning("not committed: %s", error)

    def close(self) -> None:
        try:
            self.commit(idle=True)
        except FumaError as error:  # whoever starts next does the chunk again
            log.warning("not finished: %s", error)
        if self._last:
            self._commit(wait=True)  # and behind it, in order, whatever is under way
        self._consumer.close()
