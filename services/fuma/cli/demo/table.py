"""The demo's last page: the day in figures, one history, the Henan case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from fuma.cli.demo.compared import Compared
from fuma.cli.demo.ledger import Latencies, Tally
from fuma.domain.law.vocabulary import GROUNDS
from fuma.domain.time import Ms, from_ms

_COLOUR_STYLE = {"red": "red", "yellow": "yellow", "green": "green"}


@dataclass(frozen=True, slots=True)
class Day:
    """The day in figures. ``seconds``: from the first report sent until all is applied."""

    holders: int
    reports: int
    accepted: int
    refused: int
    expected_refused: int
    seconds: float
    by_department: Mapping[str, tuple[int, int]]  # rows, refused
    tally: Tally
    latencies: Latencies


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way in which somebody tried to turn the depositors red, as the platform recorded it."""

    way: str
    credentials: str
    tried: int
    outcome: str
    actor: str
    at: Ms  # wall clock
    connection: str
    held: bool  # whether it came out as it must


def show_day(console: Console, day: Day) -> None:
    """Reports, decisions by colour and ground, rate and latency."""
    reports = Table(title="reports of 14 June 2022 · 当日上报", title_justify="left")
    for heading in ("department", "rows", "refused"):
        reports.add_column(heading, justify="left" if heading == "department" else "right")
    for department, (rows, refused) in day.by_department.items():
        reports.add_row(department, f"{rows:,}", f"{refused:,}")
    reports.add_row("all", f"{day.reports:,}", f"{day.refused:,}", style="bold")
    console.print(reports)

    decisions = Table(title="decisions · 决定", title_justify="left")
    for heading in ("what", "ground or reason", "how many"):
        decisions.add_column(heading, justify="right" if heading == "how many" else "left")
    for (colour, ground), count in sorted(day.tally.coloured.items(), key=_most):
        words = GROUNDS.get(ground)
        named = f"{ground} · {words.zh}" if words else ground
        decisions.add_row(colour, named, f"{count:,}", style=_COLOUR_STYLE.get(colour, ""))
    for what, counted in _others(day.tally):
        for reason, count in sorted(counted.items(), key=_most):
            decisions.add_row(what, str(reason), f"{count:,}")
    decisions.add_row("all", "", f"{day.tally.decisions:,}", style="bold")
    console.print(decisions)

    late = day.latencies
    console.print(
        f"{day.reports:,} reports in {day.seconds:.1f} s: "
        f"[bold]{day.reports / day.seconds:,.0f} a second[/bold] from file to platform. "
        f"From the door to the ledger: median {late.percentile(0.5):,} ms, "
        f"95 % within {late.percentile(0.95):,} ms, 99 % within {late.percentile(0.99):,} ms "
        "(each file is sent at once)."
    )


def show_compared(console: Console, compared: Compared) -> None:
    """What followed from where people were."""
    found = Table(title="the comparison · 公安比对", title_justify="left")
    for heading in ("match", "how many", "people"):
        found.add_column(heading, justify="left" if heading == "match" else "right")
    for ground, count in compared.matches.items():
        words = GROUNDS[ground]
        found.add_row(f"{ground} · {words.zh}", f"{count:,}", f"{compared.people[ground]:,}")
    console.print(found)
    console.print(
        f"from {compared.presences:,} stays, {compared.cases:,} cases, {compared.areas:,} areas. "
        f"{compared.groups:,} groups of people had one trajectory each: "
        + ("the same matches for all of a group." if not compared.failures else "see below.")
    )


def show_attempts(console: Console, attempts: Sequence[Attempt], depositors: int, red: int) -> None:
    """The Henan case: each way, who did it, and what came of it."""
    table = Table(
        title=f"the Henan case: {depositors:,} depositors, tried in every way · 河南储户案",
        title_justify="left",
        show_lines=True,
    )
    for heading in ("way", "with", "tried", "what came of it", "who: actor, time, connection"):
        justify: Any = "right" if heading == "tried" else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for one in attempts:
        who = f"[bold]{one.actor}[/bold]\n{from_ms(one.at):%Y-%m-%d %H:%M:%S}"
        if one.connection:
            who += f"\n{one.connection}"
        mark = "" if one.held else "[red]NOT AS IT MUST BE[/red] "
        table.add_row(one.way, one.credentials, f"{one.tried:,}", mark + one.outcome, who)
    console.print(table)
    style = "bold green" if red == 0 else "bold red"
    console.print(f"[{style}]depositors that are red: {red:,} of {depositors:,}[/{style}]")


def to_json(
    day: Day, compared: Compared, attempts: Sequence[Attempt], red: int, failures: Sequence[str]
) -> Any:
    """The same for ``--json``."""
    tally = day.tally
    return {
        "holders": day.holders,
        "reports": day.reports,
        "accepted": day.accepted,
        "refused": day.refused,
        "expected_refused": day.expected_refused,
        "seconds": round(day.seconds, 2),
        "reports_per_second": round(day.reports / day.seconds, 1),
        "latency_ms": {
            name: day.latencies.percentile(share)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "departments": {
            name: {"rows": rows, "refused": refused}
            for name, (rows, refused) in day.by_department.items()
        },
        "decisions": tally.decisions,
        "people": tally.people,
        "coloured": [
            {"colour": colour, "ground": ground, "count": count}
            for (colour, ground), count in sorted(tally.coloured.items(), key=_most)
        ],
        "events": {
            name: {str(k): v for k, v in counted.items()} for name, counted in _others(tally)
        },
        "comparison": asdict(compared),
        "attempts": [asdict(one) for one in attempts],
        "red_depositors": red,
        "failures": list(failures),
    }


def _others(tally: Tally) -> list[tuple[str, Mapping[str, int]]]:
    refused: dict[str, int] = {}
    for (code, department), count in tally.refused.items():
        refused[f"{code} ({department})"] = refused.get(f"{code} ({department})", 0) + count
    return [
        ("lifted", tally.lifted),
        ("noted", tally.noted),
        ("held", tally.held),
        ("refused", refused),
        ("ended", {"death": tally.ended}),
    ]


def _most(item: tuple[Any, int]) -> tuple[int, str]:
    return -item[1], str(item[0])
