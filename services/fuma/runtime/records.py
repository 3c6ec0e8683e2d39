"""Records as they cross the ports: read from a topic, and to be appended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fuma.domain.quick import quick
from fuma.domain.time import Ms

Headers = tuple[tuple[str, bytes], ...]


def as_headers(given: list[tuple[str, bytes | None]]) -> Headers:
    """As every reader here gives them: a header without a value has an empty one."""
    for _, content in given:
        if content is None:
            return tuple([(name, value or b"") for name, value in given])
    return cast(Headers, tuple(given))


@quick
@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record as it stands on a topic. ``timestamp`` is the broker's append time."""

    topic: str
    partition: int
    offset: int
    timestamp: Ms
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> bytes | None:
        """The last header of that name, as Kafka's own clients read it."""
        for key, value in reversed(self.headers):
            if key == name:
                return value
        return None


@quick
@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to append. ``partition`` is explicit: fuma computes it itself (DESIGN.md 8)."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@quick
@dataclass(frozen=True, slots=True)
class Bounds:
    """First offset that is there, and the offset that the next record gets."""

    start: int
    end: int
