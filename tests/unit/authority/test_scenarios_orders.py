"""The domain's scenarios of orders and accounts, by number, on the pure core."""

from __future__ import annotations

import hashlib

import pytest

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, MINUTE, Ms
from unit.authority.making import (
    NOON,
    Province,
    apply,
    found,
    guangxi,
    h,
    hainan,
    line,
    office,
    refusal,
    xing,
)

XING = "141123"


def local(
    province: Province, name: str, lines: list[c.Line], city: str = "haikou"
) -> list[e.Event]:
    division = {"haikou": "4601", "sanya": "4602"}[city]
    events = province.draft(f"{city}-staff", name, lines, division)
    return events + province.act(f"{city}-head", name, "sign")


def people(
    count: int, prefix: str = "", division: str = "460105", **fields: object
) -> list[c.Line]:
    return [line(f"{prefix}{n}", division, **fields) for n in range(count)]


def test_scenario_01_a_county_list_goes_up_the_whole_chain() -> None:
    p = xing()
    p.draft("clerk", "form", [line(1, XING), line(2, XING)], XING)
    p.act("head", "form", "sign")
    p.act("reviewer", "form", "review")
    events = p.act("assigner", "form", "approve")
    (effected,) = found(events, e.Effected)
    assert isinstance(effected, e.Effected)
    assert [a.officer for a in effected.chain] == ["clerk", "head", "reviewer", "assigner"]
    assert len({a.person for a in effected.chain}) == 4
    assert effected.until > effected.at == NOON
    assert (effected.procedure, effected.row) == (
        "141123/assignment-form", "close-contact-in-isolation"
    )  # fmt: skip
    p.hear(c.Outcome(h("form"), 0, "effective", ""))
    p.hear(c.Outcome(h("form"), 1, "refused", "fact-absent"))
    assert [p.state.orders[h("form")].settled[n].status for n in (0, 1)] == ["effective", "refused"]
    assert p.replayed() == p.state


def test_scenario_02_without_the_principals_signature_nothing_proceeds() -> None:
    p = xing()
    p.draft("clerk", "form", [line(1, XING)], XING)
    assert "not-the-next-step" in refusal(p.act("reviewer", "form", "review"))
    assert "not-the-next-step" in refusal(p.act("assigner", "form", "approve"))
    assert "not-your-step" in refusal(p.act("clerk", "form", "sign"))
    p.send("reviewer", c.Reject(h("form"), "unsigned"))
    assert p.status("form") == "complete"
    ended = [x for _ in range(8) for x in p.pass_time(DAY) if isinstance(x, e.Ended)]
    assert [x.how for x in ended] == ["lapsed"]
    assert p.state.bulk == []


def test_scenario_03_and_04_one_natural_person_acts_once_in_a_chain() -> None:
    p = xing()
    p.draft("clerk", "form", [line(1, XING)], XING)
    p.act("head", "form", "sign")
    events = p.act("reviewer-two", "form", "review")  # the principal's second account
    assert refusal(events) == ("four-eyes",)
    (refused,) = found(events, e.Refused)
    assert isinstance(refused, e.Refused)
    assert refused.actor == e.Actor(h("Wang"), "reviewer-two", "lvliang-health", "key reviewer-two")
    assert refusal(p.act("reviewer", "form", "review")) == ()


def test_scenario_03_the_reporter_of_a_fact_takes_no_part_in_its_chain() -> None:
    p = xing()
    p.draft("clerk", "form", [line(1, XING, reporter=h("Li")), line(2, XING)], XING)
    p.act("head", "form", "sign")
    assert "four-eyes" in refusal(p.act("reviewer", "form", "review"))


def test_scenario_05_an_officer_outside_the_jurisdiction_is_denied() -> None:
    p = xing()
    elsewhere = p.draft("head-elsewhere", "mine", [line(1, XING)], XING)
    assert set(refusal(elsewhere)) == {"not-your-step", "outside-jurisdiction"}
    p.draft("clerk", "form", [line(1, XING), line(2, "141124")], XING)
    order = p.state.orders[h("form")]
    assert order.settled[1].code == "outside-jurisdiction"
    assert set(refusal(p.act("head-elsewhere", "form", "sign"))) >= {"outside-jurisdiction"}
    p.act("head", "form", "sign")
    assert "outside-jurisdiction" in refusal(p.act("reviewer-taiyuan", "form", "review"))


def provincial_only() -> Province:
    return Province(
        "99",
        [
            office("county", "command", "990101"),
            office("city", "command", "9901"),
            office("bureau", "big-data-bureau", "99", "big-data"),
            office("command", "command", "99"),
        ],
        [
            ("command-head", "E", "principal", "command"),
            ("county-head", "A", "principal", "county"),
            ("city-head", "B", "principal", "city"),
            ("city-staff", "C", "staff", "city"),
            ("bureau-staff", "D", "staff", "bureau"),
        ],
    )


PAPERS = (("situation", "did not come"), ("risk", "contact at market"), ("evidence", "list 7"))


def test_scenario_06_a_city_may_not_convert_but_is_offered_to_report() -> None:
    p = provincial_only()
    p.draft("county-head", "form", [line(1, "990101")], "990101", "refused-testing", 1, PAPERS)
    p.act("city-staff", "form", "review")
    codes = refusal(p.act("city-head", "form", "approve"))
    assert {"not-your-step", "may-report"} <= set(codes)
    assert found(p.act("bureau-staff", "form", "approve"), e.Effected)


def test_scenario_44_red_for_refusing_a_test_is_no_rule_and_yellow_needs_its_statements() -> None:
    p = provincial_only()
    lines = [line(1, "990101")]
    red = p.draft("county-head", "r", lines, "990101", "refused-testing", 2, PAPERS)
    assert "colour-not-of-ground" in refusal(red)
    bare = p.draft("county-head", "y", lines, "990101", "refused-testing", 1, PAPERS[:2])
    assert refusal(bare) == ("papers-missing",)
    assert refusal(p.draft("county-head", "z", lines, "990101", "refused-testing", 1, PAPERS)) == ()


def test_scenario_45_the_catch_all_needs_a_document() -> None:
    p = provincial_only()
    lines = [line(1, "990101")]
    papers = (("document", "省指〔2022〕9号 …"),)
    assert "papers-missing" in refusal(
        p.draft("county-head", "a", lines, "990101", "other-by-document", 2)
    )
    good = p.draft("county-head", "b", lines, "990101", "other-by-document", 2, papers)
    assert refusal(good) == ()
    late = p.draft(
        "county-head", "c", lines, "990101", "other-by-document", 2, papers, until=NOON + 4 * DAY
    )
    assert "beyond-term" in refusal(late)
    # 72 hours at most, and a second approver before the one who converts.
    p.act("city-staff", "b", "review")
    assert "not-the-next-step" in refusal(p.act("bureau-staff", "b", "approve"))
    assert "not-your-step" in refusal(p.act("city-head", "b", "countersign"))
    assert refusal(p.act("command-head", "b", "countersign")) == ()
    (effected,) = found(p.act("bureau-staff", "b", "approve"), e.Effected)
    assert (effected.procedure, effected.until) == ("99/other-by-document", NOON + 3 * DAY)


def test_scenario_10_the_operators_account_can_do_nothing() -> None:
    p = hainan()
    assert "not-your-step" in refusal(p.draft("operator", "f", people(1), "4601"))
    local(p, "bulk", people(120))
    content = p.content("bulk")
    for body in (
        c.Act(h("bulk"), "sign", content), c.Lift(h("bulk"), (), b"x"),
        c.Annul(h("bulk"), (), "x"), c.OpenOffice(office("new", "command", "4603")),
        c.CloseAccount("haikou-head", "x"), c.RevokeKey("key haikou-head", "x"),
    ):  # fmt: skip
        assert refusal(p.send("operator", body)), body
    # Its office handles what is bulk and may annul; an operator's account there does not.
    p.act("haikou-head", "bulk", "sign")
    assert p.status("bulk") == "held"
    assert "not-your-step" in refusal(p.send("operator", c.ReleaseBulk(h("bulk"), content)))
    assert refusal(p.send("operator", c.Reject(h("bulk"), "x"))) == ("not-your-step",)
    assert refusal(p.send("operator", c.Invite(h("code"), "haikou-two"))) == ("not-yours-to-admit",)
    p.send("bureau-head", c.ReleaseBulk(h("bulk"), content))
    assert refusal(p.send("operator", c.Annul(h("bulk"), (), "x"))) == ("not-your-step",)
    assert refusal(p.send("operator", c.Lift(h("bulk"), (), b"x"))) == ("not-your-step",)


@pytest.mark.parametrize(("count", "held"), [(99, False), (100, True), (101, True)])
def test_scenario_12_a_hundred_at_once_is_bulk(count: int, held: bool) -> None:
    p = hainan()
    events = local(p, "form", people(count))
    assert bool(found(events, e.BulkHeld)) is held
    assert p.status("form") == ("held" if held else "effective")
    if held:
        assert refusal(p.send("haikou-head", c.ReleaseBulk(h("form"), p.content("form"))))
        p.send("bureau-head", c.ReleaseBulk(h("form"), p.content("form")))
        assert p.status("form") == "effective"
        assert p.state.orders[h("form")].steps == ["compile", "sign", "release"]


def test_scenario_13_a_split_batch_is_held_when_its_sum_reaches_the_line() -> None:
    p = hainan()
    local(p, "a", people(60, "a"))
    p.pass_time(5 * HOUR)
    (held,) = found(local(p, "b", people(40, "b")), e.BulkHeld)
    assert isinstance(held, e.BulkHeld)
    assert (held.sum, held.linked, held.effective) == (100, (h("a"),), ((h("a"), 60),))
    assert p.status("a") == "effective"
    (more,) = found(local(p, "c", people(45, "c")), e.BulkHeld)
    assert isinstance(more, e.BulkHeld)
    assert set(more.linked) == {h("a"), h("b")}
    p.pass_time(19 * HOUR + MINUTE)
    assert found(local(p, "d", people(45, "d")), e.Effected)


def test_scenario_14_split_over_two_officers_and_two_cities_is_one_batch() -> None:
    p = hainan()
    local(p, "a", people(50, "a"))
    (held,) = found(local(p, "b", people(50, "b", "460202"), "sanya"), e.BulkHeld)
    assert isinstance(held, e.BulkHeld)
    assert held.sum == 100
    p = hainan()
    local(p, "a", people(50, "a"))
    other = people(50, "b", "460202", root=h("another index case") * 2)
    assert found(local(p, "b", other, "sanya"), e.Effected)
    nothing = people(1, "c", root=b"")
    assert found(local(p, "c", nothing), e.BulkHeld), "without evidence the ground is summed"


def test_scenario_17_lines_without_evidence_are_refused_one_by_one() -> None:
    p = hainan()
    bare = c.Line(h("s"), "460105", b"", h("index"), h("r"))
    events = p.draft("haikou-staff", "f", [bare, *people(2)], "4601")
    assert [(x.line, x.code) for x in found(events, e.LineSettled)] == [(0, "no-evidence")]
    assert p.status("f") == "complete"
    p.draft("haikou-staff", "g", [bare], "4601")
    assert p.status("g") == "rejected"


def test_scenario_20_a_verbal_order_has_no_way_in() -> None:
    p = hainan()
    stranger = p.send("nobody", c.Draft(h("v"), "4601", "confirmed", 2, 1, b"0" * 32, p.at, None))
    assert refusal(stranger) == ("key-unknown",)
    digest = hashlib.sha256(b"altered").digest()
    forged = c.Forged(h("id"), digest, "key haikou-head", "bad-signature")
    events = p.hear(forged)
    assert refusal(events) == ("bad-signature", "named:key haikou-head")
    assert not p.state.orders


def test_scenario_21_effective_before_recorded_is_rejected() -> None:
    p = hainan()
    early = p.draft("haikou-staff", "f", people(1), "4601", since=p.at - 1)
    assert refusal(early) == ("before-recorded",)
    (effected,) = found(local(p, "g", people(1)), e.Effected)
    assert isinstance(effected, e.Effected)
    assert effected.at == p.at


def test_scenario_46_from_8_january_2023_there_is_no_ground() -> None:
    p = hainan()
    p.draft("haikou-staff", "before", people(1), "4601")
    p.at = instant("2023-01-08T00:00:00+08:00")
    for ground in ("confirmed", "close-contact", "inbound"):
        events = p.draft("haikou-staff", f"f {ground}", people(1), "4601", ground)
        assert "ground-not-in-force" in refusal(events)
    assert "ground-not-in-force" in refusal(p.act("haikou-head", "before", "sign"))


def test_depositors_have_no_ground_whoever_signs() -> None:
    p = hainan()
    for ground in ("depositor", "stability", "other-by-document"):
        events = p.draft("haikou-staff", ground, people(1), "4601", ground)
        assert set(refusal(events)) <= {"ground-not-in-force", "no-procedure-for-orders"}
        assert refusal(events)


def test_replayed_expired_and_retargeted_commands_are_refused_and_recorded() -> None:
    p = hainan()
    body = c.OpenOffice(office("x", "command", "4603"))
    for fields, code in (
        ({"world": b"v" * 16}, "other-world"), ({"province": "45"}, "other-province"),
        ({"expires": p.at, "issued": p.at - HOUR}, "expired"),
        ({"issued": p.at + HOUR, "expires": p.at + 2 * HOUR}, "issued-later"),
        ({"expires": p.at + 90 * DAY}, "validity-wrong"),
    ):  # fmt: skip
        events = p.send("bureau-head", body, **fields)
        assert refusal(events) == (code,)
        assert found(events, e.Refused)[0].actor.officer == "bureau-head"
    good = p.command("bureau-head", body)
    assert refusal(p.hear(good)) == ()
    other = p.command("bureau-head", c.CloseOffice("x", "mine"), id=good.id)
    assert refusal(p.hear(other)) == ("same-id-other-content",)
    p.at += 80 * HOUR
    p.pass_time(MINUTE)
    assert refusal(p.hear(good)) == ("expired",), "forgotten, it is still not good"


def test_nothing_proceeds_until_all_pages_are_there_and_hash_to_the_root() -> None:
    p = hainan()
    lines = people(50) + people(150, "m") + people(30, "n")
    p.draft("haikou-staff", "f", lines, "4601", pages=False)
    assert refusal(p.act("haikou-head", "f", "sign")) == ("pages-missing",)
    p.send("haikou-staff", c.Page(h("f"), 1, tuple(lines[200:])))
    assert refusal(p.act("haikou-head", "f", "sign")) == ("pages-missing",)
    assert refusal(p.send("haikou-two", c.Page(h("f"), 0, tuple(lines[:200]))))
    altered = (*lines[:199], line("altered", "460105"))
    p.send("haikou-staff", c.Page(h("f"), 0, altered))
    assert p.status("f") == "rejected"
    p.draft("haikou-staff", "g", lines, "4601")
    wrong = p.send("haikou-head", c.Act(h("g"), "sign", b"0" * 32))
    assert refusal(wrong) == ("content-differs",)


def test_only_admitted_staff_draft_where_lists_travel_in_the_channel() -> None:
    p = hainan()
    apply(p, "late", "conversion-staff", "haikou")
    p.send("haikou-head", c.ReviewApplication(h("application late"), True, ""))
    assert refusal(p.draft("late", "f", people(1), "4601")) == ("not-admitted",)
    assert refusal(p.send("late", c.Join(b"guessed"))) == ("code-not-yours",)
    assert refusal(p.send("haikou-head", c.Invite(b"x" * 32, "late"))) == ("not-yours-to-admit",)


def test_withdrawal_and_rejection_end_an_order_before_it_has_effect() -> None:
    p = hainan()
    p.draft("haikou-staff", "a", people(1), "4601")
    assert refusal(p.send("sanya-staff", c.Withdraw(h("a"), "mine"))) == ("not-the-drafter",)
    p.send("haikou-staff", c.Withdraw(h("a"), "wrong list"))
    assert p.status("a") == "withdrawn"
    assert refusal(p.act("haikou-head", "a", "sign")) == ("order-not-open",)
    p.draft("haikou-staff", "b", people(1, "b"), "4601")
    assert refusal(p.send("haikou-head", c.Reject(h("b"), " "))) == ("reason-missing",)
    p.send("haikou-head", c.Reject(h("b"), "no isolation record"))
    assert p.status("b") == "rejected"


def test_an_application_that_nobody_reviews_is_deleted_after_thirty_days() -> None:
    p = guangxi()
    p.pass_time(MINUTE)
    apply(p, "new", "collector", "mall")
    assert list(p.state.applications) == [h("application new")]
    assert not found(p.pass_time(30 * DAY - MINUTE), e.ApplicationRefused)
    (gone,) = found(p.pass_time(MINUTE), e.ApplicationRefused)
    assert (gone.reason, gone.by) == ("unanswered", e.NOBODY)
    assert p.state.applications == {}
    late = p.send("grid", c.ReviewApplication(h("application new"), True, ""))
    assert refusal(late) == ("application-unknown",)
    assert p.replayed() == p.state


def test_scenario_13_small_forms_of_several_days_that_begin_together_are_one_batch() -> None:
    p = hainan()
    begins = p.at + 4 * DAY

    def later(name: str, count: int, since: Ms) -> list[e.Event]:
        lines = people(count, name)
        assert refusal(p.draft("haikou-staff", name, lines, "4601", since=since)) == ()
        return p.act("haikou-head", name, "sign")

    assert found(later("a", 60, begins), e.Effected)
    p.pass_time(25 * HOUR)
    assert found(later("b", 30, begins + HOUR), e.Effected)
    p.pass_time(25 * HOUR)
    (held,) = found(later("c", 40, begins - HOUR), e.BulkHeld)
    assert (held.sum, set(held.linked)) == (130, {h("a"), h("b")})
    assert found(later("d", 40, begins + 2 * DAY), e.Effected), "another day's"
    assert p.replayed() == p.state


def test_a_place_is_written_in_digits_that_everybody_reads_alike() -> None:
    p = hainan()
    for odd in ("4601\u00b2", "4601\u0661\u0661", "4601  "):
        assert "outside-jurisdiction" in refusal(p.draft("haikou-staff", odd, [line(1, odd)], odd))
    lines = [line(1, "460105"), line(2, "4601\u0661\u0661")]
    (refused,) = found(p.draft("haikou-staff", "one", lines, "4601"), e.LineSettled)
    assert (refused.line, refused.code) == (1, "outside-jurisdiction")
