"""A topic that is made anew under the feet of whoever reads it is noticed, and nothing else is."""

from __future__ import annotations

import threading
import uuid
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from fuma.runtime.topicwatch import TopicWatch


def test_a_topic_made_anew_ends_its_readers(stack: Any) -> None:
    kafka = stack.kafka("admin")
    admin, name = AdminClient(kafka), f"watched.{uuid.uuid4().hex[:8]}"
    kept = f"{name}.kept"
    for future in admin.create_topics([NewTopic(name, 1, 1), NewTopic(kept, 1, 1)]).values():
        future.result(30)
    said, ended = list[str](), threading.Event()

    def end(what: str) -> None:
        said.append(what)
        ended.set()

    watch = TopicWatch(kafka, [name, kept], end, every_s=0.05)
    try:
        for future in admin.create_partitions([NewPartitions(kept, 2)]).values():
            future.result(30)
        assert not ended.wait(0.5), said
        for future in admin.delete_topics([name]).values():
            future.result(30)
        assert not ended.wait(0.3), "that it is gone says nothing yet"
        while True:
            try:
                for future in admin.create_topics([NewTopic(name, 1, 1)]).values():
                    future.result(30)
                break
            except KafkaException:
                continue  # the deletion is not through yet
        assert ended.wait(20)
    finally:
        watch.close()
    assert f"{name} was made anew" in said[0]
