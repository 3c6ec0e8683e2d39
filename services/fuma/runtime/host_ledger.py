"""One partition of a stage with a ledger: decide a chunk, then take what was acknowledged.

Pure apart from its store. The order of writes, which ``faust_host`` keeps (DESIGN.md, how a stage
runs, 2); a crash after a step means:

1. ``decide``: nothing is written. The chunk is decided again, to the same bytes.
2. append, every record acknowledged, dead letters before anything of the ledger: a ledger record
   says that all inputs before its own are done, those that were no inputs among them. A crash
   after the dead letters: they are written again. After the rest: the ledger is ahead of the
   store. The next owner folds it; an input that lacks parts is decided again, and readers drop the
   repeats.
3. ``take``, one batch with states and position: the group's committed offset is behind. Nobody
   reads it to find a position.
4. commit: nothing is open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Generic, Protocol

from fuma.contracts.decisions import Cause
from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.domain.time import Ms
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_state import FOREVER, KeyState, load_key_state, write_states
from fuma.runtime.host_types import D, I, LedgerStage, Position, R, S, ledger_value_fits
from fuma.runtime.host_world import World
from fuma.runtime.mac import pack_origin, pack_time
from fuma.runtime.marks import Committed
from fuma.runtime.ports import Outgoing, Store
from fuma.runtime.records import LogRecord


class Decided(Generic[S]):
    """A decided chunk, not yet acknowledged. ``after_applied``: the applied offset before it."""

    def __init__(self, after_applied: int, input_hash: bytes, at: Ms) -> None:
        self.after_applied = after_applied
        self.applied = after_applied
        self.input_hash = input_hash
        self.at = at
        self.outgoing: list[Outgoing] = []
        self.states: dict[bytes, KeyState[S]] = {}
        self.taken = 0  # how many of the records are in it; fewer where the law ends before
        self.last_ledger = -1  # index in ``outgoing``
        self.ledger_hash = b""  # sha256 of its value
        self.dead: list[Reason] = []
        self.aside: list[Outgoing] = []  # dead letters, and what stands beside them
        self.letters = 0  # so many of ``outgoing``, the first ones, are these


class LedgerPartition(Generic[S, I, D, R]):
    """Decides chunks of one input partition. One caller at a time."""

    def __init__(
        self,
        stage: LedgerStage[S, I, D, R],
        world: World,
        intake: Intake,
        store: Store,
        partition: int,
        position: Position,
    ) -> None:
        self.stage = stage
        self.position = position
        self._world = world
        self._intake = intake
        self._store = store
        self._partition = partition
        #: How a position is committed; the host's runner adds a mark (``witness.py``).
        self.committed_as: Callable[[Position], Committed] = lambda at: Committed(at.applied + 1)
        # Decided but not yet taken, oldest first; their states hide the store's.
        self._open: list[Decided[S]] = []

    @property
    def next_offset(self) -> int:
        """Where the next chunk has to start."""
        return (self._open[-1].applied if self._open else self.position.applied) + 1

    @property
    def done(self) -> Committed:
        """For the group: nobody goes by it, but the next owner compares."""
        return self.committed_as(self.position)

    def decide(self, records: Sequence[LogRecord], horizon: Ms = FOREVER) -> Decided[S]:
        """Step 1, up to the first record whose T is past ``horizon``.

        Raises ``Fatal`` if the records do not follow on what was decided before.
        """
        head = self._open[-1] if self._open else None
        chunk: Decided[S] = Decided(
            self.next_offset - 1,
            head.input_hash if head else self.position.input_hash,
            head.at if head else self.position.at,
        )
        read = [(raw, *self._read(raw)) for raw in records]
        known = self._load({raw.key for raw, _, item in read if not isinstance(item, Poison)})
        last: LogRecord | None = None
        for raw, time, item in read:
            if raw.offset != chunk.applied + 1:
                raise Fatal(
                    f"{raw.topic}/{raw.partition}: offset {raw.offset} follows {chunk.applied}",
                    "records are missing from the log: compare it with its backups",
                )
            if isinstance(item, Poison):
                self._set_aside(chunk, raw, item)
            else:
                at = max(chunk.at, time)
                if at > horizon:
                    break
                chunk.at = at
                self._decide_one(chunk, raw, item, known)
            chunk.applied = raw.offset
            chunk.taken += 1
            last = raw
        if last is not None:
            chunk.input_hash = hashlib.sha256(last.value or b"").digest()
            letters_first(chunk)
            self._open.append(chunk)
        return chunk

    def _read(self, raw: LogRecord) -> tuple[Ms, I | Poison]:
        try:
            time = self._intake.admit(raw)
            return time, self.stage.decode(raw.value or b"")
        except Poison as poison:
            return 0, poison

    def _decide_one(
        self, chunk: Decided[S], raw: LogRecord, item: I, known: dict[bytes, KeyState[S]]
    ) -> None:
        stage, position = self.stage, self.position
        key = raw.key or b""
        before = known[key]
        if before.held:
            self._set_aside(chunk, raw, Poison(Reason.HELD, "the key's ledger is held"))
            return
        decision = stage.decide(before.state, item, chunk.at)
        if decision is None:
            return
        value = raw.value or b""
        id_, content = stage.identify(item)
        digest = hashlib.sha256(value).digest()
        cause = Cause(id_, position.input_id, raw.partition, raw.offset, digest, content)
        values = stage.encode(decision, cause, before.seq + 1, before.last)
        if not all(ledger_value_fits(key, one) for one in values):
            self._set_aside(chunk, raw, Poison(Reason.TOO_LARGE, "its decision fits no entry"))
            return
        time = pack_time(chunk.at) if self._world.simulated else None
        topic, headers = stage.ledger_topic, self._world.sealer.headers
        end = hashlib.sha256(values[-1]).digest()
        for ordinal, one in enumerate(values):
            origin = pack_origin(position.input_id, raw.partition, raw.offset, ordinal)
            sealed = headers(topic, key, one, time=time, origin=origin)
            chunk.outgoing.append(Outgoing(topic, self._partition, key, one, sealed))
        chunk.last_ledger = len(chunk.outgoing) - 1
        chunk.ledger_hash = end
        known[key] = chunk.states[key] = KeyState(
            before.seq + len(values),
            end,
            False,
            stage.apply(before.state, item, decision),
        )

    def _set_aside(self, chunk: Decided[S], raw: LogRecord, poison: Poison) -> None:
        chunk.aside += self._world.letters(raw, poison, self.stage.dead_letter_topic)
        chunk.dead.append(poison.reason)

    def _load(self, keys: Iterable[bytes | None]) -> dict[bytes, KeyState[S]]:
        known: dict[bytes, KeyState[S]] = {}
        missing: list[bytes] = []
        newest = [chunk.states for chunk in reversed(self._open)]
        for key in keys:
            if key is None:
                continue
            for states in newest:
                if key in states:
                    known[key] = states[key]
                    break
            else:
                missing.append(key)
        for key, data in zip(missing, self._store.get_many(missing), strict=True):
            known[key] = load_key_state(self.stage, data)
        return known

    def take(self, chunk: Decided[S], offsets: Sequence[int]) -> None:
        """Step 3: one batch of states and position. ``offsets`` are those of ``chunk.outgoing``.

        Raises ``Fatal`` unless the chunk follows on what the store holds.
        """
        if not self._open or self._open[0] is not chunk:
            raise Fatal("chunks are taken in the order in which they were decided")
        if self.position.applied != chunk.after_applied:
            raise Fatal(
                f"{self.stage.name}/{self._partition}: the store is at {self.position.applied}, "
                f"the chunk follows {chunk.after_applied}"
            )
        position = replace(
            self.position, applied=chunk.applied, input_hash=chunk.input_hash, at=chunk.at
        )
        position = acknowledged(position, chunk, chunk.ledger_hash, offsets)
        write_states(self._store, self.stage, chunk.states, position)
        self.position = position
        self._open.pop(0)

    def close(self) -> None:
        self._store.close()


class Chunk(Protocol):
    """A decided chunk of a stage with a ledger."""

    outgoing: list[Outgoing]
    aside: list[Outgoing]
    letters: int
    last_ledger: int


def acknowledged(
    position: Position, chunk: Chunk, ledger_hash: bytes, offsets: Sequence[int]
) -> Position:
    """``position`` once the chunk's ledger records stand at their ``offsets``.

    Folding goes on behind them only if they follow on what is folded. What stands in between may
    be another owner's, who decided while this process slept: these states know nothing of it, so
    the next opening folds from where it was. It drops what it has already.
    """
    if chunk.last_ledger < 0:
        return position
    first, last = offsets[chunk.letters], offsets[chunk.last_ledger]
    follows = first == position.ledger_end and last - first == chunk.last_ledger - chunk.letters
    return replace(
        position,
        ledger_offset=last,
        ledger_hash=ledger_hash,
        ledger_end=last + 1 if follows else position.ledger_end,
    )


def letters_first(chunk: Chunk) -> None:
    """Put what was set aside before the ledger's records, as step 2 wants it."""
    chunk.letters = len(chunk.aside)
    if chunk.letters:
        chunk.outgoing = [*chunk.aside, *chunk.outgoing]
        if chunk.last_ledger >= 0:
            chunk.last_ledger += chunk.letters
