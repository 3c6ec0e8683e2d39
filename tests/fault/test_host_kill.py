"""The host under SIGKILL: nothing lost, nothing counted twice, the same bytes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.toy_cluster import ToyCluster

INPUTS = 20_000


@pytest.fixture
def cluster(stack: Any, tmp_path: Path) -> Iterator[ToyCluster]:
    made = ToyCluster(stack.kafka("admin"), tmp_path)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_kills_at_random_moments_change_nothing(cluster: ToyCluster, workers: int) -> None:
    dice = random.Random()
    records = cluster.inputs(INPUTS, keys=2_000)

    def flow() -> None:
        for start in range(0, INPUTS, 400):
            cluster.write(records[start : start + 400])
            time.sleep(0.1)

    writer = threading.Thread(target=flow)
    for _ in range(workers):
        cluster.start(chunk=dice.choice([50, 200]))
    writer.start()
    for _ in range(6):
        time.sleep(dice.uniform(0.3, 2.5))
        cluster.kill(dice.choice(cluster.workers))
        cluster.start(chunk=dice.choice([50, 200]))
    writer.join()
    cluster.wait_done()

    assert cluster.ledger() == cluster.decided_again(chunk=997)
    assert sum(cluster.ends(cluster.stage.input_topic)) == INPUTS
    reasons = {reason for _, _, reason in cluster.dead()}
    assert reasons == {b"no-mac", b"undecodable"}
