"""Books: what they say, what may not be one, and which is in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fuma.contracts import topics
from fuma.contracts.errors import Poison, Refusal
from fuma.contracts.rulesfile import canonical, load_file, load_folder, parse_text
from fuma.domain.codes.events import FactKind
from fuma.domain.colour import Colour
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import LawError, instant, read_text
from fuma.domain.law.vocabulary import DEPARTMENTS
from fuma.domain.time import DAY, HOUR
from unit.domain.making import (
    LIFTED,
    RULES,
    book,
    closed,
    national,
    published,
    row,
    text,
)

INTERIM_REDS = {
    "confirmed",
    "suspected",
    "asymptomatic",
    "close-contact",
    "unexplained-fever",
    "high-risk-area",
    "inbound",
}


def reds(name: str) -> set[str]:
    return {
        row.ground for row in book(name).rows for span in row.spans if span.colour is Colour.RED
    }


def test_the_interim_measures_have_seven_reds_and_no_other() -> None:
    assert reds("interim-measures-2021") == INTERIM_REDS


def test_the_control_plans_add_only_what_is_marked_as_assumed() -> None:
    for name in ("control-plan-8", "control-plan-9"):
        more = reds(name) - INTERIM_REDS
        assert more == {"secondary-contact", "re-positive"}
        assert {r.mark for r in book(name).rows if r.ground in more} == {"A"}
    assert "secondary-contact" not in reds("twenty-measures")
    assert reds("class-b-management") == set()


@pytest.mark.parametrize(
    ("name", "contact", "inbound"),
    [
        ("control-plan-8", (14, 7), (14, 7)),
        ("control-plan-9", (7, 3), (7, 3)),
        ("twenty-measures", (5, 3), (5, 3)),
    ],
)
def test_terms_of_the_editions(
    name: str, contact: tuple[int, int], inbound: tuple[int, int]
) -> None:
    for ground, evidence, days in (
        ("close-contact", "isolation-record", contact),
        ("close-contact", "contact-link", contact),
        ("inbound", "border-record", inbound),
    ):
        found = book(name).row(FactKind.FINDING, ground, evidence)
        assert found is not None
        assert [(s.colour, s.lasts) for s in found.spans] == [
            (Colour.RED, days[0] * DAY),
            (Colour.YELLOW, days[1] * DAY),
        ]


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("2020-12-31T23:59:59+08:00", None),
        ("2021-01-01", "cn/interim-measures-2021"),
        ("2021-05-11", "cn/control-plan-8"),
        ("2022-06-27T23:59:59.999+08:00", "cn/control-plan-8"),
        ("2022-06-28T00:00:00+08:00", "cn/control-plan-9"),
        ("2022-11-11", "cn/twenty-measures"),
        ("2023-01-08", "cn/class-b-management"),
    ],
)
def test_which_national_book_is_in_force(at: str, name: str | None) -> None:
    for _ in range(2):  # the second answer is the remembered one
        found = national().in_force("410100", instant(at))
        assert (found.book.name if found else None) == name


def test_the_longest_prefix_wins_whole_and_the_latest_beginning_within_it() -> None:
    old = published(text(name="45/old"))
    new = published(text(name="45/new", in_force={"from": "2022-03-01", "until": "2022-05-01"}))
    city = published(text(name="4501/city", division="4501", in_force={"from": "2022-02-01"}))
    law = Law([*national().texts, old, new, city])

    def at(division: str, when: str) -> str:
        found = law.in_force(division, instant(when))
        assert found is not None
        return found.book.name

    assert at("450200", "2021-12-31") == "cn/control-plan-8"
    assert at("450200", "2022-01-01") == "45/old"
    assert at("450200", "2022-03-01") == "45/new"
    assert at("450200", "2022-05-01") == "45/old"
    assert at("450103", "2022-03-01") == "4501/city"
    assert at("410100", "2022-03-01") == "cn/control-plan-8"


def test_a_text_published_late_begins_when_its_notice_has_passed() -> None:
    late = published(text(in_force={"from": "2022-03-01"}), at="2022-03-01T12:00:00+08:00")
    law = Law([*national().texts, late])
    before = law.in_force("450100", instant("2022-03-02T11:59:59+08:00"))
    after = law.in_force("450100", instant("2022-03-02T12:00:00+08:00"))
    assert before is not None
    assert after is not None
    assert (before.book.name, after.book.name) == ("cn/control-plan-8", "45/test")


def test_a_procedure_for_one_ground_does_not_cover_another() -> None:
    chain = published(text("procedure", name="45/chain", automatic=False, grounds=["confirmed"]))
    law = Law([*national().texts, chain])
    for ground, automatic in (("confirmed", False), ("inbound", True)):
        found = law.in_force("450100", instant("2022-06-14"), ground)
        assert found is not None
        assert found.procedure.automatic is automatic


BAD: list[tuple[str, dict[str, Any]]] = [
    ("overlap", {"rows": [*closed(), row("a"), row("b"), row("c", **LIFTED)]}),
    ("gap, nothing releases", {"rows": [*closed(), row("a")]}),
    ("gap: no row for a death", {"rows": [row("a"), row("c", **LIFTED)]}),
    ("no row finds", {"rows": [*closed(), row("c", **LIFTED)]}),
    ("accepts no evidence", {"rows": [*closed(), row("a", evidence=[]), row("c", **LIFTED)]}),
    ("nobody may say it", {"rows": [*closed(), row("a", owners=[]), row("c", **LIFTED)]}),
    ("unknown word", {"rows": [*closed(), row("a", evidence=["rumour"]), row("c", **LIFTED)]}),
    ("unknown ground", {"rows": [*closed(), row("a", ground="depositor")]}),
    ("unknown department", {"rows": [*closed(), row("a", owners=[{"department": "bank"}])]}),
    ("unknown colour", {"rows": [*closed(), row("a", colours=[{"black": "1d"}])]}),
    ("no duration", {"rows": [*closed(), row("a", colours=[{"red": "for ever"}])]}),
    ("red for more than 30", {"rows": [*closed(), row("a", colours=[{"red": "31d"}])]}),
    (
        "may not last that long",
        {"rows": [*closed(), row("a", colours=[{"red": "30d"}, {"yellow": "15d"}])]},
    ),
    (
        "may be yellow at worst",
        {
            "rows": [
                *closed(),
                row("a", ground="refused-testing", evidence=["command-statement"]),
                row("c", ground="refused-testing", **LIFTED),
            ]
        },
    ),
    (
        "followed by",
        {
            "rows": [
                *closed(),
                row("a"),
                row("c", then={"ground": "monitoring", "colours": [{"yellow": "3d"}]}, **LIFTED),
            ]
        },
    ),
    ("unknown field", {"colour": "red"}),
    ("whole number", {"version": 0}),
    ("no prefix", {"division": "4"}),
    ("must begin with", {"division": "46"}),
    ("not after its beginning", {"in_force": {"from": "2022-01-01", "until": "2021-01-01"}}),
    ("in_force.from: missing", {"in_force": {}}),
    ("names no instant", {"in_force": {"from": "2022-01-01T00:00:00"}}),
    ("must be a text", {"title": {"zh": "字"}}),
]


@pytest.mark.parametrize(("said", "change"), BAD, ids=[said for said, _ in BAD])
def test_what_may_not_be_a_book(said: str, change: dict[str, Any]) -> None:
    read_text(text(), b"")
    with pytest.raises(LawError) as caught:
        read_text(text(**change), b"")
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_what_may_not_be_a_procedure() -> None:
    read_text(text("procedure"), b"")
    for change in ({"steps": []}, {"automatic": "yes"}, {"grounds": ["depositor"]}):
        with pytest.raises(LawError):
            read_text(text("procedure", **change), b"")


def test_the_canonical_form_is_the_only_one_that_is_law() -> None:
    body = canonical(text())
    assert parse_text(body).body == body
    for other in (body + " ", body.replace(":", ": ", 1), "[]", "{}", "not json", "[" * 100_000):
        with pytest.raises(Poison):
            parse_text(other)


def test_what_stands_on_the_log_is_what_the_files_say() -> None:
    for one in load_folder(RULES):
        again = parse_text(one.body)
        assert again == one
        assert again.digest == one.digest


def test_extends_takes_over_replaces_and_removes(tmp_path: Path) -> None:
    _write(tmp_path / "45/test-v1.yaml", text())
    child = text(version=2, extends="45/test@1", remove=["lifted"], rows=[
        row("found", colours=[{"yellow": "2d"}]),
        row("out", kind="release", evidence=["exclusion-report"]),
    ])  # fmt: skip
    _write(tmp_path / "45/test-v2.yaml", child)
    found = {t.version: t for t in load_folder(tmp_path)}
    law: Any = found[2].law
    assert [r.name for r in law.rows] == ["death", "scan", "found", "out"]
    assert law.by_name["found"].spans[0].colour is Colour.YELLOW
    assert load_file(tmp_path / "45/test-v2.yaml") == found[2]
    _write(
        tmp_path / "45/test-v1.yaml",
        text(rows=[*closed(), row("found", colours=[{"red": "1h"}]), row("lifted", **LIFTED)]),
    )
    assert load_file(tmp_path / "45/test-v2.yaml").digest == found[2].digest  # replaced anyway


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: a\nname: b\n", "twice"),
        ("- a\n", "no mapping"),
        ("a: [", "line"),
        ("kind: rulebook\nname: 45/x\nversion: 1\nextends: 45/gone@1\n", "is not there"),
        ("kind: rulebook\nname: 45/x\nversion: 1\nextends: 45/x@1\n", "extends itself"),
        ("kind: rulebook\nname: 45/x\nversion: 1\nrows: [a]\n", "row without a name"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "45/x-v1.yaml"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Refusal, match=said) as caught:
        load_folder(tmp_path)
    assert "\n" not in str(caught.value)
    assert "x-v1.yaml" in str(caught.value)


def test_a_file_is_named_after_what_it_holds(tmp_path: Path) -> None:
    _write(tmp_path / "45/other-v1.yaml", text())
    with pytest.raises(Refusal, match=r"45/test-v1\.yaml"):
        load_folder(tmp_path)


def test_departments_are_the_same_everywhere() -> None:
    assert set(DEPARTMENTS) == set(topics.DEPARTMENTS)


def test_an_hour_is_an_hour() -> None:
    suspected = book("control-plan-9").row(FactKind.FINDING, "suspected", "clinical-report")
    assert suspected is not None
    assert suspected.term == 72 * HOUR
    assert suspected.ends == "review"


def _write(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(canonical(data), encoding="utf-8")  # JSON is YAML
