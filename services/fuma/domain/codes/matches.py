"""Matches: evidence from the comparison, never a colour by itself.

In an automatic procedure a match that stands is decided as a finding of its ground; elsewhere it
goes on file, and an order may cite it. When the comparison takes it back, what followed from it was
never valid: its orders are annulled, whether a rule or officers had made them.
"""

from __future__ import annotations

from hashlib import sha256

from fuma.domain.codes.events import Annulled, Event, Fact, FactKind, MatchFact, Noted
from fuma.domain.codes.fold import WITHDRAWN
from fuma.domain.codes.lines import changed
from fuma.domain.codes.state import State
from fuma.domain.time import Ms


def reference(match: bytes) -> bytes:
    """The 32 bytes by which a match is evidence: its own, whatever the revision."""
    return sha256(b"match" + match).digest()


def fact_of(m: MatchFact, at: Ms) -> Fact:
    """The finding that a standing match is. Its term counts from the last moment of the meeting."""
    since = min(m.until, at)
    return Fact(
        m.match, m.content, FactKind.FINDING, m.department, m.division, m.ground, since, None,
        m.evidence_kind, reference(m.match), m.identity, (), since, b"", b"", m.root,
    )  # fmt: skip


def withdraw(state: State, m: MatchFact, at: Ms) -> tuple[Event, ...]:
    """The match stands no longer, and never did."""
    found: list[Event] = [
        Noted(
            m.match, FactKind.FINDING, m.ground, min(m.until, at), reference(m.match), WITHDRAWN,
            m.department, m.division, m.evidence_kind,
        )
    ]  # fmt: skip
    for order in state.orders:
        if order.fact == m.match and order.end > at:
            found.append(Annulled(order.id, m.id, at, WITHDRAWN, order.ground, order.division))
            found += changed(order, "annulled", WITHDRAWN)
    return tuple(found)
