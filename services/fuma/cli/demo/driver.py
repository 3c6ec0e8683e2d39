"""Lives through the day: each department sends its file of every hour, all nine at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from fuma.cli.demo import files
from fuma.cli.demo.planned import Report
from fuma.contracts.topics import DEPARTMENTS
from fuma.domain.time import Ms
from fuma.feed import FeedClient, RefusedRow, json_lines, load_mapping, receipt_of, table_lines

#: Called with how many more reports are answered.
Progress = Callable[[int], None]


@dataclass(slots=True)
class Told:
    """What the gateway (and the client before it) told one department."""

    rows: int = 0
    accepted: int = 0
    refused: int = 0
    faults: dict[str, int] = field(default_factory=dict)  # code to how often

    def fault(self, one: RefusedRow) -> None:
        """Count one fault of one row."""
        self.faults[one.code] = self.faults.get(one.code, 0) + 1


class Departments:
    """The nine departments' clients, open for the day. Use as a context."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._folder = folder
        self._clients = {name: FeedClient.open(home, name) for name in DEPARTMENTS}
        self.told = {name: Told() for name in DEPARTMENTS}
        self._lock = threading.Lock()

    def __enter__(self) -> Departments:
        return self

    def __exit__(self, *exc: object) -> None:
        for client in self._clients.values():
            client.close()

    def send(
        self,
        department: str,
        name: str,
        reports: Iterable[Report],
        told: Told | None = None,
        progress: Progress = lambda count: None,
        *,
        as_events: bool = False,
    ) -> Told:
        """Write one file, send it, wait until all of it is answered.

        ``as_events``: as CloudEvents, even where the department's own system writes a table.
        """
        path, mapping = files.write(self._folder, name, department, reports, as_events)
        told = told or self.told[department]
        with path.open("rb") as file:
            lines = table_lines(file, load_mapping(mapping)) if mapping else json_lines(file)
            summary = self._clients[department].report(
                lines, receipt=receipt_of(department, path), on_refused=told.fault
            )
        with self._lock:
            rows = summary.sent + summary.refused_here
            told.rows += rows
            told.accepted += summary.accepted
            told.refused += summary.refused
            progress(rows)
        return told


def live(
    departments: Departments,
    reports: Sequence[Report],
    start: Ms,
    slice_length: Ms,
    progress: Progress,
    at: Callable[[Ms], None] = lambda moment: None,
) -> float:
    """Send everything, slice by slice of simulated time. Returns the seconds that it took.

    Within a slice the departments send at the same time; the next begins once all are answered.
    """
    began = time.monotonic()
    slices: dict[int, dict[str, list[Report]]] = {}
    for report in reports:
        number = (report.at - start) // slice_length
        slices.setdefault(number, {}).setdefault(report.department, []).append(report)
    with ThreadPoolExecutor(len(DEPARTMENTS)) as pool:
        for number in sorted(slices):
            at(start + number * slice_length)
            sending = [
                pool.submit(
                    departments.send, department, f"{number:03d}-{department}", rows, None, progress
                )
                for department, rows in slices[number].items()
            ]
            for one in sending:
                one.result()
    return time.monotonic() - began
