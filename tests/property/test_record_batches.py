"""Record batches, read back by another client's reader."""

from __future__ import annotations

import struct

from aiokafka.codec import lz4_encode
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from fuma.runtime.kafka_records import Told
from fuma.runtime.record_batches import BATCH_BYTES, Part, Sequences, parted
from fuma.runtime.records import Outgoing

_NOW = 1_700_000_000_123
_BYTES = st.one_of(
    st.none(), st.binary(max_size=80), st.integers(0, 9_000).map(lambda size: b"x" * size)
)
_HEADERS = st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=70)), max_size=3)
_RECORDS = st.builds(
    Outgoing, st.sampled_from(["a", "b"]), st.integers(0, 2), _BYTES, _BYTES, _HEADERS.map(tuple)
)


def sequences() -> Sequences:
    return Sequences(12, 3, lambda body: lz4_encode(body, level=1), calc_crc32c)


@given(st.lists(_RECORDS, max_size=40))
def test_another_reader_reads_what_was_given(records: list[Outgoing]) -> None:
    told, one = Told(len(records)), sequences()
    parts = parted(records, told)
    assert len({part.where for part in parts}) == len(parts)
    for part in parts:
        one.seal(part, _NOW)
        read = DefaultRecordBatch(bytearray(part.batch))
        assert read.validate_crc()
        assert (read.producer_id, read.producer_epoch, read.base_sequence) == (12, 3, 0)
        assert len(part.batch) == 12 + struct.unpack_from(">i", part.batch, 8)[0]
        found = list(read)
        assert [record.offset for record in found] == list(range(len(found)))
        for index, record in zip(part.indexes, found, strict=True):
            given_one = records[index]
            assert (given_one.topic, given_one.partition) == part.where
            assert (record.key, record.value) == (given_one.key, given_one.value)
            assert tuple(record.headers) == given_one.headers
            assert record.timestamp == _NOW
        part.told.appended(part.indexes, 100)
    if records:
        seen: dict[tuple[str, int], int] = {}
        offsets = told.future.result(0)
        for record, offset in zip(records, offsets, strict=True):
            where = record.topic, record.partition
            assert offset == 100 + seen.setdefault(where, 0)
            seen[where] += 1


def _sealed(one: Sequences, count: int) -> int:
    (part,) = parted([Outgoing("t", 0, None, b"")] * count, Told(count))
    one.seal(part, _NOW)
    return int(struct.unpack_from(">i", part.batch, 53)[0])


def test_sequences_follow_each_other_and_wrap() -> None:
    one = sequences()
    assert [_sealed(one, 3), _sealed(one, 1), _sealed(one, 2)] == [0, 3, 4]
    one._next["t", 0] = (1 << 31) - 2
    assert [_sealed(one, 3), _sealed(one, 1)] == [(1 << 31) - 2, 1]


def test_a_batch_holds_no_more_than_the_broker_takes() -> None:
    large = [Outgoing("t", 0, b"k", bytes([number]) * 400_000) for number in range(5)]
    parts = parted(large, Told(5))
    assert [part.indexes for part in parts] == [[0, 1], [2, 3], [4]]
    assert all(part.size <= BATCH_BYTES for part in parts)
    for part in parts:
        sequences().seal(part, _NOW)
        assert [record.offset for record in DefaultRecordBatch(bytearray(part.batch))] == list(
            range(len(part.indexes))
        )


def test_what_packing_makes_longer_is_sent_as_it_is() -> None:
    part = Part("t", 0, Told(1))
    part.indexes, part.records, part.size = [0], [b"x" * 5_000], 5_000
    Sequences(1, 0, lambda body: body + b"!", calc_crc32c).seal(part, _NOW)
    assert part.batch.endswith(b"x" * 5_000)
    assert struct.unpack_from(">h", part.batch, 21)[0] == 0
