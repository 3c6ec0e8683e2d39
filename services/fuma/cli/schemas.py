"""``fuma schemas``: check the schema folder, and lock what is new."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fuma.contracts import registry
from fuma.contracts.resources import root

schemas = typer.Typer(no_args_is_help=True, help="Avro schemas as code: check and lock.")


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(schemas, name="schemas")


@schemas.command("check", short_help="Hold schemas/ to its lock.")
def check(as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False) -> int:
    """List every version with its id and fingerprint; fails where a file and the lock differ.

    Example: fuma schemas check
    """
    known = registry.load(root() / "schemas")
    rows = [
        {"subject": v.subject, "version": v.version, "id": v.id, "fingerprint": v.fingerprint}
        for v in sorted(known.by_id.values(), key=lambda v: (v.subject, v.version))
    ]
    if as_json:
        print(json.dumps({"schemas": rows}))
    else:
        for r in rows:
            print(f"{r['id']:>4}  {r['subject']} v{r['version']}  {r['fingerprint']}")
    return 0


@schemas.command("lock", short_help="Add new versions to the lock.")
def lock() -> int:
    """Give each new version an id and pin its fingerprint; a version that was edited is refused.

    Example: fuma schemas lock
    """
    added = registry.lock(root() / "schemas")
    print(f"locked {', '.join(added)}" if added else "nothing new")
    return 0
