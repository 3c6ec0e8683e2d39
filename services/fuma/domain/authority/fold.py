"""``evolve``: a province's state after what the ledger says. It never raises and never judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fuma.domain.authority import events as e
from fuma.domain.authority.state import (
    ACTIVE,
    OPEN,
    BulkEntry,
    Case,
    Order,
    Settled,
    State,
)
from fuma.domain.time import DAY, Ms, day_of

#: Sums, pushed items and returns are kept so long; no bulk window may be longer.
KEEP: Ms = 8 * DAY
#: An order so long after its end is known by its id alone: nothing can be done about it here.
ARCHIVE: Ms = 180 * DAY


def evolve(state: State, happened: Iterable[e.Event], cause: bytes = b"") -> State:
    """``state`` itself, changed; what an event names and nobody knows changes nothing.

    ``cause``: id of the input that the events follow from.
    """
    for event in happened:
        if isinstance(event, e.Accepted | e.Refused):
            name = event.actor.key, event.command
            state.seen.pop(name, None)  # so that the oldest to forget always come first
            state.seen[name] = (event.digest, event.until)
        elif isinstance(event, e.Ticked):
            _prune(state, event.minute)
        elif not (_accounts(state, event) or _orders(state, event, cause)):
            _others(state, event)
    return state


def half(id: bytes) -> int:
    """An outcome's id as an order remembers it."""
    return int.from_bytes(id[:8], "big")


def _prune(state: State, now: Ms) -> None:
    if day_of(now) != day_of(state.tick):
        _archive(state, now)
    for application, asked in state.asked.items():
        if not asked:  # from before the first tick
            state.asked[application] = now
    state.tick = max(state.tick, now)
    gone = []
    for name, (_, until) in state.seen.items():
        if until > now:
            break
        gone.append(name)
    for name in gone:
        del state.seen[name]
    state.bulk = [entry for entry in state.bulk if entry.begins + KEEP > now]
    state.lists = {k: v for k, v in state.lists.items() if v.at + KEEP > now}
    oldest = day_of(now) - KEEP // DAY
    state.items = {k: v for k, v in state.items.items() if k[2] >= oldest}
    state.returns = {k: v for k, v in state.returns.items() if k[1] >= oldest}
    state.missing = {k for k in state.missing if k[1] >= oldest}
    state.missing_items = {k for k in state.missing_items if k[2] >= oldest}


def _archive(state: State, now: Ms) -> None:
    for id, order in list(state.orders.items()):
        if order.status not in ACTIVE and order.at + ARCHIVE <= now and id not in state.recalls:
            del state.orders[id]
            state.archived.add(id)
            state.touched.add(id)
            state.paged |= {(id, number) for number in order.pages}


def _accounts(state: State, event: e.Event) -> bool:
    if isinstance(event, e.OfficeOpened):
        state.offices[event.office.id] = event.office
        state.places.setdefault(event.office.division, set()).add(event.office.id)
        state.founded = True
    elif isinstance(event, e.OfficeClosed):
        office = state.offices.pop(event.office, None)
        if office is not None:
            _drop(state.places, office.division, office.id)
        state.closed.add(event.office)
    elif isinstance(event, e.Applied):
        state.applications[event.application] = event
        state.asked[event.application] = state.tick
    elif isinstance(event, e.ApplicationRefused):
        state.applications.pop(event.application, None)
        state.asked.pop(event.application, None)
    elif isinstance(event, e.AccountOpened):
        state.applications.pop(event.application, None)
        state.asked.pop(event.application, None)
        state.officers[event.officer.id] = event.officer
        _key(state, event.key, event.officer.id)
    elif isinstance(event, e.AccountClosed):
        for key in [key for key, owner in state.keys.items() if owner == event.officer]:
            _end_key(state, key)
        state.officers.pop(event.officer, None)
        state.closed.add(event.officer)
        state.members.discard(event.officer)
        state.seals.pop(event.officer, None)
    elif isinstance(event, e.KeyRegistered):
        _key(state, event.key, event.officer)
    elif isinstance(event, e.KeyEnded):
        _end_key(state, event.key)
    elif isinstance(event, e.Invited):
        state.invited[event.officer] = event.code
    elif isinstance(event, e.Joined):
        state.invited.pop(event.officer, None)
        state.members.add(event.officer)
    elif isinstance(event, e.SealSet):
        state.seals[event.officer] = event.seal
    elif isinstance(event, e.ListPosted):
        state.lists[event.list] = event
    elif isinstance(event, e.ListRead):
        pass  # it is on the log: nothing further follows from it
    else:
        return False
    return True


def _key(state: State, key: str, officer: str) -> None:
    state.keys[key] = officer
    known = state.officers.get(officer)
    if known is not None:
        state.staff.setdefault(known.office, set()).add(key)


def _end_key(state: State, key: str) -> None:
    known = state.officers.get(state.keys.pop(key, ""))
    if known is not None:
        _drop(state.staff, known.office, key)
    state.ended_keys.add(key)


def _drop(index: dict[str, set[str]], name: str, member: str) -> None:
    members = index.get(name, set())
    members.discard(member)
    if not members:
        index.pop(name, None)


def _orders(state: State, event: e.Event, cause: bytes) -> bool:
    if isinstance(event, e.Drafted):
        id = event.draft.order
        state.orders[id] = Order(
            event.draft, event.procedure, "draft", event.at, event.lapses,
            [event.by], [event.step],
        )  # fmt: skip
        state.active.add(id)
        state.touched.add(id)
        return True
    if not isinstance(
        event,
        e.PageArrived | e.Completed | e.Stepped | e.Forwarded | e.BulkHeld | e.BulkReleased
        | e.Effected | e.Issued | e.LineSettled | e.LinesEnded | e.LineSuspended | e.Amended
        | e.Ended,
    ):  # fmt: skip
        return False
    order = state.orders.get(event.order)
    if order is None:
        return True
    state.touched.add(event.order)
    if isinstance(event, e.PageArrived):
        order.pages[event.number] = event.lines
        order.reporters |= {line.reporter for line in event.lines if line.reporter}
        state.paged.add((event.order, event.number))
    elif isinstance(event, e.LineSettled | e.LinesEnded | e.LineSuspended):
        _settle(order, event, cause)
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
    elif isinstance(event, e.Amended):
        order.until, order.book = event.until, (event.book, event.book_version)
    elif isinstance(event, e.Ended):
        order.status, order.at = event.how, event.at
        state.active.discard(event.order)
    return True


def _settle(order: Order, event: e.LineSettled | e.LinesEnded | e.LineSuspended, c: bytes) -> None:
    if isinstance(event, e.LineSuspended):
        order.settle(event.line, Settled("suspended", "appeal-overdue", event.at))
    elif isinstance(event, e.LinesEnded):
        for ref in event.lines:
            order.settle(ref.line, Settled(event.how, event.code, event.at))
    else:
        order.settle(event.line, Settled(event.status, event.code, event.at))
        order.recipients |= set(event.recipients)
        if c and order.effected is not None:
            order.heard.add(half(c))


def _effect(state: State, order: Order, event: e.Effected) -> None:
    order.status, order.effected, order.until = "effective", event.at, event.until
    order.book = event.book, event.book_version
    roots = Counter(
        line.root
        for index, line in enumerate(order.lines())
        if index not in order.settled or order.settled[index].status != "refused"
    )
    begins = max(event.at, event.since)
    for root, count in sorted(roots.items()):
        entry = BulkEntry(
            event.at, order.draft.ground, root, event.order, count, event.released, begins
        )
        state.bulk.append(entry)


def _others(state: State, event: e.Event) -> None:
    if isinstance(event, e.Overdue) and event.what == "step":
        order = state.orders.get(event.about)
        if order is not None and order.status in OPEN:
            order.late = event.name
            state.touched.add(event.about)
    elif isinstance(event, e.Recalled):
        state.recalls.setdefault(event.order, set()).update(event.recipients)
    elif isinstance(event, e.RecallAcknowledged):
        waiting = state.recalls.get(event.order, set())
        waiting.discard(event.recipient)
        if not waiting:
            state.recalls.pop(event.order, None)
    elif isinstance(event, e.ItemPushed):
        state.items[event.city, event.department, event.day] = event
    elif isinstance(event, e.ItemMissing):
        state.missing_items.add((event.city, event.department, event.day))
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
