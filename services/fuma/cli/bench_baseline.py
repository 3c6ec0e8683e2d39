"""What the machine can do without fuma: bare loops over the very records of the stage beside them.

A loop reads the same input and writes the same output as the stage did, record for record, and
decides nothing: one process, one thread. Its output was read into memory before the clock runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from fuma.cli.bench_stages import cpu_seconds
from fuma.runtime.ports import LogReader, LogRecord

SCRATCH = "fuma.bench.scratch"
_AT_ONCE = 1_000
_PARTITIONS = 8

#: Partition to offset, by topic.
Ends = Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Bare:
    """Input records a second, and CPU an input record: of the loop, of the broker (or Redis)."""

    rate: float
    cpu_micros: float
    broker_micros: float
    inputs: int
    outputs: int


def bare_loop(
    config: Mapping[str, str], reader: LogReader, reads: Ends, before: Ends, after: Ends,
    broker: int | None,
) -> Bare:  # fmt: skip
    """From ``reads`` (ends of the input topics) to a scratch topic: what lies between ``before``
    and ``after`` on the topics that the stage wrote, durably (idempotent, ``acks=all``)."""
    outputs = [
        raw
        for topic, ends in after.items()
        for partition, end in ends.items()
        for raw in reader.read(topic, partition, before[topic][partition], end)
    ]
    admin = AdminClient(dict(config))
    admin.create_topics([NewTopic(SCRATCH, _PARTITIONS, 1)])[SCRATCH].result(30)
    producer = Producer(
        {**config, "enable.idempotence": True, "acks": "all", "linger.ms": 1,
         "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000}
    )  # fmt: skip

    def write(records: Sequence[LogRecord]) -> None:
        for raw in records:
            producer.produce(
                SCRATCH, raw.value, raw.key, raw.partition % _PARTITIONS, headers=list(raw.headers)
            )
        producer.poll(0)

    def finish() -> None:
        producer.flush(60)

    try:
        return _timed(config, reader, reads, outputs, write, finish, broker)
    finally:
        admin.delete_topics([SCRATCH])[SCRATCH].result(30)


def bare_sink(
    config: Mapping[str, str], reader: LogReader, reads: Ends, redis: Any, server: int | None
) -> Bare:
    """From ``reads`` to Redis: as many values, as large as the platform's, in pipelines."""
    keys = list(redis.scan_iter(b"fuma:code:*", count=10_000))
    values: list[bytes] = []
    for start in range(0, len(keys), _AT_ONCE):
        found = redis.mget(keys[start : start + _AT_ONCE])
        values += [value for value in found if value is not None]
    total = sum(
        end - reader.bounds(topic, p).start for topic, ends in reads.items()
        for p, end in ends.items()
    )  # fmt: skip
    outputs = [values[n % len(values)] for n in range(total)] if values else []
    number = 0

    def write(part: Sequence[bytes]) -> None:
        nonlocal number
        pipe = redis.pipeline(transaction=True)
        for value in part:
            pipe.set(b"bench:%d" % (number % len(values)), value)
            number += 1
        pipe.execute()

    try:
        return _timed(config, reader, reads, outputs, write, lambda: None, server)
    finally:
        for start in range(0, len(values), _AT_ONCE):
            end = min(start + _AT_ONCE, len(values))
            redis.delete(*(b"bench:%d" % n for n in range(start, end)))


def _timed(
    config: Mapping[str, str], reader: LogReader, reads: Ends, outputs: Sequence[Any],
    write: Callable[[Sequence[Any]], None], finish: Callable[[], None], server: int | None,
) -> Bare:  # fmt: skip
    consumer = Consumer(
        {**config, "group.id": "fuma.bench", "enable.auto.commit": False,
         "auto.offset.reset": "error"}
    )  # fmt: skip
    starts = {(t, p): reader.bounds(t, p).start for t, ends in reads.items() for p in ends}
    total = sum(end - starts[t, p] for t, ends in reads.items() for p, end in ends.items())
    consumer.assign([TopicPartition(t, p, at) for (t, p), at in starts.items()])
    limits = {(t, p): end for t, ends in reads.items() for p, end in ends.items()}
    done = written = 0
    began, used, its = time.monotonic(), time.process_time(), cpu_seconds(server)
    while done < total:
        for message in consumer.consume(_AT_ONCE, 0.05):
            if message.error() is not None:
                continue
            message.key(), message.value(), message.headers()
            # A stage may have written behind the end since.
            done += (message.offset() or 0) < limits[
                message.topic() or "", message.partition() or 0
            ]
        due = len(outputs) * done // total
        if due > written:
            write(outputs[written:due])
            written = due
    finish()
    seconds, cpu = time.monotonic() - began, time.process_time() - used
    server_cpu = cpu_seconds(server) - its
    consumer.close()
    return Bare(total / seconds, cpu / total * 1e6, server_cpu / total * 1e6, total, len(outputs))
