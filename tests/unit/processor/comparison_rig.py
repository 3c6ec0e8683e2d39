"""The stage ``comparison`` on the in-memory log: its partitions, and what may happen to them."""

from __future__ import annotations

from collections import Counter
from random import Random

from faust.types import TP

from broker.toy import SEALER
from fuma.contracts.facts import decode_person
from fuma.contracts.presence import records_of
from fuma.contracts.topics import PERSON, PRESENCE, partition_for
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.events import Input
from fuma.domain.comparison.settings import Frame, Law
from fuma.domain.time import Ms
from fuma.processor.comparison import Comparison
from fuma.runtime.host_stored import Heard, StoredPartition
from fuma.runtime.host_stored_recovery import StoredRunner
from fuma.runtime.host_transform import internal
from fuma.runtime.host_world import World
from fuma.runtime.mac import ORIGIN_HEADER, pack_time
from fuma.runtime.marks import Committed
from fuma.runtime.memory_log import MemoryLog, MemoryStore
from fuma.runtime.ports import LogRecord, SortedStore

DEAD = Comparison.dead_letter_topic
Said = tuple[str, int, bytes | None, bytes | None]


class Stores:
    """Stores that outlive an engine, as a disk does."""

    def __init__(self) -> None:
        self.kept: dict[int, SortedStore] = {}

    def open(self, stage: str, partition: int) -> SortedStore:
        return self.kept.setdefault(partition, MemoryStore())

    def drop(self, stage: str, partition: int) -> None:
        self.kept.pop(partition, None)


class Rig:
    """``partitions`` of ``presence``, one of ``person``."""

    def __init__(
        self, law: Law, frame: Frame, partitions: int = 2, stores: Stores | None = None
    ) -> None:
        self.log = MemoryLog({PRESENCE: partitions, PERSON: 1, DEAD: 1})
        self.frame, self.partitions = frame, partitions
        self.stores = stores or Stores()
        self.committed: dict[int, Committed] = {}
        self.alarms: list[str] = []
        world = World(SEALER, True, {DEAD: 1}, alarm=lambda kind, what: self.alarms.append(kind))
        self.runner = StoredRunner(
            Comparison(lambda: law, partitions, frame), Comparison.output_topics, world, self.log,
            self.stores, partition_for,
        )  # fmt: skip
        self.engines = {p: self.open(p) for p in range(partitions)}

    def open(self, partition: int) -> StoredPartition[Input]:
        """Recover, as on assignment."""
        engine = self.runner.open(TP(PRESENCE, partition), self.committed.get(partition))
        assert isinstance(engine, StoredPartition)
        return engine

    def tell(self, item: Input, at: Ms) -> None:
        """As the task force does."""
        for key, value in records_of(item, self.partitions, self.frame):
            partition, time = partition_for(key, self.partitions), pack_time(at)
            self.log.append([internal(SEALER, PRESENCE, key, value, partition, time, None)])

    def waiting(self, partition: int, size: int) -> list[LogRecord]:
        start = self.engines[partition].next_offset
        found = self.log.records[PRESENCE, partition]
        first = self.log.bounds(PRESENCE, partition).start
        return found[start - first : start - first + size]

    def take(self, partition: int, chunk: Heard, *, commit: bool = True) -> None:
        """Step 3, and 4 unless somebody pulls the plug."""
        engine = self.engines[partition]
        engine.take(chunk, ())
        if commit:
            self.committed[partition] = engine.done

    def run(self, random: Random | None = None) -> None:
        """Until nothing more follows."""
        busy = True
        while busy:
            busy = False
            for partition, engine in self.engines.items():
                size = 100 if random is None else random.randrange(1, 9)
                if records := self.waiting(partition, size):
                    busy = True
                    chunk = engine.decide(records)
                    self.log.append(chunk.outgoing)
                    self.take(partition, chunk)

    def outputs(self) -> dict[bytes, set[Said]]:
        """What was said, by what it follows from: partition, offset and ordinal."""
        found: dict[bytes, set[Said]] = {}
        for (topic, partition), records in self.log.records.items():
            for record in records:
                origin = record.header(ORIGIN_HEADER)
                if origin is not None:
                    said = (topic, partition, record.key, record.value)
                    found.setdefault(origin, set()).add(said)
        return found

    def standing(self) -> Counter[tuple[bytes, MatchFact]]:
        """Matches as a reader has them: each statement once, the latest of each counts."""
        newest: dict[bytes, tuple[bytes, MatchFact]] = {}
        for record in self.log.records[PERSON, 0]:
            said = decode_person(record.value)
            assert isinstance(said, MatchFact)
            assert record.key is not None
            held = newest.get(said.match)
            if held is None or said.revision > held[1].revision:
                newest[said.match] = record.key, said
            elif said.revision == held[1].revision:
                assert (record.key, said) == held, "two statements under one revision"
        return Counter(held for held in newest.values() if held[1].stands)
