"""What a stage gives the host, and what passes between the host's parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fuma.contracts.decisions import Cause
from fuma.contracts.errors import Poison, Reason
from fuma.domain.quick import quick
from fuma.domain.time import Ms
from fuma.runtime.records import LogRecord

#: An entry of a permanent topic's tile is at most this long (C2SP ``tlog-tiles``), key and log
#: time included.
MAX_ENTRY_BYTES = 65_535
_ENTRY_OVERHEAD = 64


class Framed(Protocol):
    """What every ledger record carries, whatever its stage."""

    @property
    def seq(self) -> int: ...
    @property
    def prev(self) -> bytes: ...
    @property
    def part(self) -> int: ...
    @property
    def parts(self) -> int: ...
    @property
    def cause(self) -> Cause: ...
    @property
    def at(self) -> Ms: ...


S = TypeVar("S")
I = TypeVar("I")  # noqa: E741
D = TypeVar("D")
R = TypeVar("R", bound=Framed)


class LedgerStage(Protocol[S, I, D, R]):
    """A pure stage with a ledger: state ``S``, input ``I``, decision ``D``, ledger record ``R``.

    Nothing in it sees a clock, a random number or the network. ``decide`` is a function of state,
    input, T and the law that is in force at T.
    """

    name: str
    input_topic: str
    ledger_topic: str
    dead_letter_topic: str
    shape: str  # version of ``dump``'s bytes; a store of another one is folded again

    def decode(self, value: bytes) -> I:
        """Raises ``Poison`` where the bytes are no input."""
        ...

    def identify(self, item: I) -> tuple[bytes, bytes]:
        """The input's id (16 bytes) and content digest (32 bytes)."""
        ...

    def decide(self, state: S | None, item: I, at: Ms) -> D | None:
        """``None`` for a repeat: nothing is written and the state stays."""
        ...

    def encode(self, decision: D, cause: Cause, seq: int, prev: bytes) -> list[bytes]:
        """The decision's ledger values, numbered from ``seq`` and chained from ``prev``."""
        ...

    def apply(self, state: S | None, item: I, decision: D) -> S:
        """The state after the decision. Never raises."""
        ...

    def read(self, value: bytes) -> R:
        """A ledger value. Raises ``Poison``."""
        ...

    def fold(self, state: S | None, records: Sequence[R]) -> S:
        """The state after a decision, from all its ledger records in order: equals ``apply``."""
        ...

    def dump(self, state: S) -> bytes: ...

    def load(self, data: bytes) -> S: ...


class LawGate(Protocol):
    """Up to which T the law is known well enough to decide (DESIGN.md, time and law)."""

    def horizon(self) -> Ms:
        """Records with T up to and including this may be decided."""
        ...


@dataclass(frozen=True, slots=True)
class Emit:
    """One output of a stage without a ledger; the host adds partition, MAC, time and origin."""

    topic: str
    key: bytes
    value: bytes


class TransformStage(Protocol):
    """A stage without state: one input to any number of outputs, deterministic in key and value."""

    name: str
    input_topics: tuple[str, ...]
    dead_letter_topic: str

    def opened(self, topic: str, partition: int) -> None:
        """The partition is ours from now on; what was remembered of it may be out of date."""
        ...

    def transform(self, raw: LogRecord) -> Sequence[Emit]:
        """Raises ``Poison`` where the record is no input."""
        ...


@quick
@dataclass(frozen=True, slots=True)
class Position:
    """How far one partition of a ledger stage got; written in the same batch as the states."""

    input_id: bytes  # topic UUIDs: a topic made anew under the old name is another topic
    ledger_id: bytes
    applied: int = -1  # offset of the last input that is done
    input_hash: bytes = b""  # sha256 of its value; empty where nothing is applied yet
    at: Ms = 0  # T
    ledger_offset: int = -1  # the last ledger record taken in
    ledger_hash: bytes = b""  # sha256 of its value
    ledger_end: int = 0  # where folding goes on

    def dump(self) -> bytes:
        fields = {
            name: value.hex() if isinstance(value := getattr(self, name), bytes) else value
            for name in self.__slots__
        }
        return json.dumps(fields).encode()

    @classmethod
    def load(cls, data: bytes) -> Position:
        """What ``dump`` gave. Raises ``Poison`` on anything else."""
        try:
            fields: dict[str, Any] = json.loads(data)
            for name, value in fields.items():
                if name.endswith(("_id", "_hash")):
                    fields[name] = bytes.fromhex(value)
                elif type(value) is not int:
                    raise TypeError(f"{name} is no number")
            return cls(**fields)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Poison(Reason.UNDECODABLE, f"not a position: {error}") from error


def ledger_value_fits(key: bytes, value: bytes) -> bool:
    """Whether a ledger record fits into a tile entry."""
    return len(key) + len(value) + _ENTRY_OVERHEAD <= MAX_ENTRY_BYTES
