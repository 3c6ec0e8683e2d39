"""Committed positions that nobody else can move.

A stage without state goes on from the group's committed offset, and a broker's administrator can
commit any: further back costs time, further on would skip inputs and nothing would notice. So the
commit's metadata carries a mark: the SHA-256 of the last value that is done, and an HMAC under the
services' key over stage, topic UUID, partition, offset and that hash. An offset without its mark
is not gone by: the partition is done again from its first record, which repeats and loses nothing.

Limit: an administrator can put back an older offset together with its own mark. That repeats.
"""

from __future__ import annotations

import hashlib
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fuma.contracts.errors import Fatal
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import LogReader

log = logging.getLogger(__name__)
MOVED = "position-moved"
_VERSION = "1"
REPAIR = "stop, and compare the log with its copies before anything is repaired"


@dataclass(frozen=True, slots=True)
class Committed:
    """A group's position in one partition, and the metadata that stands beside it."""

    offset: int
    mark: str = ""


class Valued(Protocol):
    """A record, as far as it matters here."""

    @property
    def value(self) -> bytes | None: ...


def value_hash(record: Valued) -> bytes:
    """What a mark holds of the last record that is done."""
    return hashlib.sha256(record.value or b"").digest()


def differs(reader: LogReader, topic: str, partition: int, offset: int, digest: bytes) -> bool:
    """Whether another value stands there than the one of ``digest``."""
    for record in reader.read(topic, partition, offset, offset + 1):
        if value_hash(record) != digest:
            exact = reader.exact(topic, partition, offset)
            return exact is None or value_hash(exact) != digest
    return False


class Marker:
    """Makes and checks the marks of one partition of one stage's input."""

    def __init__(
        self, sealer: Sealer, stage: str, topic: str, topic_id: bytes, partition: int
    ) -> None:
        self._sealer = sealer
        # No topic's name has a slash, so this is no record's MAC.
        self._name = f"commit/{stage}/{topic}"
        self._key = topic_id + struct.pack(">I", partition)
        self._topic = topic
        self._partition = partition

    def committed(self, offset: int, digest: bytes) -> Committed:
        """The position ``offset``; ``digest``: hash of the value before it, or ``b""``."""
        mac = self._sealer.mac(self._name, self._key, digest, pack_time(offset))
        return Committed(offset, f"{_VERSION}.{digest.hex()}.{mac.hex()}")

    def digest_of(self, committed: Committed) -> bytes | None:
        """The hash in the mark; ``None`` where the mark is not ours for that offset."""
        try:
            version, digest, _ = committed.mark.split(".")
            found = bytes.fromhex(digest)
        except ValueError:
            return None
        if version != _VERSION or committed.offset < 0:
            return None
        return found if committed == self.committed(committed.offset, found) else None

    def resume(
        self, committed: Committed | None, reader: LogReader, alarm: Callable[[str, str], None]
    ) -> Committed:
        """Where to go on: the committed offset if the mark bears it, else the first record.

        Raises ``Fatal`` where the log lost its tail, or what was not read has expired.
        """
        bounds = reader.bounds(self._topic, self._partition)
        place = f"{self._topic}/{self._partition}"
        digest = None if committed is None else self.digest_of(committed)
        if committed is None or digest is None:
            if committed is not None:
                what = f"{place}: offset {committed.offset} was committed by somebody else"
                alarm(MOVED, f"{what}; done again from {bounds.start}")
            return self.committed(bounds.start, b"")
        offset = committed.offset
        if offset > bounds.end:
            raise Fatal(
                f"{place}: {offset} is done, the log ends at {bounds.end}: it has lost its tail",
                REPAIR,
            )
        if offset < bounds.start:
            raise Fatal(f"{place}: records from {offset} to {bounds.start} expired unread", REPAIR)
        if (
            digest
            and offset > bounds.start
            and differs(reader, self._topic, self._partition, offset - 1, digest)
        ):
            raise Fatal(f"{place} holds another value at {offset - 1} than was done", REPAIR)
        return committed
