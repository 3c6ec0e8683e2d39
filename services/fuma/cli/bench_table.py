"""What ``fuma bench`` found, as tables for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from fuma.cli.bench_comparison import Cost
from fuma.cli.bench_flat import Slope
from fuma.cli.bench_latency import Latency
from fuma.cli.bench_ledger import Ledger
from fuma.cli.bench_recovery import Rebuilt
from fuma.cli.bench_result import Peer, Result, Space
from fuma.cli.bench_steady import Steady

_OURS = "fuma codes"


def show(result: Result, console: Console) -> None:
    """The tables, for a person; nothing where nothing was asked for."""
    before, after = result.load
    console.print(
        f"{result.cores} cores, broker beside; the machine's load {before:.1f} when it began, "
        f"{after:.1f} when it ended; "
        + ("compiled" if result.compiled else "plain modules, make setup compiles them")
    )
    if result.peers:
        _peers(result.peers, console)
    if result.stages:
        _stages(result, console)
    if result.kill_seconds:
        console.print(f"a killed worker decides again after {result.kill_seconds:.1f} s")
    for rebuilt in result.rebuilt:
        _rebuilt(rebuilt, console)
    if result.space is not None:
        _space(result.space, console)
    if result.end_to_end is not None:
        found = result.end_to_end
        console.print(
            f"end to end: {found.rate:,.0f} reports/s, {found.cores:.2f} cores busy; CPU µs a "
            f"report: {_by_name(found.micros)}"
        )
    if result.latency:
        _latency(result.latency, console)
    if result.memory_mib:
        console.print(f"peak MiB with all running: {_by_name(result.memory_mib)}")
    if result.steady is not None:
        _steady(result.steady, console)
    if result.ledger is not None:
        _ledger(result.ledger, console)
    for title, curve in (
        ("persons in the store", result.by_persons),
        ("partitions of one worker", result.by_partitions),
    ):
        if curve:
            _curve(title, curve, console)
    if result.comparison:
        _comparison(result.comparison, console)
    for one in result.client:
        pace = one.rows / one.seconds
        console.print(
            f"fuma report over {one.rows:,} rows: peak {one.peak_mib:.1f} MiB, {pace:,.0f} rows/s"
        )
    for name, why in result.failed.items():
        console.print(f"{name} was not measured: {why}")


def _by_name(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:,.0f}" for name, value in values.items())


def _peers(found: Sequence[Peer], console: Console) -> None:
    """Other engines: against ``codes`` with as many workers as they have; else against the one
    worker that was measured."""
    ours = {peer.workers: peer for peer in found if peer.name == _OURS}
    table = Table(
        "engine", "workers", "records/s", "codes is ×", "CPU µs", "broker µs", "does",
        title="codes beside other engines, over the same bytes",
    )  # fmt: skip
    for peer in sorted(found, key=lambda one: -one.rate):
        beside = ours.get(peer.workers) or next(iter(ours.values()), None)
        ratio = "" if beside is None or peer.name == _OURS else f"{beside.rate / peer.rate:.1f}"
        table.add_row(
            peer.name, str(peer.workers), f"{peer.rate:,.0f}", ratio, f"{peer.micros:.1f}",
            f"{peer.broker_micros:.1f}", peer.does,
        )  # fmt: skip
    console.print(table)


def _stages(result: Result, console: Console) -> None:
    names = ("records", "records/s", "bare/s", "× bare", "CPU µs", "bare µs", "broker µs",
             "peak MiB", "start s")  # fmt: skip
    title = f"each stage alone, {result.records:,} reports; beside it a bare loop over its records"
    table = Table("stage", *names, title=title)
    for one in result.stages:
        name = one.name if one.workers == 1 else f"{one.name} ({one.workers} workers)"
        bare = one.bare
        table.add_row(
            name, f"{one.records:,}", f"{one.rate:,.0f}", f"{bare.rate:,.0f}" if bare else "",
            f"{one.ratio:.2f}" if bare else "", f"{one.cpu_micros:.1f}",
            f"{bare.cpu_micros:.1f}" if bare else "", f"{one.broker_micros:.1f}",
            f"{one.peak_mib:,.0f}", f"{one.starting:.1f}",
        )  # fmt: skip
    console.print(table)


def _latency(found: Mapping[str, Latency], console: Console) -> None:
    names = ("reports", "in groups of", "p50 ms", "p95", "p99", "p99.9", "max", "sender late ms",
             "then behind s", "cores busy")  # fmt: skip
    times = Table("steady/s", *names, title="from report to platform")
    for rate, one in found.items():
        marks = (one.p50, one.p95, one.p99, one.p999, one.worst, one.late_ms)
        times.add_row(
            rate, f"{one.reports:,}", str(one.group), *(f"{value:,.1f}" for value in marks),
            f"{one.behind_s:,.1f}", f"{one.cores:.2f}",
        )  # fmt: skip
    console.print(times)
    services = list(next(iter(found.values())).micros)
    costs = Table("steady/s", *services, title="CPU µs a report, by process")
    for rate, one in found.items():
        costs.add_row(rate, *(f"{one.micros.get(name, 0):,.0f}" for name in services))
    console.print(costs)
    ways = list(next(iter(found.values())).hops)
    if ways:
        table = Table("steady/s", *ways, title="ms between the broker's appends, p50 / p99")
        for rate, one in found.items():
            marked = [one.hops.get(way, (0.0, 0.0)) for way in ways]
            table.add_row(rate, *(f"{p50:,.0f} / {p99:,.0f}" for p50, p99 in marked))
        console.print(table)


def _space(space: Space, console: Console) -> None:
    def each(size: int) -> str:
        return f"{size / max(1, space.persons):,.0f} MB"

    console.print(
        f"a million persons ({space.persons:,} measured): stores {each(space.store_bytes)}, "
        f"ledger {each(space.ledger_bytes)}, Redis {each(space.redis_bytes)}, "
        f"vault {each(space.vault_bytes)}"
    )


def _steady(found: Steady, console: Console) -> None:
    title = (
        f"{found.reports:,} reports at {found.rate:,.0f} a second for {found.seconds:,.0f} s; "
        f"{found.left:,} records under way at its end"
    )
    table = Table("", "at first", "at last", "a minute", "", title=title)

    def row(name: str, unit: str, line: Slope, verdict: str) -> None:
        table.add_row(
            name, f"{line.first:,.0f} {unit}", f"{line.last:,.0f}", f"{line.a_minute:+,.2f}",
            verdict,
        )  # fmt: skip

    for name, line in found.rss_mib.items():
        row(name, "MiB", line, line.verdict)
    for name, line in found.disk_mb.items():
        row(name, "MB", line, f"{found.disk_bytes[name]:,.0f} bytes a report")
    console.print(table)
    console.print(f"CPU µs a report: {_by_name(found.micros)}")


def _ledger(found: Ledger, console: Console) -> None:
    table = Table(
        "decided", "records/s", "CPU µs", "broker µs", "worker MiB",
        title=f"codes over {found.persons:,} persons, {found.workers} workers, as they become more",
    )  # fmt: skip
    for step in found.steps:
        table.add_row(
            f"{step.decided:,}", f"{step.rate:,.0f}", f"{step.cpu_micros:.1f}",
            f"{step.broker_micros:.1f}", f"{step.rss_mib:,.0f}",
        )  # fmt: skip
    console.print(table)
    each = 1e6 / max(1, found.persons)
    console.print(
        f"on disk, a million persons: stores {found.store_bytes * each / 1e6:,.0f} MB; a record: "
        f"ledger {found.ledger_bytes / found.records:,.0f} bytes, person "
        f"{found.person_bytes / found.records:,.0f}"
    )
    if found.rebuilt is not None:
        _rebuilt(found.rebuilt, console)
    if not found.rebuild_seconds:
        return
    console.print(
        f"one worker from empty stores: {found.records:,} ledger records in "
        f"{found.rebuild_seconds:,.1f} s, {found.rebuild_rate:,.0f}/s "
        f"({found.rebuild_micros:.1f} µs of CPU each, its start included)"
    )
    console.print(
        f"that worker, with {found.persons:,} persons: {found.rebuilt_rss_mib:,.0f} MiB resident "
        f"then (peak {found.rebuilt_peak_mib:,.0f}), {found.load_rss_mib:,.0f} MiB at most under "
        f"{found.load_rate:,} facts/s for {found.load_seconds} s ({found.load_micros:,.0f} µs each)"
    )
    if (took := found.load_waits) is not None:
        console.print(
            f"a decision was on the ledger after p50 {took.p50:.0f}, p99 {took.p99:.0f}, p99.9 "
            f"{took.p999:.0f} ms ({took.records:,} looked at)"
        )
    console.print(
        f"killed under that load: {found.kill_first_seconds:.1f} s until the next decision, "
        f"{found.kill_whole_seconds:.1f} s until nothing was left to do"
    )


def _rebuilt(found: Rebuilt, console: Console) -> None:
    who = f"{found.processes} workers" if found.processes > 1 else "one worker alone"
    console.print(
        f"recovery, {who}: {found.rate:,.0f} ledger records/s into empty stores "
        f"({found.cpu_micros:.1f} µs of CPU each, {found.records:,} records)"
    )


def _curve(title: str, curve: Mapping[str, float], console: Console) -> None:
    first = next(iter(curve.values())) or 1.0
    shown = ", ".join(
        f"{int(n):,}: {micros:.1f} ({micros / first:.2f})" for n, micros in curve.items()
    )
    console.print(f"codes, CPU µs a record by {title} (× the first): {shown}")


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
