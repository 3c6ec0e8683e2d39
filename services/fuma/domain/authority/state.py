"""A province's offices, officers, orders and cases, as far as its records go.

One state belongs to one partition's key (a province). ``fold.evolve`` changes it in place: an order
has up to 100,000 lines, and a copy for each of their outcomes would cost the square of that.
``decide`` never changes it; two folds of the same records are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fuma.domain.authority.commands import PAGE_LINES, Draft, Line, Office, Officer
from fuma.domain.authority.events import (
    Actor,
    Applied,
    CaseFiled,
    ItemPushed,
    ListPosted,
    ReturnReceived,
)
from fuma.domain.time import Ms

#: An order that may still take effect.
OPEN = ("draft", "complete", "held")
#: An order that time alone may change.
ACTIVE = (*OPEN, "effective")
#: The code of a line that waits for the fact which it cites.
FACT_ABSENT = "fact-absent"


@dataclass(slots=True)
class Settled:
    """Where a line stands."""

    status: str
    code: str
    at: Ms


@dataclass(slots=True)
class Order:
    """``status``: draft (pages missing), complete, held (bulk), effective, or how it ended."""

    draft: Draft
    procedure: str
    status: str
    at: Ms  # of the last step
    lapses: Ms
    chain: list[Actor] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    pages: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    reporters: set[bytes] = field(default_factory=set)
    settled: dict[int, Settled] = field(default_factory=dict)
    recipients: set[str] = field(default_factory=set)
    effected: Ms | None = None
    until: Ms | None = None
    released: bool = False
    late: str = ""  # the step whose delay was recorded
    book: tuple[str, int] = ("", 0)  # the book, and its version, that bears it in effect
    heard: set[int] = field(default_factory=set)  # outcomes taken in, by the first half of their id
    # What follows from ``settled``: how many lines stand where, and which wait for their fact.
    tally: dict[str, int] = field(default_factory=dict)
    waiting: dict[int, Ms] = field(default_factory=dict)

    def lines(self) -> list[Line]:
        """All lines that arrived, in order."""
        return [line for number in sorted(self.pages) for line in self.pages[number]]

    def line(self, number: int) -> Line:
        """One line of a form whose pages are all there."""
        return self.pages[number // PAGE_LINES][number % PAGE_LINES]

    def standing(self, *statuses: str) -> int:
        """How many lines stand in one of these; "" are those that nobody answered."""
        unanswered = self.draft.count - len(self.settled) if "" in statuses else 0
        return unanswered + sum(self.tally.get(status, 0) for status in statuses)

    def settle(self, number: int, settled: Settled) -> None:
        """A line stands elsewhere now."""
        before = self.settled.get(number)
        if before is not None:
            self.tally[before.status] -= 1
            if not self.tally[before.status]:
                del self.tally[before.status]
        self.settled[number] = settled
        self.tally[settled.status] = self.tally.get(settled.status, 0) + 1
        if settled.status == "held" and settled.code == FACT_ABSENT:
            self.waiting[number] = settled.at
        else:
            self.waiting.pop(number, None)

    def persons(self) -> set[bytes]:
        """Every natural person in the chain."""
        return {actor.person for actor in self.chain}


@dataclass(slots=True)
class Case:
    """An appeal or complaint; ``outcome`` is empty until it is closed."""

    filed: CaseFiled
    level: str
    due: Ms
    decider: str = ""
    outcome: str = ""


@dataclass(slots=True)
class BulkEntry:
    """Lines of one group that took effect."""

    at: Ms
    ground: str
    root: bytes
    order: bytes
    count: int
    released: bool
    begins: Ms


@dataclass(slots=True)
class State:
    """Everything the stage knows of ``province`` in ``world``."""

    world: bytes
    province: str
    founded: bool = False
    tick: Ms = 0
    offices: dict[str, Office] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)  # offices and officers that ended
    officers: dict[str, Officer] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # key id -> officer
    ended_keys: set[str] = field(default_factory=set)
    applications: dict[bytes, Applied] = field(default_factory=dict)
    asked: dict[bytes, Ms] = field(default_factory=dict)  # the last tick before an application
    invited: dict[str, bytes] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    seen: dict[tuple[str, bytes], tuple[bytes, Ms]] = field(default_factory=dict)
    orders: dict[bytes, Order] = field(default_factory=dict)
    bulk: list[BulkEntry] = field(default_factory=list)
    items: dict[tuple[str, str, int], ItemPushed] = field(default_factory=dict)
    returns: dict[tuple[str, int], ReturnReceived] = field(default_factory=dict)
    missing: set[tuple[str, int]] = field(default_factory=set)
    missing_items: set[tuple[str, str, int]] = field(default_factory=set)
    cases: dict[bytes, Case] = field(default_factory=dict)
    recalls: dict[bytes, set[str]] = field(default_factory=dict)
    seals: dict[str, bytes] = field(default_factory=dict)  # member -> key for lists
    lists: dict[bytes, ListPosted] = field(default_factory=dict)
    archived: set[bytes] = field(default_factory=set)  # ids of orders long ended: never used again
    # What follows from the rest, kept so that nothing has to be searched.
    active: set[bytes] = field(default_factory=set)  # orders that time alone may change
    places: dict[str, set[str]] = field(default_factory=dict)  # division -> offices
    staff: dict[str, set[str]] = field(default_factory=dict)  # office -> keys of its officers
    # What a snapshot has to write again: orders, and pages by order and number. Not compared.
    touched: set[bytes] = field(default_factory=set, compare=False)
    paged: set[tuple[bytes, int]] = field(default_factory=set, compare=False)

    def derive(self) -> None:
        """Fill in what follows from the rest."""
        self.active = {id for id, order in self.orders.items() if order.status in ACTIVE}
        for office in self.offices.values():
            self.places.setdefault(office.division, set()).add(office.id)
        for key, name in self.keys.items():
            officer = self.officers.get(name)
            if officer is not None:
                self.staff.setdefault(officer.office, set()).add(key)
