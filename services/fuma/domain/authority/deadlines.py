"""What ends or is late by time alone: decided when a tick is on the log, never by a clock."""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority import returns
from fuma.domain.authority.effect import rule
from fuma.domain.authority.fold import half
from fuma.domain.authority.relief import LIVE, ended, status
from fuma.domain.authority.right import words
from fuma.domain.authority.state import FACT_ABSENT, OPEN, Order, State
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, Ms

#: An application for an account that nobody has reviewed by then is deleted (A).
UNANSWERED: Ms = 30 * DAY
_UP = {"village": "township", "township": "county", "county": "city", "city": "province"}


def tick(state: State, item: c.Tick, at: Ms, law: Law) -> list[e.Event]:
    """Everything that T has made due."""
    if item.minute <= state.tick or not state.founded:
        return []  # a province that was never founded has no deadlines, and needs no record of them
    found: list[e.Event] = []
    for about in sorted(state.active):
        order = state.orders[about]
        if order.status in OPEN:
            found += _open(order, at, law)
        elif order.status == "effective":
            found += _running(order, at, law)
    found += _unanswered(state, at)
    found += _cases(state, at, law)
    found += returns.overdue(state, at, law)
    return [*found, e.Ticked(item.minute)]


def _unanswered(state: State, at: Ms) -> list[e.Event]:
    """Applications that nobody reviewed are deleted, and that is said."""
    late = sorted(id for id, asked in state.asked.items() if asked and at >= asked + UNANSWERED)
    return [e.ApplicationRefused(id, "unanswered", e.NOBODY) for id in late]


def outcome(state: State, item: c.Outcome, at: Ms) -> list[e.Event]:
    """What ``codes`` made of a line; an answer to nothing asked, or told again, changes nothing."""
    order = state.orders.get(item.order)
    if order is None or order.effected is None or not 0 <= item.line < order.draft.count:
        return []
    if item.status not in ("effective", "held", "refused", "lifted", "annulled"):
        return []
    if item.id and half(item.id) in order.heard:
        return []
    stood = order.settled.get(item.line)
    if stood is None or stood.status in ("held", "effective"):
        if stood is not None and (stood.status, stood.code) == (item.status, item.code):
            return []
        settled = e.LineSettled(item.order, item.line, item.status, item.code, at, item.recipients)
        # Its evidence was taken back: whoever got the decision is recalled.
        if item.status == "annulled" and order.recipients:
            return [settled, e.Recalled(item.order, tuple(sorted(order.recipients)))]
        return [settled]
    # It ended here before the answer came. Who got a decision meanwhile is recalled all the same.
    late = tuple(sorted(set(item.recipients) - order.recipients))
    if not late:
        return []
    found: list[e.Event] = [
        e.LineSettled(item.order, item.line, stood.status, stood.code, stood.at, late)
    ]
    if order.standing("annulled"):
        found.append(e.Recalled(item.order, late))
    return found


def _open(order: Order, at: Ms, law: Law) -> list[e.Event]:
    about = order.draft.order
    if at >= order.lapses:
        return [e.Ended(about, "lapsed", "not-completed-in-time", e.NOBODY, at)]
    procedure = law.procedure(order.draft.division, at, order.draft.ground)
    if procedure is None or words(procedure) != order.procedure:
        return [e.Ended(about, "lapsed", "procedure-changed", e.NOBODY, at)]
    taken = len(order.steps)
    if order.status != "complete" or taken >= len(procedure.chain):
        return []
    step = procedure.chain[taken]
    if step.within is None or at < order.at + step.within or order.late == step.name:
        return []
    level = step.who.levels[0] if step.who and step.who.levels else "county"
    waits = (order.chain[-1].key,)
    return [e.Overdue("step", about, step.name, _UP.get(level, "province"), at, waits)]


def _running(order: Order, at: Ms, law: Law) -> list[e.Event]:
    about = order.draft.order
    found, until = _amended(order, at, law)
    if found and isinstance(found[-1], e.Ended):
        return found
    if until is not None and at >= until:
        # Every line ends: one that nobody answered, or that still waits, never took effect.
        open_lines = [n for n in range(order.draft.count) if status(order, n) in ("", "held")]
        found += ended(order, open_lines, "refused", "unanswered", e.NOBODY, at)
        return [*found, e.Ended(about, "expired", "term", e.NOBODY, at)]
    if not order.waiting:
        return found
    procedure = law.procedure(order.draft.division, at, order.draft.ground)
    hold = procedure.hold if procedure is not None else DAY
    late = [line for line, since in sorted(order.waiting.items()) if at >= since + hold]
    return found + ended(order, late, "refused", FACT_ABSENT, e.NOBODY, at)


def _amended(order: Order, at: Ms, law: Law) -> tuple[list[e.Event], Ms | None]:
    """What another book than the one that bore the order makes of it: said, never silent.

    A shorter term shortens it, a longer one does not lengthen it; where the ground is no longer in
    force it ends.
    """
    draft, about = order.draft, order.draft.order
    pair = law.in_force(draft.division, at, draft.ground)
    if pair is not None and (pair.book.name, pair.book.version) == order.book:
        return [], order.until
    row = rule(law, draft, at)
    if isinstance(row, str) or pair is None:
        code = row if isinstance(row, str) else "no-law"
        live = [n for n in range(draft.count) if status(order, n) in LIVE]
        found = ended(order, live, "lifted", code, e.NOBODY, at)
        return [*found, e.Ended(about, "lifted", code, e.NOBODY, at)], order.until
    begins = max(order.effected or 0, draft.since)
    until = begins + row.term if order.until is None else min(order.until, begins + row.term)
    book = pair.book
    return [e.Amended(about, at, until, book.name, book.version, row.name)], until


def _cases(state: State, at: Ms, law: Law) -> list[e.Event]:
    found: list[e.Event] = []
    for about in sorted(state.cases):
        case = state.cases[about]
        if case.outcome or at < case.due:
            continue
        level = _UP.get(case.level, "province")
        procedure = law.procedure(case.filed.division, at)
        again = procedure.appeal if procedure is not None else DAY
        found.append(e.CaseEscalated(about, level, at + again, at))
        waits = (case.filed.by.key,)
        found.append(e.Overdue("case", about, case.filed.kind, level, at, waits))
        order = state.orders.get(case.filed.order)
        if case.filed.kind != "appeal" or order is None or order.status != "effective":
            continue
        line = case.filed.line
        # "effective" is what codes answers when the facts are on the person's record.
        if status(order, line) in ("", "held"):
            subject = order.line(line).subject
            found.append(e.LineSuspended(case.filed.order, line, about, at, subject))
    return found
