"""``fuma office``: offices, accounts and keys, by signed commands."""

from __future__ import annotations

import base64
import hashlib
import secrets
from pathlib import Path
from typing import Annotated

import typer

from fuma.cli.errors import DONE, USAGE, CliError
from fuma.cli.office_found import found_province
from fuma.cli.office_read import list_accounts, list_replies
from fuma.cli.officer import Json, PassphraseFile, Signer, hex16, passphrase, say, signed
from fuma.desk import keyfile
from fuma.desk.asking import Asker
from fuma.domain.authority import commands as c
from fuma.domain.authority.right import DIGITS
from fuma.domain.law.procedure import OFFICES, ROLES

office = typer.Typer(no_args_is_help=True, help="Offices, accounts, keys: who may sign.")
Reason = Annotated[str, typer.Option(help="Why; it stands on the record.")]


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(office, name="office")


@office.command(epilog="Example: fuma office keygen --out zhang.key")
def keygen(
    out: Annotated[Path, typer.Option(help="Key file to make.")],
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> int:
    """Make a key file: Ed25519, encrypted under a passphrase, readable by you alone."""
    key = keyfile.generate()
    keyfile.write(out, key, passphrase(passphrase_file, twice=True))
    say({"file": str(out), "key": key.id, "public": key.public.hex()}, as_json,
        f"{out}: key {key.id}\npublic {key.public.hex()} (also in {out}.pub)")  # fmt: skip
    return DONE


office.command("found", epilog="Example: fuma office found xing.yaml --at 2022-06-01")(
    found_province
)
office.command("list", epilog="Example: fuma office list --province 14")(list_accounts)
office.command("replies", epilog="Example: fuma office replies zhang.key.pub")(list_replies)


@office.command("open", epilog="Example: fuma office open xing-cdc --kind cdc --department health "
                "--division 141123 --name 兴县疾控中心 --key admin.key --province 14")  # fmt: skip
@signed
def open_office(
    signer: Signer,
    id: Annotated[str, typer.Argument(help="A word for the office, for ever its own.")],
    kind: Annotated[str, typer.Option(help=", ".join(OFFICES) + ".")],
    division: Annotated[str, typer.Option(help="GB/T 2260 digits of its area.")],
    name: Annotated[str, typer.Option(help="What it is called.")],
    department: Annotated[str, typer.Option(help="Of which department.")] = "command",
) -> int:
    """Open an office. Who may is said by the procedure of the place (docs/who-may.md)."""
    level = next((word for word, size in DIGITS.items() if size == len(division)), "")
    if kind not in OFFICES or not level:
        raise CliError(
            "no such kind of office" if level else f"{division!r} is no division of any level",
            "kinds: " + ", ".join(OFFICES),
            code=USAGE,
        )
    made = c.Office(id, kind, department, level, division, name)
    return signer.one(c.OpenOffice(made), province=signer.province or division[:2])


@office.command("close", epilog="Example: fuma office close xing-cdc --reason merged --key a.key")
@signed
def close_office(signer: Signer, id: Annotated[str, typer.Argument()], reason: Reason) -> int:
    """Close an office: its officers sign nothing any more."""
    return signer.one(c.CloseOffice(id, reason))


@office.command(epilog="Example: fuma office apply wang --office xing-control --role staff "
                "--name 王五 --number 1411… --need 填表 --key wang.key --province 14")  # fmt: skip
@signed
def apply(
    signer: Signer,
    id: Annotated[str, typer.Argument(help="A word for the account.")],
    office: Annotated[str, typer.Option(help="Id of the office.")],
    role: Annotated[str, typer.Option(help=", ".join(ROLES) + ".")],
    name: Annotated[str, typer.Option(help="Your name.")],
    need: Annotated[str, typer.Option(help="What the account is needed for.")],
    number: Annotated[str, typer.Option(help="Your identity number; goes no further.")] = "",
    person: Annotated[str, typer.Option(help="Or your reference (32 hex digits).")] = "",
) -> int:
    """Apply for an account, signed with the key that is to be registered."""
    ref = hex16(person, "reference of a person") if person else _person(signer, number, name)
    application = secrets.token_bytes(16)
    body = c.Apply(application, c.Officer(id, office, role, ref, name), need)
    return signer.one(body, application=application.hex())


def _person(signer: Signer, number: str, name: str) -> bytes:
    if not number:
        raise CliError("who are you?", "--number with --name, or --person", code=USAGE)
    asker = Asker(signer.home, signer.key)
    try:
        return asker.person(signer.terms(), number, name, "账号申请 application for an account")
    finally:
        asker.close()


@office.command(epilog="Example: fuma office person --number 1411… --name 王五 --key admin.key")
@signed
def person(
    signer: Signer,
    number: Annotated[str, typer.Option(help="Identity number, as on the card before you.")],
    name: Annotated[str, typer.Option(help="Name, as on the card.")],
) -> int:
    """Say by which reference the record names a natural person: to compare with an application."""
    asker = Asker(signer.home, signer.key)
    try:
        found = asker.person(signer.terms(), number, name, "核对申请人 checking an applicant")
    finally:
        asker.close()
    say({"person": found.hex()}, signer.as_json, found.hex())
    return DONE


@office.command(epilog="Example: fuma office review 5f… --grant --key admin.key")
@signed
def review(
    signer: Signer,
    application: Annotated[str, typer.Argument(help="32 hex digits.")],
    grant: Annotated[bool, typer.Option("--grant/--refuse", help="Open the account, or not.")],
    reason: Annotated[str, typer.Option(help="Why; needed where it is refused.")] = "",
) -> int:
    """Decide on an application: the account opens, or is refused with a reason."""
    about = hex16(application, "application")
    return signer.one(c.ReviewApplication(about, grant, reason))


@office.command("close-account", epilog="Example: fuma office close-account wang --reason left …")
@signed
def close_account(signer: Signer, id: Annotated[str, typer.Argument()], reason: Reason) -> int:
    """Close an account; its keys end."""
    return signer.one(c.CloseAccount(id, reason))


@office.command(epilog="Example: fuma office rotate new.key.pub --key old.key")
@signed
def rotate(
    signer: Signer, new: Annotated[Path, typer.Argument(help=".pub file of the next key.")]
) -> int:
    """Go over to another key: the one that signs this ends with the record."""
    return signer.one(c.RotateKey(public_id(new)))


@office.command(epilog="Example: fuma office revoke 9a… --reason stolen --key admin.key")
@signed
def revoke(
    signer: Signer, id: Annotated[str, typer.Argument(help="Id of the key.")], reason: Reason
) -> int:
    """Revoke a key: your own, or one of an account that you may open."""
    return signer.one(c.RevokeKey(id, reason))


@office.command(epilog="Example: fuma office invite haikou-staff --code haikou.code --key b.key")
@signed
def invite(
    signer: Signer,
    id: Annotated[str, typer.Argument(help="The account to admit.")],
    code: Annotated[Path, typer.Option(help="File for the code; hand it over in person.")],
) -> int:
    """Admit an account to the list channel by a code. The log holds the code's digest alone."""
    made = base64.b32encode(secrets.token_bytes(20)).decode()
    try:
        with code.open("x", encoding="ascii") as file:
            code.chmod(0o600)
            file.write(made + "\n")
    except OSError as error:
        raise CliError(f"{code}: {error.strerror}", "name another file with --code") from error
    return signer.one(c.Invite(hashlib.sha256(made.encode()).digest(), id), code=str(code))


@office.command(epilog="Example: fuma office join --code haikou.code --key staff.key")
@signed
def join(
    signer: Signer, code: Annotated[Path, typer.Option(help="File with the code, or -.")]
) -> int:
    """Join the list channel by the code that was issued to you."""
    try:
        text = code.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise CliError(f"{code}: no code ({error})", code=USAGE) from error
    return signer.one(c.Join(text.encode()))


def public_id(path: Path) -> str:
    """The key id in a ``.pub`` file. Raises ``CliError``."""
    try:
        public, id = path.read_text(encoding="ascii").split()
        if hashlib.sha256(bytes.fromhex(public)).hexdigest()[:32] != id:
            raise ValueError("key and id differ")
        return id
    except (OSError, ValueError) as error:
        raise CliError(f"{path}: not a .pub file ({error})", code=USAGE) from error
