"""A line in memory that lived through reports, repeats, poison and a zombie; for the checker."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faust.types import TP

from fault.checker import platform, raw
from fault.checker.check import Keys, Known, Report, Sent, check
from fuma.contracts.facts import encode_feed
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.topics import PERSON, feed_topic, partition_for, topics
from fuma.domain.codes.events import Fact, FactKind
from fuma.domain.ids import report_id
from fuma.processor.codes import Codes
from fuma.processor.outbox import Outbox
from fuma.processor.taskforce import Taskforce
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import LedgerPartition
from fuma.runtime.host_stages import TransformRunner
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.memory_log import MemoryLog, MemoryStore
from fuma.runtime.platform_memory import MemoryPlatform
from fuma.runtime.ports import LogRecord, Outgoing
from fuma.sink.service import Sink
from fuma.sink.settings import Settings
from unit.sink.rig import START, WORLD, Author, FixedClock, ListSource, Rig, law

FEED = feed_topic("health")
DECISIONS = "fuma.decisions"
SOURCE = "//henan.example/cdc"
NAMES = [FEED, "fuma.presence", PERSON, DECISIONS, "fuma.notices", "fuma.signals",
         "fuma.incidents", "fuma.dlq.feed", "fuma.dlq.person", "fuma.dlq.decisions"]  # fmt: skip
KEYS = Keys(bytes(range(16)), bytes(32), b"p" * 32)


@dataclass
class Lived:
    """A line in memory that lived through some reports, repeats and poison; and what was sent."""

    log: raw.Log
    shown: platform.Shown
    sent: list[Sent]

    def report(self, read: Collection[str] = ()) -> Report:
        return check(self.log, self.shown, KEYS, Known(self.sent), read)


def _facts(author: Author, tags: list[bytes]) -> Iterator[tuple[bytes, Fact, Sent]]:
    for number in range(120):
        sent = Sent("health", SOURCE, f"case-{number}", "decided")
        fact = author.fact(START + number * 60_000, id=report_id("health", SOURCE, sent.event))
        yield author.dice.choice(tags), fact, sent
    lifted = author.dice.randbytes(16)  # whose release lifts several orders, in parts
    given: dict[str, Any] = {"ground": "confirmed", "evidence_kind": "diagnosis-report"}
    for number in range(4):
        sent = Sent("health", SOURCE, f"lifted-{number}", "decided")
        if number == 3:
            given |= {"evidence_kind": "discharge-notice", "kind": FactKind.RELEASE}
        id_ = report_id("health", SOURCE, sent.event)
        yield lifted, author.fact(START + 10**7 + number, id=id_, **given), sent


def _transform(stage: Any, outputs: list[str], log: MemoryLog, world: World) -> None:
    runner = TransformRunner(stage, outputs, world, log, partition_for)
    for topic, partition in sorted(log.records):
        if topic in stage.input_topics and log.records[topic, partition]:
            engine = runner.open(TP(topic, partition), None)
            chunk = engine.decide(log.records[topic, partition], FOREVER)
            log.append(chunk.outgoing)


def live(folder: Path) -> Lived:
    rig = Rig(folder, 7)  # its sealer and platform key are the world's
    log = MemoryLog({name: topics()[name].partitions for name in (*NAMES, *FEEDS)})
    author, sent = Author(random.Random(11)), []
    tags = [author.dice.randbytes(16) for _ in range(12)]
    for number, (tag, fact, one) in enumerate(_facts(author, tags)):
        value, time = encode_feed(fact), pack_time(fact.reported)
        headers = rig.sealer.headers(FEED, tag, value, time=time)
        out = Outgoing(FEED, partition_for(tag, 8), tag, value, headers)
        log.append([out] * (2 if number % 10 == 0 else 1))
        if number % 15 == 0:
            log.append([replace(out, value=b"junk", headers=()), replace(out, key=None)])
        sent.append(one)
    letters = {name: 1 for name in NAMES if name.startswith("fuma.dlq.")}
    world = World(rig.sealer, True, letters)
    _transform(Taskforce(), [PERSON, "fuma.presence"], log, world)
    log.append([Outgoing(PERSON, 3, b"k" * 16, b"written by an administrator")])
    log.records[PERSON, 3].append(
        LogRecord(PERSON, 3, len(log.records[PERSON, 3]), log.now, b"k", bytes(2_500_000), ())
    )
    stage = Codes(law)
    intake = Intake(
        rig.sealer, simulated=True, partition_of=partition_for, counts={PERSON: 8}
    )  # fmt: skip
    for partition in range(8):
        position = Position(log.topic_id(PERSON), log.topic_id(DECISIONS))
        engine = LedgerPartition(stage, world, intake, MemoryStore(), partition, position)
        chunk = engine.decide(log.records[PERSON, partition], FOREVER)
        log.append(chunk.outgoing)
        log.append(chunk.outgoing[chunk.letters :][:5])  # a zombie's
    _transform(Outbox(lambda kind, what: None), ["fuma.notices", "fuma.signals"], log, world)
    return Lived(_raw(log), _shown(log), sent)


FEEDS = [name for name in topics() if name.startswith("fuma.feed.") and name != FEED]


def _raw(log: MemoryLog) -> raw.Log:
    made = raw.Log({name: log.topic_id(name) for name in NAMES})
    for (name, partition), records in log.records.items():
        if name in NAMES:
            made.records[name, partition] = [
                raw.Rec(
                    name, partition, r.offset, r.timestamp, r.key, r.value,
                    tuple((n, c or b"") for n, c in r.headers),
                )
                for r in records
            ]  # fmt: skip
    return made


def _shown(log: MemoryLog) -> platform.Shown:
    """What the sink puts onto the platform from that ledger."""
    store = MemoryPlatform()
    sink = Sink(
        Settings(Path(), longest_backoff_s=0.0), WORLD, Sealer(WORLD.id, bytes(32)),
        PlatformSealer(WORLD.id, b"p" * 32), lambda: store, ListSource(log), log, log, FixedClock(),
    )  # fmt: skip
    for _ in range(50):
        sink.turn()
    shown = platform.Shown()
    for key, value in store.values.items():
        kind, name = key.split(b":")[1], key.split(b":")[-1].decode()
        if kind == b"code":
            shown.codes[bytes.fromhex(name)] = value
        elif kind == b"sink":
            shown.positions[int(name)] = value
    for key, values in store.lists.items():
        shown.was[bytes.fromhex(key.split(b":")[-1].decode())] = list(values)
    return shown
