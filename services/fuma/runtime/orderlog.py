"""The ledger of orders as a reader folds it: offices, accounts, orders and cases of each province.

A reader takes the first record of each (province, seq) whose MAC is good, and whole decisions only;
on a skipped seq, or one that does not follow from the last, it holds that province and goes on with
the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from fuma.contracts.decisions import FIRST, ledger_hash
from fuma.contracts.errors import Poison
from fuma.contracts.genesis import World
from fuma.contracts.orders import OrderRecord, decode_order
from fuma.contracts.topics import ORDERS, spec
from fuma.domain.authority import events as e
from fuma.domain.authority.fold import evolve
from fuma.domain.authority.state import State
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import LogReader, LogRecord

#: What says whose a key is. Orders are passed over by who asks for no more.
ACCOUNTS: tuple[type, ...] = (
    e.OfficeOpened, e.OfficeClosed, e.Applied, e.ApplicationRefused, e.AccountOpened,
    e.AccountClosed, e.KeyRegistered, e.KeyEnded, e.Invited, e.Joined,
    e.SealSet, e.ListPosted, e.ListRead,
)  # fmt: skip
#: Called with each event that counts: province, the record that holds it, the event.
OnEvent = Callable[[str, OrderRecord, e.Event], None]


@dataclass(slots=True)
class _Head:
    state: State
    seq: int = 0
    hash: bytes = FIRST
    open: list[e.Event] = field(default_factory=list)
    held: bool = False


class OrderLog:
    """Follows ``orders`` from its first record. ``poll`` may be called from any thread."""

    def __init__(
        self,
        reader: LogReader,
        sealer: Sealer,
        world: World,
        *,
        kinds: tuple[type, ...] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        """``kinds``: the events that are folded; all of them by default."""
        self._reader = reader
        self._sealer = sealer
        self._world = world
        self._kinds = kinds
        self._on_event = on_event
        self._lock = threading.Lock()
        self._next = dict.fromkeys(range(spec(ORDERS).partitions), 0)
        self._heads: dict[str, _Head] = {}

    def poll(self) -> None:
        """Read what is new."""
        with self._lock:
            for partition, start in self._next.items():
                bounds = self._reader.bounds(ORDERS, partition)
                if bounds.end > start:
                    for raw in self._reader.read(ORDERS, partition, start, bounds.end):
                        self._take(raw)
                    self._next[partition] = bounds.end

    def provinces(self) -> list[str]:
        """Those of which the ledger has anything."""
        return sorted(self._heads)

    def state(self, province: str) -> State:
        """A province as far as it was read; empty where nothing is known of it."""
        head = self._heads.get(province)
        return head.state if head else State(self._world.id, province)

    def held(self, province: str) -> bool:
        """Whether its ledger does not hold together: nothing after that was taken."""
        head = self._heads.get(province)
        return head is not None and head.held

    def _take(self, raw: LogRecord) -> None:
        if not self._sealer.check(ORDERS, raw.key, raw.value, raw.headers):
            return
        try:
            record = decode_order(raw.value)
        except Poison:
            return
        province = (raw.key or b"").decode("ascii", "replace")
        head = self._heads.setdefault(province, _Head(State(self._world.id, province)))
        if head.held or record.seq <= head.seq:
            return
        if record.seq != head.seq + 1 or record.prev != head.hash:
            head.held = True
            return
        head.seq, head.hash = record.seq, ledger_hash(raw.value or b"")
        head.open += record.events
        if record.part + 1 < record.parts:
            return
        events, head.open = head.open, []
        if self._on_event is not None:
            for event in events:
                self._on_event(province, record, event)
        if self._kinds is not None:
            events = [event for event in events if isinstance(event, self._kinds)]
        evolve(head.state, events)
