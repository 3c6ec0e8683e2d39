"""Stages as the host runs them: a ledger stage or a transform, opened partition by partition."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol

from faust.types import TP

from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.domain.time import Ms
from fuma.runtime import heap, metrics
from fuma.runtime.declared import declared_count
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import LedgerPartition
from fuma.runtime.host_recovery import Recovery
from fuma.runtime.host_state import FOREVER, fits
from fuma.runtime.host_transform import Transformed, TransformPartition
from fuma.runtime.host_types import D, Emit, I, LedgerStage, R, S, TransformStage
from fuma.runtime.host_world import World
from fuma.runtime.marks import Committed, Marker
from fuma.runtime.ports import LogReader, Store
from fuma.runtime.records import LogRecord
from fuma.runtime.witness import Witness

log = logging.getLogger(__name__)
#: After so many decisions what their folding used is given back.
_LARGE = 20_000
PartitionOf = Callable[[bytes, int], int]


class Stores(Protocol):
    """Where the stores of this process are."""

    def open(self, stage: str, partition: int) -> Store: ...

    def drop(self, stage: str, partition: int) -> None: ...


class LedgerRunner(Generic[S, I, D, R]):
    """``faust_host.Stage`` of a stage with a ledger."""

    def __init__(
        self,
        stage: LedgerStage[S, I, D, R],
        world: World,
        reader: LogReader,
        stores: Stores,
        partition_of: PartitionOf,
        *,
        horizon: Callable[[], Ms] = lambda: FOREVER,
    ) -> None:
        self.name = stage.name
        self.topics: tuple[str, ...] = (stage.input_topic,)
        self.patience_s = 0.0
        self.apart = False
        self.horizon = horizon
        self._stage = stage
        self._world = world
        self._reader = reader
        self._stores = stores
        self._partition_of = partition_of
        self._count = declared_count(reader, stage.input_topic)
        if self._count != declared_count(reader, stage.ledger_topic):
            raise Fatal(f"{stage.input_topic} and {stage.ledger_topic} differ in their partitions")
        self._intake = _intake(world, reader, partition_of, self.topics)

    def open(
        self, tp: TP, committed: Committed | None
    ) -> LedgerPartition[S, I, D, R] | TransformEngine:
        """Recover; the group's committed offset is compared, never gone by.

        A partition that was added behind our back is nobody's: all that is on it are dead letters.
        """
        if tp.partition >= self._count:
            return open_stray(
                Strays(self.name, self.topics, self._stage.dead_letter_topic),
                self._world,
                self._reader,
                self._partition_of,
                tp,
                committed,
            )
        stage = self._stage
        witness = Witness(
            self._world.sealer, self._reader, self.name,
            (stage.input_topic, stage.ledger_topic), tp.partition,
        )  # fmt: skip
        witness.check(committed)
        store = self._stores.open(self.name, tp.partition)
        if not fits(store, stage.shape):
            log.info("%s/%d: a store of another shape, folded again", self.name, tp.partition)
            store.close()
            self._stores.drop(self.name, tp.partition)
            store = self._stores.open(self.name, tp.partition)
        try:
            engine = self._recover(store, tp.partition)
        except BaseException:
            store.close()
            raise
        position = engine.position
        log.info("%s/%d: applied %d, T %d", self.name, tp.partition, position.applied, position.at)
        engine.committed_as = witness.committed
        return engine

    def _recover(self, store: Store, partition: int) -> LedgerPartition[S, I, D, R]:
        recovery = Recovery(self._stage, self._world, store, self._reader, partition, self._alarm)
        position, folded = recovery.run(), recovery.folded
        del recovery
        if folded > _LARGE:
            heap.trim()
        return LedgerPartition(self._stage, self._world, self._intake, store, partition, position)

    def _alarm(self, kind: str, what: str) -> None:
        _raise_alarm(self.name, kind, what, self._world)


class Strays:
    """``TransformStage`` that takes nothing: partitions which were not declared."""

    def __init__(self, name: str, topics: tuple[str, ...], dead_letter_topic: str) -> None:
        self.name = name
        self.input_topics = topics
        self.dead_letter_topic = dead_letter_topic

    def opened(self, topic: str, partition: int) -> None:
        """Nothing is remembered."""

    def transform(self, raw: LogRecord) -> Sequence[Emit]:
        raise Poison(Reason.WRONG_PARTITION, "a partition that was not declared")


class TransformEngine:
    """A transform behind the host's engine port: nothing to take but the mark, nothing to close."""

    def __init__(self, partition: TransformPartition, marker: Marker, done: Committed) -> None:
        self._partition = partition
        self._marker = marker
        self._resumed: Committed | None = done  # until something is taken
        self._end = (0, b"")

    @property
    def done(self) -> Committed:
        """The mark is made when it is asked for: a commit says what many chunks did."""
        return self._resumed or self._marker.committed(*self._end)

    @property
    def next_offset(self) -> int:
        return self._partition.next_offset

    def decide(self, records: Sequence[LogRecord], horizon: Ms) -> Transformed:
        return self._partition.decide(records)

    def take(self, chunk: Transformed, offsets: list[int]) -> None:
        """The commit that follows is all the state there is."""
        self._resumed, self._end = None, (chunk.applied + 1, chunk.input_hash)

    def close(self) -> None:
        """Nothing is open."""


class TransformRunner:
    """``faust_host.Stage`` of a stage without state."""

    def __init__(
        self,
        stage: TransformStage,
        output_topics: Sequence[str],
        world: World,
        reader: LogReader,
        partition_of: PartitionOf,
        *,
        patience_s: float = 0.0,
    ) -> None:
        """``patience_s``: so long inputs may gather, where nobody waits for what follows."""
        self.name = stage.name
        self.topics = stage.input_topics
        self.patience_s = patience_s
        self.apart = False
        self._stage = stage
        self._world = world
        self._reader = reader
        self._partition_of = partition_of
        self._intake = _intake(world, reader, partition_of, self.topics)
        self._counts = {topic: declared_count(reader, topic) for topic in output_topics}
        self._ids = {topic: reader.topic_id(topic) for topic in self.topics}

    def horizon(self) -> Ms:
        """A transform does not consult the law."""
        return FOREVER

    def open(self, tp: TP, committed: Committed | None) -> TransformEngine:
        """From the committed offset that we committed; a new group from the first record."""
        topic_id = self._ids[tp.topic]
        marker = Marker(self._world.sealer, self.name, tp.topic, topic_id, tp.partition)
        done = marker.resume(committed, self._reader, self._alarm)
        self._stage.opened(tp.topic, tp.partition)
        partition = TransformPartition(
            self._stage,
            self._world,
            self._intake,
            topic_id,
            self._partition_of,
            self._counts,
            done.offset,
        )
        return TransformEngine(partition, marker, done)

    def _alarm(self, kind: str, what: str) -> None:
        _raise_alarm(self.name, kind, what, self._world)


def open_stray(
    strays: Strays,
    world: World,
    reader: LogReader,
    partition_of: PartitionOf,
    tp: TP,
    committed: Committed | None,
) -> TransformEngine:
    """The engine of a partition that was not declared: whatever the stage is, it takes nothing."""
    return TransformRunner(strays, (), world, reader, partition_of).open(tp, committed)


def _intake(world: World, reader: LogReader, partition_of: PartitionOf, names: Any) -> Intake:
    counts = {name: declared_count(reader, name) for name in names}
    return Intake(world.sealer, simulated=world.simulated, partition_of=partition_of, counts=counts)


def _raise_alarm(stage: str, kind: str, what: str, world: World) -> None:
    log.error("%s: %s: %s", stage, kind, what)
    metrics.ALARMS.labels(stage, kind).inc()
    world.alarm(kind, f"{stage}: {what}")


def dead_letter_partitions(reader: LogReader, topics: Sequence[str]) -> dict[str, int]:
    """Partition counts of the dead-letter topics, for ``World``."""
    return {topic: reader.partitions(topic) for topic in topics}
