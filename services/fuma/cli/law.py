"""``fuma law``: begin a world, check texts, compare and publish them, say why a row applies."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fuma.cli.errors import DONE, USAGE, CliError
from fuma.cli.law_genesis import write_genesis
from fuma.cli.law_moment import moment as moment
from fuma.cli.law_publish import Json, listing, publish, row_of
from fuma.cli.law_publish import read_log as read_log
from fuma.cli.law_read import diff, explain
from fuma.contracts import lawexamples, rulesfile
from fuma.contracts.errors import Refusal
from fuma.contracts.resources import root
from fuma.domain.time import iso
from fuma.runtime.embedded.paths import Home

law = typer.Typer(no_args_is_help=True, help="Law as data: check, diff, publish, explain.")


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(law, name="law")


law.command("diff", short_help="What changes between two texts.")(diff)
law.command("publish", short_help="Sign a text and put it on the log.")(publish)
law.command("list", short_help="What stands on the log.")(listing)
law.command("explain", short_help="Which row applies, why, and what it does.")(explain)


@law.command("genesis", short_help="Begin a world: write the first record of the law.")
def begin(
    simulated: Annotated[bool, typer.Option(help="A world with its own time.")] = False,
    at: Annotated[str, typer.Option(help="When it begins (simulated).")] = "",
    publisher: Annotated[str, typer.Option(help="Who publishes law.")] = "国务院联防联控机制",
    rules: Annotated[Path | None, typer.Option(help="Folder of texts; default rules/.")] = None,
    as_json: Json = False,
) -> int:
    """Write the genesis, signed with both ceremony keys, and pin it in world.json.

    Makes the key files that are not there yet. A world begins once: a second genesis is refused.

    Example: fuma law genesis --simulated --at 2022-06-01
    """
    home = Home.current()
    if at and not simulated:
        raise CliError("only a simulated world begins at a time of choice", "add --simulated")
    start = moment(at) if at else int(time.time() * 1000)
    folder = rules or root() / "rules"
    texts = rulesfile.load_folder(folder)
    if not texts:
        raise CliError(f"{folder}: holds no texts", "see docs/formats/rulebook.md")
    found = write_genesis(home, texts, simulated=simulated, at=start, publisher=publisher)
    if as_json:
        print(json.dumps({"world": found.id.hex(), "simulated": found.simulated,
                          "genesis": found.genesis.hex(), "texts": len(texts)}))  # fmt: skip
    else:
        kind = "simulated" if simulated else "real"
        print(f"world {found.id.hex()} ({kind}) begins {iso(start)} with {len(texts)} texts")
    return DONE


@law.command("check", short_help="Check texts: schema, gaps, overlaps, examples.")
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders.")] = None,
    as_json: Json = False,
) -> int:
    """Check texts: schema, gaps, overlaps, unreachable rows, and that their examples come out.

    Every fault is a line of its own. Exit 1 where there is one.

    Examples: fuma law check rules
              fuma law check rules/45/companions-v2.yaml --json
    """
    told: list[dict[str, Any]] = []
    faults: list[str] = []
    for path in paths or [root() / "rules"]:
        if not path.exists():
            raise CliError(f"{path}: no such file or folder", code=USAGE)
        if path.is_dir():
            faults += _folder_faults(path)
        for file in sorted(path.glob("*/*.yaml")) if path.is_dir() else [path]:
            one, wrong = check_file(file)
            faults += wrong
            told += [one] if one else []
    if as_json:
        print(json.dumps({"texts": told, "faults": faults}, ensure_ascii=False))
    else:
        for row in told:
            ran = f"{row['examples']} examples" if row["examples"] else "no examples"
            print(f"ok  {row['name']} v{row['version']}  {row['digest'][:16]}  {ran}")
        for fault in faults:
            print(f"bad {fault}")
    return 1 if faults else DONE


def check_file(path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The text's row where nothing is wrong with it, and everything that is."""
    try:
        text = rulesfile.load_file(path)
        examples = lawexamples.examples_of(path)
    except Refusal as error:
        return None, [str(error)]
    wrong = [f"{path}: {fault}" for fault in lawexamples.run(text, examples)]
    return (None if wrong else row_of(text) | {"examples": len(examples)}), wrong


def _folder_faults(folder: Path) -> list[str]:
    """What is wrong between files: names and versions that do not fit their paths, or occur twice.

    What is wrong within one file is said with that file.
    """
    try:
        rulesfile.load_folder(folder)
    except Refusal as error:
        said = str(error)
        return [] if any(said in check_file(p)[1] for p in folder.glob("*/*.yaml")) else [said]
    return []
