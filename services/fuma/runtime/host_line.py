"""What the host runs: a stage, one recovered partition of it, and the line of its chunks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from faust.types import TP

from fuma.domain.time import Ms
from fuma.runtime import metrics
from fuma.runtime.faust_transport import Chunk
from fuma.runtime.marks import Committed
from fuma.runtime.records import LogRecord


class Decided(Protocol):
    """What the host sees of a decided chunk."""

    outgoing: list[Any]
    letters: int  # the first so many of ``outgoing`` are on the log before the others are sent
    taken: int
    applied: int
    at: Ms
    dead: list[Any]


class Engine(Protocol):
    """One recovered partition of a stage, with or without a ledger."""

    @property
    def next_offset(self) -> int: ...

    @property
    def done(self) -> Committed:
        """What the group shall say: everything before it is taken."""
        ...

    def decide(self, records: Any, horizon: Ms) -> Any: ...

    def take(self, chunk: Any, offsets: list[int]) -> None: ...

    def close(self) -> None: ...


class Stage(Protocol):
    """A stage as the host runs it."""

    name: str
    #: So long its records may lie before they are read, to be read in larger chunks. 0 for all
    #: that stands between a report and the platform.
    patience_s: float
    #: Whether one record may cost so much that the other stages must not wait for it.
    apart: bool

    @property
    def topics(self) -> tuple[str, ...]: ...

    def open(self, tp: TP, committed: Committed | None) -> Engine:
        """Recover a partition; blocking, in a thread of its own. Raises ``Fatal``."""
        ...

    def horizon(self) -> Ms:
        """The highest T that may be decided now; ``FOREVER`` where law is not consulted."""
        ...


@dataclass(eq=False)
class Line:
    """One assigned partition."""

    stage: Stage
    tp: TP
    epoch: int
    engine: Engine | None = None
    ready: bool = False  # recovered, and sought
    inbox: deque[Chunk] = field(default_factory=deque)
    rest: Sequence[LogRecord] = ()  # of a chunk that was decided in part
    waits: bool = False  # for the law
    waits_since: float = 0.0  # by the monotonic clock; 0 where it does not
    unacknowledged: int = 0  # chunks decided and not yet taken
    tail: asyncio.Task[None] | None = None  # finishes the newest decided chunk
    opening: asyncio.Task[None] | None = None
    sending: bool = False  # dead letters go first: nothing of the partition may overtake them
    sought: bool = False  # a seek is under way; chunks from before it are still arriving
    live: bool = True
    shown: metrics.Shown | None = None
