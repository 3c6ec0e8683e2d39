"""One partition of a stage whose state is too big to be written after each chunk.

The states live in memory and are changed in place; now and then what changed is written to the
store together with the position that it belongs to. Between two such snapshots the store is merely
behind its ledger, and recovery folds the rest. The order of writes, which ``faust_host`` keeps; a
crash after a step means:

1. ``decide``: nothing is written, and the memory that was ahead is gone. The chunk is decided
   again, from snapshot and ledger, to the same bytes.
2. append, every record acknowledged: the ledger is ahead of the store. The next owner folds it; an
   input that lacks parts is decided again, and readers drop the repeats.
3. ``take``: as after step 2, unless the chunk carries a snapshot. Then states and position are in
   the store, in one batch: either all of it is there or nothing. A snapshot is made of what memory
   holds right after its chunk was decided, so it never knows of a later one.
4. commit: nothing is open.

``close`` writes a snapshot where nothing is open; a crash in it is one after step 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, cast

from fuma.contracts.decisions import Cause
from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.domain.time import Ms
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import acknowledged, letters_first
from fuma.runtime.host_resident_recovery import ResidentRecovery
from fuma.runtime.host_resident_state import (
    D,
    I,
    R,
    Residents,
    ResidentStage,
    S,
    write_snapshot,
)
from fuma.runtime.host_stages import LedgerRunner, PartitionOf, Stores
from fuma.runtime.host_state import FOREVER, KeyState
from fuma.runtime.host_types import Position, ledger_value_fits
from fuma.runtime.host_world import World
from fuma.runtime.mac import pack_origin, pack_time
from fuma.runtime.marks import Committed
from fuma.runtime.ports import LogReader, Outgoing, Store
from fuma.runtime.records import LogRecord

#: A snapshot after so many ledger records, or so many bytes of them.
SNAPSHOT_RECORDS = 20_000
SNAPSHOT_BYTES = 128 << 20
#: A chunk ends early once its ledger values have so many bytes.
CHUNK_OUT_BYTES = 32 << 20


@dataclass(slots=True)
class Chunk:
    """A decided chunk, not yet acknowledged."""

    after_applied: int  # the applied offset that it follows
    outgoing: list[Outgoing] = field(default_factory=list)
    taken: int = 0
    applied: int = -1
    input_hash: bytes = b""
    at: Ms = 0
    last_ledger: int = -1  # index in ``outgoing``
    aside: list[Outgoing] = field(default_factory=list)  # dead letters, and what stands beside them
    letters: int = 0  # so many of ``outgoing``, the first ones, are these
    size: int = 0  # bytes of the ledger values
    dead: list[Reason] = field(default_factory=list)
    snapshot: dict[bytes, bytes | None] | None = None


class ResidentPartition(Generic[S, I, D, R]):
    """Decides chunks of one input partition. One caller at a time."""

    def __init__(
        self,
        stage: ResidentStage[S, I, D, R],
        world: World,
        intake: Intake,
        store: Store,
        residents: Residents[S, I, D, R],
        partition: int,
        position: Position,
        *,
        snapshot_records: int = SNAPSHOT_RECORDS,
    ) -> None:
        self.stage = stage
        self.position = position
        self._world = world
        self._intake = intake
        self._store = store
        self._residents = residents
        self._partition = partition
        self._snapshot_records = snapshot_records
        #: How a position is committed; the host's runner adds a mark (``witness.py``), which knows
        #: of the ledger what has come since the last snapshot.
        self.committed_as: Callable[[Position], Committed] = lambda at: Committed(at.applied + 1)
        self._open: list[Chunk] = []
        self._stored = position.applied  # the applied offset that the store has
        self._records = self._bytes = 0  # of the ledger, since the last snapshot

    @property
    def next_offset(self) -> int:
        """Where the next chunk has to start."""
        return (self._open[-1].applied if self._open else self.position.applied) + 1

    @property
    def done(self) -> Committed:
        """For the group."""
        return self.committed_as(self.position)

    def decide(self, records: Sequence[LogRecord], horizon: Ms = FOREVER) -> Chunk:
        """Step 1, up to the first record whose T is past ``horizon``.

        Raises ``Fatal`` if the records do not follow on what was decided before.
        """
        head = self._open[-1] if self._open else None
        applied = self.next_offset - 1
        chunk = Chunk(
            after_applied=applied,
            applied=applied,
            input_hash=head.input_hash if head else self.position.input_hash,
            at=head.at if head else self.position.at,
        )
        for raw in records:
            if raw.offset != chunk.applied + 1:
                raise Fatal(
                    f"{raw.topic}/{raw.partition}: offset {raw.offset} follows {chunk.applied}",
                    "records are missing from the log: compare it with its backups",
                )
            if chunk.size > CHUNK_OUT_BYTES:
                break
            try:
                at = max(chunk.at, self._intake.admit(raw))
                if at > horizon:
                    break
                self._decide_one(chunk, raw, at)
            except Poison as poison:
                # A dead letter never moves T: it is set when the record is an input.
                letters = self._world.letters(raw, poison, self.stage.dead_letter_topic)
                chunk.aside += letters
                chunk.dead.append(poison.reason)
            chunk.applied = raw.offset
            chunk.input_hash = hashlib.sha256(raw.value or b"").digest()
            chunk.taken += 1
        if chunk.taken:
            letters_first(chunk)
            self._open.append(chunk)
            if self._records >= self._snapshot_records or self._bytes >= SNAPSHOT_BYTES:
                chunk.snapshot = self._residents.snapshot()
                self._records = self._bytes = 0
        return chunk

    def _decide_one(self, chunk: Chunk, raw: LogRecord, at: Ms) -> None:
        stage, position = self.stage, self.position
        key, value = raw.key or b"", raw.value or b""
        item = stage.decode(key, value)
        before = self._residents.get(key)
        chunk.at = at
        if before.held:
            raise Poison(Reason.HELD, "the key's ledger is held")
        state = cast("S", before.state)
        decision = stage.decide(state, item, at)
        if decision is None:
            return
        id_, content = stage.identify(item)
        digest = hashlib.sha256(value).digest()
        cause = Cause(id_, position.input_id, raw.partition, raw.offset, digest, content)
        values = stage.encode(decision, cause, before.seq + 1, before.last)
        if not all(ledger_value_fits(key, one) for one in values):
            raise Poison(Reason.TOO_LARGE, "its decision fits no entry")
        time = pack_time(at) if self._world.simulated else None
        topic, headers = stage.ledger_topic, self._world.sealer.headers
        for ordinal, one in enumerate(values):
            origin = pack_origin(position.input_id, raw.partition, raw.offset, ordinal)
            sealed = headers(topic, key, one, time=time, origin=origin)
            chunk.outgoing.append(Outgoing(topic, self._partition, key, one, sealed))
            chunk.size += len(one)
            self._bytes += len(one)
        chunk.last_ledger = len(chunk.outgoing) - 1
        self._records += len(values)
        last = hashlib.sha256(values[-1]).digest()
        after = stage.apply(state, item, decision)
        self._residents.put(key, KeyState(before.seq + len(values), last, False, after))

    def take(self, chunk: Chunk, offsets: Sequence[int]) -> None:
        """Step 3. ``offsets`` are those of ``chunk.outgoing``.

        Raises ``Fatal`` unless the chunk follows on what was taken before.
        """
        if not self._open or self._open[0] is not chunk:
            raise Fatal("chunks are taken in the order in which they were decided")
        if self.position.applied != chunk.after_applied:
            raise Fatal(
                f"{self.stage.name}/{self._partition}: taken up to {self.position.applied}, "
                f"the chunk follows {chunk.after_applied}"
            )
        position = replace(
            self.position, applied=chunk.applied, input_hash=chunk.input_hash, at=chunk.at
        )
        value = chunk.outgoing[chunk.last_ledger].value if chunk.last_ledger >= 0 else None
        digest = hashlib.sha256(value or b"").digest()
        self.position = acknowledged(position, chunk, digest, offsets)
        self._open.pop(0)
        if chunk.snapshot is not None:
            self._write(chunk.snapshot)

    def _write(self, puts: dict[bytes, bytes | None]) -> None:
        write_snapshot(self._store, self.stage.shape, puts, self.position)
        self._stored = self.position.applied

    def close(self) -> None:
        """A last snapshot, unless something decided was never acknowledged."""
        try:
            if not self._open and self._stored != self.position.applied:
                self._write(self._residents.snapshot())
        finally:
            self._store.close()


class ResidentRunner(LedgerRunner[S, I, D, R]):
    """``faust_host.Stage`` of a stage with resident states."""

    def __init__(
        self,
        stage: ResidentStage[S, I, D, R],
        world: World,
        reader: LogReader,
        stores: Stores,
        partition_of: PartitionOf,
        *,
        horizon: Callable[[], Ms] = lambda: FOREVER,
    ) -> None:
        super().__init__(cast("Any", stage), world, reader, stores, partition_of, horizon=horizon)
        self._resident = stage

    def _recover(self, store: Store, partition: int) -> Any:
        recovery = ResidentRecovery(
            self._resident, self._world, store, self._reader, partition, self._alarm
        )
        position = recovery.run()
        return ResidentPartition(
            self._resident, self._world, self._intake, store, recovery.residents, partition,
            position,
        )  # fmt: skip
