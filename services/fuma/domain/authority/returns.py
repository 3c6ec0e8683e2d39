"""Daily returns: each department its own list, the city one report of them all, in time or not.

No colour moves because of a return: nothing here touches an order.
"""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.right import Answer, Case, No
from fuma.domain.authority.state import State
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, HOUR, Ms, day_of


def push(case: Case, body: c.PushItem) -> Answer:
    """A department's own list, pushed to the big-data body of its level."""
    procedure = case.procedure(case.office.division)
    rules = procedure.returns if procedure else None
    if rules is None:
        return No(("no-returns-here",))
    if not case.fits(rules.items):
        return No(("not-your-step",))
    if body.department != case.office.department or body.department not in rules.departments:
        return No(("another-department",))
    if not 0 <= day_of(case.at) - body.day <= 7:
        return No(("day-wrong",))
    city = case.office.division
    before = case.state.items.get((city, body.department, body.day))
    # What is quarantined was never taken in: sending it whole is no correction.
    standing = before is not None and before.status != "quarantined"
    if standing and not body.corrects:
        return No(("already-returned",))
    if body.corrects and before is None:
        return No(("nothing-to-correct",))
    if body.declared < 0 or body.arrived < 0:
        return No(("count-wrong",))
    status = "whole" if body.declared else "nil"
    if body.declared != body.arrived:
        status = "quarantined"
    return [
        e.ItemPushed(
            city, body.department, body.day, body.declared, body.arrived, body.digest, status,
            body.corrects, case.actor, case.at,
        )
    ]  # fmt: skip


def report(case: Case, body: c.CityReturn) -> Answer:
    """The city's one report of the day. It passes on what came; it edits nothing."""
    procedure = case.procedure(case.office.division)
    rules = procedure.returns if procedure else None
    if rules is None:
        return No(("no-returns-here",))
    if not case.fits(rules.by):
        return No(("not-your-step",))
    if not 0 <= day_of(case.at) - body.day <= 7:
        return No(("day-wrong",))
    city = case.office.division
    before = case.state.returns.get((city, body.day))
    if before is not None and not body.corrects:
        return No(("already-returned",))
    if body.corrects and before is None:
        return No(("nothing-to-correct",))
    arrived = {}
    for department in rules.departments:
        item = case.state.items.get((city, department, body.day))
        if item is not None and item.status != "quarantined":
            arrived[department] = item.digest
    if dict(body.items) != arrived or len(body.items) != len(arrived):
        return No(("items-differ",))
    missing = tuple(d for d in rules.departments if d not in arrived)
    status = "in-time" if case.at < due(body.day, rules.due) else "late"
    return [
        e.ReturnReceived(
            city, body.day, status, body.corrects, body.items, missing, case.actor, case.at
        )
    ]


def overdue(state: State, at: Ms, law: Law) -> list[e.Event]:
    """Cities whose report of a day was due and is not there, each once."""
    found: list[e.Event] = []
    last = day_of(at)
    first = day_of(state.tick) if state.tick else last
    for day in range(max(first, last - 7), last + 1):
        for office in sorted(state.offices.values(), key=lambda one: one.id):
            procedure = law.procedure(office.division, due(day, 0))
            rules = procedure.returns if procedure else None
            if rules is None or at < due(day, rules.due) or len(office.division) != 4:
                continue
            city = (office.division, day)
            if office.kind not in rules.by.offices or city in state.returns:
                continue
            if city not in state.missing and e.ReturnMissing(*city, at) not in found:
                found.append(e.ReturnMissing(*city, at))
                found.append(e.Overdue("return", b"", f"{city[0]} {day}", "province", at))
    return found


def due(day: int, since_midnight: Ms) -> Ms:
    """The instant so long after midnight of ``day`` in Asia/Shanghai."""
    return day * DAY - 8 * HOUR + since_midnight
