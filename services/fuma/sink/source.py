"""The ledger as the sink reads it: every partition, from offsets of its own, without a group."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from confluent_kafka import Consumer, TopicPartition

from fuma.contracts.topics import DECISIONS
from fuma.runtime.kafka_poll import InOrder, fetching
from fuma.runtime.ports import LogRecord

log = logging.getLogger("fuma.sink")


class Source(Protocol):
    """Where records come from; each partition's in order, without a gap."""

    def start(self, offsets: Mapping[int, int]) -> None: ...

    def poll(self, size: int, seconds: float) -> list[LogRecord]: ...

    def ends(self) -> dict[int, int]:
        """The offset after the last record that is known of, where any is."""
        ...

    def close(self) -> None: ...


class KafkaSource:
    """``Source`` over a consumer with manual assignment."""

    def __init__(self, config: Mapping[str, str], user: str) -> None:
        self._consumer = Consumer(
            {
                **config,
                "group.id": f"fuma.{user}",  # only a name: nothing is committed, nobody joins
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                **fetching(250, 32_768),
                "check.crcs": True,
                "logger": log,
            }
        )

        self._order = InOrder(config, self._consumer, "records are gone that were not applied")

    def start(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets, by partition."""
        for partition, offset in offsets.items():
            self._order.start(DECISIONS, partition, offset)
        self._consumer.assign([TopicPartition(DECISIONS, p, o) for p, o in offsets.items()])

    def poll(self, size: int, seconds: float) -> list[LogRecord]:
        """What is there, about ``size`` at most. Raises ``Fatal`` where records are gone."""
        messages = self._consumer.consume(1, timeout=seconds)
        if messages and size > 1:  # and what else is here by now, of any partition
            messages += self._consumer.consume(size - 1, timeout=0)
        return self._order.records(messages)

    def ends(self) -> dict[int, int]:
        """As the last fetches said; the broker is not asked."""
        found = {}
        for place in self._consumer.assignment():
            _, end = self._consumer.get_watermark_offsets(place, cached=True)
            if end >= 0:
                found[place.partition] = end
        return found

    def close(self) -> None:
        self._consumer.close()
