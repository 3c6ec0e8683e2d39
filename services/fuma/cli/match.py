"""``fuma match``: an auditor computes a match again, from the records or from the reports."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from fuma.cli.errors import DONE, FAILED, USAGE, CliError
from fuma.cli.match_check import ROLE, VERDICTS, WHY, Checked, note_access, of_subject
from fuma.cli.match_digest import digest
from fuma.cli.officer import hex16
from fuma.cli.subject import subject
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.time import iso
from fuma.runtime.embedded.paths import Home

match = typer.Typer(no_args_is_help=True, help="What the comparison found.")


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(match, name="match")


@match.callback()
def _words() -> None:
    """What the comparison found."""


match.command(
    epilog="Example: fuma match digest stay.json --department communications --of 9f86… "
    "--match 60b7… --purpose 'complaint 17'"
)(digest)


@match.command(epilog="Example: fuma match check 9f86… --purpose 'complaint 17'")
def check(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="Tag, or id:<number>.")],
    only: Annotated[str, typer.Argument(metavar="[MATCH]", help="32 hex digits; else all.")] = "",
    purpose: Annotated[str, typer.Option(help="Why; logged by the vault before anything.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """Compute a person's matches again from the records of presence, while those are kept.

    Nothing of the stage's store is asked. Other people's records are read and none is shown.
    Exit 1 where one differs or cannot be computed any more; `fuma match digest` then checks its
    digests by the departments' reports.
    """
    if not purpose.strip():
        raise CliError("whom somebody met needs a purpose", "say why: --purpose '...'", code=USAGE)
    home = Home.current()
    tag = subject(home, who, purpose=purpose, role=ROLE)
    wanted = hex16(only, "match") if only else b""
    note_access(home, tag, purpose, "fuma match check")
    told = of_subject(home, tag, wanted)
    if wanted and not told:
        raise CliError("no such match on this record", "`fuma history` names what there is")
    if as_json:
        matches = [as_dict(said, found) for said, found in told]
        print(json.dumps({"subject": tag.hex(), "matches": matches}, ensure_ascii=False))
    for said, found in [] if as_json else told:
        print("\n".join(lines(said, found)))
    return DONE if all(found.verdict == "same" for _, found in told) else FAILED


def as_dict(said: MatchFact, found: Checked) -> dict[str, Any]:
    """A match and what came of it. ``why`` where the records do not bear it."""
    why = _why(found)
    return {
        "match": said.match.hex(), "root": said.root.hex(),
        "revision": said.revision, "stands": said.stands,
        "since": iso(said.since), "until": iso(said.until), "rule": said.rule,
        "stay_digest": said.stay_digest.hex(), "source_digest": said.source_digest.hex(),
        "verdict": found.verdict,
        "stay": found.stay.value if found.stay else None,
        "records_from": None if found.since is None else iso(found.since),
        **({"why": dict(zip(("zh", "en"), why, strict=True))} if why else {}),
    }  # fmt: skip


def lines(said: MatchFact, found: Checked) -> list[str]:
    """The same, to read."""
    zh, en = VERDICTS[found.verdict]
    told = [
        f"{said.match.hex()}  {said.rule}  {iso(said.since)} – {iso(said.until)}",
        f"   match:{said.root.hex()}",
        f"   {zh}",
        f"   {en}",
    ]
    told += [f"   {text}" for text in _why(found)]
    if found.since is not None and found.verdict != "same":
        told.append(f"   记录自此起 / records are kept from {iso(found.since)} on")
    return told


def _why(found: Checked) -> tuple[str, ...]:
    if found.verdict != "absent" or found.stay is None:
        return ()
    return WHY[found.stay, found.since is None]
