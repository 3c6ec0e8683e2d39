"""``fuma bench``: how fast each stage is, against a bare Kafka loop in the same run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fuma.cli.bench_baseline import bare_loop
from fuma.cli.bench_comparison import measure as measure_comparison
from fuma.cli.bench_comparison import sizes_up_to
from fuma.cli.bench_cpu import curve
from fuma.cli.bench_latency import steady
from fuma.cli.bench_load import DEPARTMENT, events
from fuma.cli.bench_memory import growth, redis_bytes, size_of
from fuma.cli.bench_recovery import after_a_kill, rebuild
from fuma.cli.bench_stages import CODES, measure, peak_mib
from fuma.cli.bench_table import Result, Space, show
from fuma.cli.bench_table import peers as read_peers
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
from fuma.runtime.embedded.supervisor import stack

_DIVISION = "410100"
_SEED = 20220614
#: With fewer records a worker is done before it can be killed.
_ENOUGH = 50_000


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("bench", short_help="Measure each stage, as ratios.")(bench)


def bench(
    records: Annotated[int, typer.Option(min=1_000, help="Reports a phase.")] = 50_000,
    rate: Annotated[list[int] | None, typer.Option(help="Steady reports a second.")] = None,
    seconds: Annotated[int, typer.Option(min=2, help="Length of a steady run.")] = 20,
    workers: Annotated[int, typer.Option(min=1, help="Workers of codes; sinks.")] = os.cpu_count()
    or 1,
    persons: Annotated[
        int,
        typer.Option(
            min=1_000, help="Growth: up to so many persons in a store, and people compared."
        ),
    ] = 100_000,
    client_rows: Annotated[
        int, typer.Option(min=0, help="Also: the client's memory over a file of so many rows.")
    ] = 0,
    peers: Annotated[
        Path | None, typer.Option(help="Also show these: a file that bench-peers --json wrote.")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="Default: .fuma/bench.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """Fill the topics, run one stage after the other over them, then all of them together.

    Every rate is given as a ratio to a bare confluent-kafka loop in the same run, which reads and
    writes the same records and decides nothing, with the CPU that a record took. Then: latency at
    steady rates, a store rebuilt, a worker killed, what a person takes up, how cost grows; what
    the comparison costs as people become more and as they crowd together, and a case that is
    confirmed late (one partition, no broker; beside DuckDB's join where that is installed). The
    stack is one of its own, stopped at the end.

    Example: fuma bench --records 100000 --rate 500 --rate 1000 --client-rows 1000000
    """
    console = Console(stderr=True)
    where = home or root() / ".fuma" / "bench"
    result = Result(records, os.cpu_count() or 1)
    if peers is not None:
        result.peers = read_peers(peers)
    with World(where, say=lambda line: console.print(f"  {line}")) as world:
        plan = Plan(rate or [100, 1_000, 5_000], seconds, client_rows, workers, persons)
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
    workers: int
    persons: int


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
        _stages(world, ask, result, count, plan.workers, say)
        _after(world, result, count, say)
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
    _growth(result, plan, say)
    _comparison(result, plan, say)


def _lines(load: list[tuple[bytes, bytes]]) -> list[Line]:
    return [Line(row, event) for row, (_, event) in enumerate(load, 1)]


def _stages(
    world: World, ask: Questions, result: Result, count: int, workers: int,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    path = world.home.path
    feed = topics.feed_topic(DEPARTMENT)
    phases: list[tuple[str, tuple[str, ...], Callable[[], int], Callable[[], int]]] = [
        ("gateway", ("fuma.gateway",), lambda: ask.count(feed), lambda: count),
        ("taskforce", ("fuma.processor", "--stage", "taskforce"),
         lambda: ask.count(topics.PERSON), lambda: count),
        ("codes", CODES, lambda: ask.count(topics.DECISIONS), lambda: count),
        ("outbox", ("fuma.processor", "--stage", "outbox"),
         lambda: ask.count(topics.NOTICES), lambda: count),
        ("sink", ("fuma.sink", "--workers", str(workers)), lambda: _applied(ask),
         lambda: ask.count(topics.DECISIONS)),
    ]  # fmt: skip
    broker = stack.status(world.home).kafka_pid
    for name, words, done, target in phases:
        if name == "codes" and count >= _ENOUGH:
            say("a codes worker is killed in the midst of its work")
            result.kill_seconds = after_a_kill(path, done, count // 20)
        say(f"stage {name}")
        several = workers if name in ("codes", "sink") else 1
        result.stages.append(
            measure(name, words, path, target(), done, workers=several, broker=broker)
        )
        if name == "taskforce":
            say("baseline: a bare confluent-kafka loop")
            config = kafka_config(world.home, "admin")
            result.baseline = bare_loop(config, ask.log, topics.PERSON)


def _after(world: World, result: Result, count: int, say: Callable[[str], None]) -> None:
    """What the stages left: its size, and the stores folded once more."""
    say("stores rebuilt from the ledger")
    path = world.home.path
    found = rebuild(world.home, path / "rebuilt")
    result.rebuild, result.rebuild_micros = found.records / found.seconds, found.cpu_micros
    space = Space(count)
    space.store_bytes = size_of(path / "store" / "processor")
    space.ledger_bytes = sum(map(size_of, (path / "kafka").rglob(f"{topics.DECISIONS}-*")))
    space.redis_bytes = redis_bytes(world.home)
    result.space = space


def _growth(result: Result, plan: Plan, say: Callable[[str], None]) -> None:
    say("how cost grows with persons and partitions")
    steps = [n for n in (10_000, 100_000, 1_000_000) if n < plan.persons]
    found = curve([*steps, plan.persons], (1, 8, 64), min(20_000, plan.persons))
    result.by_persons = {str(n): micros for n, micros in found.persons.items()}
    result.by_partitions = {str(n): micros for n, micros in found.partitions.items()}


def _comparison(result: Result, plan: Plan, say: Callable[[str], None]) -> None:
    for curve_of, size in sizes_up_to(plan.persons):
        say(f"comparison: {size.people:,} people in {size.cells:,} cells")
        result.comparison.append((curve_of, measure_comparison(size)))


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
