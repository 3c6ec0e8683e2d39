"""Produce requests on their way: a few at a time, each partition's batches in order, none given up.

A request carries one batch of each of its partitions. At most ``IN_FLIGHT`` are under way: the
broker remembers five batches of a producer in a partition, and only of those can it say, when they
come again, where they stand. Whatever goes amiss (a connection, an answer, a leader) is mended in
one way: nothing more is sent until everything under way is answered or known to be lost; then what
has no offset is sent again in its order, with the sequence it had. The broker takes each once.

A broker that knows nothing of a producer in a partition takes whatever sequence comes first. So
the first batch of a partition goes alone: were it turned away and the next one taken, the first
could never follow.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from fuma.contracts.errors import Fatal
from fuma.runtime.kafka_records import GONE
from fuma.runtime.record_batches import Part, Sequences

log = logging.getLogger(__name__)
#: Below the five batches that the broker remembers (KAFKA-5494).
IN_FLIGHT = 4
#: Small requests that wait are sent as one, up to about so many bytes.
REQUEST_BYTES = 1_000_000
#: The wait before what went amiss is sent again: twice as long each time, and at most.
AGAIN_S = (0.05, 1.0)

Where = tuple[str, int]  # topic, partition
OUT_OF_ORDER = 45
_NONE = 0
#: What passes: asking the leader again, or the same broker a little later.
RETRIABLE = frozenset(
    (
        3,  # UNKNOWN_TOPIC_OR_PARTITION: there is one that says otherwise, or it was just made
        5,  # LEADER_NOT_AVAILABLE
        6,  # NOT_LEADER_OR_FOLLOWER
        7,  # REQUEST_TIMED_OUT
        13,  # NETWORK_EXCEPTION
        19,  # NOT_ENOUGH_REPLICAS
        20,  # NOT_ENOUGH_REPLICAS_AFTER_APPEND
        56,  # KAFKA_STORAGE_ERROR
    )
)
#: Topic, partition, error code, offset of the batch's first record.
Answer = tuple[str, int, int, int]


class Unsendable(Fatal):
    """A record will never be appended."""

    def __init__(self, what: str) -> None:
        super().__init__(f"a record was not appended: {what}", GONE)


class Lost(Exception):
    """A request may or may not have reached the broker, or there is nobody to send it to."""


class Brokers(Protocol):
    """Where requests go. One task at a time."""

    async def leader(self, where: Where) -> int | None:
        """The node that leads it; ``None`` if there is none now. Raises ``Unsendable``."""
        ...

    async def reach(self, node: int) -> None:
        """Connect, if it is not. Raises ``Lost``."""
        ...

    def send(self, node: int, parts: Sequence[Part]) -> Awaitable[list[Answer]]:
        """Put a request on the wire; what it gives is awaited for the answer, and raises ``Lost``.

        Two calls for one node reach it in their order, or the second does not. Raises ``Lost``.
        """
        ...

    async def renew(self) -> None:
        """Ask again who leads what."""
        ...

    def name(self, code: int) -> str:
        """What Kafka calls an error."""
        ...


class Request:
    """Batches that are sent together, at most one of a partition."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.open = {part.where: part for part in parts}
        self.size = sum(part.size for part in parts)
        self.sent = False

    def take(self, other: Request) -> bool:
        """Add what ``other`` carries, if it fits."""
        if self.size + other.size > REQUEST_BYTES or not self.open.keys().isdisjoint(other.open):
            return False
        self.open.update(other.open)
        self.size += other.size
        return True


def requests(parts: Sequence[Part]) -> list[Request]:
    """``parts`` in requests, each partition's in their order."""
    made: list[Request] = []
    gathered: dict[Where, Part] = {}
    size = 0
    for part in parts:
        if gathered and (part.where in gathered or size + part.size > REQUEST_BYTES):
            made.append(Request(list(gathered.values())))
            gathered, size = {}, 0
        gathered[part.where] = part
        size += part.size
    if gathered:
        made.append(Request(list(gathered.values())))
    return made


class Wire:
    """Sends requests. All calls on one loop."""

    def __init__(
        self,
        brokers: Brokers,
        sequences: Sequences,
        now: Callable[[], int],
        *,
        again_s: tuple[float, float] = AGAIN_S,
    ) -> None:
        """``now``: Unix milliseconds."""
        self._brokers = brokers
        self._sequences = sequences
        self._now = now
        self._again_s = again_s
        self._patience = again_s[0]
        self._waiting: deque[Request] = deque()
        self._sent: list[Request] = []  # in order, with something open
        self._begun: set[Where] = set()  # partitions that have taken a batch
        self._answers: set[asyncio.Task[None]] = set()
        self._amiss = False
        self._changed = asyncio.Event()
        self._failure: Fatal | None = None

    @property
    def idle(self) -> bool:
        return not self._waiting and not self._sent

    def put(self, parts: Sequence[Part]) -> None:
        """Send these behind everything that came before."""
        if self._failure is not None:
            for part in parts:
                part.told.failed(self._failure)
            return
        self._waiting.extend(requests(parts))
        self._changed.set()

    def fail(self, error: Fatal) -> None:
        """Send nothing any more; whoever waits is told ``error``."""
        if self._failure is None:
            self._failure = error
            for request in (*self._sent, *self._waiting):
                for part in request.open.values():
                    part.told.failed(error)
            self._sent.clear()
            self._waiting.clear()
        self._changed.set()

    async def run(self) -> None:
        """Until something is unsendable, which it raises, or the task is cancelled."""
        try:
            while self._failure is None:
                if self._amiss:
                    if not self._answers:
                        await self._mend()
                        continue
                elif (
                    self._waiting
                    and len(self._answers) < IN_FLIGHT
                    and self._may_go(self._waiting[0])
                ):
                    await self._send(self._next())
                    continue
                await self._changed.wait()
                self._changed.clear()
            raise self._failure
        finally:
            for task in self._answers:
                task.cancel()

    def _may_go(self, request: Request) -> bool:
        """Whether nothing of it follows a partition's first batch that is under way."""
        first = request.open.keys() - self._begun
        return not first or all(first.isdisjoint(sent.open) for sent in self._sent)

    def _next(self) -> Request:
        """What goes next, with what waits behind it as far as it fits."""
        waiting = self._waiting
        request = waiting.popleft()
        while waiting and not request.sent and not waiting[0].sent:
            if not self._may_go(waiting[0]) or not request.take(waiting[0]):
                break
            waiting.popleft()
        return request

    async def _send(self, request: Request) -> None:
        self._sent.append(request)
        by_node: dict[int, list[Part]] = {}
        for where, part in request.open.items():
            node = await self._brokers.leader(where)
            if node is None:
                self._amiss = True
            else:
                by_node.setdefault(node, []).append(part)
        try:
            for node in by_node:
                await self._brokers.reach(node)
        except Lost as error:
            self._lost(error)
        # From here on nothing is waited for: what went amiss or failed meanwhile is known.
        if self._amiss or self._failure is not None:
            return
        if not request.sent:
            now = self._now()
            for part in request.open.values():
                self._sequences.seal(part, now)
            request.sent = True
        for node, parts in by_node.items():
            try:
                answer = self._brokers.send(node, parts)
            except Lost as error:
                self._lost(error)
                return
            task = asyncio.ensure_future(self._answered(request, parts, answer))
            self._answers.add(task)
            task.add_done_callback(self._done)

    def _lost(self, error: Lost) -> None:
        if not self._amiss:
            log.info("sending again: %s", error)
        self._amiss = True

    def _done(self, task: asyncio.Task[None]) -> None:
        self._answers.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error if isinstance(error, Fatal) else Unsendable(repr(error)))
        self._changed.set()

    async def _answered(
        self, request: Request, parts: Sequence[Part], answer: Awaitable[list[Answer]]
    ) -> None:
        asked = {part.where: part for part in parts}
        try:
            answers = await answer
        except Lost as error:
            self._lost(error)
            return
        for topic, partition, code, offset in answers:
            where = topic, partition
            part = asked.pop(where)
            if code == _NONE:
                self._patience = self._again_s[0]
                del request.open[where]
                self._begun.add(where)
                part.told.appended(part.indexes, offset)
            elif code in RETRIABLE or (code == OUT_OF_ORDER and self._overtook(request, where)):
                self._lost(Lost(f"{topic}/{partition}: {self._brokers.name(code)}"))
            else:
                raise Unsendable(f"{topic}/{partition}: {self._brokers.name(code)}")
        if asked:
            self._lost(Lost(f"no word about {next(iter(asked))}"))
        if not request.open and request in self._sent:
            self._sent.remove(request)

    def _overtook(self, request: Request, where: Where) -> bool:
        """Whether an earlier batch of the partition is still to be appended."""
        for earlier in self._sent:
            if earlier is request:
                return False
            if where in earlier.open:
                return True
        return False

    async def _mend(self) -> None:
        """Everything is answered or lost: what is open is next, in its order."""
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        await asyncio.sleep(self._patience)
        self._patience = min(2 * self._patience, self._again_s[1])
        await self._brokers.renew()
        self._amiss = False
