"""aiokafka's fetched records, with those that its own reading stops at or passes over.

Its compiled reader raises where a header's name is no text, believes what a record says of its
place, and passes over the markers of transactions. Each batch is read by it all the same; one that
it cannot read, or reads with other offsets than the broker gives, is read by hand from there on.
Records come in runs, as ``LogRecord``: aiokafka makes one generator step and one open object each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from fuma.runtime.batch_reading import base_of, batches, records_of_batch, stays_packed
from fuma.runtime.fetched_batches import bytes_of, read_some
from fuma.runtime.records import LogRecord
from fuma.runtime.unpacking import ENOUGH


class Records(MemoryRecords):  # type: ignore[misc]  # aiokafka is not typed
    """A fetch's batches, which knows its bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class _Frames:
    """The batches of a fetch as bytes, asked for in their order."""

    def __init__(self, data: bytes) -> None:
        self._rest = batches(data)
        self._last = b""

    def at(self, base: int) -> bytes:
        """The one whose first offset is ``base``."""
        while not self._last or base_of(self._last) != base:
            self._last = next(self._rest)
        return self._last


class PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """The records of one partition in a fetch."""

    next_fetch_offset: int

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self._most = 1
        self._begun = False
        # It knows us: while it is there, the fetch's bytes wait for the collector.
        self._unread: Iterator[list[LogRecord]] | None = None

    def take(self, most: int) -> tuple[list[LogRecord], bool]:
        """At most so many records, and whether there may be more."""
        if not self._begun:
            self._begun, self._unread = True, self._runs()
        found: list[LogRecord] = []
        while len(found) < most:
            self._most = most - len(found)
            run = next(self._unread, None) if self._unread is not None else None
            if run is None:
                self.drop()
                return found, False
            found += run
        return found, True

    def drop(self) -> None:
        """Nothing more is taken."""
        self._begun, self._unread = True, None

    def __next__(self) -> LogRecord:
        found, _ = self.take(1)
        if not found:
            raise StopIteration
        return found[0]

    def _unpack_records(self) -> None:
        """aiokafka's own generator: there is none."""

    def _runs(self) -> Iterator[list[LogRecord]]:
        """All of them; each time at most ``_most``."""
        records = self._records
        frames = _Frames(records.data)  # looked at only where there is need
        while records.has_next():
            batch = records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            size = 0
            for run in self._runs_of(batch, frames):
                if batch.compression_type:
                    size += bytes_of(run)
                self.next_fetch_offset = run[-1].offset + 1
                yield run
            self.next_fetch_offset = batch.next_offset
            if size > ENOUGH:
                return  # the rest of the fetch once this is taken: it comes again

    def _runs_of(self, batch: Any, frames: _Frames) -> Iterator[list[LogRecord]]:
        topic, partition = self._tp
        offset = base = batch.base_offset
        if batch.compression_type and stays_packed(frames.at(base)):
            yield from self._by_hand(frames.at(base))
            return
        try:
            read = islice(batch, None)  # goes on where it was; the batch itself would unpack again
            while run := read_some(
                read, topic, partition, offset, self.next_fetch_offset, self._most
            ):
                offset = run[-1].offset + 1
                yield run
        except Exception:  # by hand it can be read, or stays packed
            yield from self._by_hand(frames.at(base))

    def _by_hand(self, batch: bytes) -> Iterator[list[LogRecord]]:
        topic, partition = self._tp
        read = records_of_batch(batch, topic, partition, self.next_fetch_offset)
        while run := list(islice(read, self._most)):
            yield run


class FetchResult(fetcher.FetchResult):  # type: ignore[misc]
    """What a fetch brought of one partition, and was not taken yet."""

    _partition_records: PartitionRecords | None

    def check_assignment(self, tp: Any) -> bool:
        """Whether it may be taken; it is dropped where not."""
        held = self._partition_records
        fits: bool = super().check_assignment(tp)
        if not fits and held is not None:
            held.drop()
        return fits

    def getall(self, max_records: int | None = None) -> list[LogRecord]:
        """At most so many records."""
        if not self.check_assignment(self._topic_partition) or self._partition_records is None:
            return []
        found, more = self._partition_records.take(max_records or sys.maxsize)
        self._update_position()
        if not more:
            self._partition_records = None
        return found


def install() -> None:
    """For every consumer of this process that is made from now on."""
    fetcher_module: Any = fetcher
    fetcher_module.MemoryRecords = Records
    fetcher_module.PartitionRecords = PartitionRecords
    fetcher_module.FetchResult = FetchResult
