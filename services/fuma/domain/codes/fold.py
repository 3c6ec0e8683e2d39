"""``evolve``: a person's state after what the ledger says. It never raises and never judges."""

from __future__ import annotations

from collections.abc import Iterable

from fuma.domain.codes import linefold
from fuma.domain.codes.events import (
    Amended,
    Annulled,
    Answered,
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
from fuma.domain.codes.state import NO_LINES, RELEASE_KEEP, Lines, Release, State, remember
from fuma.domain.time import Ms

#: A finding whose lifting came first: its evidence is spent as if the order had been in force.
_RELEASE = FactKind.RELEASE
_SPENT = "lifted-before-assigned"
_RELEASES = ("released", "release-pending")
_FILED = "awaits-order"
#: The match stands no longer. Its evidence is not spent: the match may stand again.
WITHDRAWN = "match-withdrawn"


def evolve(state: State, events: Iterable[Event], at: Ms, id: bytes, content: bytes) -> State:
    """The state after the ledger record of time ``at`` whose cause was ``id`` with ``content``.

    Parts of one decision may be folded one by one or together: the result is the same.
    """
    return _fold(state, events, at, remember(state.ids, id, content, at))


def after(state: State, events: Iterable[Event], at: Ms) -> State:
    """The state within a decision, after its first ``events``: the cause is not remembered yet."""
    return _fold(state, events, at, state.ids)


def fold(state: State, decision: Decision) -> State:
    """The state after a whole decision."""
    fact = decision.fact
    return evolve(state, decision.events, decision.at, fact.id, fact.content)


def _fold(state: State, events: Iterable[Event], at: Ms, ids: bytes) -> State:
    orders, lifted, used = state.orders, state.lifted, state.used
    releases, ended, lines = state.releases, state.ended, state.lines
    if any(order.end <= at for order in orders):
        for order in orders:
            if order.end <= at:
                used = _with(used, order.evidence_ref)
                lines = linefold.gone(lines, order, at)
        orders = tuple(order for order in orders if order.end > at)
    if releases and any(release.since + RELEASE_KEEP <= at for release in releases):
        releases = tuple(r for r in releases if r.since + RELEASE_KEEP > at)
    if lines is not NO_LINES:
        lines = linefold.in_time(lines, at)
    for event in events:
        if isinstance(event, Effective):
            if all(order.id != event.order.id for order in orders):
                orders = (*orders, event.order)
        elif isinstance(event, Noted):
            if event.kind is _RELEASE:
                if event.code in _RELEASES and event.since + RELEASE_KEEP > at:
                    releases = _latest(releases, event)
            elif event.code == _FILED:
                lines = linefold.file(lines, event, at)
            elif event.code == WITHDRAWN:
                lines = linefold.unfile(lines, event.fact)
            if event.code == _SPENT:
                lifted = _with(lifted, event.evidence_ref)
        elif isinstance(event, Lifted):
            orders, lifted, lines = _lift(orders, lifted, lines, event, at)
        elif isinstance(event, Ended):
            # Nothing can take effect any more, so nothing else needs remembering.
            orders, lifted, used, releases, ended = (), (), (), (), event.at
            lines = NO_LINES
        elif isinstance(event, Answered):
            lines = linefold.answer(lines, event, at)
        elif isinstance(event, Annulled):
            orders, lifted, lines = _annul(orders, lifted, lines, event, at)
        elif isinstance(event, Amended):
            orders, used, lines = _amend(orders, used, lines, event, at)
    return State(orders, ids, lifted, used, releases, ended, lines)


def _with(refs: tuple[bytes, ...], ref: bytes) -> tuple[bytes, ...]:
    return refs if not ref or ref in refs else (*refs, ref)


def _lift(
    orders: tuple[Order, ...], lifted: tuple[bytes, ...], lines: Lines, event: Lifted, at: Ms
) -> tuple[tuple[Order, ...], tuple[bytes, ...], Lines]:
    kept: list[Order] = []
    for order in orders:
        if order.id != event.order:
            kept.append(order)
            continue
        lifted = _with(lifted, order.evidence_ref)
        shorter = cut(order, event.at)
        if shorter is not None and shorter.end > at:
            kept.append(shorter)
        else:
            lines = linefold.gone(lines, order, at)
    return tuple(kept), lifted, lines


def _annul(
    orders: tuple[Order, ...], lifted: tuple[bytes, ...], lines: Lines, event: Annulled, at: Ms
) -> tuple[tuple[Order, ...], tuple[bytes, ...], Lines]:
    for order in orders:
        if order.id == event.order:
            lines = linefold.gone(lines, order, at)
            if event.code != WITHDRAWN:
                lifted = _with(lifted, order.evidence_ref)
    return tuple(order for order in orders if order.id != event.order), lifted, lines


def _amend(
    orders: tuple[Order, ...], used: tuple[bytes, ...], lines: Lines, event: Amended, at: Ms
) -> tuple[tuple[Order, ...], tuple[bytes, ...], Lines]:
    kept: list[Order] = []
    for order in orders:
        renewed = linefold.renew(order, event) if order.id == event.order else order
        if renewed is None:
            used = _with(used, order.evidence_ref)
            lines = linefold.gone(lines, order, at)
        else:
            kept.append(renewed)
    return tuple(kept), used, lines


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
