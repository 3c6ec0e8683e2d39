"""Records on their way into librdkafka and out of it: what is done for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from operator import methodcaller
from typing import Any, Final

from confluent_kafka import KafkaException

from fuma.contracts.errors import Fatal
from fuma.runtime.records import Headers, LogRecord, Outgoing, as_headers

#: Under the broker's default ``message.max.bytes`` (1,048,588) with room for the batch header.
MAX_RECORD_BYTES: Final = 1_000_000
#: What to do where the broker does not go on.
GONE: Final = "look at the broker's log; the process starts again by itself"
#: What librdkafka and the format add at most: to a record, and to each of its headers.
_OVERHEAD: Final = 100
_HEADER_OVERHEAD: Final = 20
_HEADERS: Final = methodcaller("headers")
_Fail = Callable[[str], Fatal]


class Told:
    """Gathers the offsets of one ``submit``; all calls in one thread."""

    def __init__(self, size: int) -> None:
        self.future: Future[list[int]] = Future()
        self._offsets = [-1] * size
        self._left = size
        if not size:
            self.future.set_result([])

    def appended(self, indexes: list[int], first: int) -> None:
        """The records ``indexes`` stand at ``first`` and behind it."""
        offsets = self._offsets
        for index in indexes:
            offsets[index] = first
            first += 1
        self._left -= len(indexes)
        if not self._left and not self.future.done():
            self.future.set_result(offsets)

    def failed(self, error: Exception) -> None:
        """They will not all be appended."""
        if not self.future.done():
            self.future.set_exception(error)


class Batch(Told):
    """One ``submit`` as librdkafka tells of it, record by record, in the poll thread."""

    def __init__(self, size: int, fail: _Fail) -> None:
        super().__init__(size)
        self._fail = fail

    def delivered(self, index: int, error: Any, message: Any) -> None:
        """What librdkafka says of the record ``index``."""
        if error is not None:
            self.failed(self._fail(f"a record was not appended: {error}"))
        else:
            self.appended([index], message.offset())


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
    """Bytes of a record on its way, at most: each length counts, and headers have many."""
    size = _OVERHEAD + len(record.key or b"") + len(record.value or b"")
    for name, content in record.headers:
        utf8 = len(name) if name.isascii() else len(name.encode())
        size += _HEADER_OVERHEAD + utf8 + len(content)
    return size


def check_sizes(records: Sequence[Outgoing]) -> None:
    """Raises ``Fatal`` where one is larger than a broker takes."""
    for record in records:
        size = record_size(record)
        if size > MAX_RECORD_BYTES:
            raise Fatal(f"{record.topic}: a record of {size} bytes")


def headers_of(message: Any) -> Headers | None:
    """A message's headers; ``None`` where a name among them is no text.

    Of such a message confluent-kafka gives a list with holes in it, and its exception to whoever
    comes next. Called from C, it is looked for at once; nobody may ask that message again.
    """
    try:
        found = _HEADERS(message)
    except (SystemError, UnicodeDecodeError):
        return None
    return as_headers(found or [])


def record_of(message: Any) -> LogRecord | None:
    """A message without an error, as ours; ``None`` where it has to be read by hand."""
    headers = headers_of(message)
    if headers is None:
        return None
    return LogRecord(
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        headers,
    )
