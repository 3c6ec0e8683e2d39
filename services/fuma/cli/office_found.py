"""``fuma office found``: the first offices and officers of a province, by both ceremony keys."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from fuma.cli.errors import USAGE, CliError
from fuma.cli.law import moment
from fuma.cli.officer import Json, NoWait, Patience, hex16, say, told
from fuma.contracts import commands, dsse
from fuma.contracts.genesis import read_world
from fuma.contracts.persons import natural_person
from fuma.desk import signing
from fuma.desk.sending import Desk
from fuma.domain.authority import commands as c
from fuma.domain.authority.right import DIGITS
from fuma.domain.time import HOUR
from fuma.runtime import keyfiles
from fuma.runtime.embedded.paths import Home
from fuma.runtime.keyfiles import Key


def found_province(
    file: Annotated[Path, typer.Argument(help="YAML: province, offices, officers.")],
    at: Annotated[str, typer.Option(help="When; needed in a simulated world.")] = "",
    out: Annotated[Path | None, typer.Option(help="Keep what was signed in this file.")] = None,
    no_wait: NoWait = False,
    patience: Patience = 60.0,
    as_json: Json = False,
) -> int:
    """Found a province: its first offices, officers and keys, once, before anything else.

    Signed with both ceremony keys of the genesis, so it is done where these are, and recorded like
    everything else. The file's form is in docs/officers.md.
    """
    home = Home.current()
    world = read_world(home.world)
    if not at and world.simulated:
        raise CliError("a simulated world has a time of its own", "--at 2022-06-01", code=USAGE)
    issued = moment(at) if at else time.time_ns() // 1_000_000
    province, body = read_founding(file, home.path)
    first, second = (keyfiles.signing_key(home.path, k) for k in (Key.CEREMONY_A, Key.CEREMONY_B))
    envelope = commands.found(
        body, first, second, id=secrets.token_bytes(16), world=world.id, province=province,
        issued=issued, expires=issued + 24 * HOUR,
    )  # fmt: skip
    if out is not None:
        signing.write_signed(out, [envelope])
        say({"signed": 1, "file": str(out)}, as_json, f"signed, in {out}")
        return 0
    with Desk.open(home.path, patience=patience) as desk:
        sent = desk.send([envelope], wait=not no_wait)
    return told(sent, as_json)


def read_founding(path: Path, home: Path) -> tuple[str, c.Found]:
    """Province and body of a founding file. Raises ``CliError`` with what is wrong, and where."""
    where = "the file"
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        province = str(data["province"])
        offices, officers = [], []
        for number, one in enumerate(data["offices"], 1):
            where = f"office {number}"
            division = str(one["division"])
            level = next(word for word, size in DIGITS.items() if size == len(division))
            offices.append(
                c.Office(str(one["id"]), str(one["kind"]), str(one.get("department", "command")),
                         level, division, str(one["name"]))
            )  # fmt: skip
        for number, one in enumerate(data["officers"], 1):
            where = f"officer {number}"
            officers.append((_officer(one, home), _key(one, path.parent)))
        return province, c.Found(tuple(offices), tuple(officers))
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}", code=USAGE) from error
    except StopIteration as error:
        raise CliError(f"{path}: {where}: no level has a division like that", code=USAGE) from error
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise CliError(
            f"{path}: {where}: {type(error).__name__} {error}", "see docs/officers.md", code=USAGE
        ) from error


def _officer(one: dict[str, Any], home: Path) -> c.Officer:
    if "person" in one:
        person = hex16(str(one["person"]), "reference of a person")
    else:
        person = natural_person(keyfiles.secret(home, Key.EVIDENCE), str(one["number"]))
    return c.Officer(str(one["id"]), str(one["office"]), str(one["role"]), person, str(one["name"]))


def _key(one: dict[str, Any], folder: Path) -> str:
    """``key``: 64 hex digits of the public key, or the path of a ``.pub`` file."""
    text = str(one["key"])
    if len(text) != 64:
        text = (folder / text).read_text(encoding="ascii").split()[0]
    return dsse.key_id(bytes.fromhex(text))
