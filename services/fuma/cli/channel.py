"""``fuma channel``: lists among admitted officers, encrypted to them alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from fuma.cli.errors import PARTLY_REFUSED, USAGE, CliError
from fuma.cli.office_read import read_orders
from fuma.cli.officer import Json, Signer, hex16, say, signed
from fuma.contracts.replies import Reply
from fuma.desk import channel as desk
from fuma.desk import signing
from fuma.desk.sending import Desk
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import iso
from fuma.runtime.embedded.paths import Home

channel = typer.Typer(no_args_is_help=True, help="Lists among admitted officers, encrypted.")
Which = Annotated[str, typer.Argument(help="Id of the list (32 hex digits).")]


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(channel, name="channel")


@channel.command(epilog="Example: fuma channel seal --key staff.key --province 46")
@signed
def seal(signer: Signer) -> int:
    """Tell the key to which lists are encrypted for you; it follows from your key file.

    To be done once after joining, and again after `fuma office rotate`.
    """
    public = signer.key.channel.public_key().public_bytes_raw()
    return signer.one(c.SetSeal(public), seal=public.hex())


@channel.command(epilog="Example: fuma channel send list.csv --division 4601 --to bureau-head …")
@signed
def send(
    signer: Signer,
    file: Annotated[Path, typer.Argument(help="The list; its first line is a header.")],
    division: Annotated[str, typer.Option(help="GB/T 2260 digits of its area.")],
    to: Annotated[list[str], typer.Option(help="Account; again for each recipient.")],
) -> int:
    """Encrypt a list to admitted members, put it into the channel, sign for it."""
    if not file.is_file():
        raise CliError(f"{file}: no such file", code=USAGE)
    terms = signer.terms(signer.province or division[:2])
    known = desk.members(signer.home, signer.key, terms)
    missing = [name for name in to if name not in known]
    if missing:
        raise CliError(
            f"not admitted, or without a key for lists: {', '.join(missing)}",
            "`fuma office invite` admits, `fuma channel seal` tells the key",
            code=PARTLY_REFUSED,
        )
    with file.open("rb") as lines:
        count = max(1, sum(1 for line in lines if line.strip()) - 1)
    body = desk.put(signer.home, file, division, count, {name: known[name] for name in to})
    return signer.one(body, province=terms.province, list=body.list.hex())


@channel.command(epilog="Example: fuma channel read 5f… --as bureau-head --to list.csv --key b")
@signed
def read(
    signer: Signer,
    which: Which,
    officer: Annotated[str, typer.Option("--as", help="Your account.")],
    to: Annotated[Path, typer.Option("--to", help="File to write the list to (mode 0600).")],
) -> int:
    """Read a list: the read is recorded first, the list opens after."""
    id = hex16(which, "list")
    replies: list[Reply] = []

    def recorded() -> bool:
        envelope = signing.sign(c.ReadList(id), signer.key, signer.terms())
        with Desk.open(signer.home, patience=signer.patience) as sender:
            replies.extend(sender.send([envelope]).replies)
        return bool(replies) and replies[-1].status == "accepted"

    done = desk.read(signer.home, id, officer, signer.key, signer.terms(), to, recorded)
    codes = [code for reply in replies for code in reply.codes]
    if not done:
        raise CliError(f"refused: {', '.join(codes)}", "it is on the record", code=PARTLY_REFUSED)
    say({"list": id.hex(), "file": str(to)}, signer.as_json, f"list {id.hex()} is in {to}")
    return 0


@channel.command("list", epilog="Example: fuma channel list --province 46")
def listing(
    province: Annotated[str, typer.Option(help="Two digits; default all.")] = "",
    as_json: Json = False,
) -> int:
    """Every list on the record, and who read it when. What is in it, nobody learns here."""
    rows: dict[bytes, dict[str, object]] = {}
    reads: list[tuple[bytes, str, str]] = []

    def note(where: str, _: object, event: e.Event) -> None:
        if province and where != province:
            return
        if isinstance(event, e.ListPosted):
            rows[event.list] = {
                "list": event.list.hex(), "province": where, "division": event.division,
                "count": event.count, "by": event.by.officer, "at": iso(event.at),
                "to": list(event.recipients), "reads": [],
            }  # fmt: skip
        elif isinstance(event, e.ListRead):
            reads.append((event.list, event.by.officer, iso(event.at)))

    read_orders(Home.current(), on_event=note)
    for id, officer, at in reads:
        held = rows.get(id, {}).get("reads")
        if isinstance(held, list):
            held.append({"officer": officer, "at": at})
    if as_json:
        print(json.dumps(list(rows.values()), ensure_ascii=False))
        return 0
    for row in rows.values():
        print(f"{row['list']}  {row['division']}  {row['count']} rows  {row['by']} {row['at']}")
        held = row["reads"]
        for one in held if isinstance(held, list) else ():
            print(f"  已读 read  {one['officer']}  {one['at']}")
    return 0
