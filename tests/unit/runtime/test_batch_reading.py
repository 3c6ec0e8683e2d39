"""Batches that no honest client writes: every record at its place, by hand and over aiokafka."""

from __future__ import annotations

import gc
import struct
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from broker.rawbatch import RawRecord, batch_of
from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.runtime import kafka_poll
from fuma.runtime.batch_reading import (
    Escaped,
    base_of,
    batches,
    escaped,
    records_of_batch,
    unescaped,
)
from fuma.runtime.dead_letters import NAMES_HEADER, dead_letters, split_headers
from fuma.runtime.fetched_records import FetchResult, PartitionRecords, Records
from fuma.runtime.hand_fetch import Unreachable
from fuma.runtime.host_intake import Intake
from fuma.runtime.kafka_poll import InOrder
from fuma.runtime.kafka_records import headers_of
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import LogRecord

GOOD: list[RawRecord] = [
    (b"k%d" % n, b"v%d" % n, [(b"fuma-mac", b"m"), ("é".encode(), None)]) for n in range(4)
]
BAD: RawRecord = (None, b"bad", [(b"\xff\xfe", b"1"), (b"fuma-mac", b"2"), (b"100%", b"3")])


def at(batch: bytes, base: int, *, control: bool = False) -> bytes:
    """The batch as the broker keeps it: at ``base``, with its own time."""
    made = bytearray(struct.pack(">q", base) + batch[8:])
    if control:
        made[22] |= 0x30
    return bytes(made)


def fetched(data: bytes, start: int) -> list[Any]:
    """As aiokafka's consumer reads it."""
    records = PartitionRecords(
        TopicPartition("t", 3), Records(data), [], start, None, None, False, 0
    )
    found = list(records)
    assert records.next_fetch_offset == 40
    return found


@pytest.mark.parametrize("names", [[], BAD[2]], ids=["as it is", "by hand"])
def test_behind_a_packed_batch_that_was_large_a_fetch_ends(names: Any) -> None:
    large = batch_of([(b"k", bytes(5_000_000), names)], packed=True)
    for start in range(3):
        data = b"".join(at(large, base) for base in range(start, 3))  # as a broker answers
        records = PartitionRecords(
            TopicPartition("t", 3), Records(data), [], start, None, None, False, 0
        )
        found = [record.offset for record in records]
        assert (found, records.next_fetch_offset) == ([start], start + 1)


def of_good() -> PartitionRecords:
    data = at(batch_of(GOOD, packed=True), 0)
    return PartitionRecords(TopicPartition("t", 3), Records(data), [], 0, None, None, False, 0)


def gone(records: list[PartitionRecords]) -> bool:
    """Whether the one that is given away goes without the collector, which walks seldom while
    chunks are under way: a fetch is half a megabyte."""
    gc.disable()
    try:
        known = weakref.ref(records.pop())
        return known() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("most", [1, 3, 100])
def test_what_was_read_goes_at_once(most: int) -> None:
    records = of_good()
    while records.take(most)[1]:
        pass
    given = [records]
    del records
    assert gone(given)


def test_what_nobody_read_goes_at_once() -> None:
    assert gone([of_good()])


def test_what_may_not_be_taken_any_more_goes_at_once() -> None:
    records, tp = of_good(), TopicPartition("t", 3)
    records.take(2)
    state = SimpleNamespace(paused=True, position=2)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    result = FetchResult(tp, assignment=assignment, partition_records=records, backoff=0)
    assert result.getall(5) == []
    given = [records]
    del records
    assert gone(given)


def test_a_header_without_a_value_has_an_empty_one_and_stops_nobody() -> None:
    ((first, *_), _) = PartitionRecords(
        TopicPartition("t", 3), Records(at(batch_of(GOOD, packed=False), 0)), [], 0, None, None,
        False, 0,
    ).take(4)  # fmt: skip
    assert first.headers == (("fuma-mac", b"m"), ("é", b""))
    assert first.header("é") == b""
    sealer = Sealer(bytes(16), bytes(32))
    intake = Intake(sealer, simulated=False, partition_of=lambda key, count: 3, counts={"t": 4})
    with pytest.raises(Poison) as caught:
        intake.admit(first)
    assert caught.value.reason is Reason.BAD_MAC


def log_of(packed: bool) -> bytes:
    """Ten batches of four, from offset 0."""
    made = []
    for number in range(10):
        records, deltas = list(GOOD), (0, 1, 2, 3)
        if number in (1, 4, 5, 9):
            records[number % 4] = BAD
        if number in (2, 5, 7) and not packed:
            deltas = [(0, 0, 0, 0), (3, 2, 1, 0), (0, 9, 2, 2)][number % 3]
        batch = batch_of(records, packed=packed, deltas=deltas, at=100 + number)
        made.append(at(batch, 4 * number, control=number == 3))
    return b"".join(made)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("start", [0, 3, 5, 9, 13, 17, 21, 22, 36, 38])
def test_every_record_is_read_at_its_place(packed: bool, start: int) -> None:
    data = log_of(packed)
    first = next(one for one in batches(data) if base_of(one) == start // 4 * 4)
    found = fetched(data[data.index(first) :], start)
    assert [r.offset for r in found] == list(range(start, 40))
    for record in found:
        number, index = divmod(record.offset, 4)
        bad = number in (1, 4, 5, 9) and number % 4 == index
        wanted = BAD if bad else GOOD[index]
        assert (record.key, record.value, record.timestamp) == (*wanted[:2], 100 + number)
        assert isinstance(record.headers, Escaped) == bad
        names = [unescaped(n) if bad else n.encode() for n, _ in record.headers]
        assert names == [n for n, _ in wanted[2]]


def test_a_batch_that_is_cut_off_comes_with_the_next_fetch() -> None:
    data = log_of(False)
    assert len(list(batches(data[:-1]))) == 9
    assert list(batches(b"")) == []


def test_damage_is_no_poison() -> None:
    batch = bytearray(at(batch_of(GOOD), 0))
    batch[-1] ^= 1
    with pytest.raises(Fatal, match="damaged"):
        list(records_of_batch(bytes(batch), "t", 3))


@given(st.binary())
def test_a_name_is_written_so_that_it_can_be_read_back(name: bytes) -> None:
    assert unescaped(escaped(name)) == name
    assert escaped(name).encode().count(b"%") >= name.count(b"%")


def test_its_dead_letter_says_how_the_names_are_written() -> None:
    record = next(records_of_batch(at(batch_of([BAD]), 7), "t", 3))
    (letter,) = dead_letters(record, Poison(Reason.NO_MAC), "dlq", 1)
    original, added = split_headers(letter.headers)
    assert original == (("%FF%FE", b"1"), ("fuma-mac", b"2"), ("100%25", b"3"))
    assert added[NAMES_HEADER] == b"percent"
    (plain,) = dead_letters(LogRecord("t", 3, 1, 1, b"", b"", (("%FF", b""),)),
                            Poison(Reason.NO_MAC), "dlq", 1)  # fmt: skip
    assert NAMES_HEADER not in split_headers(plain.headers)[1]


class Message:
    """As confluent-kafka gives it."""

    def __init__(self, offset: int, headers: Any = None, error: Any = None) -> None:
        self._offset, self._headers, self._error = offset, headers, error

    def error(self) -> Any:
        return self._error

    def topic(self) -> str:
        return "t"

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 2, 1

    def key(self) -> bytes:
        return b"k"

    value = key

    def headers(self) -> Any:
        if isinstance(self._headers, Exception):
            raise self._headers
        return self._headers


class Seeking:
    def __init__(self) -> None:
        self.sought: list[int] = []
        self.end = 5

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        return 0, self.end

    def seek(self, place: Any) -> None:
        self.sought.append(place.offset)


def order(monkeypatch: pytest.MonkeyPatch, there: list[int], end: int) -> tuple[InOrder, Seeking]:
    """A partition that is at 5; by hand it has ``there``, and ends at ``end``."""
    found = [LogRecord("t", 3, n, 1, None, b"by hand", ()) for n in there]
    monkeypatch.setattr(kafka_poll, "fetch_by_hand", lambda *_, **__: (found, end))
    consumer = Seeking()
    made = InOrder({}, consumer, "gone")  # type: ignore[arg-type]
    made.start("t", 3, 5)
    return made, consumer


@pytest.mark.parametrize(
    "message",
    [
        Message(6),
        Message(4),
        Message(7),
        Message(5, SystemError()),
        Message(5, error=KafkaError(KafkaError._BAD_COMPRESSION)),
    ],
    ids=["behind a marker", "elsewhere", "further on", "no text", "not unpacked"],
)
def test_what_librdkafka_cannot_tell_is_read_by_hand(
    monkeypatch: pytest.MonkeyPatch, message: Message
) -> None:
    made, consumer = order(monkeypatch, [5, 6, 7], 8)
    found = made.records([message, Message(6), Message(9)])
    assert [(r.offset, r.value) for r in found] == [(n, b"by hand") for n in (5, 6, 7)]
    assert consumer.sought == [8]
    assert [r.value for r in made.records([Message(8), Message(9)])] == [b"k", b"k"]


@pytest.mark.parametrize(("there", "end"), [([], 5), ([6, 7], 8), ([5, 7], 8)])
def test_what_is_not_there_either_is_missing(
    monkeypatch: pytest.MonkeyPatch, there: list[int], end: int
) -> None:
    made, _ = order(monkeypatch, there, end)
    with pytest.raises(Fatal, match="offset 6 follows 4"):
        made.records([Message(6)])


def test_an_end_that_is_only_said_is_no_missing_record(monkeypatch: pytest.MonkeyPatch) -> None:
    made, consumer = order(monkeypatch, [], 5)
    monkeypatch.setattr(kafka_poll, "_UNTOLD_S", 0.0)
    consumer.end = 6
    assert [made.records([]) for _ in range(5)] == [[]] * 5
    assert consumer.sought == []


def test_where_nothing_comes_because_the_broker_is_away_it_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, consumer = order(monkeypatch, [5], 6)
    asked = 0

    def away(*_: Any, **__: Any) -> Any:
        nonlocal asked
        asked += 1
        raise Unreachable("away")

    monkeypatch.setattr(kafka_poll, "fetch_by_hand", away)
    monkeypatch.setattr(kafka_poll, "_UNTOLD_S", 0.0)
    consumer.end = 6
    assert [made.records([]) for _ in range(9)] == [[]] * 9
    assert asked == 1
    assert [r.offset for r in made.records([Message(5)])] == [5]


def test_headers_are_ours_or_none() -> None:
    assert headers_of(Message(1)) == ()
    assert headers_of(Message(1, [("a", None), ("b", b"x")])) == (("a", b""), ("b", b"x"))
    assert headers_of(Message(1, SystemError())) is None


def test_a_marker_at_the_end_is_found_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    made, consumer = order(monkeypatch, [5], 6)
    monkeypatch.setattr(kafka_poll, "_UNTOLD_S", 0.0)
    assert made.records([]) == []
    consumer.end = 6
    assert made.records([]) == []  # it may still come by itself
    assert [r.offset for r in made.records([])] == [5]
    assert made.records([]) == []
    consumer.end = 7
    made.stop("t", 3)
    assert made.records([]) == made.records([]) == made.records([Message(6)]) == []
