"""Scenarios of DOMAIN.md by number: orders, from an officer's key to the platform and back.

One simulated world with real topics and processes; each scenario has people of its own. The clock
only goes on, so those of 2020 come first.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fuma.cli.demo.people import spoilt
from fuma.cli.demo.world import World
from fuma.contracts import dsse, lawlog, rulesfile
from fuma.contracts.resources import root
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import DAY, HOUR, day_of, day_start
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.ports import Outgoing
from orderkit import Actors, Fact, key_of, office, order_id

pytestmark = pytest.mark.slow
NOON_2020 = day_start(date(2020, 6, 14)) + 12 * HOUR
NOON = day_start(date(2022, 6, 14)) + 12 * HOUR
XING = "141123"
HAIKOU, SANYA = "460105", "460202"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="fuma-orders-") as folder:
        with World(Path(folder) / "home") as made:
            made.up(NOON_2020 - DAY)
            yield made


@pytest.fixture(scope="module")
def henan(world: World) -> Iterator[Actors]:
    """June 2020: the bureaus and departments of two cities."""
    with (
        tempfile.TemporaryDirectory(prefix="fuma-orders-") as folder,
        Actors(world, Path(folder), NOON_2020) as made,
    ):
        reply = made.found(
            "41",
            [
                office("zhengzhou-data", "big-data-bureau", "4101", "big-data"),
                office("luoyang-data", "big-data-bureau", "4103", "big-data"),
                office("zz-health", "department", "4101", "health"),
                office("zz-police", "department", "4101", "public-security"),
            ],
            [
                ("zz", "郑甲", "staff", "zhengzhou-data"),
                ("ly", "洛乙", "staff", "luoyang-data"),
                ("health", "卫丙", "staff", "zz-health"),
                ("police", "公丁", "staff", "zz-police"),
            ],
        )
        assert reply.status == "accepted", reply
        yield made


@pytest.fixture(scope="module")
def actors(henan: Actors) -> Actors:
    """June 2022: five provinces more, each founded by the ceremony."""
    while henan.now < NOON:
        henan.until(min(NOON, henan.now + 30 * DAY))
    for found in (xing, guangxi, hainan, ningxia, provincial):
        found(henan)
    return henan


def xing(actors: Actors) -> None:
    """Xing County with the offices above it."""
    actors.found(
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


def guangxi(actors: Actors) -> None:
    """Nanning's administrators of five levels, an airport, a mall."""
    actors.found(
        "45",
        [
            office("nanning", "command", "4501"),
            office("xingning", "division-administration", "450102"),
            office("street", "division-administration", "450102001"),
            office("village", "division-administration", "450102001001"),
            office("airport", "key-venue", "450102002"),
            office("mall", "unit", "450102"),
        ],
        [
            ("two", "南乙", "division-administrator", "nanning"),
            ("three", "南丙", "division-administrator", "xingning"),
            ("five", "南戊", "division-administrator", "village"),
            ("gate", "南己", "division-administrator", "airport"),
            ("grid", "南庚", "grid-administrator", "mall"),
            ("collector", "南辛", "collector", "mall"),
        ],
    )


def hainan(actors: Actors) -> None:
    """Two cities and the provincial bureau; whoever drafts is admitted to the channel by a code."""
    actors.found(
        "46",
        [
            office("haikou", "command", "4601"),
            office("sanya", "command", "4602"),
            office("bureau", "big-data-bureau", "46", "big-data"),
            office("hotline", "hotline", "46", "hotline"),
        ],
        [
            ("haikou-staff", "海甲", "conversion-staff", "haikou"),
            ("haikou-head", "海乙", "principal", "haikou"),
            ("sanya-staff", "海丙", "conversion-staff", "sanya"),
            ("sanya-head", "海丁", "principal", "sanya"),
            ("bureau-head", "海戊", "principal", "bureau"),
            ("operator", "海己", "operator", "bureau"),
            ("desk", "海庚", "staff", "hotline"),
        ],
    )
    for name in ("haikou-staff", "sanya-staff"):
        code = hashlib.sha256(name.encode()).hexdigest().encode()
        assert actors.say("bureau-head", c.Invite(hashlib.sha256(code).digest(), name)).codes == ()
        assert actors.say("sanya-head", c.Join(code)).codes == ("code-not-yours",)
        assert actors.say(name, c.Join(code)).status == "accepted"


def ningxia(actors: Actors) -> None:
    """A county's command and its city's."""
    actors.found(
        "64",
        [office("county", "command", "640104"), office("city", "command", "6401")],
        [
            ("nx-clerk", "宁甲", "staff", "county"),
            ("nx-head", "宁乙", "principal", "county"),
            ("nx-approver", "宁丙", "staff", "city"),
            ("nx-city", "宁丁", "principal", "city"),
        ],
    )


def provincial(actors: Actors) -> None:
    """The province where only the provincial big-data department converts."""
    actors.found(
        "99",
        [
            office("p-county", "command", "990101"),
            office("p-city", "command", "9901"),
            office("p-bureau", "big-data-bureau", "99", "big-data"),
        ],
        [
            ("p-county-head", "省甲", "principal", "p-county"),
            ("p-city-head", "省乙", "principal", "p-city"),
            ("p-city-staff", "省丙", "staff", "p-city"),
            ("p-bureau-staff", "省丁", "staff", "p-bureau"),
        ],
    )


def unreported(actors: Actors, count: int, home: str, seed: int) -> list[Fact]:
    """Facts that nobody reported, of people who are there."""
    people = actors.people(count, home, seed)
    return [
        Fact(p, "health", "//nowhere.example", f"{seed}-{n}", home) for n, p in enumerate(people)
    ]


# --- June 2020 ----------------------------------------------------------------------------------


def test_scenario_37_declared_16000_arrived_159_is_quarantined_whole(henan: Actors) -> None:
    day = day_of(henan.now)
    assert (
        henan.say("police", c.PushItem("public-security", day, 16_000, 159, b"q" * 32)).codes == ()
    )
    [item] = henan.events(e.ItemPushed, department="public-security")
    assert item.status == "quarantined"
    assert henan.say("zz", c.CityReturn(day, (("public-security", b"q" * 32),))).codes == (
        "items-differ",
    )
    # Sent whole it is taken in; nobody sends another department's.
    assert henan.say("police", c.PushItem("public-security", day, 159, 159, b"w" * 32)).codes == ()
    other = henan.say("health", c.PushItem("education", day, 1, 1, b"x" * 32))
    assert other.codes == ("another-department",)


def test_scenario_36_a_citys_return_missing_at_18_is_overdue_and_escalated(henan: Actors) -> None:
    day = day_of(henan.now)
    assert henan.say("health", c.PushItem("health", day, 0, 0, b"n" * 32)).codes == ()
    items = (("health", b"n" * 32), ("public-security", b"w" * 32))
    assert henan.say("zz", c.CityReturn(day, items)).status == "accepted"
    [received] = henan.events(e.ReturnReceived, city="4101")
    assert (received.status, "education" in received.missing) == ("in-time", True)
    henan.until(day * DAY - 8 * HOUR + 18 * HOUR)
    [missing] = henan.events(e.ReturnMissing, day=day)
    assert missing.city == "4103"
    [overdue] = [x for x in henan.events(e.Overdue, what="return") if "4103" in x.name]
    assert overdue.level == "province"
    assert henan.say("ly", c.CityReturn(day, ())).status == "accepted"
    [late] = henan.events(e.ReturnReceived, city="4103")
    assert late.status == "late"


# --- June 2022 ----------------------------------------------------------------------------------


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
    officer = c.Officer("new-four", "street", "division-administrator", b"n" * 16, "新四")
    assert actors.say("new-four", c.Apply(application, officer, "街道转码")).status == "accepted"
    grant = c.ReviewApplication(application, True, "")
    assert actors.say("two", grant).codes == ("not-yours-to-open",)
    assert actors.say("three", grant).status == "accepted"
    assert actors.state("45").officers["new-four"] == officer


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


def test_scenario_40_the_signer_may_not_decide_the_appeal(actors: Actors) -> None:
    people = actors.people(2, HAIKOU, 140)
    facts = actors.report(people, "confirmed", "diagnosis-report")
    lines = actors.lines("haikou-staff", facts, root="IC-40")
    # Reports without that root do not bear lines that claim it: none is claimed here.
    lines = actors.lines("haikou-staff", facts)
    actors.draft("haikou-staff", "40", lines, "4601", "confirmed")
    actors.act("haikou-head", "40", "sign")
    if actors.order("40").status == "held":  # the whole ground's sum of the day counts
        release = c.ReleaseBulk(order_id("40"), actors.content("40"))
        assert actors.say("bureau-head", release).status == "accepted"
    assert set(actors.settled("40").values()) == {"effective"}
    case = b"c" * 16
    filed = c.FileCase(case, "appeal", order_id("40"), 0, HAIKOU, "", b"t" * 32)
    assert actors.say("desk", filed).status == "accepted"
    own = actors.say("sanya-head", c.AssignCase(case, "haikou-head"))
    assert own.status == "refused"
    assert "own-order" in actors.say("bureau-head", c.AssignCase(case, "haikou-head")).codes


def test_scenario_39_an_undecided_appeal_goes_one_level_up(actors: Actors) -> None:
    case = b"c" * 16
    actors.pass_time(24 * HOUR)
    [first] = actors.events(e.CaseEscalated, case=case)
    assert first.level == "city"
    actors.pass_time(24 * HOUR)
    assert [x.level for x in actors.events(e.CaseEscalated, case=case)] == ["city", "province"]
    # Its evidence is on file: the colour stands until somebody decides.
    assert actors.events(e.LineSuspended, case=case) == []


def test_scenario_41_a_complaint_has_a_number_and_is_closed_by_an_outcome(actors: Actors) -> None:
    case = b"1" * 16
    said = hashlib.sha256("健康码被用于疫情防控以外".encode()).digest()
    filed = c.FileCase(case, "complaint", b"", 0, "4601", "command", said)
    reply = actors.say("desk", filed)
    assert (reply.status, reply.about) == ("accepted", case)
    assert actors.say("desk", c.DecideCase(case, "founded", "已转")).status == "refused"
    assert actors.say("bureau-head", c.AssignCase(case, "haikou-head")).status == "accepted"
    assert actors.say("haikou-head", c.DecideCase(case, "closed", "x")).codes == (
        "outcome-missing",
    )
    assert actors.say("haikou-head", c.DecideCase(case, "founded", "已停用")).status == "accepted"
    [closed] = actors.events(e.CaseClosed, case=case)
    assert (closed.outcome, closed.by.officer) == ("founded", "haikou-head")


def test_scenario_42_and_43_1317_reds_annulled_by_the_municipal_body(actors: Actors) -> None:
    people = actors.people(1_317, "640104", 143)
    facts = actors.report(people, "confirmed", "diagnosis-report")
    lines = actors.lines("nx-clerk", facts)
    actors.draft("nx-clerk", "43", lines, "640104", "confirmed")
    actors.act("nx-head", "43", "sign")
    assert actors.act("nx-approver", "43", "approve").status == "accepted"
    assert set(actors.settled("43").values()) == {"effective"}
    some = people[::100]
    assert {actors.colour(p) for p in some} == {"red"}
    annul = c.Annul(order_id("43"), (), "与疫情无关")
    assert actors.say("nx-head", annul).codes == ("not-your-step",)
    assert actors.say("nx-city", annul).status == "accepted"
    assert actors.order("43").status == "annulled"
    actors.wait(lambda: {actors.colour(p) for p in some} == {"green"}, "not all are green again")
    told = [ref for x in actors.events(e.LinesEnded, order=order_id("43")) for ref in x.lines]
    assert len(told) == 1_317
    chain = {actor.officer for actor in actors.order("43").chain}
    assert chain == {"nx-clerk", "nx-head", "nx-approver"}


def test_scenario_34_a_text_that_may_not_be_published_is_kept_and_never_law(actors: Actors) -> None:
    world = actors.world
    home = world.home.path
    text = rulesfile.load_file(root() / "rules" / "46" / "batches-v1.yaml")
    publisher = keyfiles.signing_key(home, keyfiles.Key.PUBLISHER)
    officer = key_of("haikou-head").signing
    appender = KafkaAppender(kafka_config(world.home, "law"))
    before = world.ask.count("fuma.dlq.law")
    try:
        for signer in (publisher, officer):  # a version that does not rise; a key that is nobody's
            envelope = dsse.sign(lawlog.LAW_TYPE, text.body.encode(), signer)
            value = lawlog.text_value(envelope, actors.now)
            appender.append([Outgoing(lawlog.LAW_TOPIC, 0, b"46/batches@1", value)])
    finally:
        appender.close()
    actors.wait(lambda: world.ask.count("fuma.dlq.law") >= before + 2, "no dead letter of law")
    reasons = {r.header("fuma-reason") for r in world.ask.records("fuma.dlq.law")}
    assert {b"bad-law", b"unknown-publisher"} <= reasons
