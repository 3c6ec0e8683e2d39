"""``decide``: what one report changes for one person, by the law in force.

Sees no clock, no randomness, no other person. ``None`` means a repeat: it was decided before.
"""

from __future__ import annotations

from collections.abc import Iterable

from fuma.domain.codes.check import check_fact, identity_hold
from fuma.domain.codes.events import (
    Decision,
    Effective,
    Ended,
    Event,
    Fact,
    FactKind,
    Held,
    LawRef,
    Lifted,
    Noted,
    Order,
    Refused,
)
from fuma.domain.codes.fold import evolve
from fuma.domain.codes.inputs import FIRST_RELEASE
from fuma.domain.codes.schedule import schedule_of, steps
from fuma.domain.codes.state import Release, State, seen
from fuma.domain.ids import order_id
from fuma.domain.law.inforce import InForce, Law
from fuma.domain.law.rulebook import Row
from fuma.domain.time import Ms

#: With so many orders in force on one person, another one of a ground that is in force already is
#: held. Without a bound a schedule would in the end fit no ledger record, and then not even a
#: release could be written any more; a ground's first order is never kept out.
MOST_ORDERS = 16


def decide(state: State, fact: Fact, at: Ms, law: Law) -> Decision | None:
    """The decision on ``fact`` at ``at`` (the partition's T), or ``None`` where it is a repeat."""
    decision, _ = advance(state, fact, at, law)
    return decision


def advance(state: State, fact: Fact, at: Ms, law: Law) -> tuple[Decision | None, State]:
    """``decide`` and ``evolve`` in one: the decision, and the state after it.

    The state is the one that folding the decision's ledger records gives.
    """
    known = seen(state.ids, fact.id, fact.content)
    if known:
        return None, state
    pair = law.in_force(fact.division, at, fact.ground)
    row, events = _events(state, fact, at, law, pair, conflict=known is False)
    after = evolve(state, events, at, fact.id, fact.content)
    ref = law.ref(pair, row) if pair else None
    return Decision(at, fact, ref, events, schedule_of(after.orders, at, after.ended)), after


def _events(
    state: State, fact: Fact, at: Ms, law: Law, pair: InForce | None, conflict: bool
) -> tuple[str, tuple[Event, ...]]:
    """The name of the row applied ("" for none), and what is to be recorded; at least one event."""
    if conflict:
        return "", (_held(fact, "same-id-other-content"),)
    breaches = check_fact(fact, pair.book if pair else None, at)
    if fact.breaches or breaches or pair is None:
        codes = dict.fromkeys([*fact.breaches, *(breach.code for breach in breaches)])
        return "", (_refused(fact, *codes),)
    hold = identity_hold(fact)
    if hold:
        return "", (_held(fact, hold),)
    row = pair.book.table[fact.kind, fact.ground, fact.evidence_kind]
    if fact.kind is FactKind.SCAN:
        return row.name, (_noted(fact, "scan"),)
    if state.ended is not None:
        return row.name, (_noted(fact, "code-ended"),)
    if fact.kind is FactKind.DEATH:
        return row.name, _death(state, fact, at)
    if fact.kind is FactKind.RELEASE:
        return row.name, _release(state, fact, at, law.ref(pair, row.name), row)
    if not pair.procedure.automatic:
        return row.name, (_noted(fact, "awaits-order"),)
    return row.name, _finding(state, fact, at, law, law.ref(pair, row.name), row)


def _finding(
    state: State, fact: Fact, at: Ms, law: Law, ref: LawRef, row: Row
) -> tuple[Event, ...]:
    evidence = fact.evidence_ref
    for order in state.orders:
        if order.evidence_ref == evidence and order.ground == fact.ground and order.end > at:
            if evidence in state.lifted:  # its end is set already, and yet to come
                break
            return (_noted(fact, "same-evidence"),)
    if evidence in state.lifted:
        return (_refused(fact, "evidence-already-lifted"),)
    if not row.spans:
        return (_noted(fact, "no-colour"),)
    colours = steps(row.spans, fact.since, fact.until, at)
    if not colours:
        return (_noted(fact, "ended-before-recorded"),)
    if evidence in state.used or any(
        order.evidence_ref == evidence and order.end <= at for order in state.orders
    ):
        return (_refused(fact, "evidence-already-used"),)
    for release in state.releases:
        if release.ground == fact.ground and fact.since <= release.since:
            note = _noted(fact, "lifted-before-assigned")
            follows = _monitoring_late(state, release, at, law)
            return (note, *_bounded(follows, state.orders, fact, at))
    if _full(state.orders, fact.ground, at):
        return (_held(fact, "too-many-orders"),)
    return (
        Effective(
            Order(
                order_id(fact.id, row.name),
                fact.id,
                fact.ground,
                fact.department,
                fact.division,
                fact.evidence_kind,
                evidence,
                fact.since,
                at,
                colours,
                ref,
            )
        ),
    )


def _release(state: State, fact: Fact, at: Ms, ref: LawRef, row: Row) -> tuple[Event, ...]:
    when = max(at, fact.since)
    lifted = [
        _lifted(order, fact, when, "released")
        for order in state.orders
        if order.ground == fact.ground and order.basis <= fact.since and order.end > when
    ]
    if not lifted:
        return (_noted(fact, "release-pending"),)
    release = Release(
        fact.id,
        fact.ground,
        fact.since,
        fact.department,
        fact.division,
        fact.evidence_kind,
        fact.evidence_ref,
    )
    follows = _follow(state, release, at, ref, row)
    ended = {one.order for one in lifted if one.at <= at}
    left = [order for order in state.orders if order.id not in ended]
    return (_noted(fact, "released"), *lifted, *_bounded(follows, left, fact, at))


def _monitoring_late(state: State, release: Release, at: Ms, law: Law) -> tuple[Effective, ...]:
    """What follows a release that came before its finding, by the law in force now."""
    pair = law.in_force(release.division, at, release.ground)
    if pair is None:
        return ()
    row = pair.book.row(FactKind.RELEASE, release.ground, release.evidence_kind)
    return _follow(state, release, at, law.ref(pair, row.name), row) if row else ()


def _full(orders: Iterable[Order], ground: str, at: Ms) -> bool:
    live = [order.ground for order in orders if order.end > at]
    return len(live) >= MOST_ORDERS and ground in live


def _bounded(
    follows: tuple[Effective, ...], orders: Iterable[Order], fact: Fact, at: Ms
) -> tuple[Event, ...]:
    if follows and _full(orders, follows[0].order.ground, at):
        return (_held(fact, "too-many-orders"),)
    return follows


def _follow(state: State, release: Release, at: Ms, ref: LawRef, row: Row) -> tuple[Effective, ...]:
    """The order that follows a release, once: its evidence bears no second one."""
    evidence = release.evidence_ref
    if row.then is None or evidence in state.lifted or evidence in state.used:
        return ()
    if any(order.evidence_ref == evidence for order in state.orders):
        return ()
    colours = steps(row.then.spans, release.since, None, at)
    if not colours:
        return ()
    return (
        Effective(
            Order(
                order_id(release.fact, row.name),
                release.fact,
                row.then.ground,
                release.department,
                release.division,
                release.evidence_kind,
                evidence,
                release.since,
                at,
                colours,
                ref,
            )
        ),
    )


def _death(state: State, fact: Fact, at: Ms) -> tuple[Event, ...]:
    lifted = [_lifted(order, fact, at, "death") for order in state.orders if order.end > at]
    return (*lifted, Ended(fact.id, at))


def _noted(fact: Fact, code: str) -> Noted:
    return Noted(
        fact.id,
        fact.kind,
        fact.ground,
        fact.since,
        fact.evidence_ref,
        code,
        fact.department,
        fact.division,
        fact.evidence_kind,
    )


def _refused(fact: Fact, *codes: str) -> Refused:
    place, evidence = _said(fact)
    return Refused(fact.id, fact.kind, fact.ground, fact.department, codes, place, evidence)


def _held(fact: Fact, code: str) -> Held:
    place, evidence = _said(fact)
    return Held(fact.id, fact.kind, fact.ground, fact.department, (code,), place, evidence)


def _said(fact: Fact) -> tuple[str, bytes]:
    """Where, and on what; the first release did not record it."""
    return ("", b"") if fact.behaviour == FIRST_RELEASE else (fact.division, fact.evidence_ref)


def _lifted(order: Order, fact: Fact, at: Ms, code: str) -> Lifted:
    if fact.behaviour == FIRST_RELEASE:
        return Lifted(order.id, fact.id, at, code)
    return Lifted(order.id, fact.id, at, code, order.ground, order.division)
