"""What passes between the steps of a chunk: what was read of it, and what is to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fuma.contracts.errors import Poison
from fuma.contracts.platform import Kept, Position
from fuma.runtime.platform_store import Batch
from fuma.runtime.ports import LogRecord
from fuma.sink.fold import Head, Read

Values = Mapping[bytes, bytes | None]  # tag -> its code's value


@dataclass(slots=True)
class Chunk:
    """Records that follow on one another, from offset ``start`` to before ``end``: first read,
    then compared with what stands on the platform, then folded."""

    start: int
    end: int
    reads: list[Read] = field(default_factory=list)
    dead: list[tuple[LogRecord, Poison]] = field(default_factory=list)
    values: Values = field(default_factory=dict)  # as they stood on the platform
    before: dict[bytes, Kept | None] = field(default_factory=dict)
    heads: dict[bytes, Head] = field(default_factory=dict)
    codes: dict[bytes, list[Kept]] = field(default_factory=dict)
    doubtful: set[bytes] = field(default_factory=set)
    at: int = 0  # highest T


@dataclass(frozen=True, slots=True)
class Planned:
    """What a chunk writes, and what is so once it is written."""

    batch: Batch
    position: Position
    end: int  # offset of the next record
    open: dict[bytes, Head]  # subjects in the midst of a decision in parts
    codes: int
