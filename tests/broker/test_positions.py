"""A group's positions, with what stands beside them, as a broker keeps them."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition as KafkaTP
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from fuma.contracts.errors import Fatal
from fuma.runtime.kafka_access import for_client
from fuma.runtime.mac import Sealer
from fuma.runtime.marks import Committed, Marker
from fuma.runtime.positions import read_committed

PARTITIONS = 60


def test_every_mark_is_read_as_it_was_committed(stack: Any) -> None:
    config, name = stack.kafka("admin"), f"positions.{uuid.uuid4().hex[:8]}"
    admin = AdminClient(config)
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(30)
    marks = {p: "1." + "ab" * p + "." + "0f" * 32 for p in range(PARTITIONS - 1)}
    consumer = Consumer({**config, "group.id": name})
    asked = [TopicPartition(name, p, p, metadata=mark) for p, mark in marks.items()]
    consumer.commit(offsets=asked, asynchronous=False)
    consumer.close()
    found = read_committed(config, name, [(name, p) for p in range(PARTITIONS)])
    assert found == {
        **{(name, p): Committed(p, mark) for p, mark in marks.items()},
        (name, PARTITIONS - 1): None,
    }
    assert read_committed(config, name, []) == {}
    admin.delete_topics([name])[name].result(30)


class NoText(str):
    """What its UTF-8 is, UTF-8 does not say."""

    def __str__(self) -> str:
        return self

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe"


def test_metadata_that_is_no_text_is_no_mark(stack: Any) -> None:
    """An administrator's commit stops nobody: beside it, the marks of others are read."""
    config, name = stack.kafka("admin"), f"positions.{uuid.uuid4().hex[:8]}"
    admin = AdminClient(config)
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(30)

    async def commit() -> None:
        consumer = AIOKafkaConsumer(
            group_id=name, enable_auto_commit=False, **for_client(config)
        )  # fmt: skip
        await consumer.start()
        here, there = KafkaTP(name, 0), KafkaTP(name, 1)
        consumer.assign([here, there])
        try:
            await consumer.commit({here: (5, NoText("x")), there: (6, "1.ab.cd")})
        finally:
            await consumer.stop()

    asyncio.run(commit())
    found = read_committed(config, name, [(name, 0), (name, 1)], patience_s=5.0)
    assert found[name, 1] == Committed(6, "1.ab.cd")
    alien = found[name, 0]
    assert alien is not None
    assert alien.mark.encode("latin-1").decode() == "\ufffd\ufffd", "the broker's own choice"
    assert alien.offset == 5
    marker = Marker(Sealer(bytes(16), bytes(32)), "gateway", name, bytes(16), 0)
    assert marker.digest_of(alien) is None
    admin.delete_topics([name])[name].result(30)


def test_no_broker_is_said(stack: Any) -> None:
    nobody = {**stack.kafka("admin"), "bootstrap.servers": "127.0.0.1:1"}
    with pytest.raises(Fatal, match="positions of some cannot be read"):
        read_committed(nobody, "some", [("t", 0)], patience_s=0.5)
