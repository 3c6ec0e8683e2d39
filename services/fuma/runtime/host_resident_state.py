"""States that stay in memory: what a stage gives the host for them, and how they are stored.

A key's state lies in the store in parts, so that a snapshot writes again only what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar, cast

from fuma.contracts.decisions import FIRST, Cause
from fuma.domain.time import Ms
from fuma.runtime.host_state import HEAD, KeyState, marked
from fuma.runtime.host_types import Framed, Position
from fuma.runtime.ports import Store

#: Between a key and the name of a part of its state.
_PART = b"/"

S = TypeVar("S")
I = TypeVar("I")  # noqa: E741
D = TypeVar("D")
R = TypeVar("R", bound=Framed)
Parts = Callable[[Sequence[bytes]], list[bytes | None]]


class ResidentStage(Protocol[S, I, D, R]):
    """A pure stage with a ledger whose states stay in memory and are changed in place."""

    name: str
    input_topic: str
    ledger_topic: str
    dead_letter_topic: str
    shape: str  # version of the parts' bytes; a store of another one is folded again

    def decode(self, key: bytes, value: bytes) -> I:
        """Raises ``Poison`` where it is no input, or none of that key."""
        ...

    def identify(self, item: I) -> tuple[bytes, bytes]:
        """The input's id (16 bytes) and content digest (32 bytes)."""
        ...

    def create(self, key: bytes) -> S:
        """The state of a key of which nothing is known. Raises ``Poison`` where it is no key."""
        ...

    def decide(self, state: S, item: I, at: Ms) -> D | None:
        """``None`` for a repeat. Does not change the state."""
        ...

    def encode(self, decision: D, cause: Cause, seq: int, prev: bytes) -> list[bytes]:
        """The decision's ledger values, numbered from ``seq`` and chained from ``prev``."""
        ...

    def apply(self, state: S, item: I, decision: D) -> S:
        """The state itself, changed. Never raises."""
        ...

    def read(self, value: bytes) -> R:
        """A ledger value. Raises ``Poison``."""
        ...

    def fold(self, state: S, records: Sequence[R]) -> S:
        """The state itself after a decision, from all its records in order: as ``apply``."""
        ...

    def dump(self, state: S) -> Mapping[bytes, bytes | None]:
        """What changed since it was dumped or loaded last, by name of part; ``None`` is gone."""
        ...

    def load(self, key: bytes, parts: Parts) -> S:
        """The state from its parts, which ``parts`` gives by name."""
        ...


class Residents(Generic[S, I, D, R]):
    """The states of one partition, and how they go to the store and come from it."""

    def __init__(self, stage: ResidentStage[S, I, D, R], store: Store) -> None:
        self.known: dict[bytes, KeyState[S]] = {}
        self._stage = stage
        self._store = store
        self._changed: set[bytes] = set()

    def get(self, key: bytes) -> KeyState[S]:
        """A key's state; a new one where there is none. Raises ``Poison`` where it is no key."""
        found = self.known.get(key)
        if found is None:
            (head,) = self._store.get_many([key])
            if head is None:
                found = KeyState(0, FIRST, False, self._stage.create(key))
            else:
                held, seq, last = HEAD.unpack(head)
                found = KeyState(seq, last, bool(held), self._stage.load(key, self._parts(key)))
            self.known[key] = found
        return found

    def put(self, key: bytes, state: KeyState[S]) -> None:
        self.known[key] = state
        self._changed.add(key)

    def snapshot(self) -> dict[bytes, bytes | None]:
        """What has to be written so that the store holds what memory does now."""
        puts: dict[bytes, bytes | None] = {}
        for key in sorted(self._changed):
            one = self.known[key]
            puts[key] = HEAD.pack(one.held, one.seq, one.last)
            for name, data in self._stage.dump(cast("S", one.state)).items():
                puts[key + _PART + name] = data
        self._changed.clear()
        return puts

    def _parts(self, key: bytes) -> Parts:
        def read(names: Sequence[bytes]) -> list[bytes | None]:
            return self._store.get_many([key + _PART + name for name in names])

        return read


def write_snapshot(
    store: Store, shape: str, puts: Mapping[bytes, bytes | None], position: Position
) -> None:
    """States and the position that they belong to, in one batch."""
    store.write(puts, marked(position, shape))
