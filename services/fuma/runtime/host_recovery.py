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
from fuma.runtime.host_state import POSITION, KeyState, load_key_state, write_states
from fuma.runtime.host_types import D, I, LedgerStage, Position, R, S
from fuma.runtime.host_world import World
from fuma.runtime.marks import differs
from fuma.runtime.ports import Bounds, LogReader, LogRecord, Store

log = logging.getLogger(__name__)
#: Decisions folded between two writes of the store.
BATCH = 2_000
#: Ledger records whose keys are read from the store at once.
_AHEAD = 500
_REPAIR = "stop, and compare the log with its copies before anything is repaired"

Alarm = Callable[[str, str], None]  # kind, what


class _Part(Generic[R]):
    """A ledger record that was met, read, with its value's hash."""

    def __init__(self, frame: R, offset: int, digest: bytes) -> None:
        self.frame = frame
        self.offset = offset
        self.digest = digest


class _Group(Generic[R]):
    """The records of one decision, as far as they were met."""

    def __init__(self, first: int) -> None:
        self.first = first  # ledger offset of its first record
        self.parts: dict[int, _Part[R]] = {}


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
        self._met: dict[bytes, bytes] = {}  # by key and number
        self._groups: dict[int, _Group[R]] = {}
        self._ahead: dict[bytes, bytes | None] = {}
        self.folded = 0  # decisions

    def run(self) -> Position:
        """The position after which the stream goes on. Raises ``Fatal`` on any difference."""
        position, ledger = self._compare()
        self._begun = position
        self._applied, self._input_hash, self._time = (
            position.applied, position.input_hash, position.at
        )  # fmt: skip
        self._ledger_offset, self._ledger_hash = position.ledger_offset, position.ledger_hash
        position = self._fold(position.ledger_end, ledger.end)
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
        known = max(position.ledger_end, position.ledger_offset + 1)
        if position.applied >= inputs.end or known > ledger.end:
            self._stop("the log ends before the store does: it has lost its tail")
        if ledger.start > position.ledger_end or inputs.start > position.applied + 1:
            self._stop("the log begins after the place where the store stops")
        self._same(stage.input_topic, position.applied, position.input_hash, inputs.start)
        self._same(stage.ledger_topic, position.ledger_offset, position.ledger_hash, ledger.start)
        return position, ledger

    def _same(self, topic: str, offset: int, expected: bytes, start: int) -> None:
        if offset < start:
            return  # nothing stored yet, or retention took it
        if differs(self._reader, topic, self._partition, offset, expected):
            self._stop(f"{topic} holds another value at {offset} than the store was made from")

    def _fold(self, start: int, stop: int) -> Position:
        """Ledger offsets from ``start`` up to ``stop``; the position after them."""
        end = start
        records = self._reader.read(self._stage.ledger_topic, self._partition, start, stop)
        while batch := list(islice(records, _AHEAD)):
            self._look_ahead(batch)
            for record in batch:
                part = self._believe(record)
                parts = [] if part is None else self._collect(part, record)
                if parts:
                    self._apply(record.key or b"", parts)
                    self.folded += 1
                end = record.offset + 1
                if len(self._states) >= BATCH:
                    self._flush(self._at(end))
        position = self._at(end)
        self._flush(position)
        if self.folded:
            log.info("%s/%d: folded %d decisions", self._stage.name, self._partition, self.folded)
        return position

    def _at(self, end: int) -> Position:
        """What is folded, with folding to go on at ``end``, or where an open decision begins."""
        open_from = min((group.first for group in self._groups.values()), default=end)
        return replace(
            self._begun, applied=self._applied, input_hash=self._input_hash, at=self._time,
            ledger_offset=self._ledger_offset, ledger_hash=self._ledger_hash,
            ledger_end=min(end, open_from),
        )  # fmt: skip

    def _look_ahead(self, batch: Sequence[LogRecord]) -> None:
        """Read what the store has of the batch's keys at once; what is in hand is newer."""
        keys = [k for k in dict.fromkeys(r.key for r in batch) if k and k not in self._states]
        self._ahead = dict(zip(keys, self._store.get_many(keys), strict=True))

    def _believe(self, record: LogRecord) -> _Part[R] | None:
        key, value = record.key, record.value
        if key is None or value is None or not self._world.sealer.check(
            record.topic, key, value, record.headers
        ):  # fmt: skip
            self._alarm("forged", f"{_place(record)}: no MAC of ours")
            return None
        try:
            frame = self._stage.read(value)
        except Poison as poison:
            raise Fatal(
                f"{_place(record)}: ours, but unreadable ({poison})",
                "this program is older than the ledger: upgrade it",
            ) from poison
        return _Part(frame, record.offset, hashlib.sha256(value).digest())

    def _collect(self, part: _Part[R], record: LogRecord) -> list[_Part[R]]:
        """Put the record to its decision; all parts of that, in order, once it is complete."""
        frame, digest, key = part.frame, part.digest, record.key or b""
        cause = frame.cause
        if cause.partition != self._partition:
            # Ours, but copied here by somebody: no record of this partition's ledger.
            self._alarm("stray", f"{_place(record)}: a record of partition {cause.partition}")
            return []
        if cause.topic != self._begun.input_id:
            self._stop(f"ledger offset {record.offset} follows from another topic")
        if self._met.setdefault(key + frame.seq.to_bytes(8, signed=True), digest) != digest:
            self._hold(key, "another value under a known number", record.offset)
        offset = cause.offset
        if offset <= self._applied:
            return []  # a repeat, from an owner that did not know yet that it was none
        group = self._groups.get(offset)
        if group is None:
            if frame.parts == 1:
                return [part]
            group = self._groups[offset] = _Group(record.offset)
        group.parts.setdefault(frame.part, part)
        if len(group.parts) != frame.parts:
            return []
        del self._groups[offset]
        return [group.parts[number] for number in sorted(group.parts)]

    def _apply(self, key: bytes, parts: list[_Part[R]]) -> None:
        frame = parts[0].frame
        offset = frame.cause.offset
        if self._groups and min(self._groups) < offset:
            self._stop(f"input {min(self._groups)} lacks parts, later inputs do not")
        known = self._known(key)
        if not known.held:
            seq, last = known.seq, known.last
            for part in parts:
                if part.frame.seq != seq + 1 or part.frame.prev != last:
                    self._hold(key, f"number {part.frame.seq} does not follow {seq}", part.offset)
                    break
                seq, last = seq + 1, part.digest
            else:
                state = self._stage.fold(known.state, [part.frame for part in parts])
                self._put(key, KeyState(seq, last, False, state))
        newest = parts[0]
        for part in parts:
            if part.offset > newest.offset:
                newest = part
        self._applied = offset
        self._input_hash = frame.cause.digest
        self._time = max(self._time, frame.at)
        self._ledger_offset, self._ledger_hash = newest.offset, newest.digest

    def _hold(self, key: bytes, what: str, offset: int) -> None:
        known = self._known(key)
        self._put(key, KeyState(known.seq, known.last, True, known.state))
        place = f"{self._stage.ledger_topic}/{self._partition}@{offset}"
        self._alarm("held", f"{place}: {what}; key {key.hex()} is held")

    def _known(self, key: bytes) -> KeyState[S]:
        known = self._states.get(key)
        if known is None:
            # Used once: after a flush the store has it newer.
            data = self._ahead.pop(key) if key in self._ahead else self._store.get_many([key])[0]
            known = self._states[key] = load_key_state(self._stage, data)
        return known

    def _put(self, key: bytes, state: KeyState[S]) -> None:
        self._states[key] = state

    def _flush(self, position: Position) -> None:
        write_states(self._store, self._stage, self._states, position)
        self._states.clear()
        if len(self._met) > 100 * BATCH:
            self._met.clear()


def _place(record: LogRecord) -> str:
    return f"{record.topic}/{record.partition}@{record.offset}"
