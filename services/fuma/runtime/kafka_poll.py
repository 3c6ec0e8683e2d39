"""Polling a confluent-kafka consumer for chunks: what is there, without waiting for more."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from fuma.contracts.errors import Fatal
from fuma.runtime.hand_fetch import PATIENCE_S, Unreachable, fetch_by_hand
from fuma.runtime.kafka_records import record_of
from fuma.runtime.ports import LogRecord

log = logging.getLogger(__name__)
#: How long a chunk that has begun waits for more of it.
_GATHER_S = 0.001
#: After so long without a message, twice, what stands at a partition's end is looked at.
_UNTOLD_S = 1.0
_AWAY_S = 10.0
#: What librdkafka says of a batch that it does not unpack (zstd by more than ``_ANSWER``) and would
#: fetch for ever.
UNREAD: Final = (KafkaError._BAD_COMPRESSION, KafkaError._BAD_MSG)
#: Bytes of an answer that it takes, and that it unpacks one zstd batch to.
_ANSWER: Final = 17 << 20
_Place = tuple[str, int]


def fetching(wait_ms: int, most_kib: int) -> dict[str, Any]:
    """How a consumer fetches that commits nothing by itself: the broker holds a request that finds
    nothing for ``wait_ms``; ``most_kib`` are in hand, about, before it asks for no more."""
    return {
        "enable.auto.commit": False,
        # Whoever writes in transactions holds nobody up, and an aborted record has a place too.
        "isolation.level": "read_uncommitted",
        "fetch.wait.max.ms": wait_ms,
        "fetch.max.bytes": _ANSWER - (1 << 20),
        "receive.message.max.bytes": _ANSWER,
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


class InOrder:
    """Each partition's records, none passed over: what librdkafka cannot tell is read by hand.

    That is where a message stands elsewhere than behind the one before, has a header whose name is
    no text, or comes in a batch that it cannot unpack. The broker's own batches say what there is;
    librdkafka goes on behind them. Where they leave a place out too, records are missing from the
    log.
    """

    def __init__(self, config: Mapping[str, str], consumer: Consumer, gone: str) -> None:
        """``config``: connection settings; ``gone``: what it means that records expired unread."""
        self._config = config
        self._consumer = consumer
        self._gone = gone
        self._next: dict[_Place, int] = {}
        self._quiet: dict[_Place, int] = {}  # partitions with something to come, when last looked
        self._looked = time.monotonic()

    def start(self, topic: str, partition: int, offset: int) -> None:
        """Its next record is the one at ``offset``."""
        self._next[topic, partition] = offset

    def stop(self, topic: str, partition: int) -> None:
        """Another worker has it now."""
        self._next.pop((topic, partition), None)

    def records(self, messages: Sequence[Any]) -> list[LogRecord]:
        """The records of ``messages``, and more where some were read by hand. Where there are
        none, what stands at a partition's end untold. An error that passes is logged.

        Raises ``Fatal`` on a fatal one, where records expired unread, and where one is missing.
        """
        if not messages:
            return self._untold()
        records: list[LogRecord] = []
        past: set[_Place] = set()  # partitions that are read by hand this time
        for message in messages:
            error = message.error()
            if error is not None and error.code() not in UNREAD:
                self._failed(message, error)
                continue
            place = message.topic(), message.partition()
            if place in past or place not in self._next:
                continue
            follows = error is None and message.offset() == self._next[place]
            record = record_of(message) if follows else None
            if record is not None:
                records.append(record)
                self._next[place] += 1
            else:
                records += self._by_hand(place, message.offset())
                past.add(place)
        return records

    def _untold(self) -> list[LogRecord]:
        """Of partitions that have stood for a while before their end: a marker comes last there."""
        now = time.monotonic()
        if now - self._looked < _UNTOLD_S:
            return []
        self._looked = now
        quiet, records = self._quiet, list[LogRecord]()
        self._quiet = {}
        for place, start in list(self._next.items()):
            found = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
            if found is None or found[1] <= start:
                continue
            if quiet.get(place) != start:
                self._quiet[place] = start
                continue
            try:
                records += self._by_hand(place, patience_s=0.0)
            except Unreachable as error:  # nothing came because the broker is away
                log.warning("kafka: %s", error)
                self._looked = now + _AWAY_S
                break
        return records

    def _failed(self, message: Any, error: Any) -> None:
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise Fatal(f"{message.topic()}: {self._gone}: {error}")
        if error.fatal():
            raise Fatal(str(error), "the process starts again by itself")
        log.warning("kafka: %s", error)

    def _by_hand(
        self, place: _Place, came: int | None = None, *, patience_s: float = PATIENCE_S
    ) -> list[LogRecord]:
        start = self._next[place]
        found, end = fetch_by_hand(self._config, *place, start, patience_s=patience_s)
        if end == start and came is None:
            return []  # a new leader may not know yet how far the log goes
        if [one.offset for one in found] != list(range(start, end)) or end == start:
            raise Fatal(
                f"{place[0]}/{place[1]}: offset {came} follows {start - 1}",
                "records are missing from the log: compare it with its backups",
            )
        self._next[place] = end
        try:
            self._consumer.seek(TopicPartition(*place, end))
        except KafkaException as error:  # it was revoked meanwhile; else this comes again
            log.warning("kafka: %s/%d: no seek to %d: %s", *place, end, error)
        return found
