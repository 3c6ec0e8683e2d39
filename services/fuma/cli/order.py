"""``fuma order``: forms, the steps of their chain, lifting and annulment, by signed commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuma.cli.errors import DONE, USAGE, CliError
from fuma.cli.officer import Json, NoWait, Patience, Signer, hex16, say, signed, told
from fuma.cli.order_draft import draft_form
from fuma.cli.order_read import list_orders, order_status
from fuma.cli.order_recalls import order_recalls
from fuma.desk import forms, signing
from fuma.desk.sending import Desk
from fuma.domain.authority import commands as c
from fuma.runtime.embedded.paths import Home

order = typer.Typer(no_args_is_help=True, help="Forms and orders: from draft to effect and end.")
Which = Annotated[str, typer.Argument(help="The form's file, or the order's id (32 hex digits).")]
Reason = Annotated[str, typer.Option(help="Why; it stands on the record.")]
Content = Annotated[str, typer.Option(help="Content digest, where no form's file is at hand.")]
Lines = Annotated[str, typer.Option(help="Lines, counted from 1: 3,7-9. Default all.")]


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(order, name="order")


order.command("draft", epilog="Example: fuma order draft list.csv --division 141123 --ground "
              "confirmed --colour red --form list.form --key clerk.key")(draft_form)  # fmt: skip
order.command("status", epilog="Example: fuma order status list.form")(order_status)
order.command("recalls", epilog="Example: fuma order recalls --province 64 --open --json")(
    order_recalls
)
order.command("list", epilog="Example: fuma order list --province 14")(list_orders)


@order.command(epilog="Example: fuma order check list.form")
def check(
    file: Annotated[Path, typer.Argument(help="The form's file.")], as_json: Json = False
) -> int:
    """Check a form's file before signing: its lines are those of its manifest. Needs no key."""
    form = forms.check(file)
    data = forms.manifest(form)
    say(data, as_json, "\n".join(f"{name} {value}" for name, value in data.items()))
    return DONE


@order.command(epilog="Example: fuma order act list.form --step review --key reviewer.key")
@signed
def act(
    signer: Signer,
    which: Which,
    step: Annotated[str, typer.Option(help="The step: sign, review, approve.")],
    content: Content = "",
) -> int:
    """Take the next step of a form, over exactly the content of its file."""
    return _act(signer, which, step, content)


@order.command(epilog="Example: fuma order sign list.form --key head.key --out signed.txt")
@signed
def sign(signer: Signer, which: Which, content: Content = "") -> int:
    """Sign a form as the principal officer of its office: the content is frozen."""
    return _act(signer, which, "sign", content)


@order.command(epilog="Example: fuma order review list.form --key reviewer.key")
@signed
def review(signer: Signer, which: Which, content: Content = "") -> int:
    """Review a form: another person, another office."""
    return _act(signer, which, "review", content)


@order.command(epilog="Example: fuma order approve list.form --key assigner.key")
@signed
def approve(signer: Signer, which: Which, content: Content = "") -> int:
    """Approve a form: it takes effect, unless the bulk gate holds it."""
    return _act(signer, which, "approve", content)


def _act(signer: Signer, which: str, step: str, content: str) -> int:
    about, province, digest = _which(which, content)
    return signer.one(c.Act(about, step, digest), province=province)


@order.command("release-bulk", epilog="Example: fuma order release-bulk list.form --key bureau.key")
@signed
def release_bulk(signer: Signer, which: Which, content: Content = "") -> int:
    """Release a form that the bulk gate holds: central handling."""
    about, province, digest = _which(which, content)
    return signer.one(c.ReleaseBulk(about, digest), province=province)


@order.command(epilog="Example: fuma order reject list.form --reason 名单有误 --key reviewer.key")
@signed
def reject(signer: Signer, which: Which, reason: Reason) -> int:
    """Reject a form whose step is yours."""
    about, province, _ = _which(which)
    return signer.one(c.Reject(about, reason), province=province)


@order.command(epilog="Example: fuma order withdraw list.form --reason 重复填报 --key clerk.key")
@signed
def withdraw(signer: Signer, which: Which, reason: Reason) -> int:
    """Withdraw a form that you drafted or signed, while it has no effect."""
    about, province, _ = _which(which)
    return signer.one(c.Withdraw(about, reason), province=province)


@order.command(epilog="Example: fuma order lift list.form --lines 3 --evidence 5f… --key city.key")
@signed
def lift(
    signer: Signer,
    which: Which,
    evidence: Annotated[str, typer.Option(help="Id of the fact that meets the condition, hex.")],
    lines: Lines = "",
) -> int:
    """Lift an order, or some of its lines: the condition is met, from now on."""
    about, province, _ = _which(which)
    body = c.Lift(about, numbers(lines), hex16(evidence, "fact"))
    return signer.one(body, province=province)


@order.command(epilog="Example: fuma order annul list.form --reason 与疫情无关 --key city.key")
@signed
def annul(signer: Signer, which: Which, reason: Reason, lines: Lines = "") -> int:
    """Annul an order, or some of its lines: never valid; whoever got it is recalled."""
    about, province, _ = _which(which)
    return signer.one(c.Annul(about, numbers(lines), reason), province=province)


@order.command(epilog="Example: fuma order acknowledge 5f… --recipient shanxi-health --key a.key")
@signed
def acknowledge(
    signer: Signer,
    which: Which,
    recipient: Annotated[str, typer.Option(help="The office that undid it: your own.")],
) -> int:
    """Confirm that a recalled order was undone in your office."""
    about, province, _ = _which(which)
    return signer.one(c.AcknowledgeRecall(about, recipient), province=province)


@order.command(epilog="Example: fuma order send signed.txt")
def send(
    file: Annotated[Path, typer.Argument(help="What `--out` wrote.")],
    no_wait: NoWait = False,
    patience: Patience = 60.0,
    as_json: Json = False,
) -> int:
    """Send what was signed elsewhere. Needs no key; sent again, nothing counts twice."""
    if not file.is_file():
        raise CliError(f"{file}: no such file", code=USAGE)
    with Desk.open(Home.current().path, patience=patience) as desk:
        sent = desk.send(signing.read_signed(file), wait=not no_wait, again=True)
    return told(sent, as_json)


def _which(text: str, content: str = "") -> tuple[bytes, str, bytes]:
    """Order, province and content digest of a form's file, or of an id and ``content``."""
    path = Path(text)
    if path.is_file():
        form = forms.read(path)
        return form.draft.order, form.province, form.draft.content()
    about = hex16(text, "order, and no form's file")
    try:
        digest = bytes.fromhex(content)
    except ValueError as error:
        raise CliError(f"{content!r} is no digest", "64 hex digits", code=USAGE) from error
    return about, "", digest


def numbers(text: str) -> tuple[int, ...]:
    """``3,7-9`` to the lines' places from 0. Raises ``CliError``."""
    found: set[int] = set()
    try:
        for part in filter(None, text.split(",")):
            first, _, last = part.partition("-")
            span = range(int(first), int(last or first) + 1)
            if span.start < 1 or len(span) > 100_000:
                raise ValueError
            found.update(span)
    except ValueError as error:
        raise CliError(f"{text!r}: no list of lines", "write 3,7-9", code=USAGE) from error
    return tuple(sorted(number - 1 for number in found))
