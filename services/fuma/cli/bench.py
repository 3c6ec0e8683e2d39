"""``fuma bench``: how fast each stage is, against a bare Kafka loop in the same run."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fuma import compiled
from fuma.cli.bench_line import NAMES
from fuma.cli.bench_phases import NEEDED, PHASES, Plan, run
from fuma.cli.bench_result import Result
from fuma.cli.bench_table import show
from fuma.cli.demo.world import World
from fuma.cli.errors import USAGE, CliError
from fuma.cli.stopping import stop_as_asked
from fuma.contracts.resources import root

#: What the targets are about; ``--full``.
_FULL = {"persons": 1_000_000, "ledger_records": 5_000_000, "ledger_persons": 2_000_000}
_FULL_MINUTES = 10.0
_WIDTH = 150


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("bench", short_help="Measure each stage, as ratios.")(bench)


def bench(
    only: Annotated[
        list[str] | None, typer.Option(help=f"Only this: {', '.join(PHASES)}. May be repeated.")
    ] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Of the stages, only this. May be repeated.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="At the sizes of the targets: takes an hour or more.")
    ] = False,
    records: Annotated[
        int, typer.Option(min=1_000, help="Reports a phase; the peers read 150,000 at least.")
    ] = 50_000,
    rate: Annotated[
        list[int] | None, typer.Option(min=1, help="Reports a second, for latency.")
    ] = None,
    seconds: Annotated[int, typer.Option(min=2, help="That each rate counts.")] = 20,
    warm: Annotated[float, typer.Option(min=0, help="Seconds at a rate before it counts.")] = 8.0,
    workers: Annotated[int, typer.Option(min=1, help="Workers of codes; sinks.")] = os.cpu_count()
    or 1,
    steady_minutes: Annotated[float, typer.Option(min=0.1, help="At a steady rate.")] = 1.0,
    steady_rate: Annotated[int, typer.Option(min=20, help="Reports a second, then.")] = 200,
    ledger_records: Annotated[
        int, typer.Option(min=1_000, help="Recovery: from a ledger of so many records.")
    ] = 100_000,
    ledger_persons: Annotated[
        int, typer.Option(min=100, help="Recovery and a worker's memory: so many persons.")
    ] = 40_000,
    load_seconds: Annotated[
        int, typer.Option(min=1, help="That a rebuilt worker is under load until it is killed.")
    ] = 30,
    persons: Annotated[
        int, typer.Option(min=1_000, help="Growth: up to so many persons, and people compared.")
    ] = 100_000,
    client_rows: Annotated[
        int, typer.Option(min=0, help="Also: the client's memory over a file of so many rows.")
    ] = 0,
    junk: Annotated[
        int, typer.Option(min=0, help="Latency: each rate also beside so many records of junk.")
    ] = 0,
    peers: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Take the peers from a file that bench-peers --json wrote.",
        ),
    ] = None,
    home: Annotated[Path | None, typer.Option(help="Default: .fuma/bench.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """Measure everything, phase after phase: what is on standard error says how far it is.

    peers: codes beside other engines over the same bytes (needs the checkout's tests). stages: one
    after the other over full topics, each as a ratio to a bare confluent-kafka loop that reads and
    writes the same records and decides nothing, with the CPU that a record took. end-to-end,
    latency, steady: all services together; file: the client over a large file. recovery: a store
    rebuilt from a large ledger, a worker killed, its memory. growth: cost by persons and by
    partitions. comparison: as people become more and as they crowd together. The stack is one of
    its own, stopped at the end. A phase that fails does not end the others; the exit is 1 then.

    Example: fuma bench --only latency --rate 500 --rate 1000
    """
    chosen = list(dict.fromkeys(only or PHASES))
    for name in chosen:
        if name not in PHASES:
            raise CliError(f"no phase {name}", f"one of {', '.join(PHASES)}", code=USAGE)
    for name in stage or ():
        if name not in NAMES:
            raise CliError(f"no stage {name}", f"one of {', '.join(NAMES)}", code=USAGE)
    if full:
        persons, steady_minutes = max(persons, _FULL["persons"]), _FULL_MINUTES
        ledger_records, ledger_persons = _FULL["ledger_records"], _FULL["ledger_persons"]
    stop_as_asked()
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(f"  {line}", highlight=False)

    plan = Plan(
        chosen, stage or list(NAMES), records, rate or [100, 1_000, 5_000], seconds, warm,
        workers, steady_minutes * 60, steady_rate, ledger_records, ledger_persons, load_seconds,
        persons, client_rows, junk, peers,
    )  # fmt: skip
    result = Result(records, os.cpu_count() or 1, compiled=compiled.active())
    with World(home or root() / ".fuma" / "bench", say=say) as world:
        run(world if NEEDED & set(chosen) else None, result, plan, say)
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        # A table that is kept in a file is not cut to the width of no terminal.
        show(result, Console() if sys.stdout.isatty() else Console(width=_WIDTH))
    return 1 if result.failed else 0
