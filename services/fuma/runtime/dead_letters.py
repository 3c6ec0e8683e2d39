"""Dead letters: what is no input, with its original bytes, where it stood, and what was wrong.

The added headers follow Kafka's KIP-1034 (``__streams.errors.*``, values as text), so that ordinary
tools show them, and ours say why. They come behind the original's and begin with the last
``__streams.errors.topic``: an original may carry any name, ours among them.

A broker limits a batch as it is packed, so a record of many megabytes may stand on a topic, and one
that just fits there does not fit any more with our headers on it. What is too large for one dead
letter is cut into several, by its bytes alone: after a crash the same parts come again.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from fuma import __version__
from fuma.contracts.errors import Poison
from fuma.runtime.batch_reading import Escaped, Packed, unread
from fuma.runtime.kafka_records import MAX_RECORD_BYTES, record_size
from fuma.runtime.mac import pack_time
from fuma.runtime.records import Headers, LogRecord, Outgoing

ERRORS = "__streams.errors."
REASON_HEADER = "fuma-reason"
VERSION_HEADER = "fuma-app-version"
ORIGINAL_TIME_HEADER = "fuma-original-time"
#: There where the original's header names are written as ``batch_reading.Escaped`` says.
NAMES_HEADER = "fuma-header-names"
NAMES_ESCAPED = b"percent"
#: On a part: which, from 1, and of how many, as text; and the SHA-256 of them all together.
PART_HEADER = "fuma-part"
PARTS_HEADER = "fuma-parts"
WHOLE_HEADER = "fuma-whole"
#: Bytes of the original in one part: with the added headers it is well below what a broker takes.
PART_BYTES = 900_000
_LENGTH = struct.Struct(">i")
_ABSENT = -1


def dead_letters(raw: LogRecord, poison: Poison, topic: str, partitions: int) -> list[Outgoing]:
    """``raw`` as it was, for ``topic``: one record, or its parts in their order."""
    poison = unread(raw) or poison
    added: Headers = (
        (ERRORS + "topic", raw.topic.encode()),
        (ERRORS + "partition", str(raw.partition).encode()),
        (ERRORS + "offset", str(raw.offset).encode()),
        (ERRORS + "exception", type(poison).__name__.encode()),
        (ERRORS + "message", str(poison).encode()),
        (REASON_HEADER, poison.reason.value.encode()),
        (VERSION_HEADER, __version__.encode()),
        (ORIGINAL_TIME_HEADER, pack_time(max(raw.timestamp, 0))),
    )
    if isinstance(raw.headers, Escaped):
        added += ((NAMES_HEADER, NAMES_ESCAPED),)
    original = tuple((name, content or b"") for name, content in raw.headers)
    if isinstance(raw.headers, Packed):
        added, original = added + original, ()
    partition = raw.partition % partitions
    letter = Outgoing(topic, partition, raw.key, raw.value, original + added)
    if record_size(letter) <= MAX_RECORD_BYTES:
        return [letter]
    whole = pack_whole(raw.key, raw.value, original)
    digest = hashlib.sha256(whole).digest()
    count = -(-len(whole) // PART_BYTES)
    return [
        Outgoing(
            topic,
            partition,
            None,
            whole[number * PART_BYTES : (number + 1) * PART_BYTES],
            (
                *added,
                (PART_HEADER, str(number + 1).encode()),
                (PARTS_HEADER, str(count).encode()),
                (WHOLE_HEADER, digest),
            ),
        )
        for number in range(count)
    ]


def pack_whole(key: bytes | None, value: bytes | None, headers: Headers) -> bytes:
    """What the parts make together: key, value, the number of headers, each name and content.

    Each behind its length, four bytes, big-endian; an absent one has length -1.
    """
    pieces: list[bytes] = []

    def put(content: bytes | None) -> None:
        pieces.append(_LENGTH.pack(_ABSENT if content is None else len(content)))
        pieces.append(content or b"")

    put(key)
    put(value)
    pieces.append(_LENGTH.pack(len(headers)))
    for name, content in headers:
        put(name.encode())
        put(content)
    return b"".join(pieces)


def unpack_whole(whole: bytes) -> tuple[bytes | None, bytes | None, Headers]:
    """Key, value and headers. Raises ``ValueError`` where it is none of ours."""
    at = 0

    def number() -> int:
        nonlocal at
        if at + _LENGTH.size > len(whole):
            raise ValueError("it ends too early")
        (found,) = _LENGTH.unpack_from(whole, at)
        at += _LENGTH.size
        return int(found)

    def take() -> bytes | None:
        nonlocal at
        length = number()
        if length == _ABSENT:
            return None
        if not 0 <= length <= len(whole) - at:
            raise ValueError("a length that cannot be")
        at += length
        return whole[at - length : at]

    key, value = take(), take()
    headers = tuple([((take() or b"").decode(), take() or b"") for _ in range(number())])
    if at != len(whole):
        raise ValueError("bytes follow")
    return key, value, headers


def split_headers(headers: Headers) -> tuple[Headers, dict[str, bytes]]:
    """The original's headers, and those that were added."""
    first = ERRORS + "topic"
    for at in range(len(headers) - 1, -1, -1):
        if headers[at][0] == first:
            return headers[:at], dict(headers[at:])
    return headers, {}


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of which dead letter a record is."""

    letter: tuple[bytes, bytes, bytes, bytes]  # where the original stood, and the whole's hash
    number: int
    count: int


def part_of(record: LogRecord) -> Part | None:
    """``None`` for a dead letter in one record."""
    _, added = split_headers(record.headers)
    try:
        number, count = int(added[PART_HEADER]), int(added[PARTS_HEADER])
        where = (added[ERRORS + "topic"], added[ERRORS + "partition"], added[ERRORS + "offset"])
        return Part((*where, added[WHOLE_HEADER]), number, count)
    except (KeyError, ValueError):
        return None


def original_of(
    record: LogRecord, others: Iterable[LogRecord] = ()
) -> tuple[bytes | None, bytes | None, Headers] | None:
    """Key, value and headers of what a dead letter keeps; ``None`` where parts are missing.

    ``others``: where the other parts of it are looked for, ``record`` among them.
    """
    part = part_of(record)
    if part is None:
        return record.key, record.value, split_headers(record.headers)[0]
    found: dict[int, bytes] = {}
    for one in others:
        its = part_of(one)
        if its is not None and its.letter == part.letter:
            found.setdefault(its.number, one.value or b"")
            if len(found) == part.count:
                break
    whole = b"".join(found[number] for number in sorted(found))
    if hashlib.sha256(whole).digest() != part.letter[-1]:
        return None
    return unpack_whole(whole)
