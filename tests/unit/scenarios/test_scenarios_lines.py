"""The scenarios of DOMAIN.md as they concern order lines at the person, on the pure core."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fuma.domain.codes import events as e
from fuma.domain.codes.schedule import colour_at
from fuma.domain.colour import Colour
from fuma.domain.ids import by_name
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY
from unit.domain.making import digest, release
from unit.domain.ordering import CHAIN, NIGHT, XING, Subject, end, finding, line

EIGHT = "2022-06-15T08:00:00+08:00"
NINE = "2022-06-15T09:00:00+08:00"
TEN = "2022-06-15T10:00:00+08:00"


def listed(**kwargs: object) -> tuple[Subject, e.Fact]:
    """A person whom the county's CDC reported: on file, and green."""
    person, reported = Subject(), finding("case")
    person.gets(reported, NIGHT)
    assert person.codes() == ["awaits-order"]
    assert person.colour(NIGHT) == "green"
    return person, reported


def test_scenario_01_a_county_list_through_the_whole_chain_is_red_and_the_chain_visible() -> None:
    person, reported = listed()
    decision = person.gets(line("A", reported), EIGHT)
    assert decision is not None
    assert person.answer() == ("effective", "")
    assert person.colour(EIGHT) == "red"
    (order,) = decision.schedule.orders
    assert order.source is not None
    assert [(a.officer, a.step) for a in order.source.chain] == [
        ("clerk", "compile"), ("director", "sign"), ("reviewer", "review"),
        ("assigner", "approve"),
    ]  # fmt: skip
    assert (order.fact, order.department) == (reported.id, "health")
    assert order.law.procedure == "141123/assignment-form"
    assert order.end == instant("2022-06-14") + 30 * DAY


def test_scenario_02_without_the_principals_signature_the_colour_stays() -> None:
    person, reported = listed()
    person.gets(line("A", reported, chain=("clerk", "reviewer", "assigner")), EIGHT)
    assert person.answer() == ("refused", "chain-incomplete")
    assert person.colour(EIGHT) == "green"


def test_scenario_04_one_natural_person_twice_in_a_chain_is_refused() -> None:
    person, reported = listed()
    twice = line("A", reported, chain=("clerk", "director", "clerk", "assigner"))
    person.gets(twice, EIGHT)
    assert person.answer() == ("refused", "chain-incomplete")
    own = finding("own", reporter=line("A", reported).chain[1].person)
    person.gets(own, EIGHT)
    person.gets(line("B", own), EIGHT)
    assert person.answer() == ("refused", "four-eyes")
    assert person.colour(EIGHT) == "green"


def test_scenario_17_a_line_that_nobody_has_evidence_for_is_held_then_refused() -> None:
    person, nobodys = Subject(), finding("never reported")
    person.gets(line("A", nobodys), EIGHT)
    assert person.answer() == ("held", "fact-absent")
    person.gets(end("A", "refused", "fact-absent"), "2022-06-16T08:00:00+08:00")
    assert person.answer() == ("refused", "fact-absent")
    person.gets(nobodys, "2022-06-16T09:00:00+08:00")
    assert person.colour("2022-06-16T09:00:00+08:00") == "green", "too late: nothing waits"
    person.gets(line("B", replace(nobodys, id=b"")), "2022-06-16T10:00:00+08:00")
    assert person.answer() == ("refused", "no-evidence")


def test_a_held_line_takes_effect_when_its_fact_arrives_and_not_before() -> None:
    person, late = Subject(), finding("late", since="2022-06-13")
    person.gets(line("A", late), EIGHT)
    decision = person.gets(late, TEN)
    assert person.answer() == ("effective", "")
    assert decision is not None
    assert decision.schedule.segments[0].since == instant(TEN)
    assert person.colour(NINE) == "green"
    assert person.colour(TEN) == "red"
    assert person.state.lines.waiting == ()


def test_scenario_18_a_line_for_inbound_on_another_grounds_fact_is_a_false_ground() -> None:
    person, reported = listed()
    person.gets(line("A", reported, ground="inbound"), EIGHT)
    assert person.answer() == ("refused", "fact-not-of-ground")
    assert person.colour(EIGHT) == "green"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"root": digest("another case")}, "root-differs"),
        ({"reporter": digest("another doctor")[:16]}, "reporter-differs"),
        ({"colour": Colour.YELLOW}, "colour-not-of-row"),
        ({"procedure": "cn/procedure-automatic"}, "procedure-unknown"),
        ({"procedure": "64/coordination"}, "procedure-unknown"),
        ({"ground": "depositor"}, "ground-unknown"),
        ({"until": instant(EIGHT)}, "ended-before-recorded"),
    ],
)
def test_a_line_that_says_otherwise_than_record_or_law_is_refused(
    change: dict[str, object], code: str
) -> None:
    person, reported = listed()
    person.gets(line("A", reported, **change), EIGHT)
    assert person.answer() == ("refused", code)
    assert person.colour(EIGHT) == "green"


def test_scenario_23_two_grounds_across_sources_one_lifted_still_red() -> None:
    person, case = listed()
    contact = finding("contact", "close-contact", evidence="isolation-record")
    person.gets(contact, NIGHT)
    person.gets(line("A", case), EIGHT)
    person.gets(line("B", contact), EIGHT)
    person.gets(end("A", "lifted"), NINE)
    assert person.answer() == ("lifted", "condition-met")
    assert person.colour(TEN) == "red"
    (left,) = person.decisions[-1].schedule.orders
    assert left.ground == "close-contact"
    person.gets(release("out", "close-contact", TEN, division=XING), TEN)
    assert person.answer() == ("lifted", "released")
    assert person.colour(TEN) == "yellow", "monitoring follows"


def test_scenario_25_a_fact_on_a_wrong_name_bears_no_line() -> None:
    person = Subject()
    wrong = finding("case", identity=e.Identity.MISMATCHED)
    person.gets(wrong, NIGHT)
    assert person.codes() == ["name-mismatch"]
    person.gets(line("A", wrong), EIGHT)
    assert person.answer() == ("held", "fact-absent")
    assert person.colour(EIGHT) == "green"


@pytest.mark.parametrize("excluded_first", [True, False])
def test_scenario_26_cdc_excludes_police_assert_held_and_the_colour_stays(
    excluded_first: bool,
) -> None:
    person = Subject()
    stay = finding(
        "stay", "high-risk-area", "2022-06-10", evidence="area-presence",
        department="public-security",
    )  # fmt: skip
    excluded = release("not there", "high-risk-area", "2022-06-14", division=XING)
    asked = line("A", stay)
    arriving = [excluded, stay, asked] if excluded_first else [asked, excluded, stay]
    for item in arriving:
        person.gets(item, EIGHT)
    assert person.answer() == ("held", "contradicted")
    assert person.colour(EIGHT) == "green"
    assert len(person.state.lines.waiting) == 1, "until a person decides"
    person.gets(end("A", "annulled", "never-valid"), NINE)
    assert person.answer() == ("annulled", "never-valid")
    assert person.state.lines.waiting == ()


def test_a_previous_colour_stays_while_two_departments_contradict_each_other() -> None:
    person, case = listed()
    person.gets(line("A", case), EIGHT)
    stay = finding(
        "stay", "high-risk-area", "2022-06-10", evidence="area-presence",
        department="public-security",
    )  # fmt: skip
    person.gets(release("not there", "high-risk-area", "2022-06-14", division=XING), EIGHT)
    person.gets(stay, EIGHT)
    person.gets(line("B", stay), NINE)
    assert person.answer() == ("held", "contradicted")
    assert person.colour(NINE) == "red"


def test_scenario_28_the_lift_arrives_before_its_assignment() -> None:
    person, reported = listed()
    person.gets(end("A", "lifted"), EIGHT)
    person.gets(line("A", reported), NINE)
    assert person.answer() == ("refused", "lifted-before-assigned")
    assert person.colour(TEN) == "green"
    person.gets(line("B", reported), TEN)
    assert person.answer() == ("refused", "evidence-already-lifted"), "31: new evidence"


def test_scenario_28_an_annulment_before_its_line_spends_no_evidence() -> None:
    person, reported = listed()
    person.gets(end("A", "annulled", "never-valid"), EIGHT)
    person.gets(line("A", reported), NINE)
    assert person.answer() == ("refused", "ended-before-line")
    person.gets(line("B", reported), TEN)
    assert person.answer() == ("effective", "")


def test_scenario_29_a_line_after_its_ground_ended_is_recorded_never_effective() -> None:
    person = Subject()
    old = finding("old", "suspected", "2022-06-10", evidence="clinical-report")
    person.gets(old, "2022-06-10T12:00:00+08:00")
    person.gets(line("A", old), EIGHT)
    assert person.answer() == ("refused", "ended-before-recorded")
    assert person.colour(EIGHT) == "green"


def test_scenario_30_duplicates_of_lines_and_ends_do_nothing() -> None:
    person, reported = listed()
    asked, over = line("A", reported), end("A", "lifted")
    person.gets(asked, EIGHT)
    assert person.gets(asked, NINE) is None
    person.gets(over, NINE)
    assert person.gets(over, TEN) is None
    assert person.gets(asked, TEN) is None
    assert person.colour(TEN) == "green"
    person.gets(replace(asked, content=digest("altered")), TEN)
    assert person.answer() == ("held", "same-id-other-content")
    assert person.colour(TEN) == "green"


def test_scenario_31_a_lifted_lines_evidence_bears_no_other_line() -> None:
    person, reported = listed()
    person.gets(line("A", reported), EIGHT)
    person.gets(end("A", "lifted"), NINE)
    again = replace(finding("again"), evidence_ref=reported.evidence_ref)
    person.gets(again, TEN)
    person.gets(line("B", again), TEN)
    assert person.answer() == ("refused", "evidence-already-lifted")
    new = finding("new")
    person.gets(new, TEN)
    person.gets(line("C", new), TEN)
    assert person.answer() == ("effective", "")


def test_scenario_42_an_annulled_order_was_never_valid_and_its_colour_is_gone_from_now() -> None:
    person, reported = listed()
    decision = person.gets(line("A", reported), EIGHT)
    assert decision is not None
    (order,) = decision.schedule.orders
    undone = person.gets(end("A", "annulled", "never-valid"), NINE)
    assert undone is not None
    assert undone.events[0] == e.Annulled(
        order.id, undone.fact.id, instant(NINE), "never-valid", "confirmed", XING
    )
    assert person.answer() == ("annulled", "never-valid")
    assert person.colour(NINE) == "green"
    assert colour_at(decision.schedule, instant(EIGHT)) is Colour.RED, "what was shown is on record"


def test_an_order_that_ran_its_term_can_still_be_annulled_and_says_which_it_was() -> None:
    person, reported = listed()
    decision = person.gets(line("A", reported), EIGHT)
    assert decision is not None
    later = instant("2022-06-14") + 31 * DAY
    undone = person.gets(end("A", "annulled", "never-valid"), later)
    assert undone is not None
    assert undone.events[0] == e.Annulled(
        decision.schedule.orders[0].id, undone.fact.id, later, "never-valid", "confirmed", XING
    ), "recipients have to hear of what"


def test_the_authority_stops_waiting_while_the_fact_was_on_its_way() -> None:
    person, late = Subject(), finding("late")
    person.gets(line("A", late), EIGHT)
    person.gets(late, NINE)
    assert person.colour(NINE) == "red"
    person.gets(end("A", "refused", "fact-absent"), TEN)
    assert person.answer() == ("refused", "fact-absent")
    assert person.colour(TEN) == "green"


def test_a_lines_own_end_and_beginning_bound_its_colours() -> None:
    person, reported = listed()
    short = line("A", reported, since=TEN, until=instant(TEN) + DAY)
    person.gets(short, EIGHT)
    assert person.colour(NINE) == "green"
    assert person.colour(TEN) == "red"
    assert person.colour("2022-06-16T10:00:00+08:00") == "green"


def test_death_answers_every_line() -> None:
    person, reported = listed()
    person.gets(line("A", reported), EIGHT)
    person.gets(line("B", finding("absent")), EIGHT)
    died = finding(
        "died", "", "2022-06-15", evidence="death-certificate", kind="death",
    )  # fmt: skip
    decision = person.gets(died, NINE)
    assert decision is not None
    answers = [x for x in decision.events if isinstance(x, e.Answered)]
    assert [(x.status, x.code) for x in answers] == [
        ("lifted", "death"), ("refused", "code-ended"),
    ]  # fmt: skip
    person.gets(line("C", reported), TEN)
    assert person.answer() == ("refused", "code-ended")


def test_a_single_officers_red_needs_the_reporter_as_the_second_person() -> None:
    """Guangxi's tiers: one officer converts."""
    anonymous = finding("case", division="450100", reporter=b"")
    # A name in free text might be the officer's own.
    named = finding("named", division="450100", reporter=by_name(digest("a name")[:16]))
    known = finding("known", division="450100")
    person = Subject()
    for one in (anonymous, named, known):
        person.gets(one, NIGHT)
    tiers = {"procedure": "45/conversion-by-tiers", "chain": CHAIN[:1]}
    for order, fact in (("A", anonymous), ("C", named)):
        person.gets(line(order, fact, **tiers), EIGHT)
        assert person.answer() == ("refused", "one-person")
    person.gets(line("B", known, **tiers), EIGHT)
    assert person.answer() == ("effective", "")


def test_what_is_told_again_when_ids_are_long_forgotten_changes_nothing() -> None:
    """An outbox that begins anew says every line and every end again."""
    person, reported = listed()
    asked, over = line("A", reported), end("A", "lifted")
    person.gets(asked, EIGHT)
    person.gets(over, NINE)
    later = instant(NIGHT) + 60 * DAY
    person.gets(finding("another", since="2022-08-13"), later)
    person.gets(asked, later)
    assert person.answer() == ("refused", "ended-before-recorded")
    person.gets(over, later + 60 * DAY)
    assert person.answer() == ("lifted", "line-over")
    assert person.state.lines.early == ()
    assert person.colour(later) == "green"


def test_an_order_of_the_same_id_in_another_province_touches_no_line_of_this_one() -> None:
    other = "46"
    # In effect.
    s, cited = Subject(), finding("f")
    s.gets(cited, "2022-06-14T18:00:00+08:00")
    s.gets(replace(end("early", "lifted"), province=other), "2022-06-14T18:30:00+08:00")
    s.gets(line("early", cited), "2022-06-14T20:01:00+08:00")
    assert s.answer() == ("effective", ""), "nor does an end that came before it"
    for how in ("lifted", "annulled"):
        s.gets(replace(end("early", how, "x"), province=other), "2022-06-14T21:00:00+08:00")
        assert s.answer() == (how, "line-awaited")
        assert len(s.state.orders) == 1
    # Waiting.
    w, absent = Subject(), finding("g")
    w.gets(line("waits", absent), "2022-06-14T20:01:00+08:00")
    w.gets(replace(end("waits", "refused"), province=other), "2022-06-14T20:30:00+08:00")
    w.gets(absent, "2022-06-14T21:00:00+08:00")
    assert w.answer() == ("effective", "")
    # Over: its annulment is its own province's to say.
    s.gets(end("early", "lifted"), "2022-06-15T12:00:00+08:00")
    s.gets(replace(end("early", "annulled", "y"), province=other), "2022-06-15T13:00:00+08:00")
    assert not [x for x in s.decisions[-1].events if isinstance(x, e.Annulled)]
    s.gets(end("early", "annulled", "never-valid"), "2022-06-15T14:00:00+08:00")
    assert [x for x in s.decisions[-1].events if isinstance(x, e.Annulled)]
