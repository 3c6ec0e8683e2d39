"""``fuma rebuild``: the code platform anew, from the ledger alone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import redis
import typer

from fuma.cli.errors import DONE, CliError
from fuma.contracts.errors import Fatal
from fuma.contracts.topics import DECISIONS, spec
from fuma.runtime.embedded.connect import redis_client
from fuma.runtime.embedded.paths import Home
from fuma.sink.__main__ import build
from fuma.sink.settings import Settings

_HELP = """Drop the code platform's data and fill it again from the decisions ledger.

A running sink does it itself; where none runs, this command does. Nobody's colour changes by it.

Example: fuma rebuild
"""


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("rebuild", help=_HELP, short_help="Fill the platform anew.")(rebuild)


def rebuild(
    patience: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """See ``_HELP``."""
    settings = Settings.of(str(Home.current().path))
    _platform_answers(Home.current())
    began = time.monotonic()
    settings.folder.mkdir(parents=True, exist_ok=True)
    asked = [settings.rebuild(number) for number in range(spec(DECISIONS).partitions)]
    for path in asked:
        path.touch()
    try:
        with build(settings) as sink:
            until = began + patience
            while any(path.exists() for path in asked) or not sink.caught_up():
                sink.turn()
                if time.monotonic() > until:
                    raise CliError("not done in time", "a sink goes on where this stopped")
            done = f"{sink.applied} codes"
    except Fatal as error:
        if "already" not in str(error):
            raise
        done = _asked(asked, began + patience)
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        print(json.dumps({"rebuilt": done, "seconds": seconds}))
    else:
        print(f"rebuilt: {done}, {seconds} s")
    return DONE


def _platform_answers(home: Home) -> None:
    """A sink waits for Redis as long as it takes; a person is told."""
    client = redis_client(home, "sink", socket_connect_timeout=5.0)
    try:
        client.ping()
    except redis.RedisError as error:
        raise CliError(
            f"Redis does not answer: {error}", "`fuma up` starts the embedded one"
        ) from error
    finally:
        client.close()


def _asked(asked: list[Path], until: float) -> str:
    """Sinks run: each takes the requests away when it has dropped what is its own."""
    while any(path.exists() for path in asked):
        if time.monotonic() > until:
            raise CliError("the running sink does not take up the request", "see its log")
        time.sleep(0.1)
    return "by the running sink, which fills it now (`fuma lag` says how far)"
