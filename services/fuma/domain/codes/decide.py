"""``decide``: what one input changes for one person, by the law in force.

Sees no clock, no randomness, no other person. ``None`` means a repeat: it was decided before.
"""

from __future__ import annotations

from collections.abc import Iterable

from fuma.domain.codes.amend import amendments
from fuma.domain.codes.check import check_fact, identity_hold
from fuma.domain.codes.ends import take_end
from fuma.domain.codes.events import (
    Amend,
    Answered,
    Decision,
    Effective,
    Ended,
    Event,
    Fact,
    FactKind,
    Held,
    Input,
    LawRef,
    Lifted,
    Line,
    LineEnd,
    MatchFact,
    Noted,
    Order,
    Refused,
)
from fuma.domain.codes.fold import after, evolve
from fuma.domain.codes.follow import follow, follow_late
from fuma.domain.codes.inputs import FIRST_RELEASE
from fuma.domain.codes.lines import awaken, changed, contradicts, full, refused, take_line
from fuma.domain.codes.matches import fact_of, withdraw
from fuma.domain.codes.schedule import schedule_of, steps
from fuma.domain.codes.state import Release, State, file_full, seen
from fuma.domain.ids import order_id
from fuma.domain.law.inforce import InForce, Law
from fuma.domain.law.rulebook import Row
from fuma.domain.time import Ms

NOTHING: tuple[Event, ...] = ()
# An enum looks a member up in Python each time.
_SCAN, _DEATH, _RELEASE = FactKind.SCAN, FactKind.DEATH, FactKind.RELEASE


def decide(state: State, item: Input, at: Ms, law: Law) -> Decision | None:
    """The decision on ``item`` at ``at`` (the partition's T), or ``None`` where it is a repeat."""
    decision, _ = advance(state, item, at, law)
    return decision


def advance(state: State, item: Input, at: Ms, law: Law) -> tuple[Decision | None, State]:
    """``decide`` and ``evolve`` in one: the decision, and the state after it.

    The state is the one that folding the decision's ledger records gives. What a newer law changes
    in the orders in force comes first, then what the input itself does; an ``Amend`` asks for the
    former alone, and is nothing where there is none.
    """
    known = seen(state.ids, item.id, item.content)
    if known:
        return None, state
    first: tuple[Event, ...] = ()
    as_now = state
    if state.orders and not (isinstance(item, Fact) and item.behaviour == FIRST_RELEASE):
        first = amendments(state, item.id, at, law)
    if first or not isinstance(item, Fact):
        as_now = after(state, first, at)
    pair, row = None, ""
    if isinstance(item, Fact):
        pair = law.in_force(item.division, at, item.ground)
        row, events = _on_fact(as_now, item, at, law, pair, conflict=known is False)
    elif isinstance(item, Amend):
        if not first:
            return None, state
        events = NOTHING
    elif known is False:
        events = _conflict(item, at)
    elif isinstance(item, Line):
        events = take_line(as_now, item, at, law)
    elif isinstance(item, LineEnd):
        events = take_end(as_now, item, at)
    elif not item.stands:
        events = withdraw(as_now, item, at)
    else:
        fact = fact_of(item, at)
        pair = law.in_force(fact.division, at, fact.ground)
        row, events = _on_fact(as_now, fact, at, law, pair, conflict=False)
    if first:
        events = (*first, *events)
    then = evolve(state, events, at, item.id, item.content)
    ref = law.ref(pair, row) if pair else None
    return Decision(at, item, ref, events, schedule_of(then.orders, at, then.ended)), then


def _conflict(item: Line | LineEnd | MatchFact, at: Ms) -> tuple[Event, ...]:
    """The same id came before with another content: what was decided stays."""
    code = "same-id-other-content"
    if isinstance(item, MatchFact):
        return (_held(fact_of(item, at), code),)
    return (Answered(item.order, item.line, item.province, "held", code),)


def _on_fact(
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
    if fact.kind is _SCAN:
        return row.name, (_noted(fact, "scan"),)
    if state.ended is not None:
        return row.name, (_noted(fact, "code-ended"),)
    if fact.kind is _DEATH:
        return row.name, _death(state, fact, at)
    if fact.kind is _RELEASE:
        return row.name, _release(state, fact, at, law.ref(pair, row.name), row)
    if not pair.procedure.automatic:
        return row.name, _file(state, fact, at, law)
    return row.name, _finding(state, fact, at, law, law.ref(pair, row.name), row)


def _file(state: State, fact: Fact, at: Ms, law: Law) -> tuple[Event, ...]:
    """A finding that awaits the procedure's order, and the lines that waited for it."""
    if fact.behaviour == FIRST_RELEASE:
        return (_noted(fact, "awaits-order"),)
    if file_full(state.lines.filed, fact.ground):
        return (_held(fact, "too-many-facts"),)
    note = Noted(
        fact.id, fact.kind, fact.ground, fact.since, fact.evidence_ref, "awaits-order",
        fact.department, fact.division, fact.evidence_kind, fact.until, fact.reporter, fact.root,
    )  # fmt: skip
    if not state.lines.waiting:
        return (note,)
    return (note, *awaken(after(state, (note,), at), fact.id, at, law))


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
            if fact.behaviour != FIRST_RELEASE and contradicts(release, fact.department, row):
                return (_held(fact, "contradicted"),)
            note = _noted(fact, "lifted-before-assigned")
            follows = follow_late(state, release, at, law)
            return (note, *_bounded(follows, state.orders, fact, at))
    if full(state.orders, fact.ground, at):
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
    met = [
        order
        for order in state.orders
        if order.ground == fact.ground and order.basis <= fact.since and order.end > when
    ]
    lifted = [_lifted(order, fact, when, "released") for order in met]
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
    follows = follow(state, release, at, ref, row)
    ended = {one.order for one in lifted if one.at <= at}
    left = [order for order in state.orders if order.id not in ended]
    told = [one for order in met for one in changed(order, "lifted", "released")]
    return (_noted(fact, "released"), *lifted, *told, *_bounded(follows, left, fact, at))


def _bounded(
    follows: tuple[Effective, ...], orders: Iterable[Order], fact: Fact, at: Ms
) -> tuple[Event, ...]:
    if follows and full(orders, follows[0].order.ground, at):
        return (_held(fact, "too-many-orders"),)
    return follows


def _death(state: State, fact: Fact, at: Ms) -> tuple[Event, ...]:
    live = [order for order in state.orders if order.end > at]
    lifted = [_lifted(order, fact, at, "death") for order in live]
    told = [one for order in live for one in changed(order, "lifted", "death")]
    told += [refused(one.line, "code-ended") for one in state.lines.waiting]
    return (*lifted, *told, Ended(fact.id, at))


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
