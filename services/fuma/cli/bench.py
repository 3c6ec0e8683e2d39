"""``fuma bench``: how fast each stage is, against a bare Kafka loop in the same run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fuma.cli.bench_baseline import bare_loop
from fuma.cli.bench_latency import Latency, steady
from fuma.cli.bench_load import DEPARTMENT, events
from fuma.cli.bench_memory import ClientMemory, growth
from fuma.cli.bench_stages import Measured, measure, peak_mib
from fuma.cli.demo.people import holders
from fuma.cli.demo.questions import Questions
from fuma.cli.demo.world import World
from fuma.cli.run_supervisor import SERVICES
from fuma.contracts import topics
from fuma.contracts.resources import root
from fuma.domain.time import DAY, HOUR, Ms, day_start
from fuma.feed import FeedClient
from fuma.feed.lines import Line
from fuma.runtime.embedded.connect import kafka_config

_DIVISION = "410100"
_SEED = 20220614


@dataclass(slots=True)
class Result:
    """What one run measured. Rates are records a second."""

    records: int
    cores: int
    baseline: float = 0.0
    stages: list[Measured] = field(default_factory=list)
    end_to_end: float = 0.0
    memory_mib: dict[str, float] = field(default_factory=dict)
    latency: dict[str, Latency] = field(default_factory=dict)
    client: list[ClientMemory] = field(default_factory=list)


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("bench", short_help="Measure each stage, as ratios.")(bench)


def bench(
    records: Annotated[int, typer.Option(min=1_000, help="Reports a phase.")] = 50_000,
    rate: Annotated[list[int] | None, typer.Option(help="Steady reports a second.")] = None,
    seconds: Annotated[int, typer.Option(min=2, help="Length of a steady run.")] = 20,
    client_rows: Annotated[
        int, typer.Option(min=0, help="Also: the client's memory over a file of so many rows.")
    ] = 0,
    home: Annotated[Path | None, typer.Option(help="Default: .fuma/bench.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """Fill the topics, run one stage after the other over them, then all of them together.

    Every rate is given as a ratio to a bare confluent-kafka loop in the same run, which reads and
    writes the same records and decides nothing. The stack is one of its own, stopped at the end.

    Example: fuma bench --records 100000 --rate 500 --rate 1000 --client-rows 1000000
    """
    console = Console(stderr=True)
    where = home or root() / ".fuma" / "bench"
    result = Result(records, os.cpu_count() or 1)
    with World(where, say=lambda line: console.print(f"  {line}")) as world:
        plan = Plan(rate or [500], seconds, client_rows)
        run(world, result, plan, lambda line: console.print(f"  {line}"))
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        show(result, Console())
    return 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure beside the stages."""

    rates: list[int]
    seconds: int
    client_rows: int


def run(world: World, result: Result, plan: Plan, say: Callable[[str], None]) -> None:
    """Fill ``result``."""
    start = day_start(date(2022, 6, 14))
    world.up(start - DAY, services=("vault",))
    ask, path, count = world.ask, world.home.path, result.records
    say(f"{count:,} holders")
    people = list(holders(count, _SEED, [_DIVISION]))
    ask.load([(p.number, p.name) for p in people])
    with FeedClient.open(path, DEPARTMENT, patience=600.0) as client:
        say("reports onto in.health, nobody reading")
        load = events(people, "fill", count, start, _DIVISION)
        client.report(_lines(load), receipt="fill", wait=False)
        _stages(world, ask, result, count, say)
        world.stop_services()
        world.run()
        _end_to_end(world, ask, client, result, people, start + 2 * HOUR, say)
        for number, each in enumerate(plan.rates):
            say(f"steady {each:,} a second for {plan.seconds} s")
            paced = events(
                people, f"steady{each}", each * plan.seconds, start + (4 + number) * HOUR, _DIVISION
            )
            result.latency[str(each)] = steady(ask, client, paced, each, f"steady{each}")
        if plan.client_rows:
            late = start + 20 * HOUR
            result.client = growth(path, people, plan.client_rows, late, _DIVISION, say)
        for name in SERVICES:
            peaks = [peak_mib(process.pid) for process in world.supervisor.processes(name)]
            result.memory_mib[name] = round(max(peaks, default=0.0), 1)


def _lines(load: list[tuple[bytes, bytes]]) -> list[Line]:
    return [Line(row, event) for row, (_, event) in enumerate(load, 1)]


def _stages(
    world: World, ask: Questions, result: Result, count: int, say: Callable[[str], None]
) -> None:
    path = world.home.path
    feed = topics.feed_topic(DEPARTMENT)
    phases: list[tuple[str, list[str], Callable[[], int], Callable[[], int]]] = [
        ("gateway", ["fuma.gateway"], lambda: ask.count(feed), lambda: count),
        ("taskforce", ["fuma.processor", "--stage", "taskforce"],
         lambda: ask.count(topics.PERSON), lambda: count),
        ("codes", ["fuma.processor", "--stage", "codes"],
         lambda: ask.count(topics.DECISIONS), lambda: count),
        ("outbox", ["fuma.processor", "--stage", "outbox"],
         lambda: ask.count(topics.NOTICES), lambda: count),
        ("sink", ["fuma.sink"], lambda: _applied(ask), lambda: ask.count(topics.DECISIONS)),
    ]  # fmt: skip
    for name, words, done, target in phases:
        say(f"stage {name}")
        result.stages.append(measure(name, words, path, target(), done))
        if name == "taskforce":
            say("baseline: a bare confluent-kafka loop")
            config = kafka_config(world.home, "admin")
            result.baseline = bare_loop(config, ask.log, topics.PERSON)


def _applied(ask: Questions) -> int:
    return sum(p.applied + 1 for p in ask.platform.positions().values() if p is not None)


def _end_to_end(
    world: World, ask: Questions, client: FeedClient, result: Result, people: list[Any],
    at: Ms, say: Callable[[str], None],
) -> None:  # fmt: skip
    say("end to end, from file to platform")
    load = events(people, "whole", result.records, at, _DIVISION)
    # The services come up with the first few; what is timed is a line that runs.
    client.report(_lines(load[:200]), receipt="warm")
    ask.drained()
    began = time.monotonic()
    client.report(_lines(load[200:]), receipt="whole")
    ask.drained(patience=600.0)
    result.end_to_end = (result.records - 200) / (time.monotonic() - began)


def show(result: Result, console: Console) -> None:
    """The tables, for a person."""
    title = f"{result.records:,} reports, {result.cores} cores, broker beside"
    table = Table("stage", "records/s", "× bare loop", "peak MiB", "start s", title=title)
    base = result.baseline
    table.add_row("bare confluent-kafka loop", f"{base:,.0f}", "1.00", "", "")
    for one in result.stages:
        marks = (f"{one.rate:,.0f}", f"{one.rate / base:.2f}", f"{one.peak_mib:,.0f}")
        table.add_row(one.name, *marks, f"{one.starting:.1f}")
    whole = (f"{result.end_to_end:,.0f}", f"{result.end_to_end / base:.2f}")
    table.add_row("end to end, file to platform", *whole, "", "")
    console.print(table)
    names = ("p50 ms", "p95", "p99", "p99.9", "max")
    times = Table("steady/s", "reports", *names, title="from report to platform")
    for rate, found in result.latency.items():
        marks5 = (found.p50, found.p95, found.p99, found.p999, found.worst)
        times.add_row(rate, f"{found.reports:,}", *(f"{value:.1f}" for value in marks5))
    console.print(times)
    peaks = ", ".join(f"{name} {mib:,.0f}" for name, mib in result.memory_mib.items())
    console.print(f"peak MiB with all running: {peaks}")
    for run_ in result.client:
        pace, peak = run_.rows / run_.seconds, run_.peak_mib
        console.print(
            f"fuma report over {run_.rows:,} rows: peak {peak:.1f} MiB, {pace:,.0f} rows/s"
        )
