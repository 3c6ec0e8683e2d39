"""``fuma office list`` and ``replies``: what stands on the record, and what a key was told."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fuma.cli.errors import USAGE, CliError
from fuma.cli.officer import Json, reply_data, reply_text
from fuma.contracts.genesis import read_world
from fuma.desk.replies import ReplyReader
from fuma.domain.law.procedure import OFFICES, ROLES
from fuma.domain.time import HOUR, iso
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.keyfiles import Key
from fuma.runtime.mac import Sealer
from fuma.runtime.orderlog import ACCOUNTS, OnEvent, OrderLog


def read_orders(home: Home, *, accounts: bool = False, on_event: OnEvent | None = None) -> OrderLog:
    """The ledger of orders as it stands now."""
    world = read_world(home.world)
    reader = KafkaLogReader(kafka_config(home, "auditor"))
    try:
        sealer = Sealer(world.id, keyfiles.secret(home.path, Key.MAC))
        log = OrderLog(
            reader, sealer, world, kinds=ACCOUNTS if accounts else None, on_event=on_event
        )
        log.poll()
        return log
    finally:
        reader.close()


def list_accounts(
    province: Annotated[str, typer.Option(help="Two digits; default all.")] = "",
    as_json: Json = False,
) -> int:
    """Offices, accounts and keys as they stand on the record; open applications."""
    log = read_orders(Home.current(), accounts=True)
    found: list[dict[str, Any]] = []
    for one in [province] if province else log.provinces():
        state = log.state(one)
        keys: dict[str, list[str]] = {}
        for key, officer in sorted(state.keys.items()):
            keys.setdefault(officer, []).append(key)
        found.append({
            "province": one,
            "offices": [{"id": o.id, "kind": o.kind, "division": o.division, "name": o.name}
                        for o in state.offices.values()],
            "officers": [{"id": o.id, "office": o.office, "role": o.role, "name": o.name,
                          "keys": keys.get(o.id, []), "member": o.id in state.members}
                         for o in state.officers.values()],
            "applications": [{"id": a.application.hex(), "officer": a.officer.id,
                              "office": a.officer.office, "role": a.officer.role, "need": a.need,
                              "person": a.officer.person.hex()}
                             for a in state.applications.values()],
        })  # fmt: skip
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for part in found:
        console = Console()
        offices = Table("office", "kind", "division", "name", title=f"{part['province']}")
        for o in part["offices"]:
            kind = OFFICES[o["kind"]].zh if o["kind"] in OFFICES else o["kind"]
            offices.add_row(o["id"], kind, o["division"], o["name"])
        officers = Table("account", "office", "role", "name", "keys")
        for o in part["officers"]:
            role = ROLES[o["role"]].zh if o["role"] in ROLES else o["role"]
            officers.add_row(o["id"], o["office"], role, o["name"], " ".join(o["keys"]))
        console.print(offices)
        console.print(officers)
        for a in part["applications"]:
            console.print(f"申请 application {a['id']}: {a['officer']} ({a['role']}), {a['need']}")
            console.print(f"  自然人 person {a['person']}")
    return 0


def list_replies(
    pub: Annotated[Path, typer.Argument(help=".pub file of the key.")],
    hours: Annotated[float, typer.Option(help="How far back, by the broker's clock.")] = 72.0,
    as_json: Json = False,
) -> int:
    """What a key was told: accepted, refused, whose step is due, what is overdue."""
    try:
        id = pub.read_text(encoding="ascii").split()[1]
    except (OSError, ValueError, IndexError) as error:
        raise CliError(f"{pub}: not a .pub file ({error})", code=USAGE) from error
    reader = ReplyReader(kafka_config(Home.current(), "officer"))
    try:
        reader.follow(id, max(time.time_ns() // 1_000_000 - round(hours * HOUR), 1))
        for reply in reader.history():
            if as_json:
                print(json.dumps(reply_data(reply), ensure_ascii=False))
            else:
                print(f"{iso(reply.at)} {reply_text(reply)}")
    finally:
        reader.close()
    return 0
