"""One partition of the ledger onto the platform: a chunk of records, a batch of writes.

The order of writes; a crash after a step means:

1. dead letters and incidents, acknowledged: both come again, the incidents under the same id.
2. codes and position, at once or not at all: nothing is open.

Whether a write that failed happened all the same is seen in the position, which is read again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fuma.contracts.errors import Fatal, Poison, Retryable
from fuma.contracts.platform import Kept
from fuma.contracts.platformrows import SUM_BYTES, Position
from fuma.contracts.topics import DECISIONS, partition_for
from fuma.runtime.platform_writes import (
    CODE_PREFIX,
    WAS_PREFIX,
    Batch,
    Put,
    tag_of,
)
from fuma.runtime.records import LogRecord
from fuma.sink.chunk import Chunk, Planned, Values
from fuma.sink.fold import Head, Read, Step, read, refold, step
from fuma.sink.tools import Tools

log = logging.getLogger("fuma.sink")
_REPAIR_AT_ONCE = 500
_Change = tuple[Kept | None, Kept | None]  # a subject's code before and after


class Partition:
    """Applies one partition. ``cursor`` is the offset of the next record that it wants."""

    def __init__(self, tools: Tools, number: int) -> None:
        self._tools = tools
        self._sealer = tools.sealer
        self._simulated = tools.simulated
        self.number = number
        self.position = Position(number, -1, 0, tools.topic_id, 0, 0)
        self._value: bytes | None = None
        self._open: dict[bytes, Head] = {}
        self.cursor = 0
        #: While a sweep runs: what each subject written since it began had counted for before.
        self.touched: dict[bytes, int] = {}
        self.restarts = 0

    def load(self, value: bytes | None) -> None:
        """Take up the position that the platform has; from 0 where it has none that is genuine.

        Raises ``Fatal`` where the ledger is another one, or lost its end.
        """
        tools = self._tools
        self._open.clear()
        self._value = value
        if value is not None:
            try:
                self._resume(tools.sealer.open_position(self.number, value))
                return
            except Poison as poison:
                tools.incidents.platform(
                    "platform-position", self.position.at, (), tools.strangers(),
                    f"position of partition {self.number}: {poison}; applied again from 0",
                )  # fmt: skip
        self.restart()

    def _resume(self, position: Position) -> None:
        if position.topic != self._tools.topic_id:
            raise Fatal(
                f"{DECISIONS} is another topic than the one the platform was filled from",
                "if that is as it should be, `fuma rebuild` fills it anew",
            )
        end = self._tools.ledger.bounds(DECISIONS, self.number).end
        if position.applied >= end:
            raise Fatal(
                f"{DECISIONS}/{self.number} ends at {end}, {position.applied} was applied",
                "the broker lost records: restore them before anything else",
            )
        self.position = position
        self.cursor = position.applied + 1

    def restart(self) -> None:
        """From 0, with nothing of this partition on the platform."""
        tools = self._tools
        held = tools.store.positions(tools.partitions)[self.number]
        for prefix in (CODE_PREFIX, WAS_PREFIX):
            for page in tools.store.scan(prefix):
                tags = {t for k in page if (t := tag_of(k)) and self._mine(t)}
                for part in _parts(sorted(tags)):
                    found = tools.store.codes(part)
                    puts = [Put(t, v, None, (), True) for t, v in zip(part, found, strict=True)]
                    empty = Position(self.number, -1, 0, tools.topic_id, 0, tools.clock.now())
                    sealed = tools.sealer.seal_position(empty)
                    self._write(Batch(self.number, held, sealed, puts))
                    held = sealed
        self.position = Position(self.number, -1, 0, tools.topic_id, 0, tools.clock.now())
        self._value, self.cursor = held, 0
        self._open.clear()
        self.restarts += 1

    def _mine(self, tag: bytes) -> bool:
        return partition_for(tag, self._tools.partitions) == self.number

    def read(self, records: Sequence[LogRecord]) -> Chunk:
        """Check and decode; nothing depends on what was applied."""
        admit, chunk = self._tools.intake.admit, Chunk(records[0].offset, records[-1].offset + 1)
        for raw in records:
            try:
                admit(raw)
                chunk.reads.append(read(raw))
            except Poison as poison:
                chunk.dead.append((raw, poison))
        return chunk

    def open(self, chunk: Chunk, position: bytes | None, values: Values) -> list[bytes]:
        """Take in what stands on the platform: the position's value, and the codes'. Back come
        the subjects whose codes are not genuine."""
        if position != self._value:
            raise Retryable(f"another sink has applied {DECISIONS}/{self.number}")
        if chunk.start != self.cursor:
            raise Fatal(
                f"{DECISIONS}/{self.number}: offset {chunk.start} follows {self.cursor - 1}",
                "records are missing from the log: compare it with its backups",
            )
        chunk.values, bad = values, list[bytes]()
        sealer, before, heads = self._sealer, chunk.before, chunk.heads
        for tag in dict.fromkeys([one.tag for one in chunk.reads]):
            value = values[tag]
            try:
                code = None if value is None else sealer.open_kept(tag, value)
            except Poison:
                bad.append(tag)
                continue
            before[tag] = code
            head = self._open.get(tag)
            heads[tag] = Head.of(code) if head is None else head
        return bad

    def follow(self, chunk: Chunk) -> Planned:
        """What is to be written of a chunk that was opened."""
        self._tools.incidents.forged(chunk.dead, self.position.at)  # 1
        for one in chunk.reads:
            self._step(chunk, one)
        puts = [self._put(chunk, tag, codes) for tag, codes in chunk.codes.items()]
        fresh = sum(put.expected is None for put in puts)
        changes: dict[bytes, _Change] = {
            tag: (chunk.before[tag], codes[-1]) for tag, codes in chunk.codes.items()
        }
        if chunk.doubtful:
            puts, more = self._settle(chunk, puts, changes)
            fresh += more
        opened = {tag: head for tag, head in self._open.items() if tag not in chunk.heads}
        opened |= {tag: head for tag, head in chunk.heads.items() if head.part}
        position = Position(
            self.number, min([chunk.end, *(head.opened for head in opened.values())]) - 1,
            max(chunk.at, self.position.at), self._tools.topic_id, self.position.subjects + fresh,
            self._tools.clock.now(), self._summed(changes),
        )  # fmt: skip
        sealed = self._tools.sealer.seal_position(position)
        return Planned(
            Batch(self.number, self._value, sealed, puts), position, chunk.end, opened,
            sum(len(codes) for codes in chunk.codes.values()),
        )  # fmt: skip

    def take(self, planned: Planned) -> None:
        """It stands on the platform."""
        self._value, self.position = planned.batch.position, planned.position
        self._open, self.cursor = planned.open, planned.end

    def _step(self, chunk: Chunk, one: Read) -> None:
        head, what = step(chunk.heads[one.tag], one, simulated=self._simulated)
        chunk.at = max(chunk.at, one.at)
        if what is Step.WHOLE and head.code is not None:
            chunk.codes.setdefault(one.tag, []).append(head.code)
        elif what is Step.HELD or (what is Step.EARLIER and self._contradicts(one)):
            chunk.doubtful.add(one.tag)
        chunk.heads[one.tag] = head

    def _contradicts(self, one: Read) -> bool:
        """Whether a repeat of an earlier seq is another record than the one that was taken."""
        for value in self._tools.store.all_of(one.tag):
            try:
                code = self._tools.sealer.open_kept(one.tag, value)
            except Poison:
                return True
            if code.seq == one.seq:
                return code.hash != one.digest
        return False

    def _put(self, chunk: Chunk, tag: bytes, codes: Sequence[Kept]) -> Put:
        sealed = [self._sealer.seal_kept(tag, code) for code in codes]
        before = chunk.values[tag]
        was = sealed[:-1] if before is None else [before, *sealed[:-1]]
        return Put(tag, before, sealed[-1], tuple(was))

    def _summed(self, changes: Mapping[bytes, _Change]) -> bytes:
        """The position's sum after subjects went from one code to another."""
        sealer, touched = self._sealer, self.touched
        total = int.from_bytes(self.position.sum, "big")
        for tag, (before, after) in changes.items():
            counted = sealer.fingerprint(tag, before)
            touched.setdefault(tag, counted)
            total += sealer.fingerprint(tag, after) - counted
        return (total % (1 << 8 * SUM_BYTES)).to_bytes(SUM_BYTES, "big")

    def _settle(
        self, chunk: Chunk, puts: list[Put], changes: dict[bytes, _Change]
    ) -> tuple[list[Put], int]:
        """For subjects that do not follow on: what the ledger itself says, read from its start."""
        kept = [put for put in puts if put.tag not in chunk.doubtful]
        dropped = sum(put.expected is None for put in puts if put.tag in chunk.doubtful)
        told = self._from_ledger(chunk.doubtful, chunk.end)
        lost = list[bytes]()
        for tag in sorted(chunk.doubtful):
            codes = told[tag]
            # What stood there may be old: what was counted is what the ledger had said by then.
            counted = [code for code in codes if code.offset < self.cursor]
            changes[tag] = counted[-1] if counted else None, codes[-1] if codes else None
            kept.append(self._anew(tag, chunk.values[tag], codes))
            dropped -= chunk.values[tag] is None and bool(codes)
            chunk.codes.pop(tag, None)
            chunk.heads[tag] = Head.of(codes[-1] if codes else None)
            if codes and codes[-1].held:
                where = f"{DECISIONS}/{self.number} before {chunk.end}"
                self._tools.incidents.held(tag, codes[-1].held, where, codes[-1].recorded)
            else:
                lost.append(tag)
        if lost:
            self._tools.incidents.platform(
                "platform-record", self.position.at, lost, self._tools.strangers(),
                "records were missing or old; put right from the ledger",
            )  # fmt: skip
        return kept, -dropped

    def _anew(self, tag: bytes, expected: bytes | None, codes: Sequence[Kept]) -> Put:
        sealed = [self._tools.sealer.seal_kept(tag, code) for code in codes]
        return Put(tag, expected, sealed[-1] if sealed else None, tuple(sealed[:-1]), True)

    def _from_ledger(self, tags: Iterable[bytes], end: int) -> dict[bytes, list[Kept]]:
        """Every code of these subjects, from authentic records before ``end``."""
        found: dict[bytes, list[Read]] = {tag: [] for tag in tags}
        start = self._tools.ledger.bounds(DECISIONS, self.number).start
        for raw in self._tools.ledger.read(DECISIONS, self.number, start, end):
            if raw.key in found:
                found[raw.key] += self.read((raw,)).reads
        return {t: refold(r, simulated=self._tools.simulated) for t, r in found.items()}

    def repair(self, tags: Iterable[bytes], code: str, what: str) -> None:
        """Put subjects right from the ledger, up to what was taken, and raise an incident."""
        tools = self._tools
        mine = sorted(t for t in tags if self._mine(t))
        strangers = tools.strangers()
        told = self._from_ledger(mine, self.cursor)
        for part in _parts(mine):
            values = tools.store.codes(part)
            puts = [self._anew(t, v, told[t]) for t, v in zip(part, values, strict=True)]
            self._commit(self.position, puts)
        tools.incidents.platform(
            code, self.position.at, mine, strangers, f"{what}; put right from the ledger"
        )

    def _commit(self, position: Position, puts: list[Put]) -> None:
        sealed = self._tools.sealer.seal_position(position)
        self._write(Batch(self.number, self._value, sealed, puts))
        self._value, self.position = sealed, position

    def _write(self, batch: Batch) -> None:
        if not self._tools.store.write(batch):
            raise Retryable("the platform was changed while a batch was made")


def _parts(tags: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(tags), _REPAIR_AT_ONCE):
        yield tags[start : start + _REPAIR_AT_ONCE]
