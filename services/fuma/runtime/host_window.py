"""A stage that looks back over a window of its input, and has no ledger and no store.

Its state is what the records of the last days give, and its input keeps them for longer than that.
So nothing is stored: whoever gets a partition reads again what is there, up to the committed
offset, without writing. What a crash means:

1. ``decide``: nothing is written. The chunk is decided again, from the same state, to the same
   bytes.
2. append, acknowledged: the committed offset is behind. The chunk is decided again; its outputs
   carry the same ids, and readers drop them.
3. commit, with a mark (``marks.py``): nothing is open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from faust.types import TP

from fuma.contracts.errors import Fatal, Poison
from fuma.domain.time import Ms
from fuma.runtime import metrics
from fuma.runtime.declared import declared_count
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_stages import Strays, TransformEngine, open_stray
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import Transformed, internal
from fuma.runtime.host_types import Emit
from fuma.runtime.host_world import World
from fuma.runtime.mac import pack_origin, pack_time
from fuma.runtime.marks import Committed, Marker, value_hash
from fuma.runtime.ports import LogReader
from fuma.runtime.records import LogRecord

log = logging.getLogger(__name__)
I = TypeVar("I")  # noqa: E741
J = TypeVar("J", contravariant=True)


class WindowState(Protocol[J]):
    """One partition of the stage: takes records in, in their order."""

    def take(self, key: bytes, item: J, at: Ms) -> Sequence[Emit]:
        """What follows, at T. Deterministic; a repeat gives nothing."""
        ...


class WindowStage(Protocol[I]):
    """The stage: how its records are read, and an empty partition."""

    name: str
    input_topic: str
    dead_letter_topic: str

    def decode(self, value: bytes) -> I:
        """Raises ``Poison`` where the bytes are no input."""
        ...

    def empty(self) -> WindowState[I]: ...


class WindowPartition(Generic[I]):
    """One partition, from ``start`` on."""

    def __init__(
        self,
        stage: WindowStage[I],
        world: World,
        intake: Intake,
        topic_id: bytes,
        partition_of: Callable[[bytes, int], int],
        counts: dict[str, int],
        marker: Marker,
        start: int,
    ) -> None:
        self.stage = stage
        self.next_offset = start
        self.done = marker.committed(start, b"")
        self._marker = marker
        self.at: Ms = 0  # T
        self._state = stage.empty()
        self._world = world
        self._intake = intake
        self._topic_id = topic_id
        self._partition_of = partition_of
        self._counts = counts

    def decide(self, records: Sequence[LogRecord], horizon: Ms = FOREVER) -> Transformed:
        """Step 1, up to the first record whose T is past ``horizon``.

        Raises ``Fatal`` where an offset is missing.
        """
        done = Transformed(applied=self.next_offset - 1, at=self.at)
        for raw in records:
            if raw.offset != done.applied + 1:
                raise Fatal(
                    f"{raw.topic}/{raw.partition}: offset {raw.offset} follows {done.applied}",
                    "records are missing from the log: compare it with its backups",
                )
            try:
                time = self._intake.admit(raw)
                item = self.stage.decode(raw.value or b"")
            except Poison as poison:
                done.outgoing += self._world.letters(raw, poison, self.stage.dead_letter_topic)
                done.dead.append(poison.reason)
            else:
                if max(self.at, time) > horizon:
                    break
                self.at = max(self.at, time)
                self._emit(done, raw, self._state.take(raw.key or b"", item, self.at))
            done.applied, done.input_hash = raw.offset, value_hash(raw)
            done.taken += 1
        done.at = self.at
        self.next_offset = done.applied + 1
        return done

    def _emit(self, done: Transformed, raw: LogRecord, emitted: Sequence[Emit]) -> None:
        time = pack_time(self.at) if self._world.simulated else None
        for ordinal, one in enumerate(emitted):
            origin = pack_origin(self._topic_id, raw.partition, raw.offset, ordinal)
            partition = self._partition_of(one.key, self._counts[one.topic])
            done.outgoing.append(
                internal(self._world.sealer, one.topic, one.key, one.value, partition, time, origin)
            )

    def take(self, chunk: Transformed, offsets: list[int]) -> None:
        """The commit that follows is all there is to keep."""
        if chunk.taken:
            self.done = self._marker.committed(chunk.applied + 1, chunk.input_hash)

    def close(self) -> None:
        """Nothing is open."""


class WindowRunner(Generic[I]):
    """``faust_host.Stage`` of such a stage."""

    def __init__(
        self,
        stage: WindowStage[I],
        output_topics: Sequence[str],
        world: World,
        reader: LogReader,
        partition_of: Callable[[bytes, int], int],
        *,
        horizon: Callable[[], Ms],
        patience_s: float = 0.0,
    ) -> None:
        """``patience_s``: so long inputs may gather."""
        self.name = stage.name
        self.topics: tuple[str, ...] = (stage.input_topic,)
        self.patience_s = patience_s
        self.apart = False
        self.horizon = horizon
        self._stage = stage
        self._world = world
        self._reader = reader
        self._partition_of = partition_of
        self._counts = {topic: declared_count(reader, topic) for topic in output_topics}
        self._count = declared_count(reader, stage.input_topic)
        self._intake = Intake(
            world.sealer,
            simulated=world.simulated,
            partition_of=partition_of,
            counts={stage.input_topic: self._count},
        )

    def open(self, tp: TP, committed: Committed | None) -> WindowPartition[I] | TransformEngine:
        """Read what is kept, up to the committed offset, and write nothing."""
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
        done = marker.resume(committed, self._reader, self._alarm)
        start = self._reader.bounds(tp.topic, tp.partition).start
        engine = WindowPartition(
            self._stage, self._world, self._intake, topic_id, self._partition_of, self._counts,
            marker, start,
        )  # fmt: skip
        for raw in self._reader.read(tp.topic, tp.partition, start, max(start, done.offset)):
            engine.decide([raw])
        engine.done = done
        log.info("%s/%d: at %d, T %d", self.name, tp.partition, engine.next_offset, engine.at)
        return engine

    def _alarm(self, kind: str, what: str) -> None:
        log.error("%s: %s: %s", self.name, kind, what)
        metrics.ALARMS.labels(self.name, kind).inc()
        self._world.alarm(kind, f"{self.name}: {what}")
