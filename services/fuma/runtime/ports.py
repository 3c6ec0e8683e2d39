"""The ports: what the services ask of the outside world, and the shapes that cross it.

Each has a real adapter and a fake in ``memory.py``; one contract suite runs on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from fuma.domain.quick import quick
from fuma.domain.time import Ms
from fuma.runtime.records import Bounds as Bounds
from fuma.runtime.records import Headers as Headers
from fuma.runtime.records import LogRecord as LogRecord
from fuma.runtime.records import Outgoing as Outgoing


class Appender(Protocol):
    """Appends records durably, in order within a partition."""

    def submit(self, records: Sequence[Outgoing]) -> Future[list[int]]:
        """Start an append; the future is done when every record is acknowledged, or failed.

        Raises ``Fatal`` if a record is too large (nothing of the batch is sent then) or an earlier
        one failed.
        """
        ...

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        """Append, wait for every acknowledgement; the offsets, in the order given.

        Raises ``Fatal`` once any record failed or stalled; nothing is sent after that.
        """
        ...

    def close(self) -> None: ...


class LogReader(Protocol):
    """Reads topics by offset, without a consumer group."""

    def topic_id(self, topic: str) -> bytes:
        """The topic's UUID (16 bytes). Raises ``Fatal`` if there is no such topic."""
        ...

    def partitions(self, topic: str) -> int: ...

    def bounds(self, topic: str, partition: int) -> Bounds: ...

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        """Records with ``start <= offset < end``, in order. Raises ``Fatal`` if start is gone."""
        ...

    def exact(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        """What stands at ``offset`` by the broker's own count; ``None`` where nothing does.

        Slow. ``read``, begun in the middle of a batch, has only the writer's word for where a
        record of that batch stands (``batch_reading.py``).
        """
        ...

    def close(self) -> None: ...


class Store(Protocol):
    """A stage's disposable state for one partition: keys to bytes, written in atomic batches."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]: ...

    def get_meta(self, name: str) -> bytes | None: ...

    def write(self, puts: Mapping[bytes, bytes | None], meta: Mapping[str, bytes]) -> None:
        """One atomic batch. ``None`` deletes."""
        ...

    def close(self) -> None: ...


Range = tuple[bytes, bytes]  # keys from the first up to, not including, the second


class SortedStore(Store, Protocol):
    """A store whose keys can be read, and dropped, in their order."""

    def scan(self, prefixes: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Rows whose key begins with a prefix; the prefixes one after the other."""
        ...

    def range(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Rows from the key ``start`` up to ``end``."""
        ...

    def first(self, start: bytes, end: bytes) -> bytes | None:
        """The first key from ``start`` up to ``end``."""
        ...

    def replace(
        self, puts: Mapping[bytes, bytes | None], drops: Sequence[Range], meta: Mapping[str, bytes]
    ) -> None:
        """One atomic batch: the puts, then the ranges dropped."""
        ...

    def reclaim(self, ranges: Sequence[Range]) -> None:
        """Take what was dropped there off the disk too, in the background."""
        ...


class Clock(Protocol):
    """Wall-clock time, for doors and timeouts only, never for decisions."""

    def now(self) -> Ms: ...


@quick
@dataclass(frozen=True, slots=True)
class SubjectKey:
    """What the vault gives the gateway for one person."""

    tag: bytes  # 16 bytes, random
    key: bytes  # 64 bytes, AES-SIV-512
    identity: str  # matched | mismatched | unregistered


class Vault(Protocol):
    """Identity: numbers and names to tags and keys. Every call is authenticated and logged."""

    def subjects(self, people: Sequence[tuple[str, str]]) -> list[SubjectKey]:
        """Find or mint, for (number, name) pairs. For the gateway."""
        ...

    def find(self, number: str, *, purpose: str) -> bytes | None:
        """The tag of a number, or ``None``; never mints. Needs a role that may."""
        ...

    def keys(self, tags: Sequence[bytes], *, purpose: str) -> list[bytes | None]:
        """Subject keys for reading a history; ``None`` where destroyed or unknown."""
        ...

    def load(self, holders: Sequence[tuple[str, str]]) -> int:
        """Put (number, name) into the holder register; how many were new."""
        ...
