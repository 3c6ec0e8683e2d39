"""The ledger as the sink reads it: every partition, from offsets of its own, without a group."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, TopicPartition

from fuma.contracts.errors import Fatal
from fuma.contracts.topics import DECISIONS
from fuma.runtime.kafka import consume_ready
from fuma.runtime.ports import LogRecord

log = logging.getLogger("fuma.sink")


class Source(Protocol):
    """Where records come from; each partition's in order, without a gap."""

    def start(self, offsets: Mapping[int, int]) -> None: ...

    def poll(self, size: int, seconds: float) -> list[LogRecord]: ...

    def close(self) -> None: ...


class KafkaSource:
    """``Source`` over a consumer with manual assignment."""

    def __init__(self, config: Mapping[str, str], user: str) -> None:
        self._consumer = Consumer(
            {
                **config,
                "group.id": f"fuma.{user}",  # only a name: nothing is committed, nobody joins
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 20,
                "queued.max.messages.kbytes": 32_768,
                "check.crcs": True,
                "logger": log,
            }
        )

    def start(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets, by partition."""
        self._consumer.assign([TopicPartition(DECISIONS, p, o) for p, o in offsets.items()])

    def poll(self, size: int, seconds: float) -> list[LogRecord]:
        """What is there, at most ``size``. Raises ``Fatal`` where records are gone."""
        records = []
        for message in consume_ready(self._consumer, size, seconds):
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._AUTO_OFFSET_RESET:
                    raise Fatal(f"{DECISIONS}: records are gone that were not applied: {error}")
                if error.fatal():
                    raise Fatal(str(error), "the process starts again by itself")
                log.warning("kafka: %s", error)
                continue
            found: Any = message
            headers = tuple((n, v or b"") for n, v in found.headers() or ())
            records.append(
                LogRecord(
                    found.topic(), found.partition(), found.offset(), found.timestamp()[1],
                    found.key(), found.value(), headers,
                )
            )  # fmt: skip
        return records

    def close(self) -> None:
        self._consumer.close()
