"""Record batches as the broker keeps them: format v2, KIP-98."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final

from fuma.runtime.kafka_records import Told
from fuma.runtime.records import Outgoing

#: Records of one batch, encoded: under the broker's ``message.max.bytes`` (1,048,588).
BATCH_BYTES: Final = 1_000_000
#: Smaller batches are sent as they are: what packing takes off is not worth its time.
PACKED_FROM: Final = 4_096
_LZ4: Final = 3
_MAGIC: Final = 2
_SEQUENCES: Final = 1 << 31  # they wrap to 0
_AHEAD = Struct(">qiibI")  # base offset, length, leader epoch, magic, CRC
_BEHIND = Struct(">hiqqqhii")  # what the CRC covers, up to the records
_LENGTH_AFTER: Final = 9 + _BEHIND.size  # leader epoch, magic, CRC and the rest of the header


def _varint(number: int) -> bytes:
    left = (number << 1) ^ (number >> 63)
    made = bytearray()
    while left > 0x7F:
        made.append((left & 0x7F) | 0x80)
        left >>= 7
    made.append(left)
    return bytes(made)


_SMALL: Final[list[bytes]] = [_varint(number) for number in range(4_096)]
_NONE: Final = _varint(-1)
_NAMES: Final[dict[str, bytes]] = {}  # header names are few


def _sized(length: int) -> bytes:
    return _SMALL[length] if length < 4_096 else _varint(length)


def _name(name: str) -> bytes:
    found = _NAMES.get(name)
    if found is None:
        utf8 = name.encode()
        found = _sized(len(utf8)) + utf8
        if len(_NAMES) < 1_000:
            _NAMES[name] = found
    return found


def encoded(record: Outgoing, delta: int) -> bytes:
    """The record at ``delta`` of its batch, with the batch's own timestamp."""
    pieces: list[bytes] = [b"\0\0", _sized(delta)]  # attributes, time since the batch's
    for content in (record.key, record.value):
        if content is None:
            pieces.append(_NONE)
        else:
            pieces.append(_sized(len(content)))
            pieces.append(content)
    pieces.append(_sized(len(record.headers)))
    for name, content in record.headers:
        pieces.append(_name(name))
        pieces.append(_sized(len(content)))
        pieces.append(content)
    whole = b"".join(pieces)
    return _sized(len(whole)) + whole


class Part:
    """One batch: what one submit has for one partition, or as much of it as a batch holds."""

    def __init__(self, topic: str, partition: int, told: Told) -> None:
        self.topic = topic
        self.partition = partition
        self.told = told
        self.indexes: list[int] = []
        self.records: list[bytes] = []
        self.size = 0
        self.batch = b""  # once it has a sequence

    @property
    def where(self) -> tuple[str, int]:
        return self.topic, self.partition


def parted(records: Sequence[Outgoing], told: Told) -> list[Part]:
    """``records`` in batches, each partition's in its order."""
    open_parts: dict[tuple[str, int], Part] = {}
    made: list[Part] = []
    for index in range(len(records)):
        record = records[index]
        where = record.topic, record.partition
        part = open_parts.get(where)
        whole = encoded(record, 0 if part is None else len(part.indexes))
        if part is None or part.size + len(whole) > BATCH_BYTES:
            if part is not None:
                whole = encoded(record, 0)
            part = open_parts[where] = Part(record.topic, record.partition, told)
            made.append(part)
        part.indexes.append(index)
        part.records.append(whole)
        part.size += len(whole)
    return made


class Sequences:
    """An idempotent producer: gives each batch its place, once, in the order of the calls."""

    def __init__(
        self,
        producer: int,
        epoch: int,
        packed: Callable[[bytes], bytes],
        crc32c: Callable[[bytes], int],
    ) -> None:
        """``producer``, ``epoch``: from ``InitProducerId``; ``packed``: into an LZ4 frame."""
        self._producer = producer
        self._epoch = epoch
        self._packed = packed
        self._crc32c = crc32c
        self._next: dict[tuple[str, int], int] = {}

    def seal(self, part: Part, now: int) -> None:
        """Make ``part.batch``. ``now``: Unix milliseconds."""
        count, codec = len(part.indexes), 0
        body = b"".join(part.records)
        if part.size >= PACKED_FROM:
            packed = self._packed(body)
            if len(packed) < len(body):
                body, codec = packed, _LZ4
        sequence = self._next.get(part.where, 0)
        self._next[part.where] = (sequence + count) % _SEQUENCES
        covered = (
            _BEHIND.pack(codec, count - 1, now, now, self._producer, self._epoch, sequence, count)
            + body
        )
        crc = self._crc32c(covered)
        ahead = _AHEAD.pack(0, _LENGTH_AFTER + len(body), -1, _MAGIC, crc)
        part.batch = ahead + covered
        part.records = []
