"""What ``codes`` remembers of one person: the fold of that person's ledger, and nothing else.

Everything here is bounded. Ids go after their horizon; orders when they end; a release when no
finding that it could meet can still be in force. What stays is the evidence that once bore an
order, 32 bytes each, so that it can never bear a second one: a report may state any ``from``, so
no horizon could tell an old number sent again from a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fuma.domain.codes.events import Order
from fuma.domain.quick import quick
from fuma.domain.time import DAY, ID_HORIZON, Ms

#: An id is kept this long after it was recorded. ``reported`` may lie up to a day after T, and an
#: id must outlast every moment at which its report would still be young enough to count.
ID_KEEP: Ms = ID_HORIZON + 2 * DAY
#: A release outlives every order that it could meet: no order lasts ``ID_HORIZON``.
RELEASE_KEEP: Ms = ID_HORIZON

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


EMPTY = State()


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
