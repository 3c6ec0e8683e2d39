"""``fuma topics plan|apply``: the declared topics and the broker's."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from fuma.cli.errors import DONE, FAILED
from fuma.contracts.topics import topics as declared
from fuma.runtime.embedded import acl, admin, topicsync
from fuma.runtime.embedded.paths import Home

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Compare and create the topics of topics/.")
    group.command(epilog="Example: fuma topics plan --json")(plan)
    group.command(epilog="Example: fuma topics apply")(apply)
    app.add_typer(group, name="topics")


def _print(found: topicsync.Plan, as_json: bool, *, done: bool) -> None:
    if as_json:
        content = {
            "differences": [asdict(d) for d in found.differences],
            "unchanged": found.unchanged,
            "applied": done,
        }
        print(json.dumps(content, ensure_ascii=False))
        return
    for difference in found.differences:
        print(difference.sentence())
    print(
        f"{found.unchanged} topics as declared, {len(found.differences)} differences"
        + (", now applied" if done and found.differences else "")
    )


def plan(as_json: Json = False) -> int:
    """Say where the broker differs from topics/; change nothing. Exit 1 if it cannot be applied."""
    client = admin.admin_client(Home.current())
    admin.wait_ready(client, patience=10.0)
    found = topicsync.plan(client, declared())
    _print(found, as_json, done=False)
    return FAILED if found.of("refuse") else DONE


def apply(as_json: Json = False) -> int:
    """Create what is missing, set what differs, bring the access rules in line.

    A partition count is never changed, a topic never deleted.
    """
    client = admin.admin_client(Home.current())
    admin.wait_ready(client, patience=10.0)
    found = topicsync.apply(client, declared())
    admin.ensure_rules(client, acl.kafka_rules(declared().values()))
    _print(found, as_json, done=True)
    return DONE
