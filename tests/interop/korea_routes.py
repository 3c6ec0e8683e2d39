"""The dated places of the Korean cases as presences, and the patients as cases.

The routes come from ``korea-2020/routes.csv`` beside the checkout (``FUMA_SHARED`` names another
folder); nothing of it is copied in here. A date is its whole day, a patient is infectious from two
days before confirmation to the end of its day (A).
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from fuma.domain.comparison.events import Case, Presence
from fuma.domain.comparison.grid import cell_at, fixed
from fuma.domain.comparison.place import cell_place
from fuma.domain.comparison.settings import Infectious, infectious
from fuma.domain.time import DAY, Ms, day_start
from interop.korea import source


def folder() -> Path | None:
    """Where the real data is, or ``None``."""
    path, real = source()
    return path.parent if real else None


def parse(text: str) -> date | None:
    """``M/D/YY``, not shifted."""
    try:
        return datetime.strptime(text, "%m/%d/%y").date()
    except ValueError:
        return None


def _id(*words: str) -> bytes:
    return hashlib.sha256("/".join(words).encode()).digest()[:16]


@dataclass(frozen=True)
class Point:
    """One day of one row: what the reference works with."""

    who: str
    day: date
    latitude: str
    longitude: str


@dataclass(frozen=True)
class Routes:
    """What was read, and what could not be used."""

    points: list[Point]
    presences: list[Presence]
    rows: int
    unplaced: int  # without coordinates
    unusable: int  # without a patient, a date, or with an end before its start


def tag_of(who: str) -> bytes:
    return _id("tag", who)


def routes(path: Path) -> Routes:
    """Every usable row, a presence for each of its days."""
    points: list[Point] = []
    presences: list[Presence] = []
    rows = unplaced = unusable = 0
    with (path / "routes.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            rows += 1
            first, last = parse(row["start"]), parse(row["end"] or row["start"])
            if not row["latitude"] or not row["longitude"]:
                unplaced += 1
                continue
            if not row["global_id"] or first is None or last is None or last < first:
                unusable += 1
                continue
            cell = cell_at(fixed(row["latitude"]), fixed(row["longitude"]))
            for offset in range((last - first).days + 1):
                day = first + timedelta(days=offset)
                who, since = row["global_id"], day_start(day)
                points.append(Point(who, day, row["latitude"], row["longitude"]))
                presences.append(
                    Presence(
                        _id("route", str(number), day.isoformat()),
                        0,
                        tag_of(who),
                        cell_place(cell),
                        "110105",
                        since,
                        since + DAY,
                    )
                )
    return Routes(points, presences, rows, unplaced, unusable)


@dataclass(frozen=True)
class Patients:
    """Patients with a date of confirmation, and the recorded infector of each that has one."""

    confirmed: dict[str, date]
    infector: dict[str, str]


def patients(path: Path) -> Patients:
    with (path / "patients.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {row["global_id"]: parse(row["confirmed_date"]) for row in rows}
    return Patients(
        {who: day for who, day in known.items() if day is not None},
        {row["global_id"]: row["infected_by"] for row in rows if row["infected_by"]},
    )


def case_of(who: str, confirmed: date) -> tuple[Case, Ms]:
    """The case, and the moment at which it is told: the end of the day of confirmation."""
    told = day_start(confirmed) + DAY
    since, until = infectious(Infectious(), day_start(confirmed), told)
    return Case(_id("case", who), 0, tag_of(who), since, until, told), told
