"""Authentication of internal records: the headers ``fuma-mac``, ``fuma-time`` and ``origin``.

A record on an internal topic is believed only if its writer held the service key. Broker and Redis
administrators do not have it, so what they write is a dead letter and an incident, never a fact.

``fuma-mac`` is HMAC-SHA256 over, in this order (integers big endian)::

    u32 len(world)  world (its 16 bytes)   u32 len(topic)  topic (UTF-8)
    i32 len(key)    i32 len(value)  i32 len(time)   key  value  time

where an absent key, value or time has length -1 and no bytes. ``time`` is the value of the header
``fuma-time``: the log time in milliseconds as eight bytes, present in a simulated world only.
``origin`` is not covered: it is lineage, never identity.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from hmac import compare_digest
from typing import Any

from fuma.contracts.keyed import Keyed
from fuma.domain.time import LAST, Ms

MAC_HEADER = "fuma-mac"
TIME_HEADER = "fuma-time"
ORIGIN_HEADER = "origin"

_LENGTHS = struct.Struct(">iii").pack
_TIME = struct.Struct(">Q")
_ORIGIN = struct.Struct(">16sIQI")


def pack_time(at: Ms) -> bytes:
    """The value of ``fuma-time``: eight bytes, big endian, milliseconds UTC."""
    return _TIME.pack(at)


def unpack_time(raw: bytes | None) -> Ms | None:
    """The log time in a ``fuma-time`` header; ``None`` where it is absent or names no instant.

    Eight bytes can hold more than a calendar can, or an Avro ``long``: whoever follows time by
    such a value would stop for good.
    """
    if raw is None or len(raw) != _TIME.size:
        return None
    at = int(_TIME.unpack(raw)[0])
    return at if at <= LAST else None


def pack_origin(topic_id: bytes, partition: int, offset: int, ordinal: int) -> bytes:
    """The value of ``origin``: topic UUID, partition, offset, and which of its outputs this is."""
    return _ORIGIN.pack(topic_id, partition, offset, ordinal)


def unpack_origin(raw: bytes) -> tuple[bytes, int, int, int]:
    """The four parts of an ``origin``. Raises ``struct.error`` if it has another size."""
    topic_id, partition, offset, ordinal = _ORIGIN.unpack(raw)
    return topic_id, partition, offset, ordinal


class Sealer:
    """Writes and checks ``fuma-mac`` for one world under one service key."""

    def __init__(self, world: bytes, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("a service key has at least 32 bytes")
        self._world = _prefixed(world)
        self._keyed = Keyed(key)
        self._topics: dict[str, Any] = {}  # begun with world and topic

    def mac(self, topic: str, key: bytes | None, value: bytes | None, time: bytes | None) -> bytes:
        """The 32 bytes for such a record; ``time`` as in the ``fuma-time`` header, or ``None``."""
        begun = self._topics.get(topic)
        if begun is None:
            begun = self._keyed.begin(self._world + _prefixed(topic.encode()))
            self._topics[topic] = begun
        lengths = _LENGTHS(
            -1 if key is None else len(key),
            -1 if value is None else len(value),
            -1 if time is None else len(time),
        )
        rest = b"".join((lengths, key or b"", value or b"", time or b""))
        return self._keyed.digest(begun, rest)

    def check(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
    ) -> bool:
        """Whether the record carries the MAC that it should. Last header of a name counts."""
        found = time = None
        for name, content in headers:
            if name == MAC_HEADER:
                found = content
            elif name == TIME_HEADER:
                time = content
        return found is not None and self.matches(found, topic, key, value, time)

    def matches(
        self, mac: bytes, topic: str, key: bytes | None, value: bytes | None, time: bytes | None
    ) -> bool:
        """Whether ``mac`` is that record's."""
        return compare_digest(mac, self.mac(topic, key, value, time))

    def headers(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        time: bytes | None,
        origin: bytes | None = None,
    ) -> tuple[tuple[str, bytes], ...]:
        """The headers that an internal record carries."""
        made: list[tuple[str, bytes]] = [(MAC_HEADER, self.mac(topic, key, value, time))]
        if time is not None:
            made.append((TIME_HEADER, time))
        if origin is not None:
            made.append((ORIGIN_HEADER, origin))
        return tuple(made)


def _prefixed(part: bytes) -> bytes:
    return struct.pack(">I", len(part)) + part
