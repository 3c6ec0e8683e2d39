"""``fuma order status`` and ``list``: what the ledger says of a form, and who took part."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fuma.cli.errors import CliError
from fuma.cli.office_read import read_orders
from fuma.cli.officer import Json, hex16
from fuma.desk import forms
from fuma.domain.authority.state import Order, State
from fuma.domain.authority.words import words
from fuma.domain.colour import Colour
from fuma.domain.law.vocabulary import GROUNDS
from fuma.domain.time import iso
from fuma.runtime.embedded.paths import Home

_STATUS = {
    "draft": "待明细 pages missing", "complete": "办理中 in its chain",
    "held": "批量待批 held: bulk",
    "effective": "生效 in effect", "rejected": "已驳回 rejected", "withdrawn": "已撤回 withdrawn",
    "lapsed": "已失效 lapsed", "expired": "期满 expired", "lifted": "已解除 lifted",
    "annulled": "已撤销 annulled",
}  # fmt: skip


def order_status(
    which: Annotated[str, typer.Argument(help="The form's file, or the order's id.")],
    as_json: Json = False,
) -> int:
    """Where a form stands: its chain by name, its lines' outcomes, until when it holds."""
    path = Path(which)
    about = forms.read(path).draft.order if path.is_file() else hex16(which, "order")
    log = read_orders(Home.current())
    for province in log.provinces():
        found = log.state(province).orders.get(about)
        if found is not None:
            data = order_data(log.state(province), found)
            if as_json:
                print(json.dumps(data, ensure_ascii=False))
            else:
                _print(data)
            return 0
    raise CliError(f"no order {about.hex()} is on the record", "was its draft accepted?")


def list_orders(
    province: Annotated[str, typer.Option(help="Two digits; default all.")] = "",
    as_json: Json = False,
) -> int:
    """Every form on the record, with its status."""
    log = read_orders(Home.current())
    rows = [
        order_data(log.state(one), order)
        for one in ([province] if province else log.provinces())
        for order in log.state(one).orders.values()
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    shown = Table("order", "division", "ground", "colour", "lines", "status", "steps")
    for row in rows:
        shown.add_row(row["order"], row["division"], row["ground"], row["colour"],
                      str(row["count"]), row["status"], " ".join(row["steps"]))  # fmt: skip
    Console().print(shown)
    return 0


def order_data(state: State, order: Order) -> dict[str, Any]:
    """An order as ``--json`` shows it."""
    draft = order.draft
    settled = Counter(one.status for one in order.settled.values())
    refused = Counter(one.code for one in order.settled.values() if one.status == "refused")
    return {
        "order": draft.order.hex(),
        "province": state.province,
        "division": draft.division,
        "ground": draft.ground,
        "colour": Colour(draft.colour).word,
        "count": draft.count,
        "content": draft.content().hex(),
        "procedure": order.procedure,
        "status": order.status,
        "steps": order.steps,
        "chain": [
            {"step": step, "officer": actor.officer, "office": actor.office, "key": actor.key}
            for step, actor in zip(order.steps, order.chain, strict=False)
        ],
        "lines": dict(settled),
        "refused": dict(refused),
        "effected": iso(order.effected) if order.effected is not None else "",
        "until": iso(order.until) if order.until is not None else "",
        "late": order.late,
    }


def _print(data: dict[str, Any]) -> None:
    ground = GROUNDS.get(data["ground"])
    print(f"order {data['order']}  {_STATUS.get(data['status'], data['status'])}")
    print(f"  {data['division']}  {ground.zh if ground else ''} {data['ground']}  "
          f"{data['colour']}  {data['count']} lines")  # fmt: skip
    for one in data["chain"]:
        print(f"  {one['step']}: {one['officer']} ({one['office']}), key {one['key']}")
    if data["lines"]:
        print("  lines: " + ", ".join(f"{n} {status}" for status, n in data["lines"].items()))
    for code, count in data["refused"].items():
        print(f"    {count} × {code}: {words(code).zh} / {words(code).en}")
    if data["effected"]:
        print(f"  from {data['effected']} until {data['until']}")
    if data["late"]:
        print(f"  overdue 已逾期: {data['late']}")
