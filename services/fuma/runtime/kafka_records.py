"""Records on their way into librdkafka and out of it: what is done for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from confluent_kafka import KafkaException

from fuma.contracts.errors import Fatal
from fuma.runtime.records import LogRecord, Outgoing

_Fail = Callable[[str], Fatal]


class Batch:
    """Counts down the acknowledgements of one ``submit``; all calls in the poll thread."""

    def __init__(self, size: int, fail: _Fail) -> None:
        self.future: Future[list[int]] = Future()
        self._offsets = [-1] * size
        self._left = size
        self._fail = fail
        if not size:
            self.future.set_result([])

    def delivered(self, index: int, error: Any, message: Any) -> None:
        """What librdkafka says of the record ``index``."""
        if error is not None:
            failure = self._fail(f"a record was not appended: {error}")
            if not self.future.done():
                self.future.set_exception(failure)
            return
        self._offsets[index] = message.offset()
        self._left -= 1
        if not self._left and not self.future.done():
            self.future.set_result(self._offsets)


class Lane:
    """Hands records over, and none after a failure."""

    def __init__(self, produce: Callable[..., Any], fail: _Fail) -> None:
        """``produce``: the producer's; ``fail`` sets ``failure`` and gives it back."""
        self.failure: Fatal | None = None
        self._produce = produce
        self._fail = fail

    def hand(self, batch: Batch, records: Sequence[Outgoing], start: int) -> int:
        """From ``start`` on, as many as there is room for; how many are handed over now.

        Raises ``Fatal`` once anything has failed.
        """
        if self.failure is not None:
            raise self.failure
        produce, delivered = self._produce, batch.delivered
        for index in range(start, len(records)):
            record = records[index]
            try:
                produce(
                    record.topic,
                    record.value,
                    record.key,
                    record.partition,
                    partial(delivered, index),
                    headers=list(record.headers),
                )
            except BufferError:
                return index
            except KafkaException as error:
                raise self._fail(f"{record.topic}: {error}") from error
            if self.failure is not None:
                raise self.failure
        return len(records)


def record_size(record: Outgoing) -> int:
    """Bytes of key, value and headers."""
    size = len(record.key or b"") + len(record.value or b"")
    for name, content in record.headers:
        size += len(name) + len(content)
    return size


def record_of(message: Any) -> LogRecord:
    """A message without an error, as ours."""
    headers = tuple([(name, content or b"") for name, content in message.headers() or ()])
    return LogRecord(
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        headers,
    )
