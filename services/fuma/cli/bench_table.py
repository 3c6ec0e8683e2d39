"""What ``fuma bench`` found, as tables for a person. Other engines join as a ``Peer``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fuma.cli.bench_comparison import Cost
from fuma.cli.bench_latency import Latency
from fuma.cli.bench_memory import ClientMemory
from fuma.cli.bench_stages import Measured
from fuma.cli.errors import CliError


@dataclass(frozen=True, slots=True)
class Peer:
    """Another engine over the same records: its name, records a second, and how it was measured."""

    name: str
    rate: float
    does: str


def peers(path: Path) -> list[Peer]:
    """Peers from a file: ``{"peers": [{"name": …, "rate": …, "does": …}]}``, as
    ``make bench-peers ARGS=--json`` writes it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["peers"]
        return [Peer(str(p["name"]), float(p["rate"]), str(p["does"])) for p in found]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CliError(
            f"{path}: {type(error).__name__}: {error}", 'it holds {"peers": [{name, rate, does}]}'
        ) from error


@dataclass(slots=True)
class Space:
    """What so many persons take up."""

    persons: int
    store_bytes: int = 0
    ledger_bytes: int = 0
    redis_bytes: int = 0


@dataclass(slots=True)
class Result:
    """What one run measured. Rates are records a second, ``…_micros`` CPU a record."""

    records: int
    cores: int
    baseline: float = 0.0
    stages: list[Measured] = field(default_factory=list)
    end_to_end: float = 0.0
    memory_mib: dict[str, float] = field(default_factory=dict)
    latency: dict[str, Latency] = field(default_factory=dict)
    client: list[ClientMemory] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    rebuild: float = 0.0
    rebuild_micros: float = 0.0
    kill_seconds: float = 0.0
    space: Space | None = None
    #: ``codes`` alone in one process, CPU µs a record: by persons in the store, by partitions.
    by_persons: dict[str, float] = field(default_factory=dict)
    by_partitions: dict[str, float] = field(default_factory=dict)
    #: The comparison alone: "people" (as they become more) or "cells" (as they crowd together).
    comparison: list[tuple[str, Cost]] = field(default_factory=list)


def show(result: Result, console: Console) -> None:
    """The tables, for a person."""
    _rates(result, console)
    _latency(result, console)
    if result.rebuild:
        console.print(
            f"recovery: {result.rebuild:,.0f} ledger records/s into empty stores "
            f"({result.rebuild_micros:.1f} µs of CPU each)"
        )
    if result.kill_seconds:
        console.print(f"a killed worker decides again after {result.kill_seconds:.1f} s")
    if result.space is not None:
        _space(result.space, console)
    for title, curve in (
        ("persons in the store", result.by_persons),
        ("partitions of one worker", result.by_partitions),
    ):
        if curve:
            shown = ", ".join(f"{int(n):,}: {micros:.1f}" for n, micros in curve.items())
            console.print(f"codes, µs of CPU a record by {title}: {shown}")
    if result.comparison:
        _comparison(result.comparison, console)
    peaks = ", ".join(f"{name} {mib:,.0f}" for name, mib in result.memory_mib.items())
    console.print(f"peak MiB with all running: {peaks}")
    for one in result.client:
        pace = one.rows / one.seconds
        console.print(
            f"fuma report over {one.rows:,} rows: peak {one.peak_mib:.1f} MiB, {pace:,.0f} rows/s"
        )


def _rates(result: Result, console: Console) -> None:
    title = f"{result.records:,} reports, {result.cores} cores, broker beside"
    names = ("records/s", "× bare loop", "CPU µs", "broker µs", "peak MiB", "start s")
    table = Table("stage", *names, title=title)
    base = result.baseline
    table.add_row("bare loop", f"{base:,.0f}", "1.00", "", "", "", "")
    for one in result.stages:
        name = one.name if one.workers == 1 else f"{one.name} ({one.workers} workers)"
        table.add_row(
            name, f"{one.rate:,.0f}", f"{one.rate / base:.2f}", f"{one.cpu_micros:.1f}",
            f"{one.broker_micros:.1f}", f"{one.peak_mib:,.0f}", f"{one.starting:.1f}",
        )  # fmt: skip
    whole = (f"{result.end_to_end:,.0f}", f"{result.end_to_end / base:.2f}")
    table.add_row("end to end", *whole, "", "", "", "")
    codes = next((one.rate for one in result.stages if one.name == "codes"), 0.0)
    for peer in result.peers:
        ratio = f"{peer.rate / base:.2f}"
        against = f"codes is {codes / peer.rate:.1f} × this; {peer.does}"
        table.add_row(f"{peer.name}: {against}", f"{peer.rate:,.0f}", ratio, "", "", "", "")
    console.print(table)


def _comparison(found: Sequence[tuple[str, Cost]], console: Console) -> None:
    """Each rate as a ratio to the first row of its curve: 1.00 all along is a flat cost."""
    names = ("presences", "cells", "presences/CPU s", "× first", "last tenth", "late case ms",
             "its matches", "CPU × DuckDB")  # fmt: skip
    table = Table("curve", "people", *names, title="comparison, one partition, no broker")
    first: dict[str, int] = {}
    for curve, one in found:
        size, rate = one.size, one.presences_per_cpu_second
        base = first.setdefault(curve, rate)
        table.add_row(
            curve, f"{size.people:,}", f"{size.people * size.each:,}", f"{size.cells:,}",
            f"{rate:,}", f"{rate / base:.2f}", f"{one.last_tenth_per_cpu_second:,}",
            f"{one.late_case_ms:.1f}", f"{one.late_case_matches:,}",
            "" if one.ratio is None else f"{one.ratio:,.1f}",
        )  # fmt: skip
    console.print(table)


def _latency(result: Result, console: Console) -> None:
    names: Sequence[str] = ("p50 ms", "p95", "p99", "p99.9", "max")
    times = Table("steady/s", "reports", *names, title="from report to platform")
    for rate, found in result.latency.items():
        marks = (found.p50, found.p95, found.p99, found.p999, found.worst)
        times.add_row(rate, f"{found.reports:,}", *(f"{value:.1f}" for value in marks))
    console.print(times)


def _space(space: Space, console: Console) -> None:
    def each(size: int) -> str:
        return f"{size / max(1, space.persons):,.2f} MB"

    console.print(
        f"a million persons ({space.persons:,} measured): store {each(space.store_bytes)}, "
        f"ledger {each(space.ledger_bytes)}, Redis {each(space.redis_bytes)}"
    )
