"""Record batches read by hand, as they stand on the broker: where the clients' reading fails.

A broker takes what no honest client writes: header names that are no text; in a batch that is not
packed, records that say of themselves another place than they have. And it writes markers at the
end of transactions, which clients pass over. Each of these has an offset, and is a record here:

* The record at index n of its batch stands at the batch's first offset plus n. The broker counts
  them, and gives the next batch its offset by that.
* Where a header's name is no text, all names of the record are ``Escaped``.
* A marker is a record with neither headers nor a MAC, which nobody vouches for.
* Of a batch that is too much to be unpacked (``unpacking``), or cannot be, one record is the batch
  as it stands, and the others are nothing: their headers are ``Packed``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from struct import Struct
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from aiokafka.errors import UnsupportedCodecError
from aiokafka.record.default_records import _DefaultRecordBatchPy as Batch
from aiokafka.record.util import decode_varint

from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.runtime.records import Headers, LogRecord
from fuma.runtime.unpacking import MOST, too_large

log = logging.getLogger(__name__)
_LENGTH: Final = Struct(">i")
_BEFORE: Final = 12  # base offset and length, which the length does not count
_LEAST: Final = 61
#: On the dead letters of a batch that stayed packed: the offset of its first record, as text.
PACKED_HEADER: Final = "fuma-packed"
_CODEC: Final = 0x07
_NO_TEXT: Final = re.compile("[\udc80-\udcff]")


class Escaped(tuple[tuple[str, bytes], ...]):
    """Headers of which a name is no text: in all names each such byte, and ``%``, is ``%XX``."""

    __slots__ = ()


class Packed(tuple[tuple[str, bytes], ...]):
    """Headers of what stands in a batch that stayed packed: ``PACKED_HEADER`` alone."""

    __slots__ = ()


def unread(raw: Any) -> Poison | None:
    """What is wrong with a record whose batch stayed packed; ``None`` where it did not."""
    if not isinstance(raw.headers, Packed):
        return None
    base = raw.headers[0][1].decode()
    what = f"in the batch at {base}, which unpacks to more than {MOST >> 20} MiB, or not at all"
    return Poison(Reason.TOO_LARGE, what)


def escaped(name: bytes) -> str:
    """A name of ``Escaped``."""
    text = name.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
    return _NO_TEXT.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", text)


def unescaped(name: str) -> bytes:
    """The name as it was."""
    return unquote_to_bytes(name)


def batches(data: bytes) -> Iterator[bytes]:
    """The whole batches of a fetch; the last one may be cut off, and comes with the next."""
    at = 0
    while at + _LEAST <= len(data):
        end = at + _BEFORE + _LENGTH.unpack_from(data, at + 8)[0]
        if end > len(data):
            return
        yield data[at:end]
        at = end


def base_of(batch: bytes) -> int:
    """The offset of a batch's first record."""
    return int.from_bytes(batch[:8], "big")


def end_of(batch: bytes) -> int:
    """The offset after a batch's last record."""
    return int(Batch(batch).next_offset)


def stays_packed(batch: bytes) -> bool:
    """Whether it is too much to be unpacked."""
    read: Any = Batch(batch)
    return too_large(read.attributes & _CODEC, batch[_LEAST:], read._num_records)


def records_of_batch(
    batch: bytes, topic: str, partition: int, start: int = 0, *, kept_at: int = 0
) -> Iterator[LogRecord]:
    """Every record from offset ``start`` on, markers of transactions too.

    A batch that stays packed is the value of its first record, or of the one at ``kept_at``.
    Raises ``Fatal`` where its bytes are not those that were written.
    """
    read: Any = Batch(batch)
    base, count = read.base_offset, read._num_records
    if not read.validate_crc():
        raise Fatal(f"{topic}/{partition}: the batch at {base} is damaged")
    appended = read.max_timestamp if read.timestamp_type == read.LOG_APPEND_TIME else None
    if stays_packed(batch) or not _unpacked(read):
        time = read.max_timestamp if appended is None else appended
        packed = Packed([(PACKED_HEADER, str(base).encode())])
        for offset in range(max(base, start), read.next_offset):
            value = batch if offset == max(base, kept_at) else None
            yield LogRecord(topic, partition, offset, time, None, value, packed)
        return
    buffer, at = read._buffer, read._pos
    for offset in range(base, base + count):
        _, at = decode_varint(buffer, at)  # its length
        delta, at = decode_varint(buffer, at + 1)  # behind its attributes
        _, at = decode_varint(buffer, at)  # its place, as its writer says
        key, at = _bytes(buffer, at)
        value, at = _bytes(buffer, at)
        headers, at = _headers(buffer, at)
        if offset >= start:
            time = read.first_timestamp + delta if appended is None else appended
            yield LogRecord(topic, partition, offset, time, key, value, headers)


def _unpacked(read: Any) -> bool:
    try:
        read._maybe_uncompress()
    except (MemoryError, UnsupportedCodecError):
        raise  # that is not the batch's fault
    except Exception as error:  # each library has its own
        log.warning("the batch at %d cannot be unpacked: %r", read.base_offset, error)
        return False
    return True


def _bytes(buffer: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(buffer, at)
    return (None, at) if length < 0 else (bytes(buffer[at : at + length]), at + length)


def _headers(buffer: bytearray, at: int) -> tuple[Headers, int]:
    count, at = decode_varint(buffer, at)
    found: list[tuple[bytes, bytes]] = []
    for _ in range(count):
        name, at = _bytes(buffer, at)
        content, at = _bytes(buffer, at)
        found.append((name or b"", content or b""))
    try:
        return tuple([(name.decode(), content) for name, content in found]), at
    except UnicodeDecodeError:
        return Escaped([(escaped(name), content) for name, content in found]), at
