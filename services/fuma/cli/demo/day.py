"""The reports of one made-up day, planned: who says what of whom, when, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from fuma.cli.demo.flows import FLOWS, MISTAKES, Flow
from fuma.cli.demo.itineraries import Itineraries, with_case
from fuma.cli.demo.people import Person, another_name, check_character, spoilt
from fuma.cli.demo.planned import REFUSED, Report
from fuma.domain.time import DAY, HOUR, MINUTE, SECOND, Ms


class Planner:
    """Plans the day ``[start, start + 24 h)`` for ``people``; the same seed plans the same day."""

    def __init__(self, people: Sequence[Person], start: Ms, seed: int) -> None:
        self._people = people
        self._start = start
        self._seed = seed
        self._random = Random(f"fuma day {seed}")
        self._serial: dict[str, int] = {}
        self._order = list(range(len(people)))
        self._random.shuffle(self._order)
        self._next = 0

    def reports(self) -> list[Report]:
        """All of them, by the time at which they were reported."""
        made: list[Report] = []
        for flow in FLOWS:
            for _ in range(self._scaled(flow.count)):
                made.extend(self._flow(flow))
        made = [self._case(report) for report in made]
        sound = [report for report in made if report.kind != "death"]
        for mistake, department, count in MISTAKES:
            for _ in range(self._scaled(count)):
                made.append(self._mistake(mistake, department, sound))
        cases = [report for report in made if report.more and not report.mistake]
        made += Itineraries(self._people, cases, self._start, self._seed).reports()
        made.sort(key=lambda report: (report.at, report.department, report.event))
        return made

    def _case(self, report: Report) -> Report:
        """A new confirmed case says when its person fell ill: whom they met follows from it."""
        new = report.kind == "finding" and report.at - report.since < DAY
        return with_case(report, self._random) if new and report.ground == "confirmed" else report

    def _scaled(self, count: int) -> int:
        return max(1, round(count * len(self._people) / 100_000))

    def _person(self, flow: Flow) -> Person:
        # A scan happens to anybody; a finding to somebody of whom nothing was said yet today.
        if flow.kind == "scan":
            return self._random.choice(self._people)
        person = self._people[self._order[self._next % len(self._order)]]
        self._next += 1
        return person

    def _event(self, department: str) -> str:
        serial = self._serial[department] = self._serial.get(department, 0) + 1
        return f"{department}-20220614-{serial:06d}"

    def _moment(self, hours: tuple[float, float]) -> Ms:
        at = self._start + round(self._random.uniform(*hours) * HOUR)
        return at - at % SECOND

    def _evidence_number(self, kind: str) -> str:
        return f"{kind[:2].upper()}{self._random.randrange(10**9):09d}" if kind else ""

    def _flow(self, flow: Flow) -> Iterator[Report]:
        person = self._person(flow)
        at = self._moment(flow.hours)
        since = at - round(self._random.uniform(*flow.age) * DAY)
        since -= since % MINUTE
        first = Report(
            flow.department,
            at,
            self._event(flow.department),
            flow.kind,
            person.number,
            person.name,
            person.home,
            flow.ground,
            since,
            None,
            flow.evidence,
            self._evidence_number(flow.evidence),
            _reporter(flow.department, self._random),
        )
        yield first
        if flow.ending and self._random.random() < flow.ending.share:
            ended = at + round(self._random.uniform(*flow.ending.hours) * HOUR)
            ended = min(ended - ended % SECOND, self._start + DAY - MINUTE)
            yield replace(
                first,
                at=ended,
                event=self._event(flow.department),
                kind="release",
                since=ended - ended % MINUTE,
                evidence=flow.ending.evidence,
                evidence_number=self._evidence_number(flow.ending.evidence),
            )

    def _mistake(self, mistake: str, department: str, sound: Sequence[Report]) -> Report:
        """A sound report of that department (or of any), with something wrong in it."""
        own = self._sample(sound, department, "finding") or self._sample(sound, "health", "finding")
        assert own is not None
        person = self._people[self._order[self._next % len(self._order)]]
        self._next += 1
        report = replace(
            own,
            department=department,
            event=self._event(department),
            number=person.number,
            name=person.name,
            division=person.home,
            mistake=mistake,
            evidence_number=self._evidence_number(own.evidence),
            reporter=_reporter(department, self._random),
            more={},
        )
        match mistake:
            case "bad-checksum":
                return replace(report, number=spoilt(report.number), verdict=REFUSED)
            case "wrong-name":
                return replace(report, name=another_name(report.name))
            case "not-in-register":
                return replace(report, number=_stranger(report.number, self._random))
            case "no-evidence":
                return replace(report, evidence="", evidence_number="", verdict=REFUSED)
            case "wrong-evidence":
                return replace(report, evidence="venue-scan", verdict=REFUSED)
            case "wrong-owner":
                return replace(report, verdict=REFUSED)
            case "unknown-ground":
                return replace(report, ground="petitioning", verdict=REFUSED)
            case "unknown-division":
                return replace(report, division="419999", verdict=REFUSED)
            case "until-before-from":
                return replace(report, until=report.since - DAY, verdict=REFUSED)
            case "ended-long-ago":
                return replace(report, since=report.since - 30 * DAY)
            case "not-json":
                return replace(report, raw='{"specversion": "1.0", "type"', verdict=REFUSED)
            case "repeat":
                old = self._sample(sound, department) or own
                return replace(old, mistake=mistake)
            case "same-id-other-content":
                other = self._evidence_number(own.evidence)
                return replace(own, evidence_number=other, mistake=mistake)
        raise AssertionError(mistake)

    def _sample(self, sound: Sequence[Report], department: str, kind: str = "") -> Report | None:
        for _ in range(400):
            report = self._random.choice(sound)
            if report.department == department and kind in ("", report.kind):
                return report
        return None


def _stranger(number: str, random: Random) -> str:
    """A valid number of nobody in the register: a birth date that no made-up holder has."""

    first17 = f"{number[:6]}1829{random.randrange(1, 13):02d}{random.randrange(1, 29):02d}"
    first17 += f"{random.randrange(1, 1000):03d}"
    return first17 + check_character(first17)


_REPORTERS = {
    "health": "疾控中心",
    "public-security": "公安分局",
    "transport": "客运站",
    "customs": "口岸海关",
    "human-resources": "人社局",
    "education": "学校",
    "communications": "运营商",
    "command": "指挥部办公室",
    "townships": "街道办事处",
}


def _reporter(department: str, random: Random) -> str:
    """The clerk who reported, by office and staff number."""
    return f"{_REPORTERS[department]} {random.randrange(1, 60):03d} 号"
