"""``fuma up``, ``fuma down``, ``fuma status``: the embedded Kafka and Redis."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from fuma.cli import run_state
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack
from fuma.runtime.embedded.supervisor.stack import Status

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: FUMA_HOME=/tmp/try fuma up --json")(up)
    app.command(epilog="Example: fuma down")(down)
    app.command(epilog="Example: fuma status --json")(status)


def _print(found: Status, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
        return
    for name, word, address, pid in (
        ("Kafka", found.kafka, found.kafka_address, found.kafka_pid),
        ("Redis", found.redis, found.redis_address, found.redis_pid),
    ):
        more = f"  {address}" if address and word != "down" else ""
        print(f"{name}  {word}{more}" + (f"  (process {pid})" if pid and word == "up" else ""))
    print(f"home   {found.home}")


def up(as_json: Json = False) -> int:
    """Start Kafka and Redis on free ports, with users, topics and access rules; keep what runs.

    FUMA_HOME says where everything lies (default: .fuma in the checkout); FUMA_KAFKA and
    FUMA_REDIS name external servers to use instead.
    """
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"  {line}", file=sys.stderr)

    found = stack.up(Home.current(), say)
    _print(found, as_json)
    if not as_json:
        print(f"ready after {time.monotonic() - began:.1f} s")
    return 0 if found.up else 1


def down(as_json: Json = False) -> int:
    """Stop the services, then Kafka and Redis, cleanly; their data stays."""
    home = Home.current()
    services = run_state.stop(home.path)
    done = (["services"] if services else []) + stack.down(home)
    if as_json:
        print(json.dumps({"stopped": done}, ensure_ascii=False))
    else:
        print("\n".join(done) if done else "nothing was running")
    return 0


def status(as_json: Json = False) -> int:
    """Say what runs and where; exit 1 unless both answer."""
    home = Home.current()
    found = stack.status(home)
    running = run_state.current(home.path)
    children = running.children if running else ()
    if as_json:
        services = [asdict(child) for child in children]
        print(json.dumps({**found.to_json(), "services": services}, ensure_ascii=False))
        return 0 if found.up else 1
    _print(found, as_json)
    for child in children:
        where = f"process {child.proc.pid}" if child.proc else "to be started again"
        print(f"{child.service}  {child.state}  ({where}, started again {child.restarts} times)")
    if not children:
        print("no services run: fuma run --detach")
    return 0 if found.up else 1
