"""Stages as the host runs them: a ledger stage or a transform, opened partition by partition."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol

from faust.types import TP

from fuma.domain.time import Ms
from fuma.runtime import metrics
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import FOREVER, SHAPE, LedgerPartition, World
from fuma.runtime.host_recovery import Recovery
from fuma.runtime.host_transform import Transformed, TransformPartition
from fuma.runtime.host_types import D, I, LedgerStage, R, Raw, S, TransformStage
from fuma.runtime.ports import LogReader, Store

log = logging.getLogger(__name__)
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
        alarm: Callable[[str, str], None] | None = None,
    ) -> None:
        self.name = stage.name
        self.topics: tuple[str, ...] = (stage.input_topic,)
        self.horizon = horizon
        self._stage = stage
        self._world = world
        self._reader = reader
        self._stores = stores
        self._alarm_to = alarm
        self._intake = _intake(world, reader, partition_of, self.topics)

    def open(self, tp: TP, committed: int | None) -> LedgerPartition[S, I, D, R]:
        """Recover; the group's committed offset plays no part."""
        store = self._stores.open(self.name, tp.partition)
        if store.get_meta(SHAPE) not in (None, self._stage.shape.encode()):
            log.info("%s/%d: a store of another shape, folded again", self.name, tp.partition)
            store.close()
            self._stores.drop(self.name, tp.partition)
            store = self._stores.open(self.name, tp.partition)
        try:
            recovery = Recovery(
                self._stage, self._world, store, self._reader, tp.partition, self._alarm
            )
            position = recovery.run()
        except BaseException:
            store.close()
            raise
        log.info("%s/%d: applied %d, T %d", self.name, tp.partition, position.applied, position.at)
        return LedgerPartition(
            self._stage, self._world, self._intake, store, tp.partition, position
        )

    def _alarm(self, kind: str, what: str) -> None:
        log.error("%s: %s: %s", self.name, kind, what)
        metrics.ALARMS.labels(self.name, kind).inc()
        if self._alarm_to is not None:
            self._alarm_to(kind, what)


class _TransformEngine:
    """A transform behind the host's engine port: nothing to take, nothing to close."""

    def __init__(self, partition: TransformPartition) -> None:
        self._partition = partition

    @property
    def next_offset(self) -> int:
        return self._partition.next_offset

    def decide(self, records: Sequence[Raw], horizon: Ms) -> Transformed:
        return self._partition.decide(records)

    def take(self, chunk: Transformed, offsets: list[int]) -> None:
        """The commit that follows is all the state there is."""

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
    ) -> None:
        self.name = stage.name
        self.topics = stage.input_topics
        self._stage = stage
        self._world = world
        self._reader = reader
        self._partition_of = partition_of
        self._intake = _intake(world, reader, partition_of, self.topics)
        self._counts = {topic: reader.partitions(topic) for topic in output_topics}
        self._ids = {topic: reader.topic_id(topic) for topic in self.topics}

    def horizon(self) -> Ms:
        """A transform does not consult the law."""
        return FOREVER

    def open(self, tp: TP, committed: int | None) -> _TransformEngine:
        """From the committed offset; a new group starts at 0, explicitly."""
        self._stage.opened(tp.topic, tp.partition)
        return _TransformEngine(
            TransformPartition(
                self._stage,
                self._world,
                self._intake,
                self._ids[tp.topic],
                self._partition_of,
                self._counts,
                committed or 0,
            )
        )


def _intake(world: World, reader: LogReader, partition_of: PartitionOf, topics: Any) -> Intake:
    counts = {topic: reader.partitions(topic) for topic in topics}
    return Intake(world.sealer, simulated=world.simulated, partition_of=partition_of, counts=counts)


def dead_letter_partitions(reader: LogReader, topics: Sequence[str]) -> dict[str, int]:
    """Partition counts of the dead-letter topics, for ``World``."""
    return {topic: reader.partitions(topic) for topic in topics}
