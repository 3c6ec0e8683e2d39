"""The loop over what aiokafka's compiled reader gives of a batch, compiled as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fuma.runtime.records import LogRecord, as_headers


class Elsewhere(Exception):
    """A record says that it stands elsewhere than the broker counts."""


def read_some(
    batch: Iterator[Any], topic: str, partition: int, offset: int, start: int, most: int
) -> list[LogRecord]:
    """The next ``most`` records from offset ``start`` on; none where the batch is at its end.

    The next record of ``batch`` stands at ``offset``. A batch may begin before what was asked for.
    Raises ``Elsewhere``, and whatever the reader raises; what it read until then is lost.
    """
    found: list[LogRecord] = []
    for record in batch:
        if record.offset != offset:
            raise Elsewhere
        if offset >= start:
            found.append(
                LogRecord(
                    topic, partition, offset, record.timestamp, record.key, record.value,
                    as_headers(record.headers),
                )
            )  # fmt: skip
        offset += 1
        if len(found) >= most:
            break
    return found


def bytes_of(records: Sequence[LogRecord]) -> int:
    """Of their keys and values."""
    size = 0
    for record in records:
        size += len(record.key or b"") + len(record.value or b"")
    return size
