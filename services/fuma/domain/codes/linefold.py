"""The part of a person's state that concerns orders by officers, folded. It never raises."""

from __future__ import annotations

from fuma.domain.codes.events import Amended, Answered, Noted, Order, Source, Step
from fuma.domain.codes.inputs import Line, LineEnd
from fuma.domain.codes.schedule import cut, joined
from fuma.domain.codes.state import (
    ID_KEEP,
    MOST_EARLY,
    MOST_OVER,
    NO_LINES,
    Early,
    Filed,
    Lines,
    Over,
    Waiting,
    file_full,
)
from fuma.domain.time import Ms

#: The code of an answer to an end whose line has not come yet.
AWAITED = "line-awaited"


def named(what: Line | LineEnd | Answered | Source | Early | Over) -> tuple[str, bytes, int]:
    """Which line is meant. An order's id is its drafter's choice and counts in one province alone:
    an officer elsewhere may choose the same one, and ends no line of this one by it.
    """
    return (what.province, what.order, what.line)


def in_time(lines: Lines, at: Ms) -> Lines:
    """Without what can no longer matter."""
    filed, waiting, early, over = lines
    if any(one.over(at) for one in filed):
        filed = tuple(one for one in filed if not one.over(at))
    if any(one.line.until <= at for one in waiting):
        waiting = tuple(one for one in waiting if one.line.until > at)
    if any(one.at + ID_KEEP <= at for one in early):
        early = tuple(one for one in early if one.at + ID_KEEP > at)
    if any(one.at + ID_KEEP <= at for one in over):
        over = tuple(one for one in over if one.at + ID_KEEP > at)
    return Lines(filed, waiting, early, over) if filed or waiting or early or over else NO_LINES


def file(lines: Lines, note: Noted, at: Ms) -> Lines:
    """With a finding that an order may cite."""
    mine = Filed(
        note.fact, note.ground, note.department, note.division, note.evidence_kind,
        note.evidence_ref, note.since, note.until, note.reporter, note.root,
    )  # fmt: skip
    rest = tuple(one for one in lines.filed if one.fact != note.fact)
    if mine.over(at) or file_full(rest, note.ground):
        return lines
    return lines._replace(filed=(*rest, mine))


def unfile(lines: Lines, fact: bytes) -> Lines:
    """Without a finding that was taken back."""
    return lines._replace(filed=tuple(one for one in lines.filed if one.fact != fact))


def answer(lines: Lines, event: Answered, at: Ms) -> Lines:
    """After the answer to a line, or to its end."""
    name = named(event)
    if event.status == "held":
        if event.claim is None:
            return lines
        rest = tuple(w for w in lines.waiting if named(w.line) != name)
        return lines._replace(waiting=(*rest, Waiting(event.claim, event.code)))
    waiting = tuple(w for w in lines.waiting if named(w.line) != name)
    lines = lines._replace(waiting=waiting)
    if event.status in ("effective", "amended"):
        return lines
    if event.code == AWAITED:
        return lines._replace(early=_early(lines.early, event, at))
    return ended(lines, Over(event.order, event.line, b"", at, event.province))


def _early(early: tuple[Early, ...], event: Answered, at: Ms) -> tuple[Early, ...]:
    if any(named(one) == named(event) for one in early):
        return early
    if len(early) < MOST_EARLY:
        return (*early, Early(event.order, event.line, event.status, at, event.province))
    kept = tuple(one for one in early if one.order)[:MOST_EARLY]
    return (*kept, Early(b"", -1, "", at, ""))


def ended(lines: Lines, mine: Over) -> Lines:
    """With a line that is over."""
    if any(named(one) == named(mine) for one in lines.over):
        return lines
    return lines._replace(over=(*lines.over, mine)[-MOST_OVER:])


def gone(lines: Lines, order: Order, at: Ms) -> Lines:
    """After a person's order that was a line is over."""
    source = order.source
    if source is None:
        return lines
    mine = Over(
        source.order, source.line, order.id, at, source.province, order.ground, order.division
    )  # fmt: skip
    return ended(lines, mine)


def renew(order: Order, event: Amended) -> Order | None:
    """``order`` as it is amended: what was, then the new steps; ``None`` where it ends."""
    if not event.steps:
        return None
    past = cut(order, event.at)
    steps: tuple[Step, ...] = (*(past.steps if past else ()), *event.steps)
    return Order(
        order.id, order.fact, order.ground, order.department, order.division, order.evidence_kind,
        order.evidence_ref, order.basis, order.recorded, joined(steps), event.law, order.source,
    )  # fmt: skip
