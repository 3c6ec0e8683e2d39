"""aiokafka's fetched records, with those that its own reading stops at or passes over.

Its compiled reader raises where a header's name is no text, believes what a record says of its
place, and passes over the markers of transactions. Each batch is read by it all the same; one that
it cannot read, or reads with other offsets than the broker gives, is read by hand from there on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from fuma.runtime.batch_reading import base_of, batches, records_of_batch, stays_packed
from fuma.runtime.host_types import Raw
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


class _Elsewhere(Exception):
    """A record that says it stands elsewhere."""


class PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """The records of one partition in a fetch."""

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Raw]:
        tp, records = self._tp, self._records
        frames = _Frames(records.data)  # looked at only where there is need
        while records.has_next():
            batch = records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {tp}")
            size = 0
            for record in self._records_of(batch, frames):
                if batch.compression_type:
                    size += len(record.key or b"") + len(record.value or b"")
                yield record
            self.next_fetch_offset = batch.next_offset
            if size > ENOUGH:
                return  # the rest of the fetch once this is taken: it comes again

    def _records_of(self, batch: Any, frames: _Frames) -> Iterator[Raw]:
        offset = batch.base_offset
        if batch.compression_type and stays_packed(frames.at(offset)):
            yield from self._by_hand(frames.at(offset))
            return
        try:
            for record in batch:
                if record.offset != offset:
                    raise _Elsewhere
                offset += 1
                # The first batch may begin before what was asked for.
                if record.offset >= self.next_fetch_offset:
                    made = self._consumer_record(self._tp, record)
                    self.next_fetch_offset = offset
                    yield made
        except Exception:  # by hand it can be read, or stays packed
            yield from self._by_hand(frames.at(batch.base_offset))

    def _by_hand(self, batch: bytes) -> Iterator[Raw]:
        start = self.next_fetch_offset
        for record in records_of_batch(batch, self._tp.topic, self._tp.partition, start):
            self.next_fetch_offset = record.offset + 1
            yield record


def install() -> None:
    """For every consumer of this process that is made from now on."""
    fetcher_module: Any = fetcher
    fetcher_module.MemoryRecords = Records
    fetcher_module.PartitionRecords = PartitionRecords
