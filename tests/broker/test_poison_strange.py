"""Batches that no honest client writes, on the real broker: nobody stops, and nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from broker.rawbatch import RawRecord, batch_of, produce_batch, transaction
from broker.toy_cluster import ToyCluster
from doorkit import Door, at, event, name, number
from fuma.contracts.codec import encode
from fuma.contracts.genesis import read_world
from fuma.contracts.sealing import public_key, row_info, seal_row
from fuma.contracts.topics import in_topic, partition_for
from fuma.domain.ids import report_id
from fuma.runtime import keyfiles
from fuma.runtime.batch_reading import unescaped
from fuma.runtime.dead_letters import split_headers
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.hand_fetch import fetch_by_hand
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import LogRecord, Outgoing
from fuma.runtime.vault import VaultClient

NAMES = [(b"\xff\xfe", b"1"), (b"100%", None)]
#: More of them in a row than the interpreter needs to call a method another way.
JUNK: list[RawRecord] = [(b"k" * 16, b"junk %d" % n, NAMES) for n in range(40)]
LIES = [(0, 0, 0), (0, 5, 2), (2, 1, 0), (7, 8, 9), (0, 2, 2)]


def raw(records: Sequence[Outgoing]) -> list[RawRecord]:
    return [(r.key, r.value, [(n.encode(), c) for n, c in r.headers]) for r in records]


def until(done: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def cluster(stack: Any, tmp_path: Path) -> Iterator[ToyCluster]:
    made = ToyCluster(stack.kafka("admin"), tmp_path)
    yield made
    made.close()


def test_a_stage_takes_what_stands_around_it(cluster: ToyCluster) -> None:
    """In one batch with it, packed or not; and behind a transaction's marker."""
    topic, partition = cluster.stage.input_topic, 3
    mine = [r for r in cluster.inputs(3_000, keys=90) if r.partition == partition]
    good = raw([r for r in mine if r.headers][:300])
    for packed in (False, True):
        part, good = good[:40], good[40:]
        mixed = [r for pair in zip(part, JUNK, strict=True) for r in pair]
        assert produce_batch(cluster.kafka, topic, partition, batch_of(mixed, packed=packed)) == 0
    for lie in LIES:
        part, good = good[:3], good[3:]
        assert produce_batch(cluster.kafka, topic, partition, batch_of(part, deltas=lie)) == 0
    for commit in (True, False):
        transaction(cluster.kafka, topic, partition, [b"a", b"b"], commit=commit)
        part, good = good[:3], good[3:]
        assert produce_batch(cluster.kafka, topic, partition, batch_of(part)) == 0
    end = cluster.reader.bounds(topic, partition).end
    assert end == 160 + 15 + 2 * (2 + 1 + 3)
    stands, behind = fetch_by_hand(cluster.kafka, topic, partition, 0)
    assert behind == end
    assert list(cluster.reader.read(topic, partition, 0, end)) == stands
    assert [cluster.reader.exact(topic, partition, n) for n in (1, 164, 170)] == [
        stands[n] for n in (1, 164, 170)
    ]
    worker = cluster.start(chunk=13)
    cluster.wait_done()
    assert cluster.kill(worker) == -9
    cluster.start(chunk=7)  # and what was decided last is found again
    cluster.write([r for r in cluster.inputs(50, keys=9, seed=9) if r.partition == partition])
    cluster.wait_done()
    assert cluster.ledger() == cluster.decided_again(chunk=17)
    dead = {offset for _, offset, _ in cluster.dead()}
    assert {r.offset for r in stands if not r.headers or r.headers[0][0] == "%FF%FE"} <= dead
    letters = cluster.stage.dead_letter_topic
    bounds = cluster.reader.bounds(letters, partition)
    named(list(cluster.reader.read(letters, partition, 0, bounds.end)), 80)


def named(letters: Sequence[LogRecord], count: int) -> None:
    """So many letters keep junk with its headers."""
    found = {}
    for letter in letters:
        original, added = split_headers(letter.headers)
        if added.get("fuma-header-names") == b"percent":
            assert [(unescaped(n), c) for n, c in original] == [(n, c or b"") for n, c in NAMES]
            place = tuple(added["__streams.errors." + x] for x in ("topic", "partition", "offset"))
            found[place] = letter.value
    assert len(found) == count
    assert set(found.values()) == {value for _, value, _ in JUNK}


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    made = Door()
    loader = VaultClient(made.home.path, "holders-loader")
    loader.load([(number(i), name(i)) for i in range(200)])
    loader.close()
    made.open()
    yield made
    made.close()


def rows(door: Door, receipt: str, events: Sequence[dict[str, Any]]) -> list[RawRecord]:
    """A department's rows, as its client makes them."""
    home, topic = door.home.path, in_topic("health")
    key = keyfiles.department_path(home, "health").read_bytes()
    sealer = Sealer(read_world(door.home.world).id, key)
    to, made = public_key(keyfiles.gateway_public(home)), []
    for row, one in enumerate(events, 1):
        enc, sealed = seal_row(to, json.dumps(one).encode(), row_info("health", receipt, row))
        wire = {"receipt": receipt, "kind": "row", "row": row, "declared": None, "enc": enc,
                "sealed": sealed}  # fmt: skip
        value = encode("sealed-row", wire)
        headers = sealer.headers(topic, receipt.encode(), value, time=pack_time(at(9)))
        made.append(Outgoing(topic, 0, receipt.encode(), value, headers))
    return raw(made)


def idents(events: Sequence[dict[str, Any]]) -> set[bytes]:
    return {report_id("health", "//henan.example/cdc", one["id"]) for one in events}


def test_the_gateway_takes_what_stands_around_it(door: Door) -> None:
    """What a department writes with its own access and another client."""
    receipt, topic = "R-STRANGE", in_topic("health")
    partition = partition_for(receipt.encode(), 8)
    events = [event(i) for i in range(1, 96)]
    good = rows(door, receipt, events)
    user = kafka_config(door.home, "dept-health")
    for packed in (False, True):
        part, good = good[:40], good[40:]
        mixed = [r for pair in zip(part, JUNK, strict=True) for r in pair]
        assert produce_batch(user, topic, partition, batch_of(mixed, packed=packed)) == 0
    for lie in LIES:
        part, good = good[:3], good[3:]
        assert produce_batch(user, topic, partition, batch_of(part, deltas=lie)) == 0
    until(lambda: idents(events) <= {f.id for f in door.facts()})
    named(door.records("fuma.dlq.in"), 80)


def test_the_officers_door_and_the_law_go_on_behind_it(door: Door) -> None:
    admin = kafka_config(door.home, "admin")
    letters = {t: len(door.records(t)) for t in ("fuma.dlq.in", "fuma.dlq.law")}
    for topic in ("fuma.in.commands", "fuma.law"):
        assert produce_batch(admin, topic, 0, batch_of(JUNK)) == 0
        assert produce_batch(admin, topic, 0, batch_of(JUNK[:3], deltas=LIES[1])) == 0
        transaction(admin, topic, 0, [b"a"], commit=False)
        transaction(admin, topic, 0, [b"b"], commit=True)
        assert produce_batch(admin, topic, 0, batch_of(JUNK[:1])) == 0
    until(lambda: all(len(door.records(t)) == n + 48 for t, n in letters.items()))
    summary, _ = door.report([event(100)])
    assert summary.accepted == 1
    door.kill()
    door.open()
    summary, _ = door.report([event(101)])
    assert summary.accepted == 1
    assert door.gateway is not None
    assert door.gateway.poll() is None
    log = KafkaLogReader(admin)
    assert len(list(log.read("fuma.in.commands", 0, 0, 48))) == 48
    log.close()
