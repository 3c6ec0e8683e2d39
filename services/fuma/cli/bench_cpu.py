"""What a record costs each stage's own code, in CPU: ``python -m fuma.cli.bench_cpu``.

One process, no broker and no Redis: the log and the platform are in memory, the store is RocksDB.
CPU seconds of the process, all its threads together, so that other work on the machine does not
count. What Kafka's clients cost comes on top; ``fuma bench`` measures that.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from faust.types import TP

from fuma.contracts.facts import encode_feed, encode_person
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.contracts.topics import (
    DECISIONS,
    INCIDENTS,
    NOTICES,
    PERSON,
    SIGNALS,
    feed_topic,
    partition_for,
)
from fuma.domain.codes.events import Fact, FactKind, Identity
from fuma.domain.time import Ms
from fuma.processor.codes import Codes
from fuma.processor.outbox import Outbox
from fuma.processor.taskforce import Taskforce
from fuma.processor.watch import Watch
from fuma.runtime.clock import SystemClock
from fuma.runtime.heap import settle
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import LedgerPartition
from fuma.runtime.host_recovery import Recovery
from fuma.runtime.host_stages import TransformRunner
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_types import Position
from fuma.runtime.host_window import WindowRunner
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.platform_memory import MemoryPlatform
from fuma.runtime.ports import LogRecord, Outgoing
from fuma.runtime.store import RocksStore
from fuma.sink.apply import Partition
from fuma.sink.incidents import Incidents
from fuma.sink.tools import Tools
from fuma.sink.writer import Writer

_NOW: Ms = 1_655_136_000_000  # 14 June 2022, 00:00 in Asia/Shanghai
_WORLD = bytes(16)
_FEED = feed_topic("health")
_FINDINGS = (
    ("confirmed", "diagnosis-report"),
    ("close-contact", "isolation-record"),
    ("asymptomatic", "pcr-report"),
    ("unexplained-fever", "fever-clinic-record"),
)


@dataclass(slots=True)
class Costs:
    """CPU microseconds a record, by stage."""

    persons: int
    records: int
    micros: dict[str, float] = field(default_factory=dict)

    def keep(self, name: str, each: Sequence[float]) -> None:
        """``each``: CPU seconds a record of every chunk; the median is what it costs."""
        self.micros[name] = round(median(each) * 1e6, 2)


@dataclass(frozen=True, slots=True)
class Curve:
    """CPU µs a record of ``codes``, by persons in the store and by partitions of one worker."""

    persons: dict[int, float]
    partitions: dict[int, float]


def timed(work: Callable[[], int]) -> float:
    """CPU seconds a record of ``work``, which says how many records it did."""
    began = time.process_time()
    count = work()
    return (time.process_time() - began) / count


def facts(persons: int, count: int) -> Iterator[tuple[bytes, Fact]]:
    """Findings on ``persons`` in turn, each its own evidence: nearly all take effect."""
    for index in range(count):
        tag = hashlib.sha256(b"person %d" % (index % persons)).digest()[:16]
        mark = hashlib.sha256(b"fact %d" % index).digest()
        ground, evidence = _FINDINGS[(index + index // persons) % len(_FINDINGS)]
        yield tag, Fact(
            mark[:16], mark, FactKind.FINDING, "health", "410105", ground, _NOW, None, evidence,
            mark[::-1], Identity.MATCHED, (), _NOW, bytes(150),
        )  # fmt: skip


class Bench:
    """One partition of everything, in memory."""

    def __init__(self, persons: int, records: int, chunk: int, folder: Path) -> None:
        self.costs = Costs(persons, records)
        self._chunk = chunk
        self._folder = folder
        self._sealer = Sealer(_WORLD, bytes(32))
        self._log = MemoryLog(
            {_FEED: 1, PERSON: 1, DECISIONS: 1, NOTICES: 1, SIGNALS: 1, INCIDENTS: 1,
             "fuma.dlq.person": 1, "fuma.dlq.feed": 1, "fuma.dlq.decisions": 1}
            | dict.fromkeys(Taskforce().input_topics, 1),
            now=_NOW,
        )  # fmt: skip
        letters = dict.fromkeys(("fuma.dlq.person", "fuma.dlq.feed", "fuma.dlq.decisions"), 1)
        self._world = World(self._sealer, False, letters)
        self._law = law_of_texts(load_folder(root() / "rules"))

    def _records(self, topic: str) -> list[LogRecord]:
        return self._log.records[topic, 0]

    def _chunks(self, topic: str) -> Iterator[Sequence[LogRecord]]:
        records = self._records(topic)
        for start in range(0, len(records), self._chunk):
            yield records[start : start + self._chunk]

    def _put(self, topic: str, key: bytes, value: bytes) -> None:
        headers = self._sealer.headers(topic, key, value, time=None)
        self._log.append([Outgoing(topic, 0, key, value, headers)])

    def _each(self, name: str, topic: str, work: Callable[[Sequence[LogRecord]], int]) -> None:
        self.costs.keep(name, [timed(partial(work, chunk)) for chunk in self._chunks(topic)])

    def run(self) -> Costs:
        """Every stage over the records of the one before it."""
        settle()
        made = list(facts(self.costs.persons, self.costs.records))
        count = len(made)
        values = [encode_feed(fact) for _, fact in made]
        for (tag, _), value in zip(made, values, strict=True):
            self._put(_FEED, tag, value)
        self._transform("taskforce", Taskforce(), _FEED, [PERSON])
        if len(self._records(PERSON)) != count:
            raise RuntimeError("the task force lost records")
        self._codes()
        self._recovery()
        self._transform("outbox", Outbox(lambda kind, what: None), DECISIONS, [NOTICES, SIGNALS])
        self._watch()
        self._sink()
        return self.costs

    def _transform(self, name: str, stage: Taskforce | Outbox, topic: str, to: list[str]) -> None:
        runner = TransformRunner(stage, to, self._world, self._log, partition_for)
        engine = runner.open(TP(topic, 0), None)

        def transform(chunk: Sequence[LogRecord]) -> int:
            done = engine.decide(chunk, 0)
            outgoing.extend(done.outgoing)
            return done.taken

        outgoing: list[Outgoing] = []
        self._each(name, topic, transform)
        self._log.append(outgoing)

    def _codes(self) -> None:
        intake = Intake(
            self._sealer, simulated=False, partition_of=partition_for, counts={PERSON: 1}
        )
        position = Position(self._log.topic_id(PERSON), self._log.topic_id(DECISIONS))
        store = RocksStore(self._folder / "decided")
        stage = Codes(lambda: self._law)
        engine = LedgerPartition(stage, self._world, intake, store, 0, position)

        def decide(chunk: Sequence[LogRecord]) -> int:
            decided = engine.decide(chunk)
            engine.take(decided, self._log.append(decided.outgoing))
            return decided.taken

        self._each("codes", PERSON, decide)
        engine.close()

    def only_codes(self, partitions: int, last: int) -> float:
        """CPU µs a record of ``codes`` for the ``last`` records, when the rest has been decided.

        Each partition has an engine and a store of its own, as in a worker that has them all.
        """
        position = Position(self._log.topic_id(PERSON), self._log.topic_id(DECISIONS))
        counts = {PERSON: partitions}
        intake = Intake(self._sealer, simulated=False, partition_of=partition_for, counts=counts)
        stage = Codes(lambda: self._law)
        engines = [
            LedgerPartition(
                stage, self._world, intake, RocksStore(self._folder / str(p)), p, position
            )
            for p in range(partitions)
        ]
        waiting: list[list[LogRecord]] = [[] for _ in engines]
        offsets = [0] * partitions
        each: list[float] = []

        def decide(number: int) -> int:
            engine, chunk = engines[number], waiting[number]
            decided = engine.decide(chunk)
            engine.take(decided, [0] * len(decided.outgoing))
            return len(chunk)

        count = self.costs.records + last
        for index, (tag, fact) in enumerate(facts(self.costs.persons, count)):
            value = encode_person(fact)
            number = partition_for(tag, partitions)
            headers = self._sealer.headers(PERSON, tag, value, time=None)
            raw = LogRecord(PERSON, number, offsets[number], _NOW, tag, value, headers)
            offsets[number] += 1
            waiting[number].append(raw)
            if len(waiting[number]) >= self._chunk or index == count - 1:
                took = timed(partial(decide, number))
                waiting[number].clear()
                if index >= self.costs.records:
                    each.append(took)
        for engine in engines:
            engine.close()
        return round(median(each) * 1e6, 2)

    def _recovery(self) -> None:
        store = RocksStore(self._folder / "folded")
        recovery = Recovery(
            Codes(lambda: self._law), self._world, store, self._log, 0, lambda kind, what: None
        )
        count = len(self._records(DECISIONS))

        def fold() -> int:
            recovery.run()
            return count

        self.costs.keep("recovery", [timed(fold)])
        store.close()

    def _watch(self) -> None:
        runner = WindowRunner(
            Watch(lambda: self._law), [INCIDENTS], self._world, self._log, partition_for,
            horizon=lambda: FOREVER,
        )  # fmt: skip
        engine = runner.open(TP(SIGNALS, 0), None)
        self._each("watch", SIGNALS, lambda chunk: engine.decide(chunk, FOREVER).taken)

    def _sink(self) -> None:
        intake = Intake(
            self._sealer, simulated=False, partition_of=partition_for, counts={DECISIONS: 1}
        )
        clock = SystemClock()
        tools = Tools(
            MemoryPlatform(), PlatformSealer(_WORLD, bytes(32)), intake, self._log,
            Incidents(self._log, self._sealer, clock, simulated=False), clock, False, 1,
            self._log.topic_id(DECISIONS),
        )  # fmt: skip
        partition = Partition(tools, 0)
        partition.load(None)
        writer = Writer(tools.store, {0: partition})

        def write(chunk: Sequence[LogRecord]) -> int:
            writer.write(chunk)
            writer.finish()
            return len(chunk)

        self._each("sink", DECISIONS, write)


def measure(persons: int, records: int, chunk: int = 1_000) -> Costs:
    """Costs over ``records`` findings on ``persons``, ``chunk`` records at a time."""
    with tempfile.TemporaryDirectory(prefix="fuma-bench-") as folder:
        return Bench(persons, records, chunk, Path(folder)).run()


def curve(persons: Sequence[int], partitions: Sequence[int], each: int) -> Curve:
    """What ``codes`` costs a record with so many persons in the store, over so many partitions."""
    with tempfile.TemporaryDirectory(prefix="fuma-bench-") as folder:
        path = Path(folder)
        return Curve(
            {count: Bench(count, count, 1_000, path / f"n{count}").only_codes(1, each)
             for count in persons},
            {count: Bench(each, each, 1_000, path / f"p{count}").only_codes(count, each)
             for count in partitions},
        )  # fmt: skip


def main() -> None:
    """So many records on so many persons, or ``curve``."""
    logging.basicConfig(level=logging.WARNING)
    parser = argparse.ArgumentParser(
        prog="python -m fuma.cli.bench_cpu",
        description="CPU that each stage's own code takes for a record, without a broker.",
        epilog="Example: python -m fuma.cli.bench_cpu 100000 20000",
    )
    parser.add_argument("records", nargs="?", default="50000", help="or the word: curve")
    parser.add_argument("persons", nargs="?", type=int, help="default: half as many")
    asked = parser.parse_args()
    if asked.records == "curve":
        found = curve((10_000, 100_000, 1_000_000), (1, 4, 16, 64), 20_000)
        print(f"persons in the store: {found.persons}\nover partitions: {found.partitions}")
        return
    if not asked.records.isdecimal() or int(asked.records) < 1:
        parser.error(f"{asked.records}: neither a number of records nor curve")
    records = int(asked.records)
    costs = measure(asked.persons or max(1, records // 2), records)
    print(f"{costs.records:,} records on {costs.persons:,} persons, CPU µs a record")
    for name, micros in costs.micros.items():
        print(f"  {name:<12} {micros:8.2f}   {1e6 / micros:10,.0f} /s of one core")


if __name__ == "__main__":
    main()
