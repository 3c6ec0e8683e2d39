"""The demo from beginning to end: settle, live, count, show, try, check."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fuma.cli.demo import table
from fuma.cli.demo.compared import Compared, compare
from fuma.cli.demo.day import Planner
from fuma.cli.demo.driver import Departments, live
from fuma.cli.demo.henan import try_everything
from fuma.cli.demo.planned import REFUSED, Report
from fuma.cli.demo.province import Province, settle
from fuma.cli.demo.scene import Scene
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.contracts.topics import DEPARTMENTS
from fuma.domain.time import DAY, HOUR, MINUTE, Ms, day_start, from_ms

DATE = date(2022, 6, 14)
START: Ms = day_start(DATE)
_PURPOSE = "演示：审计 demo: audit"
#: Columns where the output is no terminal.
_WIDTH = 130
#: Mistakes after which a row names nobody, so that nothing of it is on the log.
_NAMELESS = ("bad-checksum", "not-json")


class Story:
    """One demo. ``quiet``: nothing but the answer (for ``--json``)."""

    def __init__(
        self, home: Path, holders: int, seed: int, workers: int, keep: bool, *, quiet: bool
    ) -> None:
        self._workers = workers
        self._holders = holders
        self._seed = seed
        self._out = Console(quiet=quiet, width=None if sys.stdout.isatty() else _WIDTH)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=Console(stderr=True, quiet=quiet),
        )  # fmt: skip
        self._world = World(home, say=self._say, keep=keep)
        self.failures: list[str] = []

    def tell(self) -> dict[str, Any]:
        """Everything; the answer for ``--json``, with what did not come out as it must."""
        began = time.monotonic()
        province = settle(self._holders, self._seed)
        reports = Planner(province.people, START, self._seed).reports()
        with self._world as world, tempfile.TemporaryDirectory(prefix="fuma-demo-") as folder:
            with self._progress:
                world.up(START - DAY, workers=self._workers)
                self._settle(province)
                with Departments(world.home.path, Path(folder)) as departments:
                    day = self._live(departments, reports, province)
                    tags = self._depositor_tags(province)
                    at = START + DAY - 30 * MINUTE
                    scene = Scene(world, departments, province.depositors, tags, at, self._say)
                    try_everything(scene)
                world.ask.drained()
                red = self._red(tags)
                compared = compare(world.ask, reports, province.people)
            self._check(day, reports, scene.attempts, red, compared)
            table.show_day(self._out, day)
            table.show_compared(self._out, compared)
            self._show_history(reports)
            table.show_attempts(self._out, scene.attempts, len(province.depositors), red)
        for failure in self.failures:
            self._out.print(f"[red]not as it must be: {failure}[/red]")
        self._out.print(f"done in {time.monotonic() - began:.0f} s")
        told = table.to_json(day, compared, scene.attempts, red, self.failures)
        return {**told, "seed": self._seed}

    def _say(self, line: str) -> None:
        self._progress.console.print(f"[dim]{line}[/dim]")

    def _settle(self, province: Province) -> None:
        task = self._progress.add_task("holders · 持码人", total=len(province.everybody))
        self._world.ask.load(
            [(p.number, p.name) for p in province.everybody],
            lambda count: self._progress.advance(task, count),
        )

    def _depositor_tags(self, province: Province) -> list[bytes]:
        people = [(p.number, p.name) for p in province.depositors]
        return self._world.ask.mint(people)

    def _live(
        self, departments: Departments, reports: list[Report], province: Province
    ) -> table.Day:
        task = self._progress.add_task("reports · 上报", total=len(reports))
        began = time.monotonic()
        live(
            departments, reports, START, HOUR,
            lambda count: self._progress.advance(task, count),
            lambda moment: self._progress.update(
                task, description=f"{from_ms(moment):%d %B %H:%M}"
            ),
        )  # fmt: skip
        self._world.ask.drained()
        seconds = time.monotonic() - began
        told = departments.told
        return table.Day(
            holders=len(province.everybody),
            reports=sum(one.rows for one in told.values()),
            accepted=sum(one.accepted for one in told.values()),
            refused=sum(one.refused for one in told.values()),
            expected_refused=sum(r.verdict == REFUSED for r in reports),
            seconds=seconds,
            by_department={name: (told[name].rows, told[name].refused) for name in DEPARTMENTS},
            tally=self._world.ask.tally(),
            latencies=self._world.ask.latencies(),
        )

    def _red(self, tags: list[bytes]) -> int:
        """Depositors that the platform calls red, each asked; all have to be answered."""
        colours = self._world.ask.colours(tags)
        if None in colours:
            self.failures.append(f"{colours.count(None)} depositors get no answer")
        return colours.count("red")

    def _check(
        self,
        day: table.Day,
        reports: list[Report],
        attempts: list[table.Attempt],
        red: int,
        compared: Compared,
    ) -> None:
        expected = Counter(r.department for r in reports)
        refused = Counter(r.department for r in reports if r.verdict == REFUSED)
        for name, (rows, said) in day.by_department.items():
            if (rows, said) != (expected[name], refused[name]):
                self.failures.append(
                    f"{name}: {rows} rows, {said} refused; "
                    f"{expected[name]} and {refused[name]} were to be"
                )
        distinct = len({_content(r) for r in reports if _on_the_log(r)})
        if day.tally.decisions != distinct + compared.total:
            self.failures.append(
                f"{day.tally.decisions} decisions for {distinct} different reports on a holder "
                f"and {compared.total} matches"
            )
        self.failures += compared.failures
        if red:
            self.failures.append(f"{red} depositors are red")
        self.failures += [
            f"{one.way} ({one.credentials}): {one.outcome}" for one in attempts if not one.held
        ]

    def _show_history(self, reports: list[Report]) -> None:
        """The person of whom most was said today, as an auditor reads it."""
        said = Counter(r.number for r in reports if not r.mistake)
        released = {r.number: r.ground == "confirmed" for r in reports if r.kind == "release"}
        # Somebody who was released, a discharged case before others.
        number = max(sorted(released), key=lambda n: (released[n], said[n]))
        try:
            told = self._world.ask.history(number, _PURPOSE)
        except CliError as error:
            self.failures.append(str(error))
            return
        self._out.rule("one person's history, as an auditor reads it · 一人的历史")
        self._out.print(told, highlight=False, markup=False)


def _on_the_log(report: Report) -> bool:
    """Whether the report itself reaches the ledger: it names a holder, came past its own client
    and is not for the comparison, of which only matches get there."""
    local = report.department == "customs" and report.mistake == "no-evidence"
    compared = report.kind in ("presence", "case", "area")
    return report.mistake not in _NAMELESS and not local and not compared


def _content(report: Report) -> tuple[object, ...]:
    return (
        report.department, report.event, report.number, report.name, report.since, report.ground,
        report.evidence_number,
    )  # fmt: skip
