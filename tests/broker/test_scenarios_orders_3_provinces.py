"""Scenarios by number, through real topics and processes: who may convert where."""

from __future__ import annotations

import pytest

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.ids import natural
from fuma.domain.time import HOUR
from orderkit import Actors, key_of, office, order_id
from orderprovinces import HAIKOU, unreported

pytestmark = pytest.mark.slow


def test_scenario_06_a_city_may_not_convert_but_is_offered_to_report(actors: Actors) -> None:
    lines = actors.lines("p-county-head", unreported(actors, 1, "990101", 106))
    papers = (("situation", "未到"), ("risk", "接触市场"), ("evidence", "清单7"))
    drafted = actors.draft(
        "p-county-head", "06", lines, "990101", "refused-testing", colour=1, papers=papers
    )
    assert drafted.status == "accepted", drafted
    assert actors.act("p-city-staff", "06", "review").status == "accepted"
    reply = actors.act("p-city-head", "06", "approve")
    assert {"not-your-step", "may-report"} <= set(reply.codes)
    assert actors.act("p-bureau-staff", "06", "approve").status == "accepted"
    assert actors.events(e.Effected, order=order_id("06"))


def test_scenario_44_red_for_refusing_a_test_is_rejected(actors: Actors) -> None:
    lines = actors.lines("p-county-head", unreported(actors, 1, "990101", 144))
    red = actors.draft("p-county-head", "44", lines, "990101", "refused-testing")
    assert {"colour-not-of-ground", "papers-missing"} <= set(red.codes)
    bare = actors.draft("p-county-head", "44b", lines, "990101", "refused-testing", colour=1)
    assert bare.codes == ("papers-missing",)


def test_scenario_45_the_catch_all_without_a_document_number(actors: Actors) -> None:
    lines = actors.lines("p-county-head", unreported(actors, 1, "990101", 145))
    reply = actors.draft("p-county-head", "45", lines, "990101", "other-by-document")
    assert reply.codes == ("papers-missing",)


def test_scenario_07_an_airport_converts_who_was_there_within_a_day(actors: Actors) -> None:
    place = "450102002"
    people = actors.people(3, "450102", 107)
    facts = actors.report(people, "confirmed", "diagnosis-report", division=place)
    seen = [actors.now - 23 * HOUR, actors.now - 25 * HOUR, 0]
    lines = [
        actors.lines("gate", [fact], venue="airport" if at else "", seen=at)[0]
        for fact, at in zip(facts, seen, strict=True)
    ]
    assert actors.draft("gate", "07", lines, place, "confirmed").status == "accepted"
    assert actors.settled("07") == {0: "effective", 1: "refused", 2: "refused"}
    assert [actors.codes("07")[n] for n in (1, 2)] == ["not-at-venue"] * 2
    assert [actors.colour(p) for p in people] == ["red", "green", "green"]


@pytest.mark.parametrize("officer", ["five", "grid", "collector"])
def test_scenario_08_and_09_who_converts_nobody(actors: Actors, officer: str) -> None:
    division = "450102001001" if officer == "five" else "450102"
    made = unreported(actors, 1, "450102", 108)
    lines = [c.Line(bytes(16), division, b"f" * 16)]
    reply = actors.draft(officer, f"08-{officer}", lines, division, "confirmed")
    assert "not-your-step" in reply.codes
    with actors.asker(officer) as asker, pytest.raises(Exception, match="fills no forms"):
        asker.lines(
            actors.terms(officer),
            [{"row": 2, "number": made[0].person.number, "name": made[0].person.name,
              "division": division, "event": "x", "department": "health"}],
            "08",
        )  # fmt: skip


def test_scenario_10_the_operators_account_can_do_nothing(actors: Actors) -> None:
    lines = actors.lines("haikou-staff", unreported(actors, 120, HAIKOU, 110), root="IC-10")
    assert actors.draft("haikou-staff", "10", lines, "4601", "confirmed").status == "accepted"
    bodies: tuple[c.Body, ...] = (
        c.Act(order_id("10"), "sign", actors.content("10")),
        c.Withdraw(order_id("10"), "x"),
        c.Reject(order_id("10"), "x"),
        c.Lift(order_id("10"), (), b"x" * 16),
        c.Annul(order_id("10"), (), "x"),
        c.OpenOffice(office("new", "command", "4603")),
        c.CloseAccount("haikou-head", "x"),
        c.RevokeKey(key_of("haikou-head").id, "x"),
        c.Invite(b"d" * 32, "operator"),
    )
    for body in bodies:
        assert actors.say("operator", body).status == "refused", body
    refusals = [x for x in actors.events(e.Refused) if x.actor.officer == "operator"]
    assert len(refusals) == len(bodies)


def test_scenario_11_a_skipped_level_is_refused(actors: Actors) -> None:
    actors.join("new-four", "45")
    application = b"a" * 16
    officer = c.Officer("new-four", "street", "division-administrator", natural(b"n" * 16), "新四")
    assert actors.say("new-four", c.Apply(application, officer, "街道转码")).status == "accepted"
    grant = c.ReviewApplication(application, True, "")
    assert actors.say("two", grant).codes == ("not-yours-to-open",)
    assert actors.say("three", grant).status == "accepted"
    assert actors.state("45").officers["new-four"] == officer
