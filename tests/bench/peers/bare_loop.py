"""A bare confluent-kafka loop of ``codes``' shape: decode, one state read and write, a record out.

At least once, one thread: batched RocksDB writes, an idempotent producer, a commit for each batch
after its acknowledgements. It decides nothing.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from common import Clock, least, plan
from confluent_kafka import Consumer, Producer, TopicPartition
from fastavro import parse_schema, schemaless_reader
from rocksdict import Options, Rdict, WriteBatch


def main() -> None:
    """Everything from the first offset to the last record."""
    p = plan()
    schema = parse_schema(json.loads(Path(p["schema"]).read_text(encoding="utf-8")))
    consumer = Consumer({**p["kafka"], "group.id": p["output"], "enable.auto.commit": False,
                         "auto.offset.reset": "earliest"})  # fmt: skip
    consumer.assign([TopicPartition(p["input"], n, 0) for n in range(p["partitions"])])
    producer = Producer({**p["kafka"], "enable.idempotence": True, "acks": "all", "linger.ms": 3,
                         "compression.type": "lz4"})  # fmt: skip
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    store = Rdict(p["state"], options)
    clock = Clock(p["records"], p["warm"])
    empty, size = bytes(p["state_bytes"]), p["out_bytes"]
    last = False
    while not last:
        messages = [m for m in consumer.consume(1_000, 0.05) if m.error() is None]
        states = dict(zip(keys := [m.key() for m in messages], store[keys], strict=True)) if (
            messages
        ) else {}  # fmt: skip
        batch = WriteBatch(raw_mode=True)
        for message in messages:
            body = BytesIO(message.value()[5:])
            fact = schemaless_reader(body, schema, None)["body"]
            state = states[message.key()] or empty
            states[message.key()] = state = fact["id"] + state[16:]
            batch.put(message.key(), state)
            producer.produce(p["output"], least(fact, size), message.key(), message.partition())
            producer.poll(0)
            last = clock.one()
        producer.flush()
        store.write(batch)
        if messages:
            consumer.commit(messages[-1], asynchronous=False)
    clock.answer()
    consumer.close()
    store.close()


if __name__ == "__main__":
    main()
