"""``fuma run``: the services under a supervisor, in the foreground or detached."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from fuma.cli import run_state
from fuma.cli.errors import USAGE, CliError
from fuma.cli.run_supervisor import SERVICES, Supervisor
from fuma.contracts.genesis import read_world
from fuma.runtime.embedded.paths import Home

_READY = 60.0


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("run", help=_HELP, short_help="Run the services.")(run)


_HELP = """Run the services (vault, gateway, processor, sink; default all) until Ctrl-C.

A service that fails is started again, later each time. Logs are under $FUMA_HOME/logs.
`fuma run --detach` comes back once they run; `fuma run --stop` stops them.

Example: fuma up && fuma run --workers 2 --detach
"""


def run(
    service: Annotated[list[str] | None, typer.Argument(help="Which; default all.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processor processes.")] = 1,
    sinks: Annotated[int, typer.Option(min=1, max=64, help="Sink processes.")] = 1,
    detach: Annotated[bool, typer.Option("--detach", help="Leave them running.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop those that run.")] = False,
) -> int:
    """See ``_HELP``."""
    home = Home.current().path
    wanted = tuple(service or SERVICES)
    unknown = [name for name in wanted if name not in SERVICES]
    if unknown:
        raise CliError(
            f"no such service: {', '.join(unknown)}", f"there are {', '.join(SERVICES)}", code=USAGE
        )
    if stop:
        print("stopped" if run_state.stop(home) else "nothing was running")
        return 0
    read_world(home / "world.json")  # says in one line what to do where no world has begun
    if (running := run_state.current(home)) is not None:
        raise CliError(
            f"services run here already (supervisor pid {running.supervisor.pid})",
            "`fuma run --stop` stops them",
        )
    run_state.stop(home)  # what a killed supervisor left behind
    if detach:
        return _detached(home, wanted, workers, sinks)
    Supervisor(home, wanted, workers, say=_say, sinks=sinks).run()
    return 0


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def _detached(home: Path, wanted: tuple[str, ...], workers: int, sinks: int) -> int:
    """Start a supervisor of its own session; back once it runs everything."""
    logs = Home(home).logs
    logs.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "fuma.cli.main", "run", *wanted,
        "--workers", str(workers), "--sinks", str(sinks),
    ]  # fmt: skip
    with (logs / "run.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "FUMA_HOME": str(home)},
            start_new_session=True,
        )
    until = time.monotonic() + _READY
    while time.monotonic() < until:
        state = run_state.current(home)
        if state is not None and all(child.proc is not None for child in state.children):
            for child in state.children:
                assert child.proc is not None
                print(f"{child.service} running (pid {child.proc.pid})")
            return 0
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise CliError("the services did not start", f"see {logs / 'run.log'}")
