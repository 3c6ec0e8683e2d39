"""Polling a confluent-kafka consumer for chunks: what is there, without waiting for more."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError

from fuma.contracts.errors import Fatal
from fuma.runtime.kafka_records import record_of
from fuma.runtime.ports import LogRecord

log = logging.getLogger(__name__)
#: How long a chunk that has begun waits for more of it.
_GATHER_S = 0.001


def fetching(wait_ms: int, most_kib: int) -> dict[str, Any]:
    """How a consumer fetches that commits nothing by itself: the broker holds a request that finds
    nothing for ``wait_ms``; ``most_kib`` are in hand, about, before it asks for no more."""
    return {
        "enable.auto.commit": False,
        "fetch.wait.max.ms": wait_ms,
        "queued.max.messages.kbytes": most_kib,
        # By itself it would ask for nothing for a second once so much is there.
        "fetch.queue.backoff.ms": 10,
    }


def consume_ready(consumer: Consumer, size: int, timeout_s: float) -> list[Any]:
    """Up to ``size`` messages: waits ``timeout_s`` for the first, then takes what is there.

    ``Consumer.consume`` waits its whole time-out for the last of ``size``, which at a trickle
    makes the time-out every record's delay.
    """
    first = consumer.consume(1, timeout=timeout_s)
    if not first or size <= 1:
        return list(first)
    return [*first, *consumer.consume(size - 1, timeout=_GATHER_S)]


def records_of(messages: Sequence[Any], gone: str) -> list[LogRecord]:
    """The records among ``messages``; a passing error is logged.

    Raises ``Fatal`` on a fatal one, and where records expired unread (``gone`` says so).
    """
    records = []
    for message in messages:
        error = message.error()
        if error is None:
            records.append(record_of(message))
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise Fatal(f"{message.topic()}: {gone}: {error}")
        elif error.fatal():
            raise Fatal(str(error), "the process starts again by itself")
        else:
            log.warning("kafka: %s", error)
    return records
