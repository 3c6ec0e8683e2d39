"""A group's positions, with what stands beside them, as a broker keeps them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from fuma.contracts.errors import Fatal
from fuma.runtime.marks import Committed
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


def test_no_broker_is_said(stack: Any) -> None:
    nobody = {**stack.kafka("admin"), "bootstrap.servers": "127.0.0.1:1"}
    with pytest.raises(Fatal, match="positions of some cannot be read"):
        read_committed(nobody, "some", [("t", 0)], patience_s=0.5)
