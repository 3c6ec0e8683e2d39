"""The code platform's keys, and the port through which they are read and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

CODE_PREFIX = b"fuma:code:"
WAS_PREFIX = b"fuma:was:"
POSITION_PREFIX = b"fuma:sink:"
ALIVE_KEY = b"fuma:alive"
EVERYTHING = b"fuma:"


def code_key(tag: bytes) -> bytes:
    """Where a subject's code is."""
    return CODE_PREFIX + tag.hex().encode()


def was_key(tag: bytes) -> bytes:
    """Where the subject's earlier codes are, a list in the order of seq."""
    return WAS_PREFIX + tag.hex().encode()


def position_key(partition: int) -> bytes:
    """Where the sink's position in a partition of the ledger is."""
    return POSITION_PREFIX + str(partition).encode()


def alive_key(partition: int) -> bytes:
    """Where the sink whose first partition is ``partition`` says that it lives."""
    return ALIVE_KEY + b":%d" % partition if partition else ALIVE_KEY


def tag_of(key: bytes) -> bytes | None:
    """The subject of a code or was key; ``None`` where it is neither."""
    for prefix in (CODE_PREFIX, WAS_PREFIX):
        if key.startswith(prefix):
            try:
                tag = bytes.fromhex(key[len(prefix) :].decode())
            except ValueError:
                return None
            return tag if len(tag) == 16 else None
    return None


@dataclass(frozen=True, slots=True)
class Put:
    """New values of one subject. ``expected`` is the code value that was read before.

    ``value`` ``None`` removes the subject: the ledger knows nothing of it.
    """

    tag: bytes
    expected: bytes | None
    value: bytes | None
    was: tuple[bytes, ...] = ()  # to append to the earlier ones
    reset: bool = False  # forget the earlier ones first (a repair from the ledger)


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


@dataclass(slots=True)
class Batch:
    """What is written at once, or not at all."""

    partition: int
    expected: bytes | None  # the position's value as read before
    position: bytes
    puts: list[Put] = field(default_factory=list)


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
