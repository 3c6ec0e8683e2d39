"""The real cases of Korea 2020 made fit for a simulated Chinese province, and what must follow.

The patients come from ``korea-2020/patients.csv`` beside the checkout (``FUMA_SHARED`` names
another folder). Its licence is CC BY-NC-SA 4.0, so nothing of it is copied in here. Numbers and
names are minted from ``global_id``, dates are shifted by a whole number of days. Each day's file
holds the rows that changed that day, as they were known on that day, in the columns of the source.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from fuma.cli.demo.people import check_character

#: 20 January 2020 becomes 19 January 2022: the eighth edition's terms hold all the while.
SHIFT = timedelta(days=730)
DATES = ("exposure_start", "exposure_end", "confirmed_date", "released_date", "deceased_date")
MADE = Path(__file__).parent / "made-cases.csv"
_ROOT = Path(__file__).resolve().parents[2]


def source() -> tuple[Path, bool]:
    """The patients' file, and whether it is the real one."""
    shared = Path(os.environ.get("FUMA_SHARED") or _ROOT.parent / "shared")
    real = shared / "data" / "korea-2020" / "patients.csv"
    return (real, True) if real.exists() else (MADE, False)


def parse(text: str) -> date | None:
    """``M/D/YY``, shifted; ``None`` where there is none."""
    return datetime.strptime(text, "%m/%d/%y").date() + SHIFT if text else None


def written(day: date | None) -> str:
    """A date in the form of the source."""
    return f"{day.month}/{day.day}/{day:%y}" if day else ""


@dataclass(frozen=True, slots=True)
class Patient:
    """One row of the source, with its minted identity and shifted dates."""

    row: dict[str, str]
    number: str
    name: str

    @property
    def global_id(self) -> str:
        return self.row["global_id"]

    def day(self, column: str) -> date | None:
        return parse(self.row[column])


def patients(path: Path) -> list[Patient]:
    """Every row, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_patient(row) for row in csv.DictReader(file)]


def _patient(row: dict[str, str]) -> Patient:
    serial = int(row["global_id"])
    # Nobody alive was born then; three digits of the id in the sequence, the rest in the date.
    born = date(1840, 1, 1) + timedelta(days=serial // 999)
    first17 = f"110105{born:%Y%m%d}{serial % 999 + 1:03d}"
    name = "韩" + "".join("甲乙丙丁戊己庚辛壬癸"[int(digit)] for digit in row["global_id"])
    return Patient(row, first17 + check_character(first17), name)


def day_files(people: list[Patient], folder: Path) -> Iterator[tuple[date, Path]]:
    """One file a day on which something became known, in order."""
    events: dict[date, list[Patient]] = {}
    for patient in people:
        days = {patient.day(c) for c in ("confirmed_date", "released_date", "deceased_date")}
        for day in days:
            if day is not None:
                events.setdefault(day, []).append(patient)
    columns = [*people[0].row, "id_number", "holder_name"]
    for day in sorted(events):
        path = folder / f"{day}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(_known(patient, day) for patient in events[day])
        yield day, path


def _known(patient: Patient, day: date) -> dict[str, str]:
    """The row as its writer could have it on ``day``: nothing of what comes later."""
    row = dict(patient.row)
    for column in DATES:
        row[column] = written(patient.day(column))
    for column in ("confirmed_date", "released_date", "deceased_date"):
        known = patient.day(column)
        if known is not None and known > day:
            row[column] = ""
    if not row["confirmed_date"]:
        # Whom the patient met is asked when the case is confirmed.
        row["infected_by"] = ""
    return {**row, "id_number": patient.number, "holder_name": patient.name}
