"""``fuma case``: appeals and complaints, by signed commands; each has an outcome in the end."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Annotated

import typer

from fuma.cli.errors import USAGE, CliError
from fuma.cli.officer import Signer, hex16, signed
from fuma.domain.authority import commands as c

case = typer.Typer(no_args_is_help=True, help="Appeals and complaints: filed, assigned, decided.")
Number = Annotated[str, typer.Argument(help="Tracking number (32 hex digits).")]


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(case, name="case")


@case.command(epilog="Example: fuma case file complaint --division 460105 --concerns command "
              "--text said.txt --key desk.key")  # fmt: skip
@signed
def file(
    signer: Signer,
    kind: Annotated[str, typer.Argument(help="appeal or complaint.")],
    division: Annotated[str, typer.Option(help="GB/T 2260 digits of the place.")],
    text: Annotated[Path, typer.Option(help="What was said; the log holds its digest.")],
    concerns: Annotated[str, typer.Option(help="Department that a complaint concerns.")] = "",
    order: Annotated[str, typer.Option(help="The order, 32 hex digits; an appeal has one.")] = "",
    line: Annotated[int, typer.Option(help="Its line, counted from 1.", min=1)] = 1,
) -> int:
    """File an appeal against a line, or a complaint about a department; gives its number."""
    try:
        digest = hashlib.sha256(text.read_bytes()).digest()
    except OSError as error:
        raise CliError(f"{text}: {error.strerror}", code=USAGE) from error
    about = hex16(order, "order") if order else b""
    number = secrets.token_bytes(16)
    body = c.FileCase(number, kind, about, line - 1, division, concerns, digest)
    return signer.one(body, province=signer.province or division[:2], number=number.hex())


@case.command(epilog="Example: fuma case assign 5f… --decider city-head --key city.key")
@signed
def assign(
    signer: Signer, number: Number, decider: Annotated[str, typer.Option(help="The account.")]
) -> int:
    """Acknowledge a case and give it to a decider who took no part in the order."""
    return signer.one(c.AssignCase(hex16(number, "case"), decider))


@case.command(
    epilog="Example: fuma case decide 5f… --outcome overturned --reason 无证据 --key c.key"
)
@signed
def decide(
    signer: Signer,
    number: Number,
    outcome: Annotated[str, typer.Option(help="upheld, overturned; founded, unfounded.")],
    reason: Annotated[str, typer.Option(help="Why; it stands on the record.")],
) -> int:
    """Close a case with its outcome. An appeal that is overturned annuls the line."""
    return signer.one(c.DecideCase(hex16(number, "case"), outcome, reason))
