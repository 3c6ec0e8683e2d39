"""``fuma order recalls``: what was annulled, who still has to undo it, and who took part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from fuma.cli.office_read import read_orders
from fuma.cli.officer import Json
from fuma.domain.authority.relief import report_by_actor
from fuma.domain.authority.state import Order, State
from fuma.runtime.embedded.paths import Home


def order_recalls(
    province: Annotated[str, typer.Option(help="Two digits; default all.")] = "",
    open_only: Annotated[bool, typer.Option("--open", help="Only unacknowledged ones.")] = False,
    as_json: Json = False,
) -> int:
    """List annulled orders: each recipient recalled and whether it acknowledged, and by actor.

    The report by actor has every natural person who took a step of an order of which a line was
    annulled: the steps, under which account, over how many annulled lines.
    """
    log = read_orders(Home.current())
    states = [log.state(one) for one in ([province] if province else log.provinces())]
    told = recalls(states, open_only=open_only)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(text(told))
    return 0


def recalls(states: Iterable[State], *, open_only: bool = False) -> dict[str, Any]:
    """Annulled orders and the report by actor, as ``--json`` shows them."""
    orders, actors = [], []
    for state in states:
        rows = [_recall(state, order) for order in state.orders.values() if _annulled(order)]
        orders += [row for row in rows if row["waiting"] or not open_only]
        names = {officer.person: officer.name for officer in state.officers.values()}
        for person, steps in sorted(report_by_actor(state.orders.values()).items()):
            actors.append({
                "province": state.province, "person": person.hex(), "name": names.get(person, ""),
                "lines": sum(count for _, _, count in steps),
                "steps": [{"step": s, "officer": o, "lines": n} for s, o, n in steps],
            })  # fmt: skip
    return {"orders": orders, "actors": actors}


def _annulled(order: Order) -> int:
    return sum(1 for one in order.settled.values() if one.status == "annulled")


def _recall(state: State, order: Order) -> dict[str, Any]:
    waiting = state.recalls.get(order.draft.order, set())
    return {
        "order": order.draft.order.hex(),
        "province": state.province,
        "ground": order.draft.ground,
        "annulled": _annulled(order),
        "count": order.draft.count,
        "waiting": sorted(waiting),
        "acknowledged": sorted(order.recipients - waiting),
    }


def text(told: dict[str, Any]) -> str:
    """The same, to read."""
    lines = []
    for one in told["orders"]:
        lines.append(f"{one['order']}  {one['province']}  {one['ground']}  "
                     f"已撤销 annulled {one['annulled']} / {one['count']}")  # fmt: skip
        lines += [f"    待确认 waiting: {name}" for name in one["waiting"]]
        lines += [f"    已确认 acknowledged: {name}" for name in one["acknowledged"]]
    if not told["orders"]:
        lines.append("无撤销 nothing to recall")
    if told["actors"]:
        lines.append("按经办人 by actor:")
    for one in told["actors"]:
        steps = "; ".join(f"{s['step']} {s['officer']} {s['lines']}" for s in one["steps"])
        lines.append(f"    {one['name'] or one['person']}: {one['lines']} ({steps})")
    return "\n".join(lines)
