"""Grounds that a province's own book has, and what the holder is told, by the scenarios."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fuma.cli.code import as_dict, lines
from fuma.contracts.codec import decode
from fuma.contracts.decisions import Cause, decode_ledger, split
from fuma.contracts.topics import DECISIONS, NOTICES
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR
from fuma.processor.outbox import Outbox
from fuma.runtime.platform import Answer
from fuma.runtime.ports import LogRecord
from unit.domain.making import digest
from unit.domain.ordering import CHAIN, NIGHT, XING, Subject, finding, law, line, match
from unit.scenarios.test_scenarios_matches import JULY, automatic_guangxi
from unit.sink.rig import Rig

NINGXIA = {"procedure": "64/coordination", "chain": CHAIN[:3]}
PROVINCIAL = {"procedure": "99/provincial-only", "chain": CHAIN[:3]}
LATE = "2022-06-14T22:00:00+08:00"


def test_scenario_27_a_pooled_positive_of_ten_nine_retest_negative_nine_lifted_at_once() -> None:
    pool = digest("pool 7")
    people = [Subject() for _ in range(10)]
    retested = "2022-06-14T23:00:00+08:00"
    for number, person in enumerate(people):
        positive = finding(
            f"pool {number}", "pooled-positive", evidence="laboratory-report", division="640104",
            root=pool,
        )  # fmt: skip
        person.gets(positive, NIGHT)
        person.gets(line("pool", positive, line=number, **NINGXIA), LATE)
        assert person.answer() == ("effective", "")
        assert person.colour(LATE) == "red"
        (order,) = person.state.orders
        assert order.end == instant("2022-06-15"), "reviewed in 24 hours"
    for number, person in enumerate(people[:9]):
        negative = finding(
            f"retest {number}", "pooled-positive", retested, evidence="negative-test",
            kind="release", division="640104",
        )  # fmt: skip
        person.gets(negative, retested)
        assert person.answer() == ("lifted", "released")
    assert [p.colour(retested) for p in people] == ["green"] * 9 + ["red"]


def test_scenario_42_ningxias_big_data_risk_is_red_and_yellow_from_september() -> None:
    for day, colour in (("2022-06-14", Colour.RED), ("2022-09-10", Colour.YELLOW)):
        person = Subject()
        risk = finding(
            "risk", "big-data-risk", day, evidence="two-sources", department="public-security",
            division="640104",
        )  # fmt: skip
        at = f"{day}T10:00:00+08:00"
        person.gets(risk, at)
        person.gets(line("A", risk, since=at, colour=colour, **NINGXIA), at)
        assert person.answer() == ("effective", "")
        assert person.colour(at) == colour.word


def test_scenario_44_red_for_refusing_a_test_is_refused_yellow_only_with_a_statement() -> None:
    person = Subject()
    bare = finding(
        "bare", "refused-testing", evidence="negative-test", department="command", division="9901"
    )
    person.gets(bare, NIGHT)
    assert person.codes() == ["evidence-not-of-ground"]
    stated = finding(
        "stated", "refused-testing", evidence="command-statement", department="command",
        division="9901",
    )  # fmt: skip
    person.gets(stated, NIGHT)
    person.gets(line("A", stated, **PROVINCIAL), LATE)
    assert person.answer() == ("refused", "colour-not-of-row")
    assert person.colour(LATE) == "green"
    person.gets(line("B", stated, colour=Colour.YELLOW, **PROVINCIAL), LATE)
    assert person.answer() == ("effective", "")
    assert person.colour(LATE) == "yellow"
    (order,) = person.state.orders
    assert order.end == instant("2022-06-14") + 3 * DAY
    tested = finding(
        "tested", "refused-testing", "2022-06-15", evidence="negative-test", kind="release",
        division="9901",
    )  # fmt: skip
    person.gets(tested, "2022-06-15")
    assert person.colour("2022-06-15") == "green", "until tested"


def test_scenario_45_the_catch_all_without_a_document_number_is_refused() -> None:
    person = Subject()
    about: dict[str, Any] = {
        "evidence": "command-document", "department": "command", "division": "9901",
    }  # fmt: skip
    unnumbered = replace(finding("no number", "other-by-document", **about), evidence_ref=b"")
    person.gets(unnumbered, NIGHT)
    assert person.codes() == ["no-evidence"]
    person.gets(line("A", unnumbered, **PROVINCIAL), LATE)
    assert person.answer() == ("held", "fact-absent")
    numbered = finding("numbered", "other-by-document", **about)
    person.gets(numbered, LATE)
    person.gets(line("B", numbered, **PROVINCIAL), LATE)
    assert person.answer() == ("effective", "")
    (order,) = person.state.orders
    assert order.end == instant("2022-06-14") + 72 * HOUR


TAG = bytes(range(16))


def _value(decision: e.Decision | None) -> bytes:
    assert decision is not None
    item = decision.fact
    cause = Cause(item.id, bytes(16), 0, 0, bytes(32), item.content)
    (value,) = split(decision, cause, 1, bytes(32))
    return value


def _notice(value: bytes, at: int) -> dict[str, Any]:
    box = Outbox(lambda kind, what: None, law)
    box.opened(DECISIONS, 0)
    told = box.transform(LogRecord(DECISIONS, 0, 0, at, TAG, value, ()))
    (notice,) = [decode("notice", one.value) for one in told if one.topic == NOTICES]
    return notice


def _answer(value: bytes, folder: Path) -> Answer:
    """What the code platform says, by way of the sink."""
    rig = Rig(folder)
    rig.append(TAG, value, decode_ledger(value).at)
    rig.drain()
    found = rig.platform.answer(TAG)
    assert isinstance(found, Answer)
    return found


def test_scenario_38_a_red_by_officers_is_told_with_its_whole_chain(tmp_path: Path) -> None:
    person, listed = Subject(), finding("case")
    person.gets(listed, NIGHT)
    asked = line("A", listed, line=4)
    value = _value(person.gets(asked, LATE))
    notice = _notice(value, instant(LATE))
    (reason,) = notice["reasons"]
    assert (notice["kind"], notice["colour"]) == ("effective", "red")
    assert (reason["source"], reason["line"]) == (("fuma.Id16", asked.order), 4)
    assert reason["ground"] == "confirmed"
    assert reason["rule"] == "cn/control-plan-8@1#confirmed"
    assert reason["issuer"] == f"health {XING}"
    assert reason["until"] == instant("2022-06-14") + 30 * DAY
    assert reason["procedure"] == "141123/assignment-form@1"
    assert not reason["automatic"]
    assert [(s["step"], s["officer"]) for s in reason["chain"]] == [
        ("report", ""), ("compile", "clerk"), ("sign", "director"), ("review", "reviewer"),
        ("approve", "assigner"),
    ]  # fmt: skip
    assert "12345" in notice["objection"]
    assert "申诉" in notice["objection"]
    answer = _answer(value, tmp_path)
    (shown,) = as_dict(answer)["reasons"]
    assert shown["signed"]["order"] == asked.order.hex()
    assert [one["officer"] for one in shown["signed"]["chain"]] == list(CHAIN)
    said = "\n".join(lines(answer))
    assert all(name in said for name in (*CHAIN, asked.order.hex(), "12345"))
    persons = [actor.person.hex() for actor in asked.chain]
    assert not any(one in said for one in persons), "natural persons stay on the log"


def test_scenario_38_of_a_match_the_holder_hears_automatic_and_who_answers(tmp_path: Path) -> None:
    person, met = Subject(automatic_guangxi()), match("m", *JULY)
    value = _value(person.gets(met, JULY[1]))
    notice = _notice(value, instant(JULY[1]))
    (reason,) = notice["reasons"]
    assert reason["automatic"]
    assert [(one["step"], one["office"]) for one in reason["chain"]] == [
        ("report", "public-security 450100"), ("collate", "taskforce"),
        ("compare", "public-security"),
        ("publish", "publishers of 45/companions@2, cn/procedure-automatic@1"),
    ]  # fmt: skip
    answer = _answer(value, tmp_path)
    assert as_dict(answer)["reasons"][0]["automatic"]
    assert "自动" in "\n".join(lines(answer))
    assert met.case.hex() not in repr(notice) + repr(as_dict(answer))
