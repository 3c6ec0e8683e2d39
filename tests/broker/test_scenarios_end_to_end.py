"""Scenarios of DOMAIN.md by number, from a department's file to the platform's answer.

One simulated world; each scenario has people of its own, and all are lived through at once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fuma.cli.demo.driver import Departments, Told
from fuma.cli.demo.people import Person, another_name, spoilt
from fuma.cli.demo.planned import Report
from fuma.cli.demo.province import settle
from fuma.cli.demo.story import START
from fuma.cli.demo.world import World
from fuma.cli.incidents import gather
from fuma.contracts.provinces import decode_exchanged
from fuma.domain.codes import events as e
from fuma.domain.time import DAY, HOUR, Ms

pytestmark = pytest.mark.slow
_AT = START + 8 * HOUR
_FEVER, _OUT = "fever-clinic-record", "exclusion-report"


@dataclass
class Lived:
    """The world after its day: what the gateway told, tags, and each person's ledger events."""

    world: World
    told: dict[str, Told]
    people: dict[str, Person]
    tags: dict[str, bytes]
    events: dict[bytes, list[e.Event]]

    def of(self, name: str) -> list[e.Event]:
        return self.events.get(self.tags[name], [])

    def colour(self, name: str, at: Ms | None = None) -> str | None:
        return self.world.ask.platform.colour(self.tags[name], at)

    def codes(self, name: str, kind: type[e.Refused] | type[e.Held]) -> list[tuple[str, ...]]:
        return [event.codes for event in self.of(name) if isinstance(event, kind)]


def _report(
    person: Person, department: str, ground: str, evidence: str, number: str, *, hour: int = 0,
    kind: str = "finding", days: float = 0.5, event: str = "",
) -> Report:  # fmt: skip
    at = _AT + hour * HOUR
    since = at - round(days * DAY)
    return Report(
        department, at, event or f"{department}-{number}-{hour}-{kind}", kind, person.number,
        person.name, person.home, ground, since, None, evidence, number, "值班 001 号",
    )  # fmt: skip


def _day(who: dict[str, Person]) -> list[tuple[str, Report]]:
    """What is reported, in order, and the name of the file it goes in."""
    fever = _report(who["30"], "health", "unexplained-fever", _FEVER, "F30")
    early = _report(who["28"], "health", "unexplained-fever", _FEVER, "F28", hour=1, days=1)
    lifted = _report(who["31"], "health", "unexplained-fever", _FEVER, "F31")
    again = _report(who["31b"], "health", "unexplained-fever", _FEVER, "F31b")
    out = [
        ("15", _report(who["15"], "command", "stability", "command-document", "D15")),
        ("16", _report(who["16"], "townships", "", "venue-scan", "S16", kind="scan")),
        ("16", _report(who["16"], "public-security", "high-risk-area", "venue-scan", "S16b")),
        ("18", _report(who["18"], "customs", "inbound", "contact-link", "C18")),
        ("22", _report(who["22"], "health", "close-contact", "isolation-record", "I22", days=0)),
        ("23", _report(who["23"], "health", "confirmed", "diagnosis-report", "D23")),
        ("23", _report(who["23"], "health", "close-contact", "isolation-record", "I23")),
        ("25", _report(who["25"], "health", "confirmed", "diagnosis-report", "D25")),
        ("28", _report(who["28"], "health", "unexplained-fever", _OUT, "X28", kind="release",
                       days=0)),
        ("29", _report(who["29"], "customs", "inbound", "border-record", "B29", days=40)),
        ("30", fever), ("31", lifted), ("31b", again),
        ("later", early),
        ("later", _report(who["23"], "health", "confirmed", "discharge-notice", "X23", hour=1,
                          kind="release", days=0)),
    ]  # fmt: skip
    out += [
        ("17", _report(who[name], "health", "close-contact", "", "")) for name in ("17a", "17b")
    ]
    out[7] = ("25", replace(out[7][1], name=another_name(who["25"].name)))
    bad = _report(who["24"], "health", "confirmed", "diagnosis-report", "D24")
    out.append(("24", replace(bad, number=spoilt(bad.number))))
    out.append(("24", _report(who["24b"], "health", "confirmed", "diagnosis-report", "D24b")))
    for name in ("30", "31", "31b"):
        released = _report(
            who[name], "health", "unexplained-fever", _OUT, f"X{name}", hour=2, kind="release",
            days=0,
        )  # fmt: skip
        out.append(("release", released))
    out.append(("last", fever))  # 30: the very same message again, after the lifting
    out.append(("last", replace(lifted, event="f31-again", at=_AT + 3 * HOUR)))
    # A new fever after the release, seen anew.
    then = _AT + 3 * HOUR
    new = replace(again, event="f31b-new", at=then, since=then - HOUR // 2, evidence_number="F31c")
    out.append(("last", new))
    return [
        (name, replace(r, event=f"{r.event}-{n}") if not r.evidence else r)
        for n, (name, r) in enumerate(out)
    ]


_NAMES = ("15", "16", "17a", "17b", "18", "22", "23", "24", "24b", "25", "28", "29", "30", "31",
          "31b")  # fmt: skip


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    people = dict(zip(_NAMES, settle(2_000, 5).people, strict=False))
    told: dict[str, Told] = {}
    with tempfile.TemporaryDirectory(prefix="fuma-scenarios-") as folder:
        with World(Path(folder) / "home") as world:
            world.up(START - DAY)
            world.ask.load([(p.number, p.name) for p in people.values()])
            with Departments(world.home.path, Path(folder)) as departments:
                for n, (name, report) in enumerate(_day(people)):
                    departments.send(
                        report.department, f"{n}-{name}", [report],
                        told.setdefault(name, Told()), as_events=True,
                    )  # fmt: skip
            world.ask.drained()
            minted = world.ask.mint([(p.number, p.name) for p in people.values()])
            events: dict[bytes, list[e.Event]] = {}
            for raw, record in world.ask.decisions():
                events.setdefault(raw.key or b"", []).extend(record.events)
            yield Lived(world, told, people, dict(zip(people, minted, strict=True)), events)


def test_scenario_15_a_depositor_list_is_refused(lived: Lived) -> None:
    assert lived.told["15"].refused == 1
    assert lived.codes("15", e.Refused) == [("ground-unknown",)]
    assert lived.colour("15") == "green"


def test_scenario_16_a_scan_is_no_presence(lived: Lived) -> None:
    assert lived.codes("16", e.Refused) == [("evidence-not-of-ground",)]
    assert lived.colour("16") == "green"


def test_scenario_17_without_evidence_each_person_is_refused(lived: Lived) -> None:
    for name in ("17a", "17b"):
        assert any("no-evidence" in codes for codes in lived.codes(name, e.Refused))
        assert lived.colour(name) == "green"


def test_scenario_18_inbound_without_a_border_record_is_a_false_ground(lived: Lived) -> None:
    assert lived.codes("18", e.Refused) == [("evidence-not-of-ground",)]
    assert lived.colour("18") == "green"


def _raised(lived: Lived, code: str) -> list[dict[str, Any]]:
    """Incidents of a pattern; oversight hears of a decision a moment after the platform does."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told, _ = gather((raw, True) for raw in lived.world.ask.records("fuma.incidents"))
        found = [one for one in told if one["code"] == code]
        if found:
            return found
        time.sleep(0.2)
    return []


def test_scenario_18_the_false_ground_is_an_incident_that_names_the_office(lived: Lived) -> None:
    found = _raised(lived, "false-ground")
    assert {one["province"] for one in found} == {"41"}
    assert any(one["office"].startswith("customs") for one in found)
    tags = {tag for one in found for tag in one["subjects"]}
    assert tags <= {lived.tags[name].hex() for name in ("16", "18")}
    assert all(one["severity"] == "critical" and one["parties"] for one in found)


def test_a_red_of_one_province_is_told_to_those_that_the_law_names_and_its_end_too(
    lived: Lived,
) -> None:
    heard = [
        decode_exchanged(raw.value)
        for raw in lived.world.ask.records("fuma.exchange.14")
        if raw.key == lived.tags["23"]
    ]
    assert [one["kind"] for one in heard[:2]] == ["effective", "effective"]
    assert "lifted" in {one["kind"] for one in heard}
    assert {one["issuer"] for one in heard} == {"41"}
    assert list(lived.world.ask.records("fuma.exchange.41")) == []


def test_scenario_23_two_grounds_one_lifted_still_red(lived: Lived) -> None:
    assert any(isinstance(event, e.Lifted) for event in lived.of("23"))
    assert lived.colour("23") == "red"


def test_scenario_24_the_bad_row_is_rejected_the_rest_proceeds(lived: Lived) -> None:
    assert (lived.told["24"].refused, lived.told["24"].accepted) == (1, 1)
    assert lived.told["24"].faults == {"id-checksum": 1}
    assert lived.of("24") == []
    assert lived.colour("24b") == "red"


def test_scenario_25_a_wrong_name_is_held_and_never_red(lived: Lived) -> None:
    assert lived.codes("25", e.Held) == [("name-mismatch",)]
    assert lived.colour("25") == "green"


def test_scenario_28_the_lift_came_first(lived: Lived) -> None:
    assert not any(isinstance(event, e.Effective) for event in lived.of("28"))
    assert lived.colour("28") == "green"


def test_scenario_29_a_ground_that_had_ended_is_recorded_never_effective(lived: Lived) -> None:
    [noted] = lived.of("29")
    assert isinstance(noted, e.Noted)
    assert noted.code == "ended-before-recorded"
    assert lived.colour("29") == "green"


def test_scenario_30_an_old_message_again_changes_nothing(lived: Lived) -> None:
    assert sum(isinstance(event, e.Effective) for event in lived.of("30")) == 1
    assert lived.colour("30") == "green"


def test_scenario_31_a_lifted_orders_evidence_bears_no_second_one(lived: Lived) -> None:
    assert lived.codes("31", e.Refused) == [("evidence-already-lifted",)]
    assert lived.colour("31") == "green"
    assert lived.colour("31b") == "red"  # with new evidence


def test_scenario_22_the_colour_ends_with_nothing_running(lived: Lived) -> None:
    """Last: it stops every service; Redis alone answers."""
    lived.world.stop_services()
    term = _AT
    assert lived.colour("22", term + 14 * DAY - 1) == "red"
    assert lived.colour("22", term + 14 * DAY) == "yellow"
    assert lived.colour("22", term + 21 * DAY) == "green"
