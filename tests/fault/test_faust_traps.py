"""Each of Faust's known traps: shown on Faust as it comes, and that none of them reaches us.

For what of Faust is not used at all, a look at the source says so.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from broker.toy_cluster import PARTITIONS, ToyCluster
from fuma.runtime.faust_app import EXIT_FATAL

SERVICES = Path(__file__).parents[2] / "services"
#: The least that the broker takes, which a record of ``LARGE`` bytes is beyond.
SMALL = 500
LARGE = 2_000


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@dataclass
class Stock:
    """Faust as it comes, in a process of its own."""

    kafka: dict[str, str]
    folder: Path
    suffix: str = field(default_factory=lambda: f".{uuid.uuid4().hex[:8]}")
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        admin = AdminClient(self.kafka)
        names = ("raises", "batch", "passes", "sends", "sent")
        config = {"sent": {"max.message.bytes": str(SMALL)}}
        topics = [
            NewTopic(f"stock.{n}{self.suffix}", 1, 1, config=config.get(n, {})) for n in names
        ]
        for future in admin.create_topics(topics).values():
            future.result(30)

    def write(self, topic: str, values: list[bytes]) -> None:
        producer = Producer(self.kafka)
        for value in values:
            producer.produce(f"stock.{topic}{self.suffix}", value)
        assert producer.flush(30) == 0

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = os.environ | {
            "STOCK_KAFKA": json.dumps(self.kafka), "STOCK_SUFFIX": self.suffix,
            "STOCK_FOLDER": str(self.folder), "STOCK_PORT": str(self.port),
        }  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("stock_faust.py")), "worker"],
                env=environment, cwd=self.folder, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def processed(self, agent: str) -> list[str]:
        path = self.folder / agent
        return path.read_text().split() if path.exists() else []

    def committed(self, topic: str) -> int:
        group = Consumer({**self.kafka, "group.id": f"stock{self.suffix}"})
        try:
            (found,) = group.committed([TopicPartition(f"stock.{topic}{self.suffix}", 0)], 30)
            return found.offset
        finally:
            group.close()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@pytest.fixture(scope="module")
def stock(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    """It has lived through everything by the time a test asks."""
    made = Stock(stack.kafka("admin"), tmp_path_factory.mktemp("stock"))
    made.create()
    numbers = [b"%d" % n for n in range(6)]
    made.write("raises", numbers)
    made.write("batch", [b"0", b"not JSON", *numbers[1:]])
    made.write("passes", numbers)
    made.write("sends", [b"x" * LARGE, b"small"])
    made.start()
    try:
        until(lambda: len(made.processed("passes")) == 5 and len(made.processed("sends")) == 2)
        until(lambda: made.committed("raises") == 6 and made.committed("sends") == 2)
        until(lambda: made.committed("passes") == 6)
        yield made
    finally:
        made.kill()


@pytest.fixture
def ours(stack: Any, tmp_path: Path) -> Iterator[ToyCluster]:
    made = ToyCluster(stack.kafka("admin"), tmp_path)
    yield made
    made.close()


# --- an agent that raises acks the event ---------------------------------------------------------


def test_stock_faust_acks_what_its_agent_raised_on(stock: Stock) -> None:
    assert "3" not in stock.processed("raises")
    assert stock.committed("raises") == 6, "past the record that was never processed"
    assert stock.alive


# Ours: test_host.py, test_a_stage_that_raises_ends_the_process_and_nothing_is_skipped.


# --- a decode error in a batched stream stops the agent, and nobody is told ----------------------


def test_stock_faust_stops_reading_after_a_decode_error_in_a_batch(stock: Stock) -> None:
    before = stock.processed("batch")
    stock.write("batch", [b"6", b"7"])
    time.sleep(2)
    assert stock.alive, "as if nothing had happened"
    assert stock.processed("batch") == before
    assert "7" not in before


def test_ours_goes_on_after_what_cannot_be_decoded(ours: ToyCluster) -> None:
    records = ours.inputs(300, keys=30)  # poison among them
    ours.write(records)
    worker = ours.start()
    ours.wait_done()
    assert ours.dead()
    assert ours.ledger() == ours.decided_again(chunk=10)
    assert ours.kill(worker, signal.SIGTERM) == 0


# --- commits can pass an unprocessed offset ------------------------------------------------------


def test_stock_faust_commits_past_what_is_not_processed(stock: Stock) -> None:
    assert stock.committed("passes") == 6
    assert "0" not in stock.processed("passes"), "offset 0 is still in the agent's hands"


# Ours: a chunk that failed is not committed and ends the process (below, and test_faust_host.py);
# a position is committed only for what the store has taken, in order.


# --- produce failures do not stop a commit -------------------------------------------------------


def test_stock_faust_commits_though_the_output_was_refused(stock: Stock) -> None:
    assert stock.committed("sends") == 2
    reader = Consumer({**stock.kafka, "group.id": "nobody", "auto.offset.reset": "error"})
    try:
        partition = TopicPartition(f"stock.sent{stock.suffix}", 0)
        assert reader.get_watermark_offsets(partition, timeout=30)[1] == 1, "only the small one"
    finally:
        reader.close()


def test_ours_ends_and_commits_nothing_when_the_output_is_refused(
    stack: Any, tmp_path: Path
) -> None:
    made = ToyCluster(stack.kafka("admin"), tmp_path, ledger={"max.message.bytes": "100"})
    try:
        made.write(made.inputs(50, keys=10))
        worker = made.start()
        assert worker.wait(60) == EXIT_FATAL
        made.workers.remove(worker)
        assert made.committed() == [0] * PARTITIONS
        assert sum(made.ends(made.stage.ledger_topic)) == 0
    finally:
        made.close()


# --- the producer is not idempotent --------------------------------------------------------------


def _producer_ids(data: Path, topic: str) -> set[int]:
    """Who wrote the batches of a topic, as the broker's own files say; -1: without an id."""
    found = set()
    for segment in data.glob(f"{topic}-*/*.log"):
        content, at = segment.read_bytes(), 0
        while at + 61 <= len(content):
            (length,) = struct.unpack_from(">i", content, at + 8)
            (producer,) = struct.unpack_from(">q", content, at + 43)
            if length <= 0:
                break
            found.add(producer)
            at += 12 + length
    return found


def test_stock_fausts_producer_has_no_id_and_ours_has(stack: Any, stock: Stock, ours: Any) -> None:
    ours.write(ours.inputs(20, keys=5))
    ours.start()
    ours.wait_done()
    data = stack.home.kafka_data
    assert _producer_ids(data, f"stock.sent{stock.suffix}") == {-1}
    ids = _producer_ids(data, ours.stage.ledger_topic)
    assert ids
    assert min(ids) >= 0


# --- the web server ------------------------------------------------------------------------------


def _listening(pid: int) -> list[str]:
    return [
        f"{c.laddr.ip}:{c.laddr.port}"
        for c in psutil.Process(pid).net_connections()
        if c.status == psutil.CONN_LISTEN
    ]


def test_stock_faust_listens_and_ours_does_not(stock: Stock, ours: ToyCluster) -> None:
    assert stock.process is not None
    assert _listening(stock.process.pid) == [f"0.0.0.0:{stock.port}"]
    ours.write(ours.inputs(20, keys=5))
    worker = ours.start()
    ours.wait_done()
    assert _listening(worker.pid) == []


# --- what is not used at all ---------------------------------------------------------------------

#: Attributes and names of Faust whose semantics are traps.
NOT_USED = {
    "Table", "GlobalTable", "SetTable", "SetGlobalTable", "noack", "noack_take", "send_soon",
    "group_by", "processing_guarantee", "ProcessingGuarantee",
}  # fmt: skip
KEYWORDS = {"sink", "processing_guarantee"}
TEXTS = ("exactly_once", "confluent://")


def _uses(tree: ast.AST) -> Iterator[str]:
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in NOT_USED:
            yield node.attr
        elif isinstance(node, ast.Name) and node.id in NOT_USED:
            yield node.id
        elif isinstance(node, ast.keyword) and node.arg in KEYWORDS:
            yield f"{node.arg}="
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        ):
            yield from (text for text in TEXTS if text in node.value)


def _faust_modules() -> list[Path]:
    return [p for p in SERVICES.rglob("*.py") if "faust" in p.read_text("utf-8")]


def test_what_of_faust_is_a_trap_is_not_used() -> None:
    modules = _faust_modules()
    assert len(modules) > 3
    for path in modules:
        assert not list(_uses(ast.parse(path.read_text("utf-8")))), path


def test_the_lint_finds_what_it_looks_for() -> None:
    text = "app.Table('x'); agent(t, sink=[s]); stream.group_by(k); App(x='exactly_once')"
    assert set(_uses(ast.parse(text))) == {"Table", "sink=", "group_by", "exactly_once"}


def test_faust_is_imported_by_the_host_alone() -> None:
    for path in _faust_modules():
        tree = ast.parse(path.read_text("utf-8"))
        names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        names += [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        if any(name.split(".")[0] == "faust" for name in names):
            # A bench hands Faust's topic-and-partition pair to the host, and uses nothing else.
            assert path.parent.name == "runtime" or path.name.startswith("bench_"), path
