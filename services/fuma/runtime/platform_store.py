"""The port through which the code platform is read and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from fuma.runtime.platform_writes import Batch


@dataclass(frozen=True, slots=True)
class Changed:
    """What somebody other than this store wrote. ``flushed``: everything may be gone."""

    keys: tuple[bytes, ...] = ()
    flushed: bool = False


@dataclass(frozen=True, slots=True)
class Stranger:
    """A connection that is neither the sink's nor a reader's."""

    id: str
    user: str
    address: str
    name: str
    command: str  # its last one


class Look(Protocol):
    """What stood on the platform at one moment. Raises ``Retryable``."""

    def found(self) -> tuple[list[bytes | None], list[bytes | None]]:
        """The positions and the codes, in the order in which they were asked for."""
        ...


class Written(Protocol):
    """A write that is under way. Raises ``Retryable``."""

    def done(self) -> bool:
        """Whether it was written: all of it, or nothing."""
        ...


class PlatformReader(Protocol):
    """What an answer needs. Raises ``Retryable`` where the platform does not answer."""

    def codes(self, tags: Sequence[bytes]) -> list[bytes | None]: ...

    def latest(self, tag: bytes) -> tuple[bytes | None, bytes | None]:
        """The subject's code, and the last of its earlier ones, of one moment."""
        ...

    def all_of(self, tag: bytes) -> list[bytes]:
        """Every code of the subject, oldest first, the present one last."""
        ...

    def positions(self, partitions: int) -> list[bytes | None]: ...

    def alive(self, partitions: int) -> list[bytes | None]:
        """The signs of life, by each sink's first partition."""
        ...


class PlatformStore(PlatformReader, Protocol):
    """What the sink needs besides. Raises ``Retryable``; whether a write that failed happened
    is seen by reading the position again."""

    def write(self, batch: Batch) -> bool:
        """All of it, unless position or a code is not as expected: then nothing, ``False``."""
        ...

    def look(self, partitions: Sequence[int], tags: Sequence[bytes]) -> Look:
        """Ask for positions and codes; the answer need not be waited for at once."""
        ...

    def put(self, look: Look, batches: Sequence[Batch]) -> Written:
        """Write over what was looked at: all batches at once, or none of them where anything has
        changed since the look, or this store has written since. Of keys that were looked at, and
        of the lists that go with them, nothing else may be in a batch. ``expected`` is not
        compared: who looks compares. The answer need not be waited for at once."""
        ...

    @property
    def connections(self) -> tuple[str, ...]:
        """The ids of its own, as ``strangers`` gives others'."""
        ...

    def beat(self, value: bytes, partition: int = 0) -> None:
        """A sign of life of the sink whose first partition it is."""
        ...

    def hush(self, partitions: Sequence[int]) -> None:
        """Forget signs of life: they are no sink's first partitions any more."""
        ...

    def scan(self, prefix: bytes) -> Iterator[list[bytes]]:
        """Keys that begin so, in pages; a key that stays is met at least once."""
        ...

    def changed(self) -> Changed | None:
        """What others wrote since last asked; ``None``: nothing."""
        ...

    def strangers(self) -> list[Stranger]: ...

    def drop(self) -> int:
        """Remove everything; how many keys went."""
        ...

    def close(self) -> None: ...
