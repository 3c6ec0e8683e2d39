"""What the machine can do without fuma: a bare confluent-kafka loop over the same records."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from fuma.runtime.ports import LogReader

SCRATCH = "fuma.bench.scratch"


def bare_loop(config: Mapping[str, str], reader: LogReader, topic: str) -> float:
    """Records a second, read from ``topic`` and written durably to a scratch topic, nothing else.

    One process, one thread, idempotent producer with ``acks=all``: what a stage's own plumbing
    would cost if it decided nothing and kept nothing.
    """
    partitions = reader.partitions(topic)
    ends = {p: reader.bounds(topic, p).end for p in range(partitions)}
    starts = {p: reader.bounds(topic, p).start for p in range(partitions)}
    total = sum(ends[p] - starts[p] for p in ends)
    admin = AdminClient(dict(config))
    admin.create_topics([NewTopic(SCRATCH, partitions, 1)])[SCRATCH].result(30)
    consumer = Consumer(
        {
            **config,
            "group.id": "fuma.bench",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
        }
    )
    producer = Producer(
        {**config, "enable.idempotence": True, "acks": "all", "linger.ms": 3,
         "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000}
    )  # fmt: skip
    consumer.assign([TopicPartition(topic, p, starts[p]) for p in ends])
    done = 0
    began = time.monotonic()
    while done < total:
        for message in consumer.consume(1_000, 1.0):
            if message.error() is not None:
                continue
            producer.produce(
                SCRATCH, message.value(), message.key(), message.partition() or 0,
                headers=message.headers(),
            )  # fmt: skip
            done += 1
        producer.poll(0)
    producer.flush(60)
    seconds = time.monotonic() - began
    consumer.close()
    admin.delete_topics([SCRATCH])[SCRATCH].result(30)
    return total / seconds
