"""The domain's scenarios of relief, returns and deadlines, by number, on the pure core."""

from __future__ import annotations

from fuma.cli.order_recalls import recalls, text
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.relief import report_by_actor
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, MINUTE, day_of
from unit.authority.making import Province, found, h, hainan, line, office, refusal, xing


def effective(p: Province, count: int = 3, answer: bool = True) -> None:
    lines = [line(n, "460105") for n in range(count)]
    p.draft("haikou-staff", "form", lines, "4601")
    p.act("haikou-head", "form", "sign")
    for n in range(count if answer else 0):
        p.hear(c.Outcome(h("form"), n, "effective", "", ("haikou", "44")))


def appeal(p: Province, name: str = "appeal") -> list[e.Event]:
    body = c.FileCase(h(name), "appeal", h("form"), 0, "4601", "", h("text"))
    return p.send("desk", body)


def test_an_order_expires_by_time_and_every_line_has_an_end() -> None:
    p = hainan()
    lines = [line(n, "460105") for n in range(4)]
    p.draft("haikou-staff", "form", lines, "4601", until=p.at + 2 * DAY)
    p.act("haikou-head", "form", "sign")
    p.hear(c.Outcome(h("form"), 0, "effective", ""))
    p.hear(c.Outcome(h("form"), 1, "held", "fact-absent"))
    p.hear(c.Outcome(h("form"), 2, "held", "contradicted"))
    order = p.state.orders[h("form")]
    assert not found(p.pass_time(24 * HOUR - MINUTE), e.LinesEnded)
    (late,) = found(p.pass_time(MINUTE), e.LinesEnded)
    assert (late.how, late.code) == ("refused", "fact-absent")
    assert late.lines == (e.LineRef(1, h("subject 1")),), "its subject is told"
    (ended,) = found(p.pass_time(DAY), e.Ended)
    assert ended.how == "expired"
    assert [order.settled[n].status for n in range(4)] == [
        "effective", "refused", "refused", "refused"
    ]  # fmt: skip
    assert p.replayed() == p.state


def test_a_review_that_is_late_is_overdue_once_and_brought_one_level_up() -> None:
    p = xing()
    p.draft("clerk", "form", [line(1, "141123")], "141123")
    p.act("head", "form", "sign")
    assert not found(p.pass_time(2 * HOUR - MINUTE), e.Overdue)
    (overdue,) = found(p.pass_time(MINUTE), e.Overdue)
    assert (overdue.name, overdue.level) == ("review", "province")
    assert not found(p.pass_time(HOUR), e.Overdue)


def henan() -> Province:
    return Province(
        "41",
        [
            office("zhengzhou-data", "big-data-bureau", "4101", "big-data"),
            office("luoyang-data", "big-data-bureau", "4103", "big-data"),
            office("zz-health", "department", "4101", "health"),
            office("zz-police", "department", "4101", "public-security"),
        ],
        [
            ("zz", "A", "staff", "zhengzhou-data"),
            ("ly", "B", "staff", "luoyang-data"),
            ("health", "C", "staff", "zz-health"),
            ("police", "D", "staff", "zz-police"),
        ],
        instant("2020-06-14T12:00:00+08:00"),
    )


def test_scenario_36_a_citys_return_missing_at_18_is_overdue_and_escalated() -> None:
    p = henan()
    day = day_of(p.at)
    p.pass_time(MINUTE)
    p.send("health", c.PushItem("health", day, 12, 12, b"h" * 32))
    p.send("police", c.PushItem("public-security", day, 0, 0, b"p" * 32))
    items = (("health", b"h" * 32), ("public-security", b"p" * 32))
    p.at = instant("2020-06-14T17:59:59.999+08:00")
    (received,) = found(p.send("zz", c.CityReturn(day, items)), e.ReturnReceived)
    assert received.status == "in-time"
    assert received.missing == ("transport", "human-resources", "education")
    p.at = instant("2020-06-14T18:00:00+08:00")
    events = p.pass_time(0)
    assert [(x.city, x.day) for x in found(events, e.ReturnMissing)] == [("4103", day)]
    overdue = [x for x in found(events, e.Overdue) if x.what == "return"]
    assert [(x.level, x.keys) for x in overdue] == [("province", ("key ly",))]
    missing = found(events, e.ItemMissing)
    assert {x.department for x in missing if x.city == "4101"} == set(received.missing)
    assert len([x for x in missing if x.city == "4103"]) == 5
    assert not found(p.pass_time(HOUR), e.ReturnMissing)
    (tardy,) = found(
        p.send("health", c.PushItem("health", day, 13, 13, b"i" * 32, True)), e.ItemPushed
    )
    assert (tardy.late, tardy.corrected) == (True, True)
    (late,) = found(p.send("ly", c.CityReturn(day, ())), e.ReturnReceived)
    assert late.status == "late"
    assert p.replayed() == p.state


def test_an_empty_return_is_not_a_missing_one_and_a_city_edits_nothing() -> None:
    p = henan()
    day = day_of(p.at)
    (nil,) = found(p.send("health", c.PushItem("health", day, 0, 0, b"n" * 32)), e.ItemPushed)
    assert nil.status == "nil"
    for items in ((), (("health", b"x" * 32),), (("health", b"n" * 32), ("education", b"e" * 32))):
        assert refusal(p.send("zz", c.CityReturn(day, items))) == ("items-differ",)
    good = (("health", b"n" * 32),)
    assert refusal(p.send("zz", c.CityReturn(day, good))) == ()
    assert refusal(p.send("zz", c.CityReturn(day, good))) == ("already-returned",)
    (again,) = found(p.send("zz", c.CityReturn(day, good, True)), e.ReturnReceived)
    assert again.corrected


def test_nobody_reports_another_departments_data() -> None:
    p = henan()
    day = day_of(p.at)
    other = p.send("health", c.PushItem("public-security", day, 1, 1, b"x" * 32))
    assert refusal(other) == ("another-department",)
    assert refusal(p.send("zz", c.PushItem("health", day, 1, 1, b"x" * 32))) == ("not-your-step",)


def test_scenario_37_declared_16000_arrived_159_is_quarantined_whole() -> None:
    p = henan()
    day = day_of(p.at)
    (item,) = found(
        p.send("health", c.PushItem("health", day, 16_000, 159, b"q" * 32)), e.ItemPushed
    )
    assert item.status == "quarantined"
    assert refusal(p.send("zz", c.CityReturn(day, (("health", b"q" * 32),)))) == ("items-differ",)
    whole = p.send("health", c.PushItem("health", day, 16_000, 16_000, b"w" * 32))
    assert found(whole, e.ItemPushed)[0].status == "whole"


def test_scenario_39_an_undecided_appeal_goes_up_and_rests_the_colour_without_evidence() -> None:
    p = hainan()
    effective(p, answer=False)
    appeal(p)
    assert not found(p.pass_time(24 * HOUR - MINUTE), e.CaseEscalated)
    events = p.pass_time(MINUTE)
    assert [x.level for x in found(events, e.CaseEscalated)] == ["city"]
    assert [(x.order, x.line) for x in found(events, e.LineSuspended)] == [(h("form"), 0)]
    assert [x.level for x in found(p.pass_time(DAY), e.CaseEscalated)] == ["province"]
    assert p.replayed() == p.state
    p = hainan()
    effective(p)
    appeal(p)
    assert not found(p.pass_time(DAY), e.LineSuspended), "its evidence is on file"


def test_scenario_40_the_signer_may_not_decide_the_appeal() -> None:
    p = hainan()
    effective(p)
    appeal(p)
    own = p.send("bureau-head", c.AssignCase(h("appeal"), "haikou-head"))
    assert refusal(own) == ("own-order",)
    assert refusal(p.send("bureau-head", c.AssignCase(h("appeal"), "bureau-head"))) == ()
    taken = p.send("haikou-head", c.DecideCase(h("appeal"), "upheld", "x"))
    assert refusal(taken) == ("own-order",)
    assert refusal(p.send("bureau-head", c.DecideCase(h("appeal"), "upheld", " ")))
    events = p.send("bureau-head", c.DecideCase(h("appeal"), "overturned", "no isolation"))
    assert [(x.how, x.lines) for x in found(events, e.LinesEnded)] == [
        ("annulled", (e.LineRef(0, h("subject 0")),))
    ]
    assert [x.recipients for x in found(events, e.Recalled)] == [("44", "haikou")]
    assert p.status("form") == "effective", "the other lines stand"


def test_scenario_41_a_complaint_is_closed_only_with_an_outcome() -> None:
    p = hainan()
    body = c.FileCase(h("12345"), "complaint", b"", 0, "4601", "command", h("as it was said"))
    (filed,) = found(p.send("desk", body), e.CaseFiled)
    assert filed.case == h("12345")
    assert refusal(p.send("desk", c.DecideCase(h("12345"), "founded", "closed by the desk")))
    wrong = p.send("bureau-head", c.AssignCase(h("12345"), "bureau-head"))
    assert refusal(wrong) == ("not-the-department-concerned",)
    for _ in range(3):
        p.pass_time(DAY)
    assert p.state.cases[h("12345")].outcome == ""
    p = hainan()
    p.send("desk", body)
    p.pass_time(DAY)
    p.send("bureau-head", c.AssignCase(h("12345"), "haikou-head"))
    for outcome in ("", "closed", "upheld"):
        none = p.send("haikou-head", c.DecideCase(h("12345"), outcome, "reason"))
        assert refusal(none) == ("outcome-missing",)
    (closed,) = found(
        p.send("haikou-head", c.DecideCase(h("12345"), "founded", "misused")), e.CaseClosed
    )
    assert closed.outcome == "founded"


def ningxia(count: int) -> Province:
    p = Province(
        "64",
        [
            office("county", "command", "640104"),
            office("city", "command", "6401"),
            office("44", "command", "6402"),
        ],
        [
            ("clerk", "A", "staff", "county"),
            ("head", "B", "principal", "county"),
            ("approver", "C", "staff", "city"),
            ("city-head", "D", "principal", "city"),
            ("there", "E", "principal", "44"),
        ],
    )
    lines = [line(n, "640104") for n in range(count)]
    p.draft("clerk", "form", lines, "640104", "confirmed")
    p.act("head", "form", "sign")
    p.act("approver", "form", "approve")
    for n in range(count):
        p.hear(c.Outcome(h("form"), n, "effective", "", ("44",)))
    return p


def test_scenario_42_the_municipal_body_annuls_a_red_that_is_not_epidemic() -> None:
    p = ningxia(2)
    assert refusal(p.send("head", c.Annul(h("form"), (), "x"))) == ("not-your-step",)
    events = p.send("city-head", c.Annul(h("form"), (), "nothing to do with the epidemic"))
    assert [x.how for x in found(events, e.Ended)] == ["annulled"]
    assert {x.how for x in found(events, e.LinesEnded)} == {"annulled"}


def test_scenario_43_1317_annulled_are_recalled_until_acknowledged_with_a_report_by_actor() -> None:
    p = ningxia(1317)
    events = p.send("city-head", c.Annul(h("form"), (), "depositors"))
    told = [ref.subject for x in found(events, e.LinesEnded) for ref in x.lines]
    assert told == [h(f"subject {n}") for n in range(1317)]
    assert p.state.recalls == {h("form"): {"44"}}
    waiting = recalls([p.state], open_only=True)["orders"]
    assert [(one["annulled"], one["waiting"]) for one in waiting] == [(1317, ["44"])]
    p.pass_time(DAY)
    assert refusal(p.send("clerk", c.AcknowledgeRecall(h("form"), "44"))) == ("not-the-recipient",)
    p.send("there", c.AcknowledgeRecall(h("form"), "44"))
    assert p.state.recalls == {}
    assert recalls([p.state], open_only=True)["orders"] == []
    told = recalls([p.state])
    assert [one["acknowledged"] for one in told["orders"]] == [["44"]]
    assert sorted(one["lines"] for one in told["actors"]) == [1317, 1317, 1317]
    assert "1317" in text(told)
    report = report_by_actor(p.state.orders.values())
    assert report == {
        h("A"): [("compile", "clerk", 1317)],
        h("B"): [("sign", "head", 1317)],
        h("C"): [("approve", "approver", 1317)],
    }
    assert p.replayed() == p.state


def test_lifting_is_from_now_on_and_needs_evidence() -> None:
    p = hainan()
    effective(p)
    assert refusal(p.send("haikou-head", c.Lift(h("form"), (), b""))) == ("no-evidence",)
    events = p.send("haikou-head", c.Lift(h("form"), (0, 2), h("negative tests")))
    assert [ref.line for x in found(events, e.LinesEnded) for ref in x.lines] == [0, 2]
    assert not found(events, e.Ended)
    (ended,) = found(p.send("haikou-head", c.Lift(h("form"), (1,), h("t"))), e.Ended)
    assert ended.how == "lifted"
    again = p.send("bureau-head", c.Annul(h("form"), (), "was never valid"))
    assert found(again, e.Ended)[0].how == "annulled"


def test_an_appeal_is_filed_where_the_line_lies_or_above_and_nowhere_else() -> None:
    p = hainan()
    effective(p)
    for place in ("4602", "460106", "460105", "460", "14"):
        body = c.FileCase(h(f"in {place}"), "appeal", h("form"), 0, place, "", h("text"))
        if "460105".startswith(place):
            assert refusal(p.send("desk", body)) == ()
        else:
            assert refusal(p.send("desk", body)) == ("outside-jurisdiction",)


def test_a_case_about_a_line_that_the_form_does_not_have_is_refused() -> None:
    p = hainan()
    effective(p, 3)
    for kind in ("appeal", "complaint"):
        for number in (-1, 3, 200, 100_000):
            body = c.FileCase(
                h(f"{kind} {number}"), kind, h("form"), number, "4601", "command", h("text")
            )
            assert refusal(p.send("desk", body)) == ("line-unknown",)


def test_who_signed_an_order_gives_its_appeal_to_nobody() -> None:
    p = hainan()
    effective(p)
    appeal(p)
    assert refusal(p.send("haikou-head", c.AssignCase(h("appeal"), "bureau-head"))) == (
        "own-order",
    )
    assert refusal(p.send("bureau-head", c.AssignCase(h("appeal"), "bureau-head"))) == ()


def test_whose_report_bore_a_line_neither_gives_nor_takes_its_appeal() -> None:
    p = hainan()
    lines = [line(0, "460105", reporter=p.state.officers["bureau-head"].person)]
    p.draft("haikou-staff", "form", lines, "4601")
    p.act("haikou-head", "form", "sign")
    p.hear(c.Outcome(h("form"), 0, "effective", "", ("haikou",)))
    appeal(p)
    for giver, taker in (("bureau-head", "bureau-head"), ("sanya-head", "bureau-head")):
        assert refusal(p.send(giver, c.AssignCase(h("appeal"), taker))) != ()
    own = c.DecideCase(h("appeal"), "upheld", "as reported")
    assert refusal(p.send("bureau-head", own)) == ("own-order",)
