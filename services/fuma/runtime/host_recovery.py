"""Recovery of one partition: compare log and store, then fold the ledger from where it stops.

The log decides; the store is only ever behind it. What does not fit (a topic made anew, a broker
that lost its tail, another value at a stored offset) stops the partition until a signed repair.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Generic, NoReturn

from fuma.contracts.errors import Fatal, Poison
from fuma.runtime.host_ledger import POSITION, KeyState, World, load_key_state, write_states
from fuma.runtime.host_types import D, I, LedgerStage, Position, R, S
from fuma.runtime.ports import Bounds, LogReader, LogRecord, Store

log = logging.getLogger(__name__)
#: Decisions folded between two writes of the store.
BATCH = 2_000
#: Ledger records whose keys are read from the store at once.
_AHEAD = 500
_REPAIR = "stop, and compare the log with its copies before anything is repaired"

Alarm = Callable[[str, str], None]  # kind, what


class _Group(Generic[R]):
    """The records of one decision, as far as they were met."""

    __slots__ = ("first", "parts")

    def __init__(self, first: int) -> None:
        self.first = first  # ledger offset of its first record
        self.parts: dict[int, tuple[R, LogRecord, bytes]] = {}


class Recovery(Generic[S, I, D, R]):
    """Brings one partition's store up to the end of its ledger."""

    def __init__(
        self,
        stage: LedgerStage[S, I, D, R],
        world: World,
        store: Store,
        reader: LogReader,
        partition: int,
        alarm: Alarm,
    ) -> None:
        self._stage = stage
        self._world = world
        self._store = store
        self._reader = reader
        self._partition = partition
        self._alarm = alarm
        self._states: dict[bytes, KeyState[S]] = {}
        # Hashes of the ledger values met while folding, to tell a repeat from a forgery.
        self._met: dict[tuple[bytes, int], bytes] = {}
        self._groups: dict[int, _Group[R]] = {}
        self._ahead: dict[bytes, bytes | None] = {}

    def run(self) -> Position:
        """The position after which the stream goes on. Raises ``Fatal`` on any difference."""
        position, ledger = self._compare()
        position = self._fold(position, ledger)
        inputs = self._reader.bounds(self._stage.input_topic, self._partition)
        if not inputs.start <= position.applied + 1 <= inputs.end:
            self._stop(
                f"the ledger knows input {position.applied}, the log holds "
                f"[{inputs.start}, {inputs.end})"
            )
        return position

    def _stop(self, what: str) -> NoReturn:
        raise Fatal(f"{self._stage.name}/{self._partition}: {what}", _REPAIR)

    def _compare(self) -> tuple[Position, Bounds]:
        stage, reader = self._stage, self._reader
        input_id = reader.topic_id(stage.input_topic)
        ledger_id = reader.topic_id(stage.ledger_topic)
        saved = self._store.get_meta(POSITION)
        position = Position.load(saved) if saved else Position(input_id, ledger_id)
        if (position.input_id, position.ledger_id) != (input_id, ledger_id):
            self._stop("the topics are not those that the store was made from")
        inputs = reader.bounds(stage.input_topic, self._partition)
        ledger = reader.bounds(stage.ledger_topic, self._partition)
        if position.applied >= inputs.end or position.ledger_end > ledger.end:
            self._stop("the log ends before the store does: it has lost its tail")
        if ledger.start > position.ledger_end or inputs.start > position.applied + 1:
            self._stop("the log begins after the place where the store stops")
        self._same(stage.input_topic, position.applied, position.input_hash, inputs.start)
        self._same(stage.ledger_topic, position.ledger_offset, position.ledger_hash, ledger.start)
        return position, ledger

    def _same(self, topic: str, offset: int, expected: bytes, start: int) -> None:
        if offset < start:
            return  # nothing stored yet, or retention took it
        for record in self._reader.read(topic, self._partition, offset, offset + 1):
            if hashlib.sha256(record.value or b"").digest() != expected:
                self._stop(f"{topic} holds another value at {offset} than the store was made from")

    def _fold(self, position: Position, ledger: Bounds) -> Position:
        topic, folded = self._stage.ledger_topic, 0
        end = position.ledger_end
        records = self._reader.read(topic, self._partition, end, ledger.end)
        while batch := list(islice(records, _AHEAD)):
            self._look_ahead(batch)
            for record in batch:
                frame, digest = self._believe(record)
                done = frame is not None and self._collect(position, frame, record, digest)
                if frame is not None and done:
                    position = self._apply(position, frame)
                    folded += 1
                end = record.offset + 1
                if len(self._states) >= BATCH:
                    self._flush(self._at(position, end))
        position = self._at(position, end)
        self._flush(position)
        if folded:
            log.info("%s/%d: folded %d decisions", self._stage.name, self._partition, folded)
        return position

    def _at(self, position: Position, end: int) -> Position:
        """``position``, with folding to go on at ``end``, or where an open decision begins."""
        open_from = min((group.first for group in self._groups.values()), default=end)
        return replace(position, ledger_end=min(end, open_from))

    def _look_ahead(self, batch: Sequence[LogRecord]) -> None:
        """Read what the store has of the batch's keys at once; what is in hand is newer."""
        keys = [k for k in dict.fromkeys(r.key for r in batch) if k and k not in self._states]
        self._ahead = dict(zip(keys, self._store.get_many(keys), strict=True))

    def _believe(self, record: LogRecord) -> tuple[R | None, bytes]:
        key, value = record.key, record.value
        if key is None or value is None or not self._world.sealer.check(
            record.topic, key, value, record.headers
        ):  # fmt: skip
            self._alarm(
                "forged", f"{record.topic}/{record.partition}@{record.offset}: no MAC of ours"
            )
            return None, b""
        try:
            frame = self._stage.read(value)
        except Poison as poison:
            raise Fatal(
                f"{_place(record)}: ours, but unreadable ({poison})",
                "this program is older than the ledger: upgrade it",
            ) from poison
        return frame, hashlib.sha256(value).digest()

    def _collect(self, position: Position, frame: R, record: LogRecord, digest: bytes) -> bool:
        """Put the record to its decision; whether that is complete now."""
        key, cause = record.key or b"", frame.cause
        if cause.partition != self._partition:
            # Ours, but copied here by somebody: no record of this partition's ledger.
            self._alarm("stray", f"{_place(record)}: a record of partition {cause.partition}")
            return False
        if cause.topic != position.input_id:
            self._stop(f"ledger offset {record.offset} follows from another topic")
        seen = self._met.get((key, frame.seq))
        if seen is not None and seen != digest:
            self._hold(key, "another value under a known number", record)
        self._met.setdefault((key, frame.seq), digest)
        if cause.offset <= position.applied:
            return False  # a repeat, from an owner that did not know yet that it was none
        group = self._groups.setdefault(cause.offset, _Group(record.offset))
        group.parts.setdefault(frame.part, (frame, record, digest))
        return len(group.parts) == frame.parts

    def _apply(self, position: Position, frame: R) -> Position:
        offset = frame.cause.offset
        parts = [part for _, part in sorted(self._groups.pop(offset).parts.items())]
        if self._groups and min(self._groups) < offset:
            self._stop(f"input {min(self._groups)} lacks parts, later inputs do not")
        key = parts[0][1].key or b""
        known = self._known(key)
        if not known.held:
            chained = known.seq, known.last
            for part, record, digest in parts:
                if part.seq != chained[0] + 1 or part.prev != chained[1]:
                    self._hold(key, f"number {part.seq} does not follow {chained[0]}", record)
                    break
                chained = part.seq, digest
            else:
                state = self._stage.fold(known.state, [part for part, _, _ in parts])
                self._put(key, KeyState(chained[0], chained[1], False, state))
        last = parts[0] if len(parts) == 1 else max(parts, key=lambda part: part[1].offset)
        return Position(
            position.input_id,
            position.ledger_id,
            offset,
            frame.cause.digest,
            max(position.at, frame.at),
            last[1].offset,
            last[2],
            position.ledger_end,
        )

    def _hold(self, key: bytes, what: str, record: LogRecord) -> None:
        known = self._known(key)
        self._put(key, KeyState(known.seq, known.last, True, known.state))
        self._alarm("held", f"{_place(record)}: {what}; key {key.hex()} is held")

    def _known(self, key: bytes) -> KeyState[S]:
        if key not in self._states:
            # Used once: after a flush the store has it newer.
            data = self._ahead.pop(key) if key in self._ahead else self._store.get_many([key])[0]
            self._states[key] = load_key_state(self._stage, data)
        return self._states[key]

    def _put(self, key: bytes, state: KeyState[S]) -> None:
        self._states[key] = state

    def _flush(self, position: Position) -> None:
        write_states(self._store, self._stage, self._states, position)
        self._states.clear()
        if len(self._met) > 100 * BATCH:
            self._met.clear()


def _place(record: LogRecord) -> str:
    return f"{record.topic}/{record.partition}@{record.offset}"
