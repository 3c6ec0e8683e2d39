"""``fuma return``: the daily returns of a department and of a city, by signed commands."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from fuma.cli.errors import USAGE, CliError
from fuma.cli.officer import Signer, signed
from fuma.domain.authority import commands as c
from fuma.domain.time import day_of, day_start

returns = typer.Typer(
    no_args_is_help=True, help="Daily returns: a department's list, a city's report."
)
Day = Annotated[str, typer.Option(help="The day, 2020-06-14; default that of signing.")]
Corrects = Annotated[bool, typer.Option("--corrects", help="It corrects one that stands.")]


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(returns, name="return")


@returns.command(
    epilog="Example: fuma return item health --declared 120 --list day.csv --key d.key"
)
@signed
def item(
    signer: Signer,
    department: Annotated[str, typer.Argument(help="Your department.")],
    declared: Annotated[int, typer.Option(help="How many rows it has; 0 is a nil return.", min=0)],
    list: Annotated[
        Path | None, typer.Option(help="The list itself; its digest is signed.")
    ] = None,
    arrived: Annotated[
        int | None, typer.Option(help="How many arrived, if not all.", min=0)
    ] = None,
    day: Day = "",
    corrects: Corrects = False,
) -> int:
    """Push a department's own list of the day: declared against arrived, and its digest."""
    try:
        digest = hashlib.sha256(list.read_bytes() if list else b"").digest()
    except OSError as error:
        raise CliError(f"{list}: {error.strerror}", code=USAGE) from error
    came = declared if arrived is None else arrived
    body = c.PushItem(department, _day(day, signer), declared, came, digest, corrects)
    return signer.one(body, digest=digest.hex())


@returns.command(
    epilog="Example: fuma return city --item health=5f… --item education=9a… --key b.key"
)
@signed
def city(
    signer: Signer,
    item: Annotated[list[str], typer.Option(help="DEPARTMENT=DIGEST, as it was pushed.")],
    day: Day = "",
    corrects: Corrects = False,
) -> int:
    """Send the city's one report of the day, itemised by department; it edits nothing."""
    items = []
    for text in item:
        department, _, digest = text.partition("=")
        try:
            items.append((department, bytes.fromhex(digest)))
        except ValueError as error:
            raise CliError(f"{text!r}: no item", "DEPARTMENT=64 hex digits", code=USAGE) from error
    return signer.one(c.CityReturn(_day(day, signer), tuple(sorted(items)), corrects))


def _day(text: str, signer: Signer) -> int:
    if not text:
        return day_of(signer.issued)
    try:
        return day_of(day_start(date.fromisoformat(text)))
    except ValueError as error:
        raise CliError(f"{text!r} is no day", "write 2020-06-14", code=USAGE) from error
