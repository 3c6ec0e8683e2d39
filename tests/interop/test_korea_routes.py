"""The real routes through the comparison: its matches are those of a loop over all pairs of rows.

The reference finds cells from the coordinates by the published definition in exact fractions, and
knows nothing of the product's state. ``docs/comparison.md`` gives the table; a test holds it.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest

from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Input, Match, Said
from fuma.domain.comparison.fold import evolve
from fuma.domain.comparison.grid import COLUMNS
from fuma.domain.comparison.settings import Frame, Rule, Settings
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, MINUTE, Ms, day_start
from interop import korea_routes as korea

FOUND = korea.folder()
pytestmark = pytest.mark.skipif(FOUND is None, reason="the Korean routes are not here")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "comparison.md"
SETTINGS = Settings(
    companion=Rule(
        "companion", b"companion", ("spatiotemporal-companion",), "grid-match", 10 * MINUTE
    )
)
#: From before the first route to after the last, so that the whole history is one window.
WHOLE = 365 * DAY
Met = tuple[str, str, date, tuple[int, int]]


class Law:
    def settings(self, division: str, at: Ms) -> Settings | None:
        return SETTINGS


def told(routes: korea.Routes, patients: korea.Patients) -> list[tuple[Ms, Input]]:
    """A presence is heard at the end of its day, a case at the end of the day of confirmation."""
    heard: list[tuple[Ms, Input]] = [(p.until, p) for p in routes.presences]
    for who, day in patients.confirmed.items():
        case, at = korea.case_of(who, day)
        heard.append((at, case))
    return sorted(heard, key=lambda pair: pair[0])


def run(heard: list[tuple[Ms, Input]], keep: Ms) -> list[Match]:
    state, law, found = State(Frame(keep=keep)), Law(), []
    for at, record in heard:
        for event in decide(state, record, at, law):
            evolve(state, event)
            if isinstance(event, Said):
                assert event.stands, "nothing is withdrawn here"
                found.append(event.match)
    return found


def cell(point: korea.Point) -> tuple[int, int]:
    latitude, longitude = Fraction(point.latitude), Fraction(point.longitude)
    columns = COLUMNS[floor(latitude)]
    return floor(latitude * 139), floor((longitude + 180) * columns / 360)


def reference(
    routes: korea.Routes, patients: korea.Patients, days: int | None
) -> Counter[tuple[str, str, date]]:
    """(who was infectious, whom they met, on which day), once for each pair of rows.

    A pair counts when both rows and the confirmation are known; with ``days``, only if the day was
    not over that long by then.
    """
    there: dict[tuple[date, tuple[int, int]], list[str]] = {}
    for point in routes.points:
        there.setdefault((point.day, cell(point)), []).append(point.who)
    found: Counter[tuple[str, str, date]] = Counter()
    for (day, _), people in there.items():
        for a in people:
            confirmed = patients.confirmed.get(a)
            if confirmed is None or not confirmed - timedelta(2) <= day <= confirmed:
                continue
            assert days is None or (confirmed - day).days < days
            found.update((a, b, day) for b in people if b != a)
    return found


@pytest.fixture(scope="module")
def data() -> tuple[korea.Routes, korea.Patients]:
    assert FOUND is not None
    return korea.routes(FOUND), korea.patients(FOUND)


def test_matches_are_those_of_the_reference(data: tuple[korea.Routes, korea.Patients]) -> None:
    routes, patients = data
    everyone = {p.who for p in routes.points} | set(patients.confirmed)
    name = {korea.tag_of(who): who for who in everyone}
    case = {korea.case_of(who, day)[0].id: who for who, day in patients.confirmed.items()}
    expected = reference(routes, patients, 14)
    assert expected
    for keep in (14 * DAY, WHOLE):
        matches = run(told(routes, patients), keep)
        days = [(m.since - day_start(date(2020, 1, 1))) // DAY for m in matches]
        met = Counter(
            (case[m.case], name[m.tag], date(2020, 1, 1) + timedelta(days=d))
            for m, d in zip(matches, days, strict=True)
        )
        assert met == expected
        assert len({m.id for m in matches}) == len(matches)


def test_order_does_not_matter(data: tuple[korea.Routes, korea.Patients]) -> None:
    end = max(p.until for p in data[0].presences) + DAY
    heard = [(end, record) for _, record in told(*data)]
    late = run(heard[::-1], WHOLE)
    assert {m.id for m in run(heard, WHOLE)} == {m.id for m in late}
    assert {m.id for m in late} == {m.id for m in run(told(*data), WHOLE)}


def figures(routes: korea.Routes, patients: korea.Patients) -> dict[str, int]:
    """What the table in the docs says."""
    everywhere: dict[str, set[tuple[date, tuple[int, int]]]] = {}
    cells: dict[str, set[tuple[int, int]]] = {}
    for point in routes.points:
        everywhere.setdefault(point.who, set()).add((point.day, cell(point)))
        cells.setdefault(point.who, set()).add(cell(point))
    met = {(a, b) for a, b, _ in reference(routes, patients, 14)}
    pairs = {(infector, who) for who, infector in patients.infector.items()}
    routed = {pair for pair in pairs if pair[0] in cells and pair[1] in cells}
    return {
        "rows": routes.rows,
        "rows without coordinates": routes.unplaced,
        "other unusable rows": routes.unusable,
        "presences (one a day)": len(routes.presences),
        "people with a placed route": len(cells),
        "matches": sum(reference(routes, patients, 14).values()),
        "ordered pairs of people with a match": len(met),
        "recorded infector pairs": len(pairs),
        "of these, both with a placed route": len(routed),
        "of these, ever in the same cell": sum(bool(cells[a] & cells[b]) for a, b in routed),
        "of these, in the same cell on the same day": sum(
            bool(everywhere[a] & everywhere[b]) for a, b in routed
        ),
        "of these, while the infector was infectious (a match)": len(routed & met),
    }


def test_the_table_in_the_docs(data: tuple[korea.Routes, korea.Patients]) -> None:
    rows = re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    written = {name: int(number.replace(",", "")) for name, number in rows}
    computed = figures(*data)
    assert {name: written.get(name) for name in computed} == computed
