"""A stage that looks back over a window of its input and keeps it in a store; it has no ledger.

Its outputs go to other topics, or to its own. The order of writes; a crash after a step means:

1. ``decide``: nothing is written. The chunk is decided again, to the same bytes.
2. append, every record acknowledged: the store is behind. The chunk is decided again from the
   state before it, to the same bytes under the same ids, and readers drop them.
3. ``take``, one batch with state and position: the group's committed offset is behind. Where there
   is a store nobody goes by it.
4. commit, with a mark (``marks.py``): nothing is open.

A store that was lost, or that another worker has left behind, is made anew from the input, which
keeps it for longer than the stage looks back: up to the committed offset without a word, since all
that follows from it has been said; from there on as ever. Where there is no committed offset
either, everything that is kept is decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.domain.time import Ms
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_state import FOREVER, marked
from fuma.runtime.host_transform import internal
from fuma.runtime.host_types import Emit, Position
from fuma.runtime.host_world import World
from fuma.runtime.mac import pack_origin, pack_time
from fuma.runtime.marks import Committed, Marker, value_hash
from fuma.runtime.ports import Outgoing, Range, SortedStore
from fuma.runtime.records import LogRecord

I = TypeVar("I")  # noqa: E741
J = TypeVar("J", contravariant=True)


class Changes(Protocol):
    """What a chunk changed in the state."""

    puts: dict[bytes, bytes | None]
    drops: list[Range]


class StoredWindow(Protocol[J]):
    """One partition's state, over its store. What it changed it gives up at each ``cut``."""

    def prepare(self, items: Sequence[J]) -> None:
        """Load what a chunk will ask."""
        ...

    def hear(self, item: J, at: Ms) -> Sequence[Emit]:
        """What follows at T; the state has moved on. Deterministic; a repeat gives nothing."""
        ...

    def cut(self) -> Changes: ...

    def written(self, changes: Any) -> None:
        """The store holds them."""
        ...

    def ranges(self) -> list[Range]:
        """What is to be reclaimed after something was dropped."""
        ...


class StoredStage(Protocol[I]):
    """The stage: how its records are read, and a partition over its store."""

    name: str
    input_topic: str
    dead_letter_topic: str
    shape: str  # version of the rows; a store of another one is made anew

    def decode(self, raw: LogRecord) -> I:
        """Raises ``Poison`` where the record is no input."""
        ...

    def window(self, store: SortedStore) -> StoredWindow[I]: ...


@dataclass(slots=True)
class Heard:
    """A decided chunk, not yet acknowledged."""

    after_applied: int  # the applied offset that it follows
    applied: int
    input_hash: bytes
    at: Ms
    taken: int = 0
    outgoing: list[Outgoing] = field(default_factory=list)
    letters: int = 0  # nothing is done before all of it is on the log: the order is free
    dead: list[Reason] = field(default_factory=list)
    changes: Changes | None = None


class StoredPartition(Generic[I]):
    """Decides chunks of one input partition. One caller at a time."""

    def __init__(
        self,
        stage: StoredStage[I],
        world: World,
        intake: Intake,
        store: SortedStore,
        marker: Marker,
        partition_of: Callable[[bytes, int], int],
        counts: dict[str, int],
        position: Position,
    ) -> None:
        self.stage = stage
        self.position = position
        self.done: Committed = marker.committed(position.applied + 1, position.input_hash)
        self._marker = marker
        self._world = world
        self._intake = intake
        self._store = store
        self._partition_of = partition_of
        self._counts = counts
        self._window = stage.window(store)
        self._open: list[Heard] = []

    @property
    def next_offset(self) -> int:
        """Where the next chunk has to start."""
        return (self._open[-1].applied if self._open else self.position.applied) + 1

    def decide(self, records: Sequence[LogRecord], horizon: Ms = FOREVER) -> Heard:
        """Step 1, up to the first record whose T is past ``horizon``.

        Raises ``Fatal`` if the records do not follow on what was decided before.
        """
        head = self._open[-1] if self._open else self.position
        chunk = Heard(head.applied, head.applied, head.input_hash, head.at)
        read = [(raw, *self._read(raw)) for raw in records]
        window = self._window
        window.prepare([item for _, _, item in read if not isinstance(item, Poison)])
        for raw, time, item in read:
            if raw.offset != chunk.applied + 1:
                raise Fatal(
                    f"{raw.topic}/{raw.partition}: offset {raw.offset} follows {chunk.applied}",
                    "records are missing from the log: compare it with its backups",
                )
            if isinstance(item, Poison):
                letters = self._world.letters(raw, item, self.stage.dead_letter_topic)
                chunk.outgoing += letters
                chunk.dead.append(item.reason)
            else:
                at = max(chunk.at, time)
                if at > horizon:
                    break
                chunk.at = at
                emitted = window.hear(item, at)
                if emitted:
                    self._emit(chunk, raw, emitted)
            chunk.applied = raw.offset
            chunk.taken += 1
        if chunk.taken:
            chunk.input_hash = value_hash(records[chunk.taken - 1])
            chunk.changes = window.cut()
            self._open.append(chunk)
        return chunk

    def _read(self, raw: LogRecord) -> tuple[Ms, I | Poison]:
        try:
            return self._intake.admit(raw), self.stage.decode(raw)
        except Poison as poison:
            return 0, poison

    def _emit(self, chunk: Heard, raw: LogRecord, emitted: Sequence[Emit]) -> None:
        time = pack_time(chunk.at) if self._world.simulated else None
        sealer, topic_id = self._world.sealer, self.position.input_id
        for ordinal, one in enumerate(emitted):
            origin = pack_origin(topic_id, raw.partition, raw.offset, ordinal)
            partition = self._partition_of(one.key, self._counts[one.topic])
            chunk.outgoing.append(
                internal(sealer, one.topic, one.key, one.value, partition, time, origin)
            )

    def take(self, chunk: Heard, offsets: Sequence[int]) -> None:
        """Step 3: one batch of state and position.

        Raises ``Fatal`` unless the chunk follows on what the store holds.
        """
        if not self._open or self._open[0] is not chunk or chunk.changes is None:
            raise Fatal("chunks are taken in the order in which they were decided")
        position = replace(
            self.position, applied=chunk.applied, input_hash=chunk.input_hash, at=chunk.at
        )
        changes = chunk.changes
        self._store.replace(changes.puts, changes.drops, marked(position, self.stage.shape))
        self._window.written(changes)
        if changes.drops:
            self._store.reclaim(self._window.ranges())
        self.position = position
        self.done = self._marker.committed(chunk.applied + 1, chunk.input_hash)
        self._open.pop(0)

    def close(self) -> None:
        self._store.close()
