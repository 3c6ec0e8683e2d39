"""Orders and the law that changes under them, by the books of ``rules/``; appeals against them."""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.decide import decide
from fuma.domain.authority.fold import evolve
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, MINUTE
from unit.authority.making import Province, found, h, line, refusal, xing

XING = "141123"


def effective(at: str, ground: str = "close-contact", count: int = 2) -> Province:
    p = xing()
    p.at = instant(at)
    p.draft("clerk", "form", [line(n, XING) for n in range(count)], XING, ground)
    for officer, step in (("head", "sign"), ("reviewer", "review"), ("assigner", "approve")):
        p.act(officer, "form", step)
    assert p.status("form") == "effective"
    return p


def test_scenario_35_a_new_edition_shortens_an_order_in_effect_and_says_so_once() -> None:
    p = effective("2022-06-27T12:00:00+08:00")
    order = p.state.orders[h("form")]
    began = p.at
    assert order.book[0] == "cn/control-plan-8"
    assert order.until == began + 21 * DAY
    assert not found(p.pass_time(12 * HOUR - MINUTE), e.Amended)
    (amended,) = found(p.pass_time(MINUTE), e.Amended)
    assert (amended.book, amended.at) == ("cn/control-plan-9", p.at)
    assert amended.until == order.until == began + 10 * DAY
    assert not found(p.pass_time(MINUTE), e.Amended)
    p.at = began + 10 * DAY - MINUTE
    assert not found(p.pass_time(0), e.Ended)
    assert [x.how for x in found(p.pass_time(MINUTE), e.Ended)] == ["expired"]
    assert p.replayed() == p.state


def test_an_open_form_goes_on_under_the_new_edition() -> None:
    p = xing()
    p.at = instant("2022-06-27T12:00:00+08:00")
    p.draft("clerk", "form", [line(1, XING)], XING)
    p.act("head", "form", "sign")
    p.pass_time(13 * HOUR)
    p.act("reviewer", "form", "review")
    (effected,) = found(p.act("assigner", "form", "approve"), e.Effected)
    assert (effected.book, effected.until) == ("cn/control-plan-9", p.at + 10 * DAY)


def test_scenario_46_on_8_january_2023_no_order_is_left_and_none_can_begin() -> None:
    p = effective("2023-01-07T23:00:00+08:00")
    events = p.pass_time(HOUR)
    (ended,) = found(events, e.LinesEnded)
    assert (ended.how, ended.code) == ("lifted", "ground-not-in-force")
    assert [ref.subject for ref in ended.lines] == [h("subject 0"), h("subject 1")]
    assert [x.how for x in found(events, e.Ended)] == ["lifted"]
    late = p.draft("clerk", "late", [line(9, XING)], XING)
    assert "ground-not-in-force" in refusal(late)


def test_a_form_signed_before_a_ground_ended_takes_no_effect_after() -> None:
    p = xing()
    p.at = instant("2023-01-07T23:00:00+08:00")
    p.draft("clerk", "form", [line(1, XING)], XING)
    p.act("head", "form", "sign")
    p.pass_time(2 * HOUR)
    assert refusal(p.act("reviewer", "form", "review")) == ("ground-not-in-force",)


def test_system_2_a_signed_form_is_with_the_city_within_sixty_seconds() -> None:
    p = xing()
    p.draft("clerk", "form", [line(1, XING)], XING)
    signed = p.act("head", "form", "sign")
    (stepped,), (forwarded,) = found(signed, e.Stepped), found(signed, e.Forwarded)
    assert (forwarded.step, forwarded.offices) == ("review", ("lvliang-health",))
    assert forwarded.keys == ("key reviewer",), "not the signer's second account"
    assert forwarded.at == stepped.at, "in the decision itself: no minute passes"
    assert forwarded.due == p.at + 2 * HOUR


def test_an_outcome_told_again_late_changes_nothing() -> None:
    p = effective("2022-06-14T12:00:00+08:00")

    def hear(id: str, status: str, code: str = "") -> list[e.Event]:
        item = c.Outcome(h("form"), 0, status, code, (), h(id))
        events = decide(p.state, item, p.at, p.law)
        p.ledger.append(events)
        evolve(p.state, events, item.id)
        return events

    assert hear("first", "held", "fact-absent")
    assert hear("second", "effective")
    assert hear("first", "held", "fact-absent") == []
    assert p.state.orders[h("form")].settled[0].status == "effective"
    assert hear("third", "refused", "match-gone"), "what codes takes back is taken back"


def test_who_got_a_decision_after_it_was_annulled_is_recalled_too() -> None:
    p = effective("2022-06-14T12:00:00+08:00")
    p.hear(c.Outcome(h("form"), 0, "effective", "", ("platform",)))
    p.state.officers["chief"] = c.Officer("chief", "shanxi-health", "staff", h("Wu"), "chief")
    p.state.keys["key chief"] = "chief"
    p.send("chief", c.Annul(h("form"), (), "never"))
    assert p.state.recalls == {h("form"): {"platform"}}
    events = p.hear(c.Outcome(h("form"), 1, "effective", "", ("41",)))
    assert [x.recipients for x in found(events, e.Recalled)] == [("41",)]
    assert p.state.recalls == {h("form"): {"41", "platform"}}
    assert p.state.orders[h("form")].settled[1].status == "annulled"


def test_an_order_long_ended_is_its_id_alone_and_the_id_is_never_used_again() -> None:
    p = effective("2022-06-28T12:00:00+08:00")
    for _ in range(200):
        p.pass_time(DAY)
    assert p.state.orders == {}
    again = p.draft("clerk", "form", [line(1, XING)], XING)
    assert "order-exists" in refusal(again)
    assert p.replayed() == p.state
