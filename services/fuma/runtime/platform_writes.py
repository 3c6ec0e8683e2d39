"""The code platform's keys, and what is written under them: as Redis is told it."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Sequence
from dataclasses import dataclass

from fuma.domain.quick import quick

CODE_PREFIX = b"fuma:code:"
WAS_PREFIX = b"fuma:was:"
POSITION_PREFIX = b"fuma:sink:"
ALIVE_KEY = b"fuma:alive"
EVERYTHING = b"fuma:"


def code_key(tag: bytes) -> bytes:
    """Where a subject's code is."""
    return CODE_PREFIX + hexlify(tag)


def was_key(tag: bytes) -> bytes:
    """Where the subject's earlier codes are, a list in the order of seq."""
    return WAS_PREFIX + hexlify(tag)


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


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Batch:
    """What is written at once, or not at all."""

    partition: int
    expected: bytes | None  # the position's value as read before
    position: bytes
    puts: Sequence[Put] = ()


def look_keys(partitions: Sequence[int], tags: Sequence[bytes]) -> list[bytes]:
    """The keys of positions, then of codes."""
    keys = [position_key(partition) for partition in partitions]
    for tag in tags:
        keys.append(code_key(tag))
    return keys


def changes(batches: Sequence[Batch]) -> list[list[bytes]]:
    """The commands that write them, for within one ``MULTI``."""
    made: list[list[bytes]] = []
    values = [b"MSET"]
    for batch in batches:
        values.append(position_key(batch.partition))
        values.append(batch.position)
        for put in batch.puts:
            key = code_key(put.tag)
            if put.reset:
                made.append([b"DEL", was_key(put.tag)])
            if put.was:
                made.append([b"RPUSH", was_key(put.tag), *put.was])
            if put.value is None:
                made.append([b"DEL", key])
            else:
                values.append(key)
                values.append(put.value)
    made.append(values)
    return made
