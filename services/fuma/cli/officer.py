"""What every officer's command shares: the key, the terms, signing, sending, saying what came back.

Not a word of its own: ``office``, ``order``, ``return``, ``case`` and ``channel`` are made of it.
"""

from __future__ import annotations

import inspect
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from fuma.cli.errors import DONE, PARTLY_REFUSED, USAGE, CliError
from fuma.cli.law import moment
from fuma.contracts.genesis import World, read_world
from fuma.contracts.replies import Reply
from fuma.desk import keyfile, signing
from fuma.desk.keyfile import OfficerKey
from fuma.desk.sending import Desk, Sent
from fuma.desk.signing import Terms
from fuma.domain.authority import commands as c
from fuma.domain.authority.words import words
from fuma.domain.time import HOUR, Ms, iso
from fuma.runtime.embedded.paths import Home

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File whose first line is the passphrase.")
]
Patience = Annotated[float, typer.Option(help="Seconds without a reply to wait.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the reply.")]


def passphrase(path: Path | None, *, twice: bool = False) -> str:
    """From the file, else ``FUMA_PASSPHRASE``, else a prompt that shows nothing."""
    if path is not None:
        try:
            return path.read_text(encoding="utf-8").splitlines()[0]
        except (OSError, IndexError, ValueError) as error:
            raise CliError(f"{path}: no passphrase ({error})", code=USAGE) from error
    named = os.environ.get("FUMA_PASSPHRASE")
    if named is not None:
        return named
    return str(typer.prompt("passphrase", hide_input=True, confirmation_prompt=twice, err=True))


def hex16(text: str, what: str) -> bytes:
    """16 bytes in hex. Raises ``CliError`` (usage)."""
    return hex_of(text, what, 16)


def hex_of(text: str, what: str, size: int) -> bytes:
    """``size`` bytes in hex. Raises ``CliError`` (usage)."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != size:
        raise CliError(f"{text[:80]!r} is no {what}", f"it has {2 * size} hex digits", code=USAGE)
    return found


@dataclass(slots=True)
class Signer:
    """One signing: by which key, on which terms, sent or kept in a file."""

    key: OfficerKey
    home: Path
    world: World
    issued: Ms
    expires: Ms
    province: str
    out: Path | None
    wait: bool
    patience: float
    as_json: bool

    def terms(self, province: str = "") -> Terms:
        """For ``province``; by default the one that the command line names."""
        found = province or self.province
        if len(found) != 2 or not found.isdigit():
            raise CliError(
                "which province?", "--province 14, or FUMA_PROVINCE=14 (two digits)", code=USAGE
            )
        return Terms(self.world.id, found, self.issued, self.expires)

    def one(self, body: c.Body, *, province: str = "", **shown: str) -> int:
        """Sign one command, send or keep it, say what came of it; ``shown`` is said besides."""
        return self.many([signing.sign(body, self.key, self.terms(province))], **shown)

    def many(self, envelopes: Iterable[bytes], **shown: str) -> int:
        """The same of signed commands."""
        if self.out is not None:
            count = signing.write_signed(self.out, envelopes)
            say({"signed": count, "file": str(self.out), **shown}, self.as_json,
                f"signed {count}: `fuma order send {self.out}` sends it")  # fmt: skip
            return DONE
        with Desk.open(self.home, patience=self.patience) as desk:
            sent = desk.send(envelopes, wait=self.wait)
        return told(sent, self.as_json, **shown)


def signed(function: Callable[..., int]) -> Callable[..., int]:
    """A command that signs: its first parameter becomes a ``Signer``, made of common options."""
    hints = get_type_hints(function, include_extras=True)
    own = list(inspect.signature(function).parameters.values())[1:]

    @wraps(function)
    def command(
        key: Path,
        passphrase_file: Path | None,
        at: str,
        valid: float,
        province: str,
        out: Path | None,
        no_wait: bool,
        patience: float,
        as_json: bool,
        **rest: Any,
    ) -> int:
        home = Home.current()
        world = read_world(home.world)
        if not at and world.simulated:
            raise CliError(
                "a simulated world has a time of its own", "--at 2022-06-14T09:00:00+08:00",
                code=USAGE,
            )  # fmt: skip
        if not 0 < valid <= 72:
            raise CliError("a command is good for at most 72 hours", "--valid 24", code=USAGE)
        issued = moment(at) if at else time.time_ns() // 1_000_000
        opened = keyfile.read(key, passphrase(passphrase_file))
        signer = Signer(
            opened, home.path, world, issued, issued + round(valid * HOUR), province, out,
            not no_wait, patience, as_json,
        )  # fmt: skip
        return function(signer, **rest)

    common: dict[str, tuple[Any, Any]] = {
        "key": (
            Annotated[Path, typer.Option("--key", envvar="FUMA_KEY", help="Your key file.")],
            inspect.Parameter.empty,
        ),
        "passphrase_file": (PassphraseFile, None),
        "at": (Annotated[str, typer.Option(help="When it is issued; needed if simulated.")], ""),
        "valid": (Annotated[float, typer.Option(help="Hours that it is good for.")], 24.0),
        "province": (
            Annotated[str, typer.Option(envvar="FUMA_PROVINCE", help="Two digits.")],
            "",
        ),
        "out": (
            Annotated[Path | None, typer.Option(help="Keep what was signed in this file.")],
            None,
        ),
        "no_wait": (NoWait, False),
        "patience": (Patience, 60.0),
        "as_json": (Json, False),
    }
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [one.replace(kind=keyword, annotation=hints[one.name]) for one in own]
    parameters += [
        inspect.Parameter(name, keyword, annotation=hint, default=default)
        for name, (hint, default) in common.items()
    ]
    made: Any = command
    made.__signature__ = inspect.Signature(parameters, return_annotation=int)
    made.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": int}
    del made.__wrapped__
    return command


def say(data: dict[str, Any], as_json: bool, text: str) -> None:
    """One answer, for a program or for people."""
    print(json.dumps(data, ensure_ascii=False) if as_json else text)


def reply_data(reply: Reply) -> dict[str, Any]:
    """A reply as ``--json`` shows it."""
    return {
        "at": iso(reply.at),
        "command": reply.command.hex(),
        "status": reply.status,
        "type": reply.type,
        "about": reply.about.hex(),
        "codes": [
            {"code": code, "zh": words(code).zh, "en": words(code).en} for code in reply.codes
        ],
        "detail": reply.detail,
    }


def reply_text(reply: Reply) -> str:
    """A reply for people, Chinese and English."""
    status = {
        "accepted": "已受理 accepted", "refused": "已拒绝 refused", "overdue": "已逾期 overdue",
        "turn": "待办 your step",
    }.get(reply.status, reply.status)  # fmt: skip
    lines = [f"{status}  {reply.type}  {reply.about.hex()}".rstrip()]
    lines += [f"  {code}: {words(code).zh} / {words(code).en}" for code in reply.codes]
    if reply.detail and not reply.codes:
        lines.append(f"  {reply.detail}")
    return "\n".join(lines)


def told(sent: Sent, as_json: bool, **shown: str) -> int:
    """Say how a sending ended; the exit code."""
    if as_json:
        print(json.dumps({
            "sent": sent.sent, "accepted": sent.accepted, "refused": sent.refused,
            "waiting": sent.waiting, "replies": [reply_data(r) for r in sent.replies], **shown,
        }, ensure_ascii=False))  # fmt: skip
    else:
        for name, value in shown.items():
            print(f"{name} {value}")
        for reply in sent.replies:
            print(reply_text(reply))
        if sent.sent > 1 or sent.waiting:
            print(f"sent {sent.sent}, accepted {sent.accepted}, refused {sent.refused}")
    return PARTLY_REFUSED if sent.refused else DONE
