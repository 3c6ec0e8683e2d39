"""From ledger records to what the platform keeps of one subject. Pure.

The first record of each (key, seq) counts; whole decisions only. A skipped seq, or a known one with
another hash, holds the subject: its last code stays, and nothing further is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import sha256

from fuma.contracts.decisions import FIRST
from fuma.contracts.errors import Reason
from fuma.contracts.platform import Kept, empty_code
from fuma.contracts.shown import code_of, decode_shown
from fuma.domain.quick import quick
from fuma.domain.time import Ms
from fuma.runtime.records import LogRecord


@quick
@dataclass(frozen=True, slots=True)
class Read:
    """A ledger record that was checked and decoded."""

    tag: bytes
    partition: int
    offset: int
    digest: bytes
    seq: int
    prev: bytes
    part: int
    parts: int
    at: Ms
    shown: bytes | None  # as ``contracts.shown`` has it


def read(raw: LogRecord) -> Read:
    """Decode an authentic record. Raises ``Poison``."""
    seq, prev, part, parts, at, shown = decode_shown(raw.value)
    digest = sha256(raw.value or b"").digest()
    return Read(
        raw.key or b"", raw.partition, raw.offset, digest, seq, prev, part, parts, at, shown
    )


@quick
@dataclass(frozen=True, slots=True)
class Head:
    """The end of a subject's ledger as far as it was taken."""

    seq: int = 0
    hash: bytes = FIRST
    code: Kept | None = None  # the last whole decision
    part: int = 0  # how many parts of an open decision were taken
    opened: int = -1  # offset of its first part; -1: none is open

    @classmethod
    def of(cls, code: Kept | None) -> Head:
        """As the platform has it."""
        return cls() if code is None else cls(code.seq, code.hash, code)

    @property
    def held(self) -> bool:
        return self.code is not None and bool(self.code.held)


class Step(Enum):
    """What a record did."""

    REPEAT = auto()
    EARLIER = auto()  # a repeat of a seq before the last: only the log can tell whether the same
    PART = auto()
    WHOLE = auto()  # a new code
    HELD = auto()  # now held
    IGNORED = auto()  # was held before


def step(head: Head, one: Read, *, simulated: bool) -> tuple[Head, Step]:
    """The head after a record."""
    if head.held:
        return head, Step.IGNORED
    if one.seq < head.seq:
        return head, Step.EARLIER
    if one.seq == head.seq:
        if one.digest == head.hash:
            return head, Step.REPEAT
        return _hold(head, one, Reason.HASH_MISMATCH, simulated), Step.HELD
    if one.seq > head.seq + 1 or one.part != head.part:
        return _hold(head, one, Reason.OUT_OF_SEQUENCE, simulated), Step.HELD
    if one.prev != head.hash:
        return _hold(head, one, Reason.HASH_MISMATCH, simulated), Step.HELD
    if one.part < one.parts - 1:
        opened = head.opened if head.part else one.offset
        return Head(one.seq, one.digest, head.code, head.part + 1, opened), Step.PART
    if one.shown is None:
        return _hold(head, one, Reason.UNDECODABLE, simulated), Step.HELD
    before = head.code.seq if head.code else 0
    code = code_of(
        (one.seq, before, one.digest, one.partition, one.offset, one.at, simulated), one.shown
    )
    return Head(one.seq, one.digest, code), Step.WHOLE


def _hold(head: Head, one: Read, reason: Reason, simulated: bool) -> Head:
    """The last whole code stays, marked."""
    if head.code is None:
        code = Kept.of(
            empty_code(one.partition, one.offset, one.at, reason.value, simulated=simulated)
        )
    else:
        code = head.code.holding(reason.value)
    return Head(code.seq, code.hash, code)


def refold(records: Iterable[Read], *, simulated: bool) -> list[Kept]:
    """Every code that one subject had, oldest first, from its authentic ledger records."""
    head, codes = Head(), list[Kept]()
    digests: dict[int, bytes] = {}
    for one in records:
        before = head
        head, what = step(head, one, simulated=simulated)
        if what is Step.EARLIER and digests[one.seq] != one.digest:
            head, what = _hold(before, one, Reason.HASH_MISMATCH, simulated), Step.HELD
        digests.setdefault(one.seq, one.digest)
        if what is Step.WHOLE and head.code is not None:
            codes.append(head.code)
        elif what is Step.HELD and head.code is not None:
            if codes and codes[-1].seq == head.code.seq:
                codes.pop()
            codes.append(head.code)
    return codes
