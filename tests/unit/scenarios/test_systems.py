"""The eleven systems of the domain's table, by number: each runs here as data on one engine.

Each test names its system, runs the examples inside its files, and puts one case through the pure
core. That nothing else tells one province from another is held at the end.
"""

from __future__ import annotations

import re

import pytest

from fuma.contracts import lawexamples
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text, load_file
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.codes.events import FactKind
from fuma.domain.law.inforce import Law, PublishedText
from fuma.domain.law.procedure import Procedure
from fuma.domain.law.reading import instant
from fuma.domain.law.rulebook import Rulebook
from fuma.domain.time import DAY, HOUR, day_of
from unit.authority.making import Province, found, h, hainan, line, refusal, xing
from unit.authority.test_scenarios_orders import guangxi, provincial_only
from unit.authority.test_scenarios_relief import henan, ningxia
from unit.domain.making import Person, fact, release
from unit.watch.making import law

RULES = root() / "rules"


def text(name: str) -> Text:
    """A file of ``rules/``, whose examples come out as they say."""
    path = RULES / f"{name}.yaml"
    examples = lawexamples.examples_of(path)
    found_ = load_file(path)
    assert examples
    assert lawexamples.run(found_, examples) == []
    return found_


def book(name: str) -> Rulebook:
    found_ = text(name).law
    assert isinstance(found_, Rulebook)
    return found_


def procedure(name: str) -> Procedure:
    found_ = text(name).law
    assert isinstance(found_, Procedure)
    return found_


def test_system_01_the_interim_measures_have_seven_reds_and_no_other() -> None:
    rows = [r for r in book("cn/interim-measures-2021-v1").rows if r.kind is FactKind.FINDING]
    reds = {r.ground for r in rows if any(s.colour.word == "red" for s in r.spans)}
    assert reds == {
        "confirmed", "suspected", "asymptomatic", "close-contact", "unexplained-fever",
        "high-risk-area", "inbound",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "at", "red", "yellow"),
    [
        ("interim-measures-2021", "2021-03-01", 14, 0),
        ("control-plan-8", "2022-06-14", 14, 7),
        ("control-plan-9", "2022-07-14", 7, 3),
        ("twenty-measures", "2022-11-14", 5, 3),
    ],
)
def test_system_01_each_national_edition_by_its_day(
    name: str, at: str, red: int, yellow: int
) -> None:
    book(f"cn/{name}-v1")
    person, start = Person(), instant(at)
    person.hears(fact("a", "close-contact", at, "isolation-record"), f"{at}T12:00:00+08:00")
    days = [person.colour(start + n * DAY + 13 * HOUR) for n in range(red + yellow + 1)]
    assert days == ["red"] * red + ["yellow"] * yellow + ["green"]
    assert person.decisions[-1].law is not None
    assert person.decisions[-1].law.book == f"cn/{name}"


def test_system_01_from_8_january_2023_nothing_is_a_ground() -> None:
    book("cn/class-b-management-v1")
    person = Person()
    person.hears(fact("a", since="2023-01-08"), "2023-01-08T12:00:00+08:00")
    assert person.codes() == ["ground-not-in-force"]


def test_scenario_46_from_8_january_2023_no_place_has_a_ground_left() -> None:
    """A book of a province wins whole: it must not outlive the nation's."""
    for at in (instant("2023-01-08"), instant("2024-01-01")):
        for published in law().texts:
            pair = law().in_force(published.text.division or "11", at)
            assert pair is not None
            assert not [r for r in pair.book.rows if r.spans], published.text.name


def test_system_02_xing_county_fills_signs_reviews_and_the_province_assigns() -> None:
    assert [s.name for s in procedure("141123/assignment-form-v1").chain] == [
        "compile", "sign", "review", "approve",
    ]  # fmt: skip
    p = xing()
    p.draft("clerk", "form", [line(1, "141123")], "141123")
    for officer, step in (("head", "sign"), ("reviewer", "review")):
        assert not found(p.act(officer, "form", step), e.Effected)
    (effected,) = found(p.act("assigner", "form", "approve"), e.Effected)
    assert [a.officer for a in effected.chain] == ["clerk", "head", "reviewer", "assigner"]


def test_system_03_only_the_provincial_big_data_department_converts() -> None:
    procedure("99/provincial-only-v1")
    book("99/refused-testing-v1")
    p = provincial_only()
    papers = (("situation", "s"), ("risk", "r"), ("evidence", "e"))
    p.draft("county-head", "form", [line(1, "990101")], "990101", "refused-testing", 1, papers)
    p.act("city-staff", "form", "review")
    assert "may-report" in refusal(p.act("city-head", "form", "approve"))
    assert found(p.act("bureau-staff", "form", "approve"), e.Effected)


def test_system_04_guangxis_tiers_convert_within_their_area_and_level_5_does_not() -> None:
    procedure("45/conversion-by-tiers-v1")
    p = guangxi()
    assert found(p.draft("three", "form", [line(1, "450102")], "450102"), e.Effected)
    assert refusal(p.draft("five", "five", [line(2, "450102001001")], "450102001001"))
    assert refusal(p.draft("grid", "grid", [line(3, "450102")], "450102"))
    assert "outside-jurisdiction" in refusal(p.draft("two-b", "x", [line(4, "450102")], "450102"))


def test_system_05_the_pipeline_assigns_by_itself_and_names_nobody() -> None:
    automatic = procedure("cn/procedure-automatic-v1")
    assert automatic.automatic
    assert [s.actor for s in automatic.steps] == [
        "reporter", "taskforce", "public-security", "platform",
    ]  # fmt: skip
    person = Person(law())
    person.hears(fact("a", division="410105"), "2022-06-14T12:00:00+08:00")
    assert person.colour("2022-06-14T12:00:00+08:00") == "red"
    operator = hainan()
    assert refusal(operator.draft("operator", "f", [line(1, "460105")], "4601"))


def test_system_06_henan_2020_a_return_is_before_18_and_moves_no_colour() -> None:
    returns = procedure("41/daily-returns-2020-v1").returns
    assert returns is not None
    assert returns.due == 18 * HOUR
    p = henan()
    day = day_of(p.at)
    p.at = instant("2020-06-14T17:59:59+08:00")
    (received,) = found(p.send("zz", c.CityReturn(day, ())), e.ReturnReceived)
    assert received.status == "in-time"
    p.at = instant("2020-06-14T18:00:00+08:00")
    (late,) = found(p.send("ly", c.CityReturn(day, ())), e.ReturnReceived)
    assert late.status == "late"
    assert p.state.orders == {}


def test_system_07_each_ground_has_its_owners() -> None:
    plan, companions = book("cn/control-plan-9-v1"), book("45/companions-v2")
    for ground in ("confirmed", "suspected", "close-contact", "secondary-contact"):
        assert plan.owners[FactKind.FINDING, ground] == {"health"}
    owners = companions.owners[FactKind.FINDING, "spatiotemporal-companion"]
    assert owners == {"public-security"}


@pytest.mark.parametrize(("count", "status"), [(99, "effective"), (100, "held")])
def test_system_08_hainan_takes_a_hundred_to_the_bureau(count: int, status: str) -> None:
    procedure("46/batches-v1")
    p = hainan()
    p.draft("haikou-staff", "form", [line(n, "460105") for n in range(count)], "4601")
    p.act("haikou-head", "form", "sign")
    assert p.status("form") == status


@pytest.mark.parametrize(
    ("version", "at", "risk"), [(1, "2022-06-14", "red"), (3, "2022-09-14", "yellow")]
)
def test_system_09_ningxias_reds_are_of_several_kinds(version: int, at: str, risk: str) -> None:
    book(f"64/reds-v{version}")
    pair = law().in_force("640104", instant(at))
    assert pair is not None
    row = pair.book.row(FactKind.FINDING, "big-data-risk", "two-sources")
    assert row is not None
    assert [s.colour.word for s in row.spans] == [risk]
    for ground, evidence in (
        ("close-contact", "isolation-record"), ("secondary-contact", "contact-link"),
        ("test-positive", "laboratory-report"),
    ):  # fmt: skip
        found_ = pair.book.row(FactKind.FINDING, ground, evidence)
        assert found_ is not None
        assert found_.spans[0].colour.word == "red"


def test_system_09_ningxias_municipal_body_annuls_what_was_never_epidemic() -> None:
    procedure("64/coordination-v1")
    p = ningxia(2)
    p.send("city-head", c.Annul(h("form"), (), "nothing to do with the epidemic"))
    assert p.status("form") == "annulled"


def test_system_10_a_complaint_stays_open_until_it_has_an_outcome() -> None:
    p = hainan()
    p.send("desk", c.FileCase(h("t"), "complaint", b"", 0, "4601", "command", h("said")))
    p.pass_time(HOUR)
    p.send("bureau-head", c.AssignCase(h("t"), "haikou-head"))
    assert refusal(p.send("haikou-head", c.DecideCase(h("t"), "", "closed")))
    assert p.state.cases[h("t")].outcome == ""
    p.send("haikou-head", c.DecideCase(h("t"), "founded", "used outside epidemic control"))
    assert p.state.cases[h("t")].outcome == "founded"


@pytest.mark.parametrize("colour", ["red", "yellow"])
def test_a_decision_of_another_province_holds_as_received_until_its_issuers_end(
    colour: str,
) -> None:
    received = load_file(RULES / "99/refused-testing-v2.yaml").law
    automatic = load_file(RULES / "cn/procedure-automatic-v1.yaml").law
    person = Person(Law(PublishedText(one, 0, True) for one in (received, automatic)))
    told = fact(
        "their order", "other-province", "2022-07-14", f"received-{colour}", department="command",
        division="990101", until="2022-07-18",
    )  # fmt: skip
    person.hears(told, "2022-07-14T12:00:00+08:00")
    assert person.colour("2022-07-17T23:59:59+08:00") == colour
    assert person.colour("2022-07-18T00:00:00+08:00") == "green"
    recalled = release(
        "their recall", "other-province", "2022-07-15", "received-end", department="command",
        division="990101",
    )  # fmt: skip
    person.hears(recalled, "2022-07-15T12:00:00+08:00")
    assert person.colour("2022-07-15T12:00:00+08:00") == "green"
    person.hears(told, "2022-07-16T12:00:00+08:00")
    assert person.colour("2022-07-16T12:00:00+08:00") == "green"


def _operator_may(p: Province, one: Procedure) -> bool:
    rights = [s.who for s in one.chain] + [one.lift, one.annul, one.decide]
    rights += [one.bulk.by] if one.bulk else []
    return any(
        who is not None and who.fits("operator", level, role)
        for who in rights
        for level in ("province", "city", "county")
        for role in ("operator",)
    )


def test_system_11_no_procedure_gives_the_operator_a_part() -> None:
    p = hainan()
    for published in law().texts:
        if isinstance(published.text, Procedure):
            assert not _operator_may(p, published.text), published.text.name
    for body in (c.Lift(h("x"), (), b"x"), c.Annul(h("x"), (), "x")):
        assert refusal(p.send("operator", body))


_BY_NAME = re.compile(
    r"""(province|division)\w*(\[[^\]]*\])?\s*(==|!=|\bin\b)\s*[\[({]?\s*["']\d"""
    r"""|startswith\(\s*\(?\s*["']\d\d"""
    r"""|case\s+["']\d\d["']"""
)


def test_no_line_of_code_knows_a_province_by_its_number() -> None:
    """A province is a folder under ``rules/``: nothing branches on which one it is."""
    assert _BY_NAME.search('if province == "41":')
    assert _BY_NAME.search("if line.division.startswith('4601')")
    told = []
    for path in sorted((root() / "services").rglob("*.py")):
        for number, source in enumerate(path.read_text("utf-8").splitlines(), 1):
            if _BY_NAME.search(source):
                told.append(f"{path.name}:{number}: {source.strip()}")
    assert told == []
