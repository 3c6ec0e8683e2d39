"""What no client of the project would write: batches as bytes, and transactions."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.codec import gzip_encode
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint
from aiokafka.structs import TopicPartition
from confluent_kafka import Producer

from fuma.runtime.kafka_access import for_client

#: Key, value, headers with their names as bytes.
RawRecord = tuple[bytes | None, bytes | None, Sequence[tuple[bytes, bytes | None]]]
_GZIP, _ZSTD = 1, 4


def _sized(content: bytes | None) -> bytes:
    return _varint(-1) if content is None else _varint(len(content)) + content


def _varint(number: int) -> bytes:
    made = bytearray()
    encode_varint(number, made.append)
    return bytes(made)


def batch_of(
    records: Sequence[RawRecord], *, packed: bool = False, deltas: Sequence[int] = (), at: int = 1
) -> bytes:
    """A batch, format v2. ``deltas``: what the records say of their places; 0, 1, 2 by default."""
    body = b""
    for number, (key, value, headers) in enumerate(records):
        delta = deltas[number] if deltas else number
        one = b"\0" + _varint(0) + _varint(delta) + _sized(key) + _sized(value)
        one += _varint(len(headers))
        one += b"".join(_sized(name) + _sized(content) for name, content in headers)
        body += _varint(len(one)) + one
    if packed:
        body = gzip_encode(body)
    return framed(body, len(records), _GZIP if packed else 0, at)


def bomb(size: int, key: bytes = b"k" * 16) -> bytes:
    """A batch of one record whose value is ``size`` zeros: four bytes of zstd for 128 KiB."""
    head = b"\0" + _varint(0) + _varint(0) + _sized(key) + _varint(size)
    head = _varint(len(head) + size + 1) + head
    blocks = [struct.pack("<I", len(head) << 3)[:3] + head]
    rest = size + 1  # and no headers, which is a zero as well
    while rest:
        length = min(rest, 128 << 10)
        rest -= length
        blocks.append(struct.pack("<I", (not rest) | 1 << 1 | length << 3)[:3] + b"\0")
    frame = bytes.fromhex("28b52ffd") + b"\x00\x38"
    return framed(frame + b"".join(blocks), 1, _ZSTD)


def framed(body: bytes, count: int, attributes: int, at: int = 1) -> bytes:
    """A batch around its records, packed or not."""
    covered = struct.pack(">hiqqqhii", attributes, count - 1, at, at, -1, -1, -1, count) + body
    crc = calc_crc32c(covered)
    return struct.pack(">qiibI", 0, 9 + len(covered), -1, 2, crc) + covered


def produce_batch(config: Mapping[str, str], topic: str, partition: int, batch: bytes) -> int:
    """Append a batch as it is; the error's code."""

    async def run() -> int:
        client: Any = AIOKafkaClient(**for_client(config))
        await client.bootstrap()
        try:
            await client.add_topic(topic)
            node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
            request = ProduceRequest(None, -1, 10_000, [(topic, [(partition, batch)])])
            answer = await client.send(node, request)
            return int(answer.topics[0][1][0][1])
        finally:
            await client.close()

    return asyncio.run(run())


def transaction(
    config: Mapping[str, str], topic: str, partition: int, values: Sequence[bytes], *, commit: bool
) -> None:
    """Append values as one transaction, and behind them its marker."""
    producer = Producer({**config, "transactional.id": f"t-{topic}-{partition}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, b"k" * 16, partition)
    producer.flush(30)
    (producer.commit_transaction if commit else producer.abort_transaction)(30)
