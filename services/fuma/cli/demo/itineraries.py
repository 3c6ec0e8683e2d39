"""Where the made-up province's people were: what communications, transport and public security say.

A stay is reported after it is over, some on the day after. Some people go about together, so that
there are people of one trajectory; some meet a case for nine minutes, which is one too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from fuma.cli.demo.people import Person
from fuma.cli.demo.planned import Report
from fuma.contracts.cloudevents import instant
from fuma.domain.time import DAY, HOUR, MINUTE, Ms, day_start, from_ms, iso

#: Per 100,000 holders.
STAYS, CHECKS, RUNS = 16_000, 600, 20
_PASSENGERS, _CARRIAGES, _ROWS = 30, 3, 12
#: Where trains begin.
_STATION = "410104"
#: The city that the command declares high-risk on the day, and when it says so.
RISKY_CITY = "4107"
_DECLARED: Ms = 9 * HOUR
_RISK_BEGAN: Ms = 8 * HOUR
_CELLS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """A made-up place where people are."""

    latitude: str
    longitude: str
    division: str


class Itineraries:
    """Plans the stays, rides and areas of ``[start, start + 24 h)``."""

    def __init__(
        self, people: Sequence[Person], cases: Sequence[Report], start: Ms, seed: int
    ) -> None:
        """``cases``: findings that state when their person was infectious."""
        self._people = people
        self._cases = cases
        self._start = start
        self._random = Random(f"fuma itineraries {seed}")
        self._serial = 0
        homes = sorted({person.home for person in people})
        self._points = {home: [self._point(home) for _ in range(2)] for home in homes}

    def reports(self) -> list[Report]:
        """All of them, in no order."""
        made = [*self._areas()]
        for _ in range(self._scaled(STAYS)):
            made.append(self._stay("communications", self._random.choice(self._people)))
        for _ in range(self._scaled(CHECKS)):
            made.append(self._stay("public-security", self._random.choice(self._people)))
        for case in self._cases:
            made.extend(self._around(case))
        for number in range(self._scaled(RUNS)):
            made.extend(self._run(number))
        return made

    def _scaled(self, count: int) -> int:
        return max(1, round(count * len(self._people) / 100_000))

    def _point(self, home: str) -> Point:
        latitude, longitude = self._random.uniform(31.5, 36.2), self._random.uniform(110.5, 116.4)
        return Point(f"{latitude:.4f}", f"{longitude:.4f}", home)

    def _told(self, until: Ms) -> Ms:
        """When a stay that was over at ``until`` is reported."""
        at = max(until, self._start) + round(self._random.uniform(5, 180)) * MINUTE
        return min(at, self._start + DAY - HOUR)

    def _stay(
        self,
        department: str,
        person: Person,
        since: Ms | None = None,
        lasts: Ms | None = None,
        point: Point | None = None,
    ) -> Report:
        if since is None:
            since = self._start + round(self._random.uniform(-18 * 60, 20 * 60)) * MINUTE
        if lasts is None:
            lasts = round(self._random.uniform(6, 150)) * MINUTE
        where = point or self._random.choice(self._points[person.home])
        place = {"latitude": where.latitude, "longitude": where.longitude}
        kind = "signal-record" if department == "communications" else "police-record"
        return self._presence(department, person, where.division, since, since + lasts, place, kind)

    def _presence(
        self,
        department: str,
        person: Person,
        division: str,
        since: Ms,
        until: Ms,
        place: dict[str, str],
        evidence: str,
    ) -> Report:
        self._serial += 1
        return Report(
            department, self._told(until), f"stay-{self._serial:07d}", "presence", person.number,
            person.name, division, "", since, until, evidence, f"IT{self._serial:07d}",
            "运营商 001 号", more={"place": place},
        )  # fmt: skip

    def _around(self, case: Report) -> Iterator[Report]:
        """Where a case was, two who went along, and one who was there too short."""
        person = Person(case.number, case.name, case.division)
        friends = [self._random.choice(self._people) for _ in range(3)]
        for hours in (9, 6, 3):
            lasts = round(self._random.uniform(30, 120)) * MINUTE
            since = isolated(case) - hours * HOUR
            point = self._random.choice(self._points[person.home])
            yield self._stay("communications", person, since, lasts, point)
            for friend in friends[:2]:
                if friend.number != person.number:
                    yield self._stay("communications", friend, since, lasts, point)
        last = self._random.choice(self._points[person.home])
        if friends[2].number != person.number:
            began = isolated(case) - 12 * HOUR
            yield self._stay("communications", person, began, HOUR, last)
            yield self._stay("communications", friends[2], began + 51 * MINUTE, HOUR, last)

    def _run(self, number: int) -> Iterator[Report]:
        """A train of the evening before, with a case on it where there is one."""
        since = self._start - 6 * HOUR + number * MINUTE
        run = {"vehicle": "train", "number": f"G{1_000 + number}", "date": f"{from_ms(since):%F}"}
        aboard = {p.number: p for p in self._random.sample(list(self._people), _PASSENGERS)}
        if self._cases:
            case = self._cases[number % len(self._cases)]
            aboard[case.number] = Person(case.number, case.name, case.division)
        seats = [(c, r) for c in range(1, 1 + _CARRIAGES) for r in range(1, 1 + _ROWS)]
        taken = self._random.sample(seats, len(aboard))
        for person, (carriage, row) in zip(aboard.values(), taken, strict=True):
            place = {**run, "carriage": str(carriage), "row": str(row)}
            until = since + 2 * HOUR
            yield self._presence(
                "transport", person, _STATION, since, until, place, "ticket-record"
            )

    def _areas(self) -> Iterator[Report]:
        """A city, and some cells elsewhere, at high risk since the morning."""
        elsewhere = [home for home in self._points if not home.startswith(RISKY_CITY)]
        points = [self._points[home][0] for home in self._random.sample(elsewhere, _CELLS)]
        cells = [{"latitude": p.latitude, "longitude": p.longitude} for p in points]
        areas: tuple[dict[str, object], ...] = ({"divisions": [RISKY_CITY]}, {"cells": cells})
        for number, said in enumerate(areas, 1):
            yield Report(
                "command", self._start + _DECLARED, f"area-{number}", "area", "", "", "41", "",
                self._start + _RISK_BEGAN, None, "command-document", f"2022-{number:03d}",
                "指挥部办公室 001 号", more=said,
            )  # fmt: skip


def with_case(finding: Report, random: Random) -> Report:
    """A confirmed finding that says when its person fell ill and was isolated: a case as well."""
    ill = day_start(from_ms(finding.at).date()) - random.randrange(1, 4) * DAY
    apart = finding.at - round(random.uniform(10, 120)) * MINUTE
    more = {"onset": f"{from_ms(ill):%F}", "isolated": iso(apart)}
    return replace(finding, more=more)


def isolated(case: Report) -> Ms:
    """When the person of a case was isolated."""
    found = instant(str(case.more["isolated"]))
    assert found is not None
    return found
