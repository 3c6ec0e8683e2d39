"""Scenarios by number, through real topics and processes: Hainan's bulk gate, its list channel."""

from __future__ import annotations

import hashlib
import json

import pytest

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from orderkit import Actors, order_id
from orderprovinces import HAIKOU, SANYA, unreported

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("count", "held"), [(99, False), (100, True), (101, True)])
def test_scenario_12_a_hundred_at_once_is_bulk(actors: Actors, count: int, held: bool) -> None:
    made = unreported(actors, count, HAIKOU, 1_200 + count)
    lines = actors.lines("haikou-staff", made, root=f"IC-12-{count}")
    name = f"12-{count}"
    actors.draft("haikou-staff", name, lines, "4601", "confirmed")
    assert actors.act("haikou-head", name, "sign").status == "accepted"
    assert actors.order(name).status == ("held" if held else "effective")
    if count == 101:
        release = c.ReleaseBulk(order_id(name), actors.content(name))
        assert actors.say("haikou-head", release).status == "refused"
        assert actors.say("bureau-head", release).status == "accepted"
        assert actors.order(name).status == "effective"


def test_scenario_13_a_split_batch_is_held_with_what_it_is_linked_to(actors: Actors) -> None:
    made = unreported(actors, 100, HAIKOU, 113)
    lines = actors.lines("haikou-staff", made, root="IC-13")
    for name, part in (("13-a", lines[:60]), ("13-b", lines[60:])):
        actors.draft("haikou-staff", name, part, "4601", "confirmed")
        actors.act("haikou-head", name, "sign")
    assert actors.order("13-a").status == "effective"
    assert actors.order("13-b").status == "held"
    held = actors.events(e.BulkHeld, order=order_id("13-b"))
    assert held[0].sum == 100
    assert order_id("13-a") in {name for one in held for name in one.linked}


def test_scenario_14_split_over_officers_and_counties_is_one_batch(actors: Actors) -> None:
    for name, officer, head, home, city, count in (
        ("14-a", "haikou-staff", "haikou-head", HAIKOU, "4601", 60),
        ("14-b", "sanya-staff", "sanya-head", SANYA, "4602", 40),
    ):
        lines = actors.lines(officer, unreported(actors, count, home, 114), root="IC-14")
        actors.draft(officer, name, lines, city, "confirmed")
        actors.act(head, name, "sign")
    assert [actors.order(n).status for n in ("14-a", "14-b")] == ["effective", "held"]


def test_lists_travel_among_admitted_officers_and_each_read_is_recorded(actors: Actors) -> None:
    code = b"a code handed over in person"
    invite = c.Invite(hashlib.sha256(code).digest(), "bureau-head")
    assert actors.say("bureau-head", invite).status == "accepted"
    assert actors.say("bureau-head", c.Join(code)).status == "accepted"
    for name in ("bureau-head", "haikou-staff"):
        done = actors.fuma("channel", "seal", "--province", "46", key=name)
        assert done.returncode == 0, done.stderr
    plain, got = actors.folder / "bulk.csv", actors.folder / "got.csv"
    plain.write_text("number,name\n" + "身份证号,姓名\n" * 20_000, encoding="utf-8")
    words = ("channel", "send", str(plain), "--division", "4601", "--to")
    assert actors.fuma(*words, "haikou-head", key="haikou-staff").returncode == 3  # no member
    done = actors.fuma(*words, "bureau-head", key="haikou-staff")
    assert done.returncode == 0, done.stderr
    id = json.loads(done.stdout)["list"]
    stored = b"".join(r.value or b"" for r in actors.world.ask.records("fuma.channel"))
    assert "身份证号".encode() not in stored
    ask = ("channel", "read", id, "--province", "46", "--to", str(got), "--as")
    for officer in ("haikou-head", "haikou-staff"):  # not a member; a member it was not sent to
        assert actors.fuma(*ask, officer, key=officer).returncode == 3
        assert not got.exists()
    done = actors.fuma(*ask, "bureau-head", key="bureau-head")
    assert done.returncode == 0, done.stderr
    assert got.read_bytes() == plain.read_bytes()
    assert got.stat().st_mode & 0o777 == 0o600
    [read] = actors.events(e.ListRead)
    assert (read.list.hex(), read.by.officer) == (id, "bureau-head")
    refused = [x.actor.officer for x in actors.events(e.Refused, about=read.list)]
    assert refused == ["haikou-head", "haikou-staff"]
