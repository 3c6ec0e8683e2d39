"""From orders to the code as a function of time: the most severe colour, and who makes it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fuma.domain.codes.events import Order, Schedule, Segment, Step
from fuma.domain.colour import Colour
from fuma.domain.law.rulebook import Span
from fuma.domain.time import Ms


def steps(spans: Sequence[Span], basis: Ms, until: Ms | None, at: Ms) -> tuple[Step, ...]:
    """The colours of ``spans`` counted from ``basis``, without what lies before ``at``.

    A stated ``until`` shortens the first (it is the ground's own time); what follows it follows
    that much earlier. None is ever longer than the law says.
    """
    found = []
    begin = basis
    for index, span in enumerate(spans):
        end = begin + span.lasts
        if index == 0 and until is not None and until < end:
            end = until
        if end > at:
            found.append(Step(span.colour, begin if begin > at else at, end))
        begin = end
    return tuple(found)


def cut(order: Order, at: Ms) -> Order | None:
    """``order`` ended at ``at``; ``None`` where nothing of it lies before."""
    kept = tuple(
        step if step.until <= at else Step(step.colour, step.since, at)
        for step in order.steps
        if step.since < at
    )
    if not kept:
        return None
    return Order(
        order.id,
        order.fact,
        order.ground,
        order.department,
        order.division,
        order.evidence_kind,
        order.evidence_ref,
        order.basis,
        order.recorded,
        kept,
        order.law,
        order.source,
    )


def joined(steps: Sequence[Step]) -> tuple[Step, ...]:
    """``steps`` without a seam between two of one colour that meet."""
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else None
        if last is not None and last.colour is step.colour and last.until == step.since:
            found[-1] = Step(step.colour, last.since, step.until)
        else:
            found.append(step)
    return tuple(found)


def milder(one: Sequence[Step], other: Sequence[Step], at: Ms) -> tuple[Step, ...]:
    """From ``at`` on, at every instant the milder of two; green where either has no colour."""
    both = [
        (step, again)
        for step in one
        for again in other
        if max(step.since, again.since, at) < min(step.until, again.until)
    ]
    pieces = [
        Step(min(a.colour, b.colour), max(a.since, b.since, at), min(a.until, b.until))
        for a, b in both
    ]
    return joined(sorted(pieces, key=lambda step: step.since))


def schedule_of(orders: Sequence[Order], at: Ms, ended: Ms | None) -> Schedule:
    """The code from ``at`` on, under ``orders``. Those that have ended by then are left out."""
    if ended is not None:
        return Schedule(at, (), (), ended)
    live = tuple(order for order in orders if order.end > at)
    if not live:
        return Schedule(at, (), (), None)
    if len(live) == 1:
        only = (live[0].id,)
        return Schedule(
            at,
            tuple(
                Segment(step.colour, step.since if step.since > at else at, step.until, only)
                for step in live[0].steps
                if step.until > at
            ),
            live,
            None,
        )
    return Schedule(at, _segments(live, at), live, None)


def _segments(orders: Sequence[Order], at: Ms) -> tuple[Segment, ...]:
    pieces = [
        (step.since if step.since > at else at, step.until, step.colour, order.id)
        for order in orders
        for step in order.steps
        if step.until > at
    ]
    bounds = sorted({piece[0] for piece in pieces} | {piece[1] for piece in pieces})
    found: list[Segment] = []
    for since, until in pairwise(bounds):
        over = [piece for piece in pieces if piece[0] <= since and piece[1] >= until]
        if not over:
            continue
        worst = max(piece[2] for piece in over)
        ids = tuple(piece[3] for piece in over if piece[2] is worst)
        last = found[-1] if found else None
        if last and last.until == since and last.colour is worst and last.orders == ids:
            found[-1] = Segment(worst, last.since, until, ids)
        else:
            found.append(Segment(worst, since, until, ids))
    return tuple(found)


def colour_at(schedule: Schedule, at: Ms) -> Colour | None:
    """The colour at ``at`` (not before the schedule begins); ``None`` once the code has ended."""
    if schedule.ended is not None and at >= schedule.ended:
        return None
    for segment in schedule.segments:
        if segment.since <= at < segment.until:
            return segment.colour
    return Colour.GREEN
