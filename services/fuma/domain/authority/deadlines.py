"""What ends or is late by time alone: decided when a tick is on the log, never by a clock."""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority import returns
from fuma.domain.authority.relief import status
from fuma.domain.authority.right import words
from fuma.domain.authority.state import OPEN, Order, State
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, HOUR, Ms

_UP = {"village": "township", "township": "county", "county": "city", "city": "province"}


def tick(state: State, item: c.Tick, at: Ms, law: Law) -> list[e.Event]:
    """Everything that T has made due."""
    if item.minute <= state.tick:
        return []
    found: list[e.Event] = []
    for about in sorted(state.orders):
        order = state.orders[about]
        if order.status in OPEN:
            found += _open(order, at, law)
        elif order.status == "effective":
            found += _running(order, at, law)
    found += _cases(state, at)
    found += returns.overdue(state, at, law)
    return [*found, e.Ticked(item.minute)]


def outcome(state: State, item: c.Outcome, at: Ms) -> list[e.Event]:
    """What ``codes`` made of a line, once; an answer to nothing asked changes nothing."""
    order = state.orders.get(item.order)
    if order is None or order.effected is None or not 0 <= item.line < order.draft.count:
        return []
    if item.status not in ("effective", "held", "refused"):
        return []
    stood = status(order, item.line)
    if stood not in ("", "held") or stood == item.status:
        return []
    return [e.LineSettled(item.order, item.line, item.status, item.code, at, item.recipients)]


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
    return [e.Overdue("step", about, step.name, _UP.get(level, "province"), at)]


def _running(order: Order, at: Ms, law: Law) -> list[e.Event]:
    about = order.draft.order
    found: list[e.Event] = []
    if order.until is not None and at >= order.until:
        # Every line ends: one that nobody answered, or that still waits, never took effect.
        for line in range(order.draft.count):
            if status(order, line) in ("", "held"):
                found.append(e.LineSettled(about, line, "refused", "unanswered", at))
        return [*found, e.Ended(about, "expired", "term", e.NOBODY, at)]
    procedure = law.procedure(order.draft.division, at, order.draft.ground)
    hold = procedure.hold if procedure is not None else DAY
    for line, settled in sorted(order.settled.items()):
        if settled.status == "held" and settled.code == "fact-absent" and at >= settled.at + hold:
            found.append(e.LineSettled(about, line, "refused", "fact-absent", at))
    return found


def _cases(state: State, at: Ms) -> list[e.Event]:
    found: list[e.Event] = []
    for about in sorted(state.cases):
        case = state.cases[about]
        if case.outcome or at < case.due:
            continue
        level = _UP.get(case.level, "province")
        found.append(e.CaseEscalated(about, level, at + 24 * HOUR, at))
        found.append(e.Overdue("case", about, case.filed.kind, level, at))
        order = state.orders.get(case.filed.order)
        if case.filed.kind != "appeal" or order is None or order.status != "effective":
            continue
        line = case.filed.line
        # "effective" is what codes answers when the facts are on the person's record.
        if status(order, line) in ("", "held"):
            found.append(e.LineSuspended(case.filed.order, line, about, at))
    return found
