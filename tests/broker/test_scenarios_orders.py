"""Scenarios of DOMAIN.md by number: orders, from an officer's key to the platform and back.

One simulated world with real topics and processes; each scenario has people of its own. The clock
only goes on, so those of 2020 come first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fuma.cli.demo.world import World
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import DAY, HOUR, day_start
from orderkit import Actors, key_of, office, order_id

pytestmark = pytest.mark.slow
NOON = day_start(date(2022, 6, 14)) + 12 * HOUR
XING = "141123"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="fuma-orders-") as folder:
        with World(Path(folder) / "home") as made:
            made.up(NOON - DAY)
            yield made


@pytest.fixture(scope="module")
def actors(world: World) -> Iterator[Actors]:
    with (
        tempfile.TemporaryDirectory(prefix="fuma-orders-") as folder,
        Actors(world, Path(folder), NOON) as made,
    ):
        xing(made)
        yield made


def xing(actors: Actors) -> None:
    """Xing County with the offices above it."""
    reply = actors.found(
        "14",
        [
            office("xing-control", "control-office", XING),
            office("other-control", "control-office", "141124"),
            office("xing-admin", "division-administration", XING),
            office("lvliang-health", "health-commission", "1411", "health"),
            office("shanxi-health", "health-commission", "14", "health"),
        ],
        [
            ("clerk", "张三", "staff", "xing-control"),
            ("head", "王五", "principal", "xing-control"),
            ("head-elsewhere", "孙七", "principal", "other-control"),
            ("reviewer", "李四", "staff", "lvliang-health"),
            ("reviewer-two", "王五", "staff", "lvliang-health"),
            ("assigner", "赵六", "staff", "shanxi-health"),
            ("admin", "周八", "division-administrator", "xing-admin"),
        ],
    )
    assert reply.status == "accepted", reply


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
    for name in ("clerk", "head", "reviewer", "assigner"):
        assert name in history
        assert key_of(name).id in history


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
