"""Recovery of a partition whose state is kept in a store: compare, then read again what it lacks.

Which offset everything has been said up to is known from the store, where it is sound, else from
the group's marked commit. The log decides: a topic made anew, a lost tail, another value where the
store or the mark has one stop the partition.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, NoReturn, Protocol

from faust.types import TP

from fuma.contracts.errors import Fatal, Poison
from fuma.domain.time import Ms
from fuma.runtime import metrics
from fuma.runtime.declared import declared_count
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_stages import Strays, TransformEngine, open_stray
from fuma.runtime.host_state import FOREVER, POSITION, SHAPE
from fuma.runtime.host_stored import I, StoredPartition, StoredStage
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.marks import Committed, Marker, differs
from fuma.runtime.ports import LogReader, SortedStore

log = logging.getLogger(__name__)
#: Records read again between two writes of the store.
BATCH = 2_000
_REPAIR = "stop, and compare the log with its copies before anything is repaired"
_WAIT_S = 0.05


class SortedStores(Protocol):
    """Where the stores of this process are."""

    def open(self, stage: str, partition: int) -> SortedStore: ...

    def drop(self, stage: str, partition: int) -> None: ...


class StoredRunner(Generic[I]):
    """``faust_host.Stage`` of such a stage."""

    def __init__(
        self,
        stage: StoredStage[I],
        output_topics: Sequence[str],
        world: World,
        reader: LogReader,
        stores: SortedStores,
        partition_of: Callable[[bytes, int], int],
        *,
        horizon: Callable[[], Ms] = lambda: FOREVER,
    ) -> None:
        self.name = stage.name
        self.topics: tuple[str, ...] = (stage.input_topic,)
        self.patience_s = 0.0
        self.apart = True  # a case in a crowd: 25,000 matches of one record
        self.horizon = horizon
        self._stage = stage
        self._world = world
        self._reader = reader
        self._stores = stores
        self._partition_of = partition_of
        self._counts = {topic: declared_count(reader, topic) for topic in output_topics}
        self._count = declared_count(reader, stage.input_topic)
        self._intake = Intake(
            world.sealer,
            simulated=world.simulated,
            partition_of=partition_of,
            counts={stage.input_topic: self._count},
        )

    def open(self, tp: TP, committed: Committed | None) -> StoredPartition[I] | TransformEngine:
        """Recover. Raises ``Fatal`` on any difference between log, store and commit."""
        if tp.partition >= self._count:
            return open_stray(
                Strays(self.name, self.topics, self._stage.dead_letter_topic),
                self._world,
                self._reader,
                self._partition_of,
                tp,
                committed,
            )
        topic_id = self._reader.topic_id(tp.topic)
        marker = Marker(self._world.sealer, self.name, tp.topic, topic_id, tp.partition)
        store, position = self._sound(tp, topic_id)
        try:
            said = position.applied + 1
            if committed is not None and (position.applied < 0 or committed.offset > said):
                # Here the store alone does not say how far it was; and a mark that is not ours
                # leads back to the first record.
                said = max(said, marker.resume(committed, self._reader, self._alarm).offset)
            if position.applied < 0:
                start = self._reader.bounds(tp.topic, tp.partition).start
                position = Position(topic_id, b"", applied=start - 1)
            engine = StoredPartition(
                self._stage, self._world, self._intake, store, marker, self._partition_of,
                self._counts, position,
            )  # fmt: skip
            self._again(engine, tp, said)
        except BaseException:
            store.close()
            raise
        log.info("%s/%d: at %d, T %d", self.name, tp.partition, said, engine.position.at)
        return engine

    def _sound(self, tp: TP, topic_id: bytes) -> tuple[SortedStore, Position]:
        """The store and its position; an empty one where what it holds is of no use any more."""
        store = self._stores.open(self.name, tp.partition)
        try:
            saved = store.get_meta(POSITION)
            if saved is None:
                return store, Position(topic_id, b"")
            try:
                position = Position.load(saved)
            except Poison:
                position, why = Position(topic_id, b""), "a position of another release"
            else:
                why = self._useless(tp, store, position, topic_id)
        except BaseException:
            store.close()
            raise
        if not why:
            return store, position
        log.info("%s/%d: %s: made anew", self.name, tp.partition, why)
        store.close()
        self._stores.drop(self.name, tp.partition)
        return self._stores.open(self.name, tp.partition), Position(topic_id, b"")

    def _useless(self, tp: TP, store: SortedStore, position: Position, topic_id: bytes) -> str:
        if position.input_id != topic_id:
            self._stop(tp, "the topic is not the one that the store was made from")
        bounds = self._reader.bounds(tp.topic, tp.partition)
        if position.applied >= bounds.end:
            self._stop(tp, "the log ends before the store does: it has lost its tail")
        if store.get_meta(SHAPE) != self._stage.shape.encode():
            return "a store of another shape"
        if position.applied + 1 < bounds.start:
            return "what follows on the store has expired"
        if position.applied >= bounds.start:
            at = position.applied
            if differs(self._reader, tp.topic, tp.partition, at, position.input_hash):
                self._stop(tp, f"the log holds another value at {at} than was decided")
        return ""

    def _again(self, engine: StoredPartition[I], tp: TP, said: int) -> None:
        """Decide what is before ``said`` once more, and say nothing."""
        first = engine.next_offset
        if first >= said:
            return
        records = self._reader.read(tp.topic, tp.partition, first, said)
        while batch := list(islice(records, BATCH)):
            while batch:
                chunk = engine.decide(batch, self.horizon())
                if not chunk.taken:
                    time.sleep(_WAIT_S)  # the law that was known then is still being read
                    continue
                engine.take(chunk, ())
                batch = batch[chunk.taken :]
        log.info("%s/%d: %d records read again", self.name, tp.partition, said - first)

    def _stop(self, tp: TP, what: str) -> NoReturn:
        raise Fatal(f"{self.name}/{tp.partition}: {what}", _REPAIR)

    def _alarm(self, kind: str, what: str) -> None:
        log.error("%s: %s: %s", self.name, kind, what)
        metrics.ALARMS.labels(self.name, kind).inc()
        self._world.alarm(kind, f"{self.name}: {what}")
