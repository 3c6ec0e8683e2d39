"""Daily returns: each department its own list, the city one report of them all, in time or not.

No colour moves because of a return: nothing here touches an order.
"""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.commands import Office
from fuma.domain.authority.right import Answer, Case, No, fits
from fuma.domain.authority.state import State
from fuma.domain.law.inforce import Law
from fuma.domain.law.procedure import Returns, Who
from fuma.domain.time import DAY, HOUR, Ms, day_of

#: Digits of a city's division.
_CITY = 4
#: Officers who are told of one delay at most.
_TOLD = 200


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
            body.corrects, case.actor, case.at, case.at >= due(body.day, rules.due),
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
    """Cities whose report of a day was due and is not there, and departments without a list.

    Each is said once, and brought to the province.
    """
    found: list[e.Event] = []
    last = day_of(at)
    first = max(day_of(state.tick) if state.tick else last, last - 7)
    for division in sorted(place for place in state.places if len(place) == _CITY):
        for day in range(first, last + 1):
            procedure = law.procedure(division, due(day, 0))
            rules = procedure.returns if procedure else None
            if rules is None or at < due(day, rules.due):
                continue
            offices = [state.offices[name] for name in sorted(state.places[division])]
            if any(office.kind in rules.by.offices for office in offices):
                found += _late_city(state, division, day, rules, offices, at)
    return found


def _late_city(
    state: State, city: str, day: int, rules: Returns, offices: list[Office], at: Ms
) -> list[e.Event]:
    found: list[e.Event] = []
    for department in rules.departments:
        name = (city, department, day)
        if name in state.items or name in state.missing_items:
            continue
        mine = [office for office in offices if office.department == department]
        keys = _keys(state, mine, rules.items)
        found.append(e.ItemMissing(*name, at))
        found.append(e.Overdue("item", b"", f"{city} {day} {department}", "city", at, keys))
    if (city, day) not in state.returns and (city, day) not in state.missing:
        keys = _keys(state, offices, rules.by)
        found.append(e.ReturnMissing(city, day, at))
        found.append(e.Overdue("return", b"", f"{city} {day}", "province", at, keys))
    return found


def _keys(state: State, offices: list[Office], who: Who) -> tuple[str, ...]:
    """Keys of the officers who owe it."""
    return tuple(
        key
        for office in offices
        for key in sorted(state.staff.get(office.id, ()))
        if fits(who, office, state.officers[state.keys[key]])
    )[:_TOLD]


def due(day: int, since_midnight: Ms) -> Ms:
    """The instant so long after midnight of ``day`` in Asia/Shanghai."""
    return day * DAY - 8 * HOUR + since_midnight
