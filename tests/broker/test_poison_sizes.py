"""Records that a broker just takes, or takes because they pack well: dead letters all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.codec import zstd_decode
from confluent_kafka import Producer

from broker.rawbatch import bomb, produce_batch
from broker.toy_cluster import PARTITIONS, ToyCluster
from doorkit import Door, event, name, number
from fuma.contracts.topics import partition_for
from fuma.runtime.dead_letters import ERRORS, original_of, part_of, split_headers
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.ports import Headers, LogRecord
from fuma.runtime.unpacking import MOST
from fuma.runtime.vault import VaultClient

KEY = b"k" * 16
#: What stays below the broker's limit as it is, and what does once it is packed.
POISON: list[tuple[str, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]] = [
    ("none", KEY, b"no value to a header", (("trace", None), ("h", b"x"))),
    ("none", KEY, bytes(range(256)) * 4_050, (("h", b"x"),)),  # 1,036,800
    ("none", KEY, bytes(999_850), ()),
    ("lz4", KEY, bytes(5_000_000), ()),
    ("zstd", b"k" * 3_000_000, None, (("h", bytes(2_000_000)),)),
    (
        "gzip",
        None,
        b"",
        tuple([(f"h{n}", b"") for n in range(99_000)]),
    ),  # librdkafka reads up to 100,000
]
#: As they are kept: a header without a value has an empty one.
WANTED: list[tuple[bytes | None, bytes | None, Headers]] = [
    (key, value, tuple([(name, content or b"") for name, content in headers]))
    for _, key, value, headers in POISON
]


def write(config: dict[str, str], topic: str, partition: int) -> None:
    for codec, key, value, headers in POISON:
        producer = Producer({**config, "compression.type": codec, "message.max.bytes": 50_000_000})
        producer.produce(topic, value, key, partition, headers=list(headers))
        assert producer.flush(30) == 0


def kept(letters: list[LogRecord]) -> list[Any]:
    """What the letters keep, each once."""
    firsts = [one for one in letters if (part := part_of(one)) is None or part.number == 1]
    return [original_of(one, letters) for one in firsts]


@pytest.fixture
def cluster(stack: Any, tmp_path: Path) -> Iterator[ToyCluster]:
    made = ToyCluster(stack.kafka("admin"), tmp_path)
    yield made
    made.close()


def test_a_stage_goes_on(cluster: ToyCluster) -> None:
    partition = partition_for(KEY, PARTITIONS)
    cluster.write(cluster.inputs(100, keys=10))
    write(cluster.kafka, cluster.stage.input_topic, partition)
    cluster.write(cluster.inputs(100, keys=10, seed=9))
    cluster.start()
    cluster.wait_done()
    assert cluster.ledger() == cluster.decided_again(chunk=17)
    topic = cluster.stage.dead_letter_topic
    bounds = cluster.reader.bounds(topic, partition)
    letters = list(cluster.reader.read(topic, partition, bounds.start, bounds.end))
    assert [one for one in kept(letters) if one in WANTED] == WANTED


@pytest.mark.slow
def test_many_that_just_may_be_unpacked_are_taken_one_after_the_other(cluster: ToyCluster) -> None:
    """More than a gigabyte of zeros in one fetch, of forty batches."""
    partition, batch = partition_for(KEY, PARTITIONS), bomb(MOST - 1_000)
    cluster.write(cluster.inputs(100, keys=10, seed=1))
    for _ in range(40):
        assert produce_batch(cluster.kafka, cluster.stage.input_topic, partition, batch) == 0
    cluster.write(cluster.inputs(100, keys=10, seed=2))
    worker = cluster.start()
    cluster.wait_done()
    assert peak_mib(worker.pid) < 700
    letters = whole(cluster.reader, cluster.stage.dead_letter_topic, partition)
    firsts = [one for one in letters if (part := part_of(one)) and part.number == 1]
    assert len({split_headers(one.headers)[1][ERRORS + "offset"] for one in firsts}) == 40


@pytest.mark.slow
def test_a_stage_leaves_packed_what_would_be_gigabytes(cluster: ToyCluster) -> None:
    partition, batch = partition_for(KEY, PARTITIONS), bomb(1_500_000_000)
    topic = cluster.stage.input_topic
    for seed in (1, 2):
        cluster.write(cluster.inputs(100, keys=10, seed=seed))
        assert produce_batch(cluster.kafka, topic, partition, batch) == 0
    worker = cluster.start()
    cluster.wait_done()
    assert peak_mib(worker.pid) < 400
    assert cluster.kill(worker) == -9
    cluster.start()  # and what was decided last is found again
    cluster.write(cluster.inputs(100, keys=10, seed=9))
    cluster.wait_done()
    letters = whole(cluster.reader, cluster.stage.dead_letter_topic, partition)
    packed = [one for one in letters if "fuma-packed" in split_headers(one.headers)[1]]
    assert [one.value[61:] for one in packed if one.value] == [batch[61:]] * 2  # behind the header


def peak_mib(pid: int) -> float:
    """The most that the process ever had in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def whole(reader: KafkaLogReader, topic: str, partition: int) -> list[LogRecord]:
    bounds = reader.bounds(topic, partition)
    return list(reader.read(topic, partition, bounds.start, bounds.end))


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    made = Door()
    loader = VaultClient(made.home.path, "holders-loader")
    loader.load([(number(i), name(i)) for i in range(10)])
    loader.close()
    made.open()
    yield made
    made.close()


@pytest.mark.slow
def test_what_librdkafka_does_not_unpack_holds_nobody_up(door: Door) -> None:
    """A zstd batch of a kilobyte that is twenty megabytes."""
    admin = kafka_config(door.home, "admin")
    partition = partition_for(b"R-LARGE", 8)
    assert produce_batch(admin, "fuma.in.health", partition, bomb(20_000_000, b"R-LARGE")) == 0
    summary, _ = door.report([event(2)])
    assert summary.accepted == 1
    deadline = time.monotonic() + 60
    while not (kept_ := kept_of(door, b"R-LARGE")):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert kept_ == [20_000_000]
    log = KafkaLogReader(admin)
    (stands,) = log.read("fuma.in.health", partition, 0, 1)
    assert len(stands.value or b"") == 20_000_000
    log.close()


@pytest.mark.slow
def test_the_gateway_leaves_packed_what_would_be_gigabytes(door: Door) -> None:
    """At a department's door, at the officers', and on `law`, which the stages read as well."""
    admin, batch = kafka_config(door.home, "admin"), bomb(1_500_000_000)
    for topic in ("fuma.in.health", "fuma.in.commands", "fuma.law"):
        assert produce_batch(admin, topic, 0, batch) == 0
    summary, _ = door.report([event(3)])
    assert summary.accepted == 1
    doors = {b"fuma.in.health", b"fuma.in.commands"}
    for letters, wanted in (("fuma.dlq.in", doors), ("fuma.dlq.law", {b"fuma.law"})):
        deadline = time.monotonic() + 60
        while not wanted <= (found := packed(door, letters)).keys():
            assert time.monotonic() < deadline, letters
            time.sleep(0.5)
        assert {found[topic][61:] for topic in wanted} == {batch[61:]}
    assert door.gateway is not None
    assert peak_mib(door.gateway.pid) < 500
    door.kill()
    door.open()
    summary, _ = door.report([event(4)])
    assert summary.accepted == 1


@pytest.mark.slow
def test_a_record_that_is_left_packed_can_be_unpacked_from_its_letter(door: Door) -> None:
    """A zstd batch of three kilobytes that is ninety megabytes."""
    admin = kafka_config(door.home, "admin")
    producer = Producer({**admin, "compression.type": "zstd", "message.max.bytes": 100_000_000})
    producer.produce("fuma.in.transport", bytes(90_000_000), b"R-LARGER", 0)
    assert producer.flush(30) == 0
    deadline = time.monotonic() + 60
    while not (batch := packed(door, "fuma.dlq.in").get(b"fuma.in.transport")):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    content = zstd_decode(batch[61:])
    assert b"R-LARGER" in content[:40]
    assert content.count(0) >= 90_000_000


def packed(door: Door, letters: str) -> dict[bytes, bytes]:
    """Batches that are kept as they stood, by the topic that they stood on."""
    found = [(split_headers(one.headers)[1], one.value) for one in door.records(letters)]
    return {added[ERRORS + "topic"]: value for added, value in found
            if "fuma-packed" in added and value}  # fmt: skip


def kept_of(door: Door, key: bytes) -> list[int]:
    """Lengths of the values that are kept whole under a key."""
    found = [one for one in kept(door.records("fuma.dlq.in")) if one and one[0] == key]
    return [len(value) for _, value, _ in found]


def test_the_gateway_goes_on_at_both_doors(door: Door) -> None:
    for topic in ("fuma.in.health", "fuma.in.commands"):
        write(kafka_config(door.home, "admin"), topic, 0)
    for _ in range(2):
        summary, refused = door.report([event(1)])
        assert (summary.accepted, refused) == (1, [])
    assert door.gateway is not None
    assert door.gateway.poll() is None
    deadline = time.monotonic() + 30
    found: list[Any] = []
    while [found.count(one) for one in WANTED] != [2] * len(WANTED):
        assert time.monotonic() < deadline, [found.count(one) for one in WANTED]
        time.sleep(0.2)
        found = kept(door.records("fuma.dlq.in"))
