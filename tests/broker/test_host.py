"""The host on the real broker: positions, stores, rebalances, strangers' records."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from broker import toy
from broker.toy_cluster import PARTITIONS, START, ToyCluster
from fuma.contracts.topics import partition_for
from fuma.runtime.faust_app import EXIT_FATAL
from fuma.runtime.ports import Outgoing


@pytest.fixture
def cluster(stack: Any, tmp_path: Path) -> Iterator[ToyCluster]:
    made = ToyCluster(stack.kafka("admin"), tmp_path)
    yield made
    made.close()


def ledger_size(cluster: ToyCluster) -> int:
    return sum(cluster.ends(cluster.stage.ledger_topic))


def test_everything_is_decided_once_and_nothing_listens(cluster: ToyCluster) -> None:
    cluster.write(cluster.inputs(3_000, keys=300))
    worker = cluster.start()
    cluster.wait_done()
    listening = [
        c for c in psutil.Process(worker.pid).net_connections() if c.status == psutil.CONN_LISTEN
    ]
    assert listening == []
    assert cluster.kill(worker, signal.SIGTERM) == 0
    assert cluster.ledger() == cluster.decided_again(chunk=17)
    size = ledger_size(cluster)

    cluster.start()  # a clean stop leaves nothing to repeat
    cluster.write([_late(cluster)])
    cluster.wait_done()
    assert ledger_size(cluster) == size + 1


def _late(cluster: ToyCluster) -> Outgoing:
    return toy.toy_input(
        b"a new key.......", b"a new id........", 5, START + 10**9,
        topic=cluster.stage.input_topic, count=PARTITIONS,
    )  # fmt: skip


@pytest.mark.parametrize("offset", [0, 10**6], ids=["behind", "beyond"])
def test_the_groups_committed_offset_is_not_where_a_ledger_stage_goes_on(
    cluster: ToyCluster, offset: int
) -> None:
    cluster.write(cluster.inputs(2_000, keys=300))
    cluster.kill(_run(cluster, dynamic=True), signal.SIGTERM)
    size = ledger_size(cluster)
    cluster.commit(offset)
    cluster.write([_late(cluster)])
    cluster.start()
    _wait_until(lambda: ledger_size(cluster) == size + 1)
    assert cluster.ledger() == cluster.decided_again(chunk=100)


def _run(cluster: ToyCluster, **options: Any) -> Any:
    worker = cluster.start(**options)
    cluster.wait_done()
    return worker


def _wait_until(condition: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_deleted_store_costs_time_and_nothing_else(cluster: ToyCluster) -> None:
    cluster.write(cluster.inputs(2_000, keys=300))
    cluster.kill(_run(cluster))
    size = ledger_size(cluster)
    shutil.rmtree(cluster.folder / "stores")
    cluster.write([_late(cluster)])
    cluster.start()
    cluster.wait_done()
    assert cluster.ledger() == cluster.decided_again(chunk=100)
    # Repeats are not recorded and dead letters are no decisions: nothing is decided again.
    assert ledger_size(cluster) == size + 1


def test_a_ledger_ahead_of_the_store_is_folded(cluster: ToyCluster) -> None:
    cluster.write(cluster.inputs(1_000, keys=300))
    cluster.kill(_run(cluster))
    shutil.copytree(cluster.folder / "stores", cluster.folder / "older")
    cluster.write(cluster.inputs(1_000, keys=300, seed=8))
    cluster.kill(_run(cluster))
    size = ledger_size(cluster)
    cluster.write([_late(cluster)])
    cluster.start(service="older")
    cluster.wait_done()
    assert ledger_size(cluster) == size + 1
    assert cluster.ledger() == cluster.decided_again(chunk=100)


def test_a_stage_that_raises_ends_the_process_and_nothing_is_skipped(cluster: ToyCluster) -> None:
    bug = toy.toy_input(
        b"k" * 16, b"i" * 16, toy.BUG, START, topic=cluster.stage.input_topic, count=PARTITIONS
    )
    cluster.write([*cluster.inputs(500, keys=50), bug, *cluster.inputs(500, keys=50, seed=9)])
    worker = cluster.start(TOY_BUG="1")
    assert worker.wait(60) == EXIT_FATAL
    cluster.workers.remove(worker)
    assert "a bug in the stage" in cluster.log()
    cluster.start()  # mended
    cluster.wait_done()
    assert cluster.ledger() == cluster.decided_again(chunk=100)


def test_a_topic_made_anew_is_refused(cluster: ToyCluster) -> None:
    cluster.write(cluster.inputs(500, keys=50))
    cluster.kill(_run(cluster), signal.SIGTERM)
    admin = AdminClient({**cluster.kafka})
    for future in admin.delete_topics([cluster.stage.input_topic]).values():
        future.result()
    _wait_until(lambda: _create(cluster))
    worker = cluster.start()
    assert worker.wait(60) == EXIT_FATAL
    cluster.workers.remove(worker)
    assert "not those that the store was made from" in cluster.log()


def _create(cluster: ToyCluster) -> bool:
    try:
        cluster.create([cluster.stage.input_topic])
    except Exception:  # the deletion is not through yet
        return False
    return True


@pytest.mark.slow
def test_workers_that_come_and_go_share_the_partitions(cluster: ToyCluster) -> None:
    records = cluster.inputs(6_000, keys=500)
    first = cluster.start(chunk=100)
    cluster.write(records[:2_000])
    cluster.wait_done()  # a worker that is still starting has not learnt to stop in order
    cluster.start(chunk=300)
    cluster.write(records[2_000:4_000])
    time.sleep(2)
    assert cluster.kill(first, signal.SIGTERM) == 0
    cluster.write(records[4_000:])
    cluster.wait_done()
    assert cluster.ledger() == cluster.decided_again(chunk=50)


def test_what_a_stranger_writes_is_a_dead_letter_whatever_its_compression(
    cluster: ToyCluster,
) -> None:
    topic = cluster.stage.input_topic
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        stranger = Producer({**cluster.kafka, "compression.type": codec})
        stranger.produce(topic, codec.encode() * 100, b"k" * 16, partition_for(b"k" * 16, 8))
        assert stranger.flush(30) == 0
    cluster.write([_late(cluster)])
    _run(cluster)
    assert {reason for _, _, reason in cluster.dead()} == {b"no-mac"}
    assert len(cluster.dead()) == 4
    assert ledger_size(cluster) == 1
