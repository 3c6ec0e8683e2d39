"""What passes between the steps of a chunk: what was read of it, and what is to be written."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.contracts.errors import Poison
from fuma.contracts.platform import Kept
from fuma.contracts.platformrows import Position
from fuma.domain.quick import quick
from fuma.runtime.platform_writes import Batch
from fuma.runtime.records import LogRecord
from fuma.sink.fold import Head, Read

Values = dict[bytes, bytes | None]  # tag -> its code's value


class Chunk:
    """Records that follow on one another, from offset ``start`` to before ``end``: first read,
    then compared with what stands on the platform, then folded."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.reads: list[Read] = []
        self.dead: list[tuple[LogRecord, Poison]] = []
        self.values: Values = {}  # as they stood on the platform
        self.before: dict[bytes, Kept | None] = {}
        self.heads: dict[bytes, Head] = {}
        self.codes: dict[bytes, list[Kept]] = {}
        self.doubtful: set[bytes] = set()
        self.at = 0  # highest T


@quick
@dataclass(frozen=True, slots=True)
class Planned:
    """What a chunk writes, and what is so once it is written."""

    batch: Batch
    position: Position
    end: int  # offset of the next record
    open: dict[bytes, Head]  # subjects in the midst of a decision in parts
    codes: int
