"""``fuma demo``: a made-up province lives through a day, and the Henan case is tried on it."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from fuma.cli.errors import USAGE, CliError
from fuma.cli.stopping import stop_as_asked
from fuma.contracts.resources import root


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("demo", help=_HELP, short_help="A province's day, end to end.")(demo)


_HELP = """A made-up province lives through 14 June 2022; all departments report.

Starts a stack and services of its own under .fuma/demo, in a simulated world, and stops them. Ends
with the day in figures, one person's history, and the Henan case: 1,317 depositors whom somebody
tries to turn red in every way. Exit 0 only if everything came out as it must.

Example: fuma demo --holders 5000
"""


def demo(
    holders: Annotated[int, typer.Option(min=2_000, help="Holders in all.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Another seed is another province.")] = 20220614,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processor processes.")] = 1,
    home: Annotated[Path | None, typer.Option(help="Default: .fuma/demo.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep its world to look at.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """See ``_HELP``."""
    for name in ("FUMA_KAFKA", "FUMA_REDIS", "FUMA_VAULT"):
        if os.environ.get(name):
            raise CliError(
                f"{name} names an external server: the demo wipes what it runs on",
                f"unset {name}",
                code=USAGE,
            )
    stop_as_asked()
    # librdkafka's remarks are for the log files; what fails comes as one line.
    logging.getLogger("fuma").setLevel(logging.ERROR)
    from fuma.cli.demo.story import Story

    story = Story(home or root() / ".fuma" / "demo", holders, seed, workers, keep, quiet=as_json)
    told = story.tell()
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    return 1 if told["failures"] else 0
