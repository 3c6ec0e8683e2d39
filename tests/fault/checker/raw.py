"""The log as bytes: read whole, with only Kafka's client, fastavro and the standard library."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from operator import methodcaller
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Consumer, KafkaError, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from fastavro import parse_schema, schemaless_reader

ROOT = Path(__file__).parents[3]
Place = tuple[str, int, int]  # topic, partition, offset
#: Called from C, so that a failure in it is noticed at once.
_HEADERS = methodcaller("headers")


@dataclass(frozen=True)
class Rec:
    """A record as it stands. ``headers``: in order, a name may occur twice."""

    topic: str
    partition: int
    offset: int
    time: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    named: bool = True  # False where a header's name is no text: then none is known

    @property
    def place(self) -> Place:
        return self.topic, self.partition, self.offset

    def header(self, name: str) -> bytes | None:
        found = [content for each, content in self.headers if each == name]
        return found[-1] if found else None


@dataclass
class Declared:
    """A topic as its YAML says."""

    partitions: int
    subject: str | None
    dead_letter: str | None


@dataclass
class Log:
    """Every topic, each partition's records in the order of offsets."""

    ids: dict[str, bytes] = field(default_factory=dict)  # topic UUIDs
    records: dict[tuple[str, int], list[Rec]] = field(default_factory=dict)

    def of(self, topic: str) -> Iterator[Rec]:
        for (name, _), records in sorted(self.records.items()):
            if name == topic:
                yield from records

    def topics(self) -> list[str]:
        return sorted({name for name, _ in self.records})

    def at(self, place: Place) -> Rec | None:
        records = self.records.get(place[:2], [])
        index = bisect_left(records, place[2], key=lambda r: r.offset)  # markers are not read
        found = records[index : index + 1]
        return found[0] if found and found[0].offset == place[2] else None


def declared(folder: Path = ROOT / "topics") -> dict[str, Declared]:
    """What ``topics/`` says."""
    found = {}
    for path in folder.glob("*.yaml"):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            notes = document["metadata"]["annotations"]
            found[document["spec"]["topicName"]] = Declared(
                int(document["spec"]["partitions"]),
                notes["fuma.example/schema"] or None,
                notes["fuma.example/dead-letter"] or None,
            )
    return found


class Schemas:
    """The schemas by id, from ``schemas/`` and its lock."""

    def __init__(self, folder: Path = ROOT / "schemas") -> None:
        lock = json.loads((folder / "lock.json").read_text("utf-8"))
        self._known: dict[int, tuple[str, Any]] = {}
        for entry in lock["schemas"]:
            path = folder / entry["subject"] / f"v{entry['version']}.avsc"
            parsed = parse_schema(json.loads(path.read_text("utf-8")))
            self._known[entry["id"]] = entry["subject"], parsed

    def read(self, value: bytes | None, subject: str) -> dict[str, Any] | None:
        """The value as a dictionary; ``None`` where it is no value of ``subject``."""
        if value is None or len(value) < 5 or value[0] != 0:
            return None
        named, schema = self._known.get(int.from_bytes(value[1:5], "big"), ("", None))
        if named != subject:
            return None
        body = BytesIO(value[5:])
        try:
            found: Any = schemaless_reader(body, schema, None, return_record_name=True)
        except Exception:  # whatever fastavro raises on bad bytes
            return None
        return found if body.read(1) == b"" else None


class Mac:
    """``fuma-mac``, done again from its page."""

    def __init__(self, world: bytes, key: bytes) -> None:
        self._world, self._key = world, key

    def of(self, key: bytes) -> Mac:
        """The same world under another key."""
        return Mac(self._world, key)

    def good(self, record: Rec) -> bool:
        """Whether a holder of the key vouches for the record."""
        name, time = record.topic.encode(), record.header("fuma-time")
        message = struct.pack(">I", len(self._world)) + self._world
        message += struct.pack(">I", len(name)) + name
        parts = (record.key, record.value, time)
        message += b"".join(struct.pack(">i", -1 if p is None else len(p)) for p in parts)
        message += b"".join(p or b"" for p in parts)
        expected = hmac.new(self._key, message, hashlib.sha256).digest()
        return hmac.compare_digest(expected, record.header("fuma-mac") or b"")


def murmur2(data: bytes) -> int:
    """Kafka's partitioner's hash, positive."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        k = k * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return (h ^ (h >> 15)) & 0x7FFFFFFF


def read_log(config: Mapping[str, str], names: list[str]) -> Log:
    """All of ``names``, as they stand now."""
    log = Log()
    admin = AdminClient(dict(config))
    for name, future in admin.describe_topics(TopicCollection(names)).items():
        uuid = future.result(30).topic_id
        log.ids[name] = struct.pack(
            ">qq", uuid.get_most_significant_bits(), uuid.get_least_significant_bits()
        )
    consumer = Consumer(
        {
            **config, "group.id": "fuma.checker", "enable.auto.commit": False,
            "auto.offset.reset": "error", "enable.partition.eof": True, "check.crcs": True,
            "isolation.level": "read_uncommitted",
            "fetch.wait.max.ms": 5,  # other requests wait behind a fetch
        }
    )  # fmt: skip
    try:
        metadata = consumer.list_topics(timeout=30).topics
        for name in names:
            for partition in metadata[name].partitions:
                log.records[name, partition] = list(_partition(consumer, name, partition))
    finally:
        consumer.close()
    return log


def _partition(consumer: Consumer, name: str, partition: int) -> Iterator[Rec]:
    start, end = consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=30)
    if start >= end:
        return
    consumer.assign([TopicPartition(name, partition, start)])
    while start < end:
        # Never more than there is: the client waits until it has as many.
        for message in consumer.consume(min(2_000, end - start), timeout=0.5):
            error = message.error()
            if (message.topic(), message.partition()) != (name, partition):
                continue  # still of the partition before
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return
                if error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
                    raise RuntimeError(f"{name}/{partition}: {error}")
                continue
            start = message.offset() + 1
            try:
                headers = tuple((n, c or b"") for n, c in _HEADERS(message) or ())
            except SystemError:  # so it says where a name is no text
                headers = None
            yield Rec(
                name, partition, message.offset(), message.timestamp()[1],
                message.key(), message.value(), headers or (), headers is not None,
            )  # fmt: skip
