"""What ``codes`` remembers of one person: the fold of that person's ledger, and nothing else.

Everything here is bounded. Ids go after their horizon; orders when they end; a release when no
finding that it could meet can still be in force; a fact on file when no rule could give it colour
any more; a line that waits at its own end. Facts, waiting lines and early ends are bounded by
number too: beyond it nothing takes effect, and the answer says so. What stays is the evidence that
once bore an order, 32 bytes each, so that it can never bear a second one: a report may state any
``from``, so no horizon could tell an old number sent again from a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fuma.domain.codes.events import Line, Order
from fuma.domain.quick import quick
from fuma.domain.time import DAY, ID_HORIZON, Ms

#: An id is kept this long after it was recorded. ``reported`` may lie up to a day after T, and an
#: id must outlast every moment at which its report would still be young enough to count.
ID_KEEP: Ms = ID_HORIZON + 2 * DAY
#: A release outlives every order that it could meet: no order lasts ``ID_HORIZON``.
RELEASE_KEEP: Ms = ID_HORIZON

#: So many findings may await orders; a ground's first is never kept out. No term is longer.
MOST_FACTS = 32
FACT_KEEP: Ms = ID_HORIZON
#: So many lines may wait for their facts.
MOST_WAITING = 16
#: So many ends may have come before their lines. One more, and no line is taken until it is
#: certain that the line of every end that was not kept has run out.
MOST_EARLY = 32
#: Of so many lines that are over it is known that they were; the oldest is forgotten first.
MOST_OVER = 32

ENTRY = 40  # bytes: id 16, first half of the content digest 16, T 8 (big endian)
_HALF = 16


class Release(NamedTuple):
    """The latest release from a ground: it meets findings that come after it."""

    fact: bytes
    ground: str
    since: Ms
    department: str
    division: str
    evidence_kind: str
    evidence_ref: bytes


class Filed(NamedTuple):
    """A finding on file: an order may cite it."""

    fact: bytes
    ground: str
    department: str
    division: str
    evidence_kind: str
    evidence_ref: bytes
    since: Ms
    until: Ms | None
    reporter: bytes
    root: bytes

    def over(self, at: Ms) -> bool:
        """Whether no rule can give it a colour any more."""
        return self.since + FACT_KEEP <= at or (self.until is not None and self.until <= at)


class Waiting(NamedTuple):
    """A line that is held, and why."""

    line: Line
    code: str


class Early(NamedTuple):
    """An end that came before its line. Without an order it stands for all that were not kept."""

    order: bytes
    line: int
    how: str
    at: Ms
    province: str


class Over(NamedTuple):
    """A line that is over. ``own``: the person's order that it was; b"" where it never was one."""

    order: bytes
    line: int
    own: bytes
    at: Ms
    province: str
    ground: str = ""  # of ``own``, as its annulment has to say
    division: str = ""


class Lines(NamedTuple):
    """What concerns orders by officers; of most people all of it is empty."""

    filed: tuple[Filed, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    early: tuple[Early, ...] = ()
    over: tuple[Over, ...] = ()


NO_LINES = Lines()


@quick
@dataclass(frozen=True, slots=True)
class State:
    """One person's. ``ids`` is packed (``ENTRY`` bytes each, oldest first): it is the largest."""

    orders: tuple[Order, ...] = ()
    ids: bytes = b""
    lifted: tuple[bytes, ...] = ()  # evidence of orders that were lifted
    used: tuple[bytes, ...] = ()  # evidence of orders that ran their term
    releases: tuple[Release, ...] = ()  # one a ground
    ended: Ms | None = None
    lines: Lines = NO_LINES


EMPTY = State()


def file_full(filed: tuple[Filed, ...], ground: str) -> bool:
    """Whether no further finding of ``ground`` goes on file."""
    return len(filed) >= MOST_FACTS and any(one.ground == ground for one in filed)


def seen(ids: bytes, id: bytes, content: bytes) -> bool | None:
    """Whether ``id`` came with this content (``True``), with another (``False``), or not at all."""
    half = content[:_HALF]
    other = False
    at = ids.find(id)
    while at >= 0:
        if at % ENTRY == 0:
            if ids[at + 16 : at + 32] == half:
                return True
            other = True
        at = ids.find(id, at + 1)
    return False if other else None


def remember(ids: bytes, id: bytes, content: bytes, at: Ms) -> bytes:
    """``ids`` with this one, without those whose time has passed."""
    cut = 0
    while cut < len(ids) and int.from_bytes(ids[cut + 32 : cut + 40], "big") + ID_KEEP <= at:
        cut += ENTRY
    kept = ids[cut:] if cut else ids
    if seen(kept, id, content):
        return kept
    return kept + id + content[:_HALF] + at.to_bytes(8, "big")
