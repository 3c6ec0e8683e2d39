"""What follows a release by the rulebook: monitoring, once, on the release's own evidence."""

from __future__ import annotations

from fuma.domain.codes.events import Effective, FactKind, LawRef, Order
from fuma.domain.codes.schedule import steps
from fuma.domain.codes.state import Release, State
from fuma.domain.ids import order_id
from fuma.domain.law.inforce import Law
from fuma.domain.law.rulebook import Row
from fuma.domain.time import Ms


def follow_late(state: State, release: Release, at: Ms, law: Law) -> tuple[Effective, ...]:
    """What follows a release that came before its finding, by the law in force now."""
    pair = law.in_force(release.division, at, release.ground)
    if pair is None:
        return ()
    row = pair.book.row(FactKind.RELEASE, release.ground, release.evidence_kind)
    return follow(state, release, at, law.ref(pair, row.name), row) if row else ()


def follow(state: State, release: Release, at: Ms, ref: LawRef, row: Row) -> tuple[Effective, ...]:
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
