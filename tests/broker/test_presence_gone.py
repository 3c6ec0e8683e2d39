"""The topic half of privacy: what is older than its retention is off the broker's disk."""

from __future__ import annotations

import time
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from conftest import Stack
from fuma.contracts.presence import decode_presence, encode_presence
from fuma.contracts.topics import PRESENCE, spec
from fuma.domain.comparison.events import Presence
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import cell_place
from fuma.runtime.embedded.admin import admin_client
from fuma.runtime.kafka import KafkaLogReader

TOPIC = "presence-of-seconds"
PLACE = cell_place(Cell(4240, 41000))


def _stay(number: int) -> Presence:
    return Presence(
        f"id-on-disk-{number:05d}".encode(), 0, f"tag-of-{number:05d}".encode().ljust(16, b"!"),
        PLACE, "410105", 1_655_136_000_000, 1_655_139_600_000, identity="matched",
        department="communications",
    )  # fmt: skip


def _has(folder: Path, what: bytes) -> list[str]:
    """The topic's files with these bytes, whatever they are called: a segment that is on its way
    out counts."""
    found = []
    for path in folder.glob(f"{TOPIC}*/*"):
        try:
            if path.is_file() and what in path.read_bytes():
                found.append(path.name)
        except FileNotFoundError:
            continue
    return found


def _seconds(admin: AdminClient) -> None:
    """A segment of a second, kept for one; deleted files go at once, not after a minute."""
    times = {"retention.ms": "1000", "segment.ms": "1000", "file.delete.delay.ms": "0"}
    change = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in times.items()
    ]
    topic = ConfigResource(ResourceType.TOPIC, TOPIC, incremental_configs=change)
    for done in admin.incremental_alter_configs([topic]).values():
        done.result(30)


def test_the_bytes_of_a_presence_are_gone_with_its_segment(stack: Stack) -> None:
    """The declared topic; when it holds something, its days become seconds."""
    declared = spec(PRESENCE)
    assert {"retention.ms", "segment.ms"} < set(declared.config)
    admin = admin_client(stack.home)
    new = NewTopic(TOPIC, 1, replication_factor=1, config=dict(declared.config))
    for done in admin.create_topics([new]).values():
        done.result(30)
    producer = Producer({**stack.kafka("admin"), "compression.type": "none", "linger.ms": "0"})
    try:
        for number in range(200):
            one = _stay(number)
            producer.produce(TOPIC, encode_presence(one), PLACE + b"\x00")
        assert producer.flush(30) == 0
        first, last = _stay(0), _stay(199)
        data = Path(stack.home.kafka_data)
        assert _has(data, first.tag), "while it is kept it stands in the segment, readable"
        assert _has(data, last.id)
        reader = KafkaLogReader(stack.kafka("admin"))
        try:
            (kept, *_) = reader.read(TOPIC, 0, 0, 1)
            assert decode_presence(kept.value) == first
            _seconds(admin)
            deadline = time.monotonic() + 30
            while _has(data, first.tag) and time.monotonic() < deadline:
                time.sleep(0.5)
            for one in (first, last):
                assert _has(data, one.tag) == []
                assert _has(data, one.id) == []
            bounds = reader.bounds(TOPIC, 0)
            assert (bounds.start, bounds.end) == (200, 200), "the offsets are not used again"
        finally:
            reader.close()
    finally:
        for done in admin.delete_topics([TOPIC]).values():
            done.result(30)
        del producer  # else it asks for its topic until the session ends
