"""``evolve``: a province's state after what the ledger says. It never raises and never judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fuma.domain.authority import events as e
from fuma.domain.authority.state import OPEN, BulkEntry, Case, Order, Settled, State
from fuma.domain.time import DAY, Ms, day_of

#: Sums, pushed items and returns are kept so long; no bulk window may be longer.
KEEP: Ms = 8 * DAY


def evolve(state: State, happened: Iterable[e.Event]) -> State:
    """``state`` itself, changed; what an event names and nobody knows changes nothing."""
    for event in happened:
        if isinstance(event, e.Accepted | e.Refused):
            state.seen[event.actor.key, event.command] = (event.digest, event.until)
        elif isinstance(event, e.Ticked):
            _prune(state, event.minute)
        elif not (_accounts(state, event) or _orders(state, event)):
            _others(state, event)
    return state


def _prune(state: State, now: Ms) -> None:
    state.tick = max(state.tick, now)
    state.seen = {k: v for k, v in state.seen.items() if v[1] > now}
    state.bulk = [entry for entry in state.bulk if entry.at + KEEP > now]
    oldest = day_of(now) - KEEP // DAY
    state.items = {k: v for k, v in state.items.items() if k[2] >= oldest}
    state.returns = {k: v for k, v in state.returns.items() if k[1] >= oldest}
    state.missing = {k for k in state.missing if k[1] >= oldest}


def _accounts(state: State, event: e.Event) -> bool:
    if isinstance(event, e.OfficeOpened):
        state.offices[event.office.id] = event.office
        state.founded = True
    elif isinstance(event, e.OfficeClosed):
        state.offices.pop(event.office, None)
        state.closed.add(event.office)
    elif isinstance(event, e.Applied):
        state.applications[event.application] = event
    elif isinstance(event, e.ApplicationRefused):
        state.applications.pop(event.application, None)
    elif isinstance(event, e.AccountOpened):
        state.applications.pop(event.application, None)
        state.officers[event.officer.id] = event.officer
        state.keys[event.key] = event.officer.id
    elif isinstance(event, e.AccountClosed):
        state.officers.pop(event.officer, None)
        state.closed.add(event.officer)
        state.members.discard(event.officer)
    elif isinstance(event, e.KeyRegistered):
        state.keys[event.key] = event.officer
    elif isinstance(event, e.KeyEnded):
        state.keys.pop(event.key, None)
        state.ended_keys.add(event.key)
    elif isinstance(event, e.Invited):
        state.invited[event.officer] = event.code
    elif isinstance(event, e.Joined):
        state.invited.pop(event.officer, None)
        state.members.add(event.officer)
    else:
        return False
    return True


def _orders(state: State, event: e.Event) -> bool:
    if isinstance(event, e.Drafted):
        state.orders[event.draft.order] = Order(
            event.draft, event.procedure, "draft", event.at, event.lapses,
            [event.by], [event.step],
        )  # fmt: skip
        return True
    if not isinstance(
        event,
        e.PageArrived | e.Completed | e.Stepped | e.BulkHeld | e.BulkReleased | e.Effected
        | e.LineSettled | e.Ended,
    ):  # fmt: skip
        return False
    order = state.orders.get(event.order)
    if order is None:
        return True
    if isinstance(event, e.PageArrived):
        order.pages[event.number] = event.lines
        order.reporters |= {line.reporter for line in event.lines if line.reporter}
    elif isinstance(event, e.Completed):
        order.status, order.at = "complete", event.at
    elif isinstance(event, e.Stepped):
        order.chain.append(event.by)
        order.steps.append(event.step)
        order.at = event.at
    elif isinstance(event, e.BulkHeld):
        order.status = "held"
    elif isinstance(event, e.BulkReleased):
        order.chain.append(event.by)
        order.steps.append("release")
        order.released, order.at = True, event.at
    elif isinstance(event, e.Effected):
        _effect(state, order, event)
    elif isinstance(event, e.LineSettled):
        order.settled[event.line] = Settled(event.status, event.code, event.at)
        order.recipients |= set(event.recipients)
    else:
        order.status, order.at = event.how, event.at
    return True


def _effect(state: State, order: Order, event: e.Effected) -> None:
    order.status, order.effected, order.until = "effective", event.at, event.until
    roots = Counter(
        line.root
        for index, line in enumerate(order.lines())
        if index not in order.settled or order.settled[index].status != "refused"
    )
    for root, count in sorted(roots.items()):
        state.bulk.append(
            BulkEntry(event.at, order.draft.ground, root, event.order, count, event.released)
        )


def _others(state: State, event: e.Event) -> None:
    if isinstance(event, e.Overdue) and event.what == "step":
        order = state.orders.get(event.about)
        if order is not None and order.status in OPEN:
            order.late = event.name
    elif isinstance(event, e.Recalled):
        state.recalls.setdefault(event.order, set()).update(event.recipients)
    elif isinstance(event, e.RecallAcknowledged):
        waiting = state.recalls.get(event.order, set())
        waiting.discard(event.recipient)
        if not waiting:
            state.recalls.pop(event.order, None)
    elif isinstance(event, e.ItemPushed):
        state.items[event.city, event.department, event.day] = event
    elif isinstance(event, e.ReturnReceived):
        state.returns[event.city, event.day] = event
    elif isinstance(event, e.ReturnMissing):
        state.missing.add((event.city, event.day))
    elif isinstance(event, e.CaseFiled):
        state.cases[event.case] = Case(event, "county", event.due)
    elif isinstance(event, e.CaseAssigned | e.CaseEscalated | e.CaseClosed):
        case = state.cases.get(event.case)
        if case is None:
            return
        if isinstance(event, e.CaseAssigned):
            case.decider = event.decider
        elif isinstance(event, e.CaseEscalated):
            case.level, case.due, case.decider = event.level, event.due, ""
        else:
            case.outcome = event.outcome
    elif isinstance(event, e.LineSuspended):
        order = state.orders.get(event.order)
        if order is not None:
            order.settled[event.line] = Settled("suspended", "appeal-overdue", event.at)
