"""The real cases of Korea 2020, through ``fuma report`` and every stage, against the CSV itself.

What must follow is computed from the source a second time, by a few lines that share nothing with
the product: totals, and each patient's colour at the end of each day.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from fuma.cli.demo.world import World
from fuma.contracts.decisions import LedgerRecord
from fuma.domain.codes import events as e
from fuma.domain.time import DAY, HOUR, day_start
from fuma.runtime.platform import CodePlatform
from interop import korea
from interop.korea import Patient

pytestmark = pytest.mark.slow
_MAPPING = Path(__file__).with_name("korea.yaml")
_LAST = timedelta(days=45)


@dataclass(frozen=True)
class Lived:
    """The cases, as the world has lived through them."""

    world: World
    real: bool
    source: Path
    patients: list[Patient]
    answers: list[dict[str, object]]  # what `fuma report --json` said, one a day
    ledger: dict[bytes, list[LedgerRecord]]
    tags: dict[str, bytes]  # global_id to subject tag


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    source, real = korea.source()
    if not real:
        warnings.warn(f"the Korean cases are not here; {source.name} instead", stacklevel=1)
    patients = korea.patients(source)
    folder = tmp_path_factory.mktemp("korea")
    days = list(korea.day_files(patients, folder))
    with World(folder / "home") as world:
        world.up(day_start(days[0][0]) - DAY)
        world.ask.load([(p.number, p.name) for p in patients])
        answers = [_report(world, day, path) for day, path in days]
        world.ask.drained()
        tags = world.ask.mint([(p.number, p.name) for p in patients])
        records: dict[bytes, list[LedgerRecord]] = {}
        for raw, record in world.ask.decisions():
            assert raw.key is not None
            records.setdefault(raw.key, []).append(record)
        known = {p.global_id: tag for p, tag in zip(patients, tags, strict=True)}
        yield Lived(world, real, source, patients, answers, records, known)


def _report(world: World, day: date, path: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "fuma.cli.main", "report", "--department", "health", "--json"]
    command += ["--mapping", str(_MAPPING), "--now", f"{day}T08:00:00+08:00", str(path)]
    done = subprocess.run(
        command,
        env={**os.environ, "FUMA_HOME": str(world.home.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 3), done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


# --- the independent few lines: the CSV, and nothing else -------------------------------------


def _rows(source: Path) -> list[dict[str, str]]:
    with source.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _day(text: str) -> date | None:
    return datetime.strptime(text, "%m/%d/%y").date() if text else None


def _expected_totals(source: Path) -> Counter[str]:
    totals: Counter[str] = Counter()
    for row in _rows(source):
        totals["confirmed"] += bool(row["confirmed_date"])
        totals["released"] += bool(row["released_date"])
        totals["deceased"] += bool(row["deceased_date"])
        if row["infected_by"]:
            met, confirmed = _day(row["exposure_end"]), _day(row["confirmed_date"])
            assert confirmed is not None
            kind = "undated" if met is None else "future" if met > confirmed else "contact"
            totals[kind] += 1
    return totals


def _unusable(source: Path) -> int:
    """Contact reports that cannot count, each as often as a day's file holds it."""
    count = 0
    for row in _rows(source):
        met, confirmed = _day(row["exposure_end"]), _day(row["confirmed_date"])
        days = {_day(row[c]) for c in ("confirmed_date", "released_date", "deceased_date")}
        for day in days - {None}:
            if row["infected_by"] and day and confirmed and day >= confirmed:
                count += met is None or met > day
    return count


def _expected_colours(row: dict[str, str], last: date) -> dict[date, str]:
    """By the eighth edition: the colour at the end of each day, ``none`` once the code ended."""
    confirmed, released = _day(row["confirmed_date"]), _day(row["released_date"])
    deceased, met = _day(row["deceased_date"]), _day(row["exposure_end"])
    colours: dict[date, str] = {}
    assert confirmed is not None
    day = confirmed - timedelta(days=3)
    while day <= last:
        colour = "green"
        known = day >= confirmed  # nothing is reported of anybody before
        # A release after the longest red finds nothing to lift, so nothing follows from it.
        if (
            known
            and released
            and (released - confirmed).days < 30
            and released <= day < released + timedelta(days=3)
        ):
            colour = "yellow"
        if known and row["infected_by"] and met and met <= confirmed:
            since = (day - met).days
            colour = "red" if since < 14 else "yellow" if since < 21 else colour
        over = released is not None and day >= released
        if known and not over and (day - confirmed).days < 30:
            colour = "red"
        if deceased and day >= deceased:
            colour = "none"
        colours[day] = colour
        day += timedelta(days=1)
    return colours


# --- and what the platform did --------------------------------------------------------------------


def test_says_which_cases_it_ran_on(lived: Lived) -> None:
    assert lived.real == (lived.source != korea.MADE)
    print(f"\n{len(lived.patients)} patients from {lived.source.name}, real: {lived.real}")


def test_totals_are_those_of_the_csv(lived: Lived) -> None:
    expected = _expected_totals(lived.source)
    facts: Counter[str] = Counter()
    for records in lived.ledger.values():
        for record in records:
            for event in record.events:
                match event:
                    case e.Effective(order):
                        facts[f"effective {order.ground}"] += 1
                    case e.Noted():
                        facts[f"noted {event.code}"] += 1
                    case e.Refused():
                        facts[f"refused {event.ground}"] += 1
                    case e.Held():
                        facts["held"] += 1
                    case e.Ended():
                        facts["ended"] += 1
    late = sum(_dead_before_confirmed(row) for row in _rows(lived.source))
    assert facts["held"] == 0
    assert facts["ended"] == expected["deceased"]
    assert facts["effective confirmed"] == expected["confirmed"] - late
    assert facts["refused close-contact"] == expected["future"]
    assert facts["noted code-ended"] >= late
    assert facts["noted released"] + facts["noted release-pending"] == expected["released"]
    contacts = facts["effective close-contact"] + facts["noted ended-before-recorded"]
    contacts += facts["noted code-ended"] - late
    assert contacts == expected["contact"]


def test_every_unusable_report_is_answered_and_counted(lived: Lived) -> None:
    sent = sum(int(str(a["sent"])) + int(str(a["refused_here"])) for a in lived.answers)
    accepted = sum(int(str(answer["accepted"])) for answer in lived.answers)
    refused = sum(int(str(answer["refused"])) for answer in lived.answers)
    assert sent == accepted + refused
    assert refused == _unusable(lived.source) > 0


def test_each_patient_has_the_right_colour_at_the_end_of_each_day(lived: Lived) -> None:
    rows = {row["global_id"]: row for row in _rows(lived.source)}
    last = max(d for row in rows.values() if (d := _day(row["confirmed_date"]))) + _LAST
    wrong: list[str] = []
    for patient in lived.patients:
        records = lived.ledger[lived.tags[patient.global_id]]
        expected = _expected_colours(rows[patient.global_id], last)
        for day, colour in expected.items():
            at = day_start(day + korea.SHIFT) + DAY - 1
            found = _answered_then(records, at)
            if found != colour:
                wrong.append(f"{patient.global_id} on {day}: {found}, not {colour}")
    assert not wrong, f"{len(wrong)}: {wrong[:20]}"


def test_nobody_is_red_longer_than_the_law_says(lived: Lived) -> None:
    for records in lived.ledger.values():
        for record in records:
            for event in record.events:
                if isinstance(event, e.Effective) and event.order.ground == "confirmed":
                    assert event.order.end <= event.order.basis + 30 * DAY


def test_a_death_before_confirmation_is_never_red(lived: Lived) -> None:
    dead = [row["global_id"] for row in _rows(lived.source) if _dead_before_confirmed(row)]
    assert dead
    for one in dead:
        for record in lived.ledger[lived.tags[one]]:
            assert not any(isinstance(event, e.Effective) for event in record.events)


def test_the_platform_answers_what_the_log_says(lived: Lived) -> None:
    rows = {row["global_id"]: row for row in _rows(lived.source)}
    special = [r for r in rows.values() if any(r[c] for c in ("released_date", "deceased_date"))]
    special += [row for row in rows.values() if row["infected_by"]]
    chosen = [row["global_id"] for row in (*special, *list(rows.values())[:60])]
    platform = CodePlatform.of(lived.world.home)
    asked = 0
    for one in dict.fromkeys(chosen):
        confirmed = _day(rows[one]["confirmed_date"])
        assert confirmed is not None
        records = lived.ledger[lived.tags[one]]
        for offset in (-1, 0, 1, 6, 13, 14, 20, 21, 29, 30, 33):
            at = day_start(confirmed + korea.SHIFT + timedelta(days=offset)) + 20 * HOUR
            assert platform.colour(lived.tags[one], at) == _answered_then(records, at), (
                one,
                offset,
            )
            asked += 1
    assert asked > 50


def _dead_before_confirmed(row: dict[str, str]) -> bool:
    deceased, confirmed = _day(row["deceased_date"]), _day(row["confirmed_date"])
    return deceased is not None and confirmed is not None and deceased < confirmed


def _answered_then(records: list[LedgerRecord], at: int) -> str:
    """The colour that the decisions recorded by ``at`` gave for ``at``."""
    known = [record for record in records if record.at <= at and record.schedule is not None]
    if not known:
        return "green"
    schedule = known[-1].schedule
    assert schedule is not None
    if schedule.ended is not None and at >= schedule.ended:
        return "none"
    for segment in schedule.segments:
        if segment.since <= at < segment.until:
            return segment.colour.word
    return "green"
