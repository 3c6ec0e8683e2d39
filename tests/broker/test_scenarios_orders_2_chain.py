"""Scenarios by number, through real topics and processes: Xing's whole chain."""

from __future__ import annotations

import json

import pytest

from fuma.cli.demo.people import spoilt
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import DAY
from orderkit import Actors, key_of, order_id
from orderprovinces import XING

pytestmark = pytest.mark.slow


def test_scenario_01_the_whole_chain_to_red_and_its_history(actors: Actors) -> None:
    people = actors.people(3, XING, 101)
    facts = actors.report(people, "confirmed", "diagnosis-report")
    lines = actors.lines("clerk", facts)
    assert actors.draft("clerk", "01", lines, XING, "confirmed").status == "accepted"
    for officer, step in (("head", "sign"), ("reviewer", "review"), ("assigner", "approve")):
        assert [actors.colour(p) for p in people] == ["green"] * 3
        reply = actors.act(officer, "01", step)
        assert reply.status == "accepted", reply
    assert set(actors.settled("01").values()) == {"effective"}
    assert [actors.colour(p) for p in people] == ["red"] * 3
    history = actors.world.ask.history(people[0].number, "scenario 01")
    signers = ("clerk", "head", "reviewer", "assigner")
    assert [actor.key for actor in actors.order("01").chain] == [key_of(n).id for n in signers]
    for name, where in zip(
        signers, ("xing-control", "xing-control", "lvliang-health", "shanxi-health"), strict=True
    ):
        assert f"{name} ({where})" in history


def test_a_form_by_hand_signed_here_and_sent_from_there(actors: Actors) -> None:
    """The same by the command: a table, key files, a signed file that travels."""
    folder = actors.folder
    people = actors.people(2, XING, 151)
    facts = actors.report(people, "confirmed", "diagnosis-report")
    table, form = folder / "list.csv", folder / "list.form"
    rows = [f"{f.person.number},{f.person.name},{f.division},{f.department},{f.source},{f.event},"
            f"{f.reporter}" for f in facts]  # fmt: skip
    rows.append(f"{spoilt(people[0].number)},某人,{XING},health,x,y,")
    header = "number,name,division,department,source,event,reporter"
    table.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    words = ("order", "draft", str(table), "--division", XING, "--ground", "confirmed",
             "--colour", "red", "--form", str(form))  # fmt: skip
    done = actors.fuma(*words, key="clerk")
    assert (done.returncode, form.exists()) == (3, False), done.stderr
    assert json.loads(done.stdout)["refused"]["code"] == "id-checksum"
    assert people[0].number not in done.stdout
    done = actors.fuma(*words, "--skip-bad", key="clerk")
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["accepted"], told["refused"], told["lines"]) == (2, 0, "2")
    signed = folder / "signed.txt"
    assert actors.fuma("order", "sign", str(form), "--out", str(signed), key="head").returncode == 0
    for _ in range(2):  # sent twice it counts once, and is answered alike
        done = actors.fuma("order", "send", str(signed))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["accepted"] == 1
    status = json.loads(actors.fuma("order", "status", str(form)).stdout)
    assert (status["status"], status["steps"]) == ("complete", ["compile", "sign"])
    assert [one["officer"] for one in status["chain"]] == ["clerk", "head"]
    # Whoever has every credential of the operator and no key of an officer signs nothing.
    wrong = actors.fuma("order", "review", str(form), key="operator-of-the-platform")
    assert wrong.returncode == 3
    assert "key-unknown" in wrong.stdout


def test_scenario_02_without_the_principals_signature_nothing_proceeds(actors: Actors) -> None:
    people = actors.people(1, XING, 102)
    lines = actors.lines("clerk", actors.report(people, "confirmed", "diagnosis-report"))
    actors.draft("clerk", "02", lines, XING, "confirmed")
    reply = actors.act("reviewer", "02", "review")
    assert (reply.status, reply.codes[0]) == ("refused", "not-the-next-step")
    assert actors.act("clerk", "02", "sign").codes[0] == "not-your-step"
    assert actors.colour(people[0]) == "green"
    assert actors.order("02").steps == ["compile"]


def test_scenario_03_and_04_one_natural_person_acts_once(actors: Actors) -> None:
    people = actors.people(1, XING, 103)
    lines = actors.lines("clerk", actors.report(people, "confirmed", "diagnosis-report"))
    actors.draft("clerk", "03", lines, XING, "confirmed")
    assert actors.act("head", "03", "sign").status == "accepted"
    # The same natural person as the head, under another account of another office.
    reply = actors.act("reviewer-two", "03", "review")
    assert reply.status == "refused"
    assert "four-eyes" in reply.codes
    [refused] = actors.events(e.Refused, about=order_id("03"))
    assert refused.actor.officer == "reviewer-two"
    assert refused.actor.person == actors.state("14").officers["head"].person
    assert actors.colour(people[0]) == "green"


def test_scenario_05_outside_the_jurisdiction(actors: Actors) -> None:
    people = actors.people(1, XING, 105)
    lines = actors.lines("clerk", actors.report(people, "confirmed", "diagnosis-report"))
    actors.draft("clerk", "05", lines, XING, "confirmed")
    reply = actors.act("head-elsewhere", "05", "sign")
    assert reply.status == "refused"
    assert "outside-jurisdiction" in reply.codes


def test_scenario_20_a_verbal_order_has_no_way_in(actors: Actors) -> None:
    """Nothing but a signed command moves an order, and only the signer's own key signs."""
    before = set(actors.state("14").orders)
    body = c.Act(order_id("05"), "sign", actors.content("05"))
    reply = actors.say("head", body, key="operator")
    assert (reply.status, reply.codes) == ("refused", ("key-unknown",))
    assert set(actors.state("14").orders) == before
    assert actors.order("05").steps == ["compile"]


def test_scenario_21_effective_before_recorded(actors: Actors) -> None:
    people = actors.people(1, XING, 121)
    lines = actors.lines("clerk", actors.report(people, "confirmed", "diagnosis-report"))
    reply = actors.draft("clerk", "21", lines, XING, "confirmed", since=actors.now - DAY)
    assert reply.status == "refused"
    assert "before-recorded" in reply.codes
