"""The answers to one sending: read from the answers' topic, counted without remembering rows.

The gateway answers a receipt's rows in order, and after a crash of its own again from an earlier
row. So one number, the last row answered, is enough to count every row once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, KafkaError, TopicPartition

from fuma.contracts.codec import decode
from fuma.contracts.errors import Fatal, Poison, Retryable
from fuma.contracts.topics import answers_topic, partition_for, spec
from fuma.feed.lines import RefusedRow
from fuma.runtime.kafka_poll import fetching
from fuma.runtime.kafka_records import headers_of
from fuma.runtime.mac import Sealer

#: Header that tells one sending of a file from another; echoed on the answers.
RUN_HEADER = "fuma-run"
_TIMEOUT_S = 30.0


class RowIndex:
    """Which row of the file the n-th report came from; on disk, so that memory does not grow."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="fuma-rows-")  # noqa: SIM115 - closed by close()
        self.count = 0

    def add(self, row: int) -> int:
        """Note the row of the next report; the report's number, from 1."""
        self._file.write(row.to_bytes(8, "big"))
        self.count += 1
        return self.count

    def row(self, number: int) -> int:
        """The row of report ``number``; the number itself where it is not of this sending."""
        if not 1 <= number <= self.count:
            return number
        self._file.seek((number - 1) * 8)
        found = int.from_bytes(self._file.read(8), "big")
        self._file.seek(0, 2)
        return found

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class Tally:
    """What is known so far. ``seen``: reports that the gateway has taken in."""

    seen: int = 0
    answered: int = 0
    accepted: int = 0
    refused: int = 0
    closed: bool = False
    code: str = ""

    def add(self, answer: Mapping[str, Any], tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Count one answer; ``tell`` gets each fault of a row that was not counted before."""
        before = self.answered
        top = before
        for span in answer["accepted"]:
            first, last = max(span["first"], before + 1), span["last"]
            if last >= first:
                self.accepted += last - first + 1
                top = max(top, last)
        previous = 0
        for one in answer["refused"]:
            if one["row"] <= before:
                continue
            tell(one)
            if one["row"] != previous:
                previous = one["row"]
                self.refused += 1
            top = max(top, one["row"])
        self.answered = top
        self.seen = max(self.seen, top, answer["rows"])
        if answer["closed"]:
            self.closed = True
            self.code = answer["code"]


class AnswerReader:
    """Follows the one partition on which a receipt is answered, from where it ends now."""

    def __init__(
        self,
        config: Mapping[str, str],
        department: str,
        receipt: str,
        run: bytes,
        check: Sealer | None = None,
    ) -> None:
        topic = answers_topic(department)
        self._topic = topic
        self._key = receipt.encode()
        self._run = run
        self._check = check
        self._fatal: KafkaError | None = None
        self._consumer = Consumer(
            {
                **config,
                "group.id": f"fuma.dept-{department}.answers",  # a name only: nothing is committed
                "auto.offset.reset": "error",
                **fetching(20, 4_096),
                "error_cb": self._error,
                "log_level": 0,  # what fails is raised or comes there
            }
        )
        where = TopicPartition(topic, partition_for(self._key, spec(topic).partitions))
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                _, end = self._consumer.get_watermark_offsets(where, timeout=5, cached=False)
                break
            except Exception as error:
                if self._fatal is not None or time.monotonic() > deadline:
                    reason = self._fatal.str() if self._fatal else str(error)
                    raise Retryable(f"{topic} cannot be read: {reason}") from error
        where.offset = end if end >= 0 else OFFSET_END
        self._consumer.assign([where])

    def _error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError.TOPIC_AUTHORIZATION_FAILED):
            self._fatal = error

    def poll(self, timeout: float) -> list[Mapping[str, Any]]:
        """Answers to this sending that have come, waiting ``timeout`` seconds for a first one."""
        found: list[Mapping[str, Any]] = []
        for message in self._consumer.consume(100, timeout):
            error = message.error()
            if error is not None:
                if error.fatal() or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    raise Fatal(f"{self._topic}: {error.str()}")
                continue
            headers = headers_of(message)
            if headers is None:
                continue
            if message.key() != self._key or dict(headers).get(RUN_HEADER) != self._run:
                continue
            if self._check and not self._check.check(
                self._topic, message.key(), message.value(), headers
            ):
                continue
            try:
                found.append(decode("answer", message.value()))
            except Poison:
                continue  # not the gateway's: it writes no such thing
        if self._fatal is not None:
            raise Fatal(f"{self._topic}: {self._fatal.str()}")
        return found

    def close(self) -> None:
        self._consumer.close()


def refused_row(one: Mapping[str, Any], index: RowIndex) -> RefusedRow:
    """A fault as the department is told it: with the row of its own file."""
    return RefusedRow(
        index.row(one["row"]), one["field"], one["code"], one["zh"], one["en"], one["recorded"]
    )
