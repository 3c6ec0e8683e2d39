"""Fakes of the log and the store, in memory; held to the same contract suite as the real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace

from fuma.contracts.errors import Fatal
from fuma.domain.time import Ms
from fuma.runtime.kafka_records import check_sizes
from fuma.runtime.ports import Bounds, LogRecord, Outgoing, Range


class MemoryLog:
    """``ports.Appender`` and ``ports.LogReader`` over lists. The test sets log time, ``now``."""

    def __init__(self, topics: Mapping[str, int], *, now: Ms = 1_600_000_000_000) -> None:
        """``topics``: names and partition counts."""
        self.now = now
        self.records: dict[tuple[str, int], list[LogRecord]] = {
            (topic, partition): [] for topic, count in topics.items() for partition in range(count)
        }
        self._starts = dict.fromkeys(self.records, 0)
        self._counts = dict(topics)

    def submit(self, records: Sequence[Outgoing]) -> Future[list[int]]:
        """Everything is there at once."""
        future: Future[list[int]] = Future()
        future.set_result(self.append(records))
        return future

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        check_sizes(records)
        return [self._append(record) for record in records]

    def _append(self, record: Outgoing) -> int:
        where = record.topic, record.partition
        if where not in self.records:
            raise Fatal(f"{record.topic}/{record.partition}: there is no such partition")
        offset = self._starts[where] + len(self.records[where])
        self.records[where].append(
            LogRecord(*where, offset, self.now, record.key, record.value, record.headers)
        )
        return offset

    def topic_id(self, topic: str) -> bytes:
        self.partitions(topic)
        return hashlib.sha256(topic.encode()).digest()[:16]

    def partitions(self, topic: str) -> int:
        if topic not in self._counts:
            raise Fatal(f"{topic}: there is no such topic")
        return self._counts[topic]

    def bounds(self, topic: str, partition: int) -> Bounds:
        start = self._starts[topic, partition]
        return Bounds(start, start + len(self.records[topic, partition]))

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        bounds = self.bounds(topic, partition)
        if start < end and not bounds.start <= start <= bounds.end:
            raise Fatal(f"{topic}/{partition}: nothing to read at {start}")
        yield from self.records[topic, partition][start - bounds.start : end - bounds.start]

    def exact(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        return next(self.read(topic, partition, offset, offset + 1), None)

    def cut(self, topic: str, partition: int, end: int) -> None:
        """Lose the tail, as a broker without fsync may in a power cut."""
        del self.records[topic, partition][end - self._starts[topic, partition] :]

    def forge(self, topic: str, partition: int, offset: int, value: bytes) -> None:
        """Put another value at an offset, as nobody may."""
        found = self.records[topic, partition]
        index = offset - self._starts[topic, partition]
        found[index] = replace(found[index], value=value)

    def close(self) -> None:
        """Nothing is open."""


class MemoryStore:
    """``ports.SortedStore`` over dictionaries. ``closed``: its partition was given up."""

    def __init__(self) -> None:
        self.states: dict[bytes, bytes] = {}
        self.meta: dict[str, bytes] = {}
        self.closed = False

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.states.get(key) for key in keys]

    def get_meta(self, name: str) -> bytes | None:
        return self.meta.get(name)

    def write(self, puts: Mapping[bytes, bytes | None], meta: Mapping[str, bytes]) -> None:
        for key, value in puts.items():
            if value is None:
                self.states.pop(key, None)
            else:
                self.states[key] = value
        self.meta.update(meta)

    def scan(self, prefixes: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for prefix in prefixes:
            found = sorted(key for key in self.states if key.startswith(prefix))
            yield from ((key, self.states[key]) for key in found)

    def range(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        for key in sorted(key for key in self.states if start <= key < end):
            yield key, self.states[key]

    def first(self, start: bytes, end: bytes) -> bytes | None:
        return min((key for key in self.states if start <= key < end), default=None)

    def replace(
        self, puts: Mapping[bytes, bytes | None], drops: Sequence[Range], meta: Mapping[str, bytes]
    ) -> None:
        self.write(puts, meta)
        for start, end in drops:
            for key in [key for key in self.states if start <= key < end]:
                del self.states[key]

    def reclaim(self, ranges: Sequence[Range]) -> None:
        """There is no disk."""

    def close(self) -> None:
        self.closed = True
