"""The toy stage on the in-memory log: one partition, and what may happen to it."""

from __future__ import annotations

from collections.abc import Sequence

from broker.toy import SEALER, Decision, Item, Total, Toy, ToyRecord, toy_input
from fuma.contracts.topics import partition_for
from fuma.domain.time import Ms
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import LedgerPartition
from fuma.runtime.host_recovery import Recovery
from fuma.runtime.host_replay import Entry, decide_again, first_records
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_world import World
from fuma.runtime.memory_log import MemoryLog, MemoryStore
from fuma.runtime.ports import LogRecord, Outgoing

START: Ms = 1_655_136_000_000
Partition = LedgerPartition[Total, Item, Decision, ToyRecord]


class Rig:
    """One input partition, its ledger and dead letters, and a store that may be lost."""

    def __init__(self) -> None:
        self.stage = Toy()
        topics = (self.stage.input_topic, self.stage.ledger_topic, self.stage.dead_letter_topic)
        self.log = MemoryLog(dict.fromkeys(topics, 1))
        self.store = MemoryStore()
        self.world = World(SEALER, True, {self.stage.dead_letter_topic: 1})
        self.intake = Intake(
            SEALER, simulated=True, partition_of=partition_for, counts={self.stage.input_topic: 1}
        )
        self.alarms: list[str] = []

    def write(self, *records: Outgoing) -> None:
        self.log.append(records)

    def input(self, key: bytes, number: int, amount: int = 1, at: Ms | None = None) -> Outgoing:
        """An input with id ``number``; log time moves with it unless given."""
        when = START + number * 1_000 if at is None else at
        return toy_input(
            key, b"%016d" % number, amount, when, topic=self.stage.input_topic, count=1
        )

    def open(self) -> Partition:
        """Recover, as on assignment."""
        recovery = Recovery(
            self.stage, self.world, self.store, self.log, 0,
            lambda kind, what: self.alarms.append(kind),
        )  # fmt: skip
        position = recovery.run()
        return LedgerPartition(self.stage, self.world, self.intake, self.store, 0, position)

    def inputs(self, start: int = 0, end: int | None = None) -> list[LogRecord]:
        return self.log.records[self.stage.input_topic, 0][start:end]

    def step(self, engine: Partition, records: Sequence[LogRecord]) -> None:
        """Steps 1 to 3 of one chunk."""
        decided = engine.decide(records, FOREVER)
        engine.take(decided, self.log.append(decided.outgoing))

    def run(self, engine: Partition, chunk: int = 100) -> None:
        """Everything that is there."""
        while records := self.inputs(engine.next_offset, engine.next_offset + chunk):
            self.step(engine, records)

    def ledger(self) -> list[LogRecord]:
        return self.log.records[self.stage.ledger_topic, 0]

    def dead(self) -> list[LogRecord]:
        return self.log.records[self.stage.dead_letter_topic, 0]

    def said(self) -> list[Entry]:
        """The ledger without repeats."""
        return list(first_records(self.stage, self.world, self.ledger()))

    def expected(self, chunk: int = 7) -> list[Entry]:
        """What the inputs give when nothing ever fails."""
        return list(decide_again(self.stage, self.world, self.intake, self.log, 0, chunk=chunk))
