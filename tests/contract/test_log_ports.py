"""One suite for the log ports, on the in-memory fake and on the real broker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from fuma.contracts.errors import Fatal
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.kafka_records import MAX_RECORD_BYTES
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.ports import Appender, Bounds, LogReader, Outgoing
from fuma.runtime.round_appender import RoundAppender


@dataclass
class Log:
    topic: str
    appender: Appender
    reader: LogReader


@pytest.fixture(params=["memory", "kafka", "rounds"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    topic = f"ports.{uuid.uuid4().hex[:8]}"
    if request.param == "memory":
        memory = MemoryLog({topic: 3})
        yield Log(topic, memory, memory)
        return
    stack: Any = request.getfixturevalue("stack")
    config = stack.kafka("admin")
    admin = AdminClient(config)
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result()
    appender = RoundAppender if request.param == "rounds" else KafkaAppender
    made = Log(topic, appender(config), KafkaLogReader(config))
    yield made
    made.appender.close()
    made.reader.close()


def records(topic: str, count: int, partition: int = 1) -> list[Outgoing]:
    return [
        Outgoing(topic, partition, b"k%d" % n, b"v%d" % n, (("h", b"%d" % n), ("h", b"last")))
        for n in range(count)
    ]


def test_what_is_appended_is_read_back_in_order_with_everything(log: Log) -> None:
    written = records(log.topic, 2_500)
    assert log.appender.append(written) == list(range(2_500))
    read = list(log.reader.read(log.topic, 1, 0, 2_500))
    assert [(r.key, r.value, r.headers) for r in read] == [
        (w.key, w.value, w.headers) for w in written
    ]
    assert [r.offset for r in read] == list(range(2_500))
    assert read[7].header("h") == b"last"
    assert all(r.timestamp > 1_500_000_000_000 for r in read)


def test_offsets_come_in_the_order_given_over_partitions(log: Log) -> None:
    one, two = records(log.topic, 2, 0), records(log.topic, 2, 2)
    assert log.appender.append([one[0], two[0], one[1], two[1]]) == [0, 0, 1, 1]


def test_a_range_is_half_open(log: Log) -> None:
    log.appender.append(records(log.topic, 10))
    assert [r.offset for r in log.reader.read(log.topic, 1, 3, 6)] == [3, 4, 5]
    assert list(log.reader.read(log.topic, 1, 4, 4)) == []


def test_bounds_and_partitions(log: Log) -> None:
    assert log.reader.bounds(log.topic, 1) == Bounds(0, 0)
    log.appender.append(records(log.topic, 5))
    assert log.reader.bounds(log.topic, 1) == Bounds(0, 5)
    assert log.reader.partitions(log.topic) == 3


def test_a_topic_has_an_id_and_an_unknown_one_is_fatal(log: Log) -> None:
    assert len(log.reader.topic_id(log.topic)) == 16
    assert log.reader.topic_id(log.topic) == log.reader.topic_id(log.topic)
    with pytest.raises(Fatal):
        log.reader.topic_id("ports.nowhere")
    with pytest.raises(Fatal):
        log.reader.partitions("ports.nowhere")


def test_tombstones_and_absent_keys_are_kept_apart_from_empty_ones(log: Log) -> None:
    log.appender.append([Outgoing(log.topic, 0, None, None), Outgoing(log.topic, 0, b"", b"")])
    assert [(r.key, r.value) for r in log.reader.read(log.topic, 0, 0, 2)] == [
        (None, None), (b"", b""),
    ]  # fmt: skip


def test_a_record_too_large_is_refused_before_anything_is_sent(log: Log) -> None:
    large = Outgoing(log.topic, 1, b"k", bytes(MAX_RECORD_BYTES))
    with pytest.raises(Fatal):
        log.appender.append([*records(log.topic, 3), large])
    assert log.reader.bounds(log.topic, 1) == Bounds(0, 0)


def test_an_empty_append_is_done_at_once(log: Log) -> None:
    assert log.appender.submit([]).result(1) == []


def test_reading_before_the_start_or_past_the_end_is_fatal(log: Log) -> None:
    log.appender.append(records(log.topic, 3))
    with pytest.raises(Fatal):
        list(log.reader.read(log.topic, 1, 10, 12))
