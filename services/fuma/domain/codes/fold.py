"""``evolve``: a person's state after what the ledger says. It never raises and never judges."""

from __future__ import annotations

from collections.abc import Iterable

from fuma.domain.codes.events import (
    Decision,
    Effective,
    Ended,
    Event,
    FactKind,
    Lifted,
    Noted,
    Order,
)
from fuma.domain.codes.schedule import cut
from fuma.domain.codes.state import RELEASE_KEEP, Release, State, remember
from fuma.domain.time import Ms

#: A finding whose lifting came first: its evidence is spent as if the order had been in force.
_SPENT = "lifted-before-assigned"
_RELEASES = ("released", "release-pending")


def evolve(state: State, events: Iterable[Event], at: Ms, id: bytes, content: bytes) -> State:
    """The state after the ledger record of time ``at`` whose cause was ``id`` with ``content``.

    Parts of one decision may be folded one by one or together: the result is the same.
    """
    orders, lifted, used = state.orders, state.lifted, state.used
    releases, ended = state.releases, state.ended
    if any(order.end <= at for order in orders):
        for order in orders:
            if order.end <= at:
                used = _with(used, order.evidence_ref)
        orders = tuple(order for order in orders if order.end > at)
    if releases and any(release.since + RELEASE_KEEP <= at for release in releases):
        releases = tuple(r for r in releases if r.since + RELEASE_KEEP > at)
    for event in events:
        if isinstance(event, Effective):
            if all(order.id != event.order.id for order in orders):
                orders = (*orders, event.order)
        elif isinstance(event, Lifted):
            orders, lifted = _lift(orders, lifted, event, at)
        elif isinstance(event, Noted):
            if event.code == _SPENT:
                lifted = _with(lifted, event.evidence_ref)
            elif (
                event.kind is FactKind.RELEASE
                and event.code in _RELEASES
                and event.since + RELEASE_KEEP > at
            ):
                releases = _latest(releases, event)
        elif isinstance(event, Ended):
            # Nothing can take effect any more, so nothing else needs remembering.
            orders, lifted, used, releases, ended = (), (), (), (), event.at
    return State(orders, remember(state.ids, id, content, at), lifted, used, releases, ended)


def fold(state: State, decision: Decision) -> State:
    """The state after a whole decision."""
    fact = decision.fact
    return evolve(state, decision.events, decision.at, fact.id, fact.content)


def _with(refs: tuple[bytes, ...], ref: bytes) -> tuple[bytes, ...]:
    return refs if not ref or ref in refs else (*refs, ref)


def _lift(
    orders: tuple[Order, ...], lifted: tuple[bytes, ...], event: Lifted, at: Ms
) -> tuple[tuple[Order, ...], tuple[bytes, ...]]:
    kept: list[Order] = []
    for order in orders:
        if order.id != event.order:
            kept.append(order)
            continue
        lifted = _with(lifted, order.evidence_ref)
        shorter = cut(order, event.at)
        if shorter is not None and shorter.end > at:
            kept.append(shorter)
    return tuple(kept), lifted


def _latest(releases: tuple[Release, ...], note: Noted) -> tuple[Release, ...]:
    mine = Release(
        note.fact,
        note.ground,
        note.since,
        note.department,
        note.division,
        note.evidence_kind,
        note.evidence_ref,
    )
    for release in releases:
        if release.ground == mine.ground:
            if release.since >= mine.since:
                return releases
            return (*(r for r in releases if r.ground != mine.ground), mine)
    return (*releases, mine)
