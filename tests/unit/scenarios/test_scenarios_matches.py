"""Matches and changes of law at the person, by the scenarios of DOMAIN.md."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.domain.codes import events as e
from fuma.domain.codes.heard import input_sentence
from fuma.domain.codes.sentences import event_sentence
from fuma.domain.colour import Colour
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY
from unit.domain.making import RULES, digest, national, release
from unit.domain.ordering import CHAIN, XING, Subject, end, finding, line, match

AUTUMN = ("2021-10-01T09:00:00+08:00", "2021-10-01T09:30:00+08:00")
JULY = ("2022-07-10T09:00:00+08:00", "2022-07-10T09:30:00+08:00")
TIERS = {"procedure": "45/conversion-by-tiers", "chain": CHAIN[:1]}


def automatic_guangxi() -> Law:
    """Guangxi's books under the national procedure: comparison results are pushed."""
    texts = [t for t in load_folder(RULES) if t.division in ("", "45")]
    return law_of_texts(t for t in texts if t.name != "45/conversion-by-tiers")


def test_scenario_33_the_same_overlap_is_red_under_version_1_and_yellow_under_version_2() -> None:
    for when, colour, version in ((AUTUMN, "red", 1), (JULY, "yellow", 2)):
        person = Subject(automatic_guangxi())
        decision = person.gets(match("m", *when), when[1])
        assert decision is not None
        assert person.colour(when[1]) == colour
        (order,) = decision.schedule.orders
        assert (order.law.book, order.law.version) == ("45/companions", version)
        assert order.fact == match("m", *when).match
        assert order.source is None
        assert order.end == instant(when[1]) + 3 * DAY


def test_a_match_is_on_file_where_officers_convert_and_a_line_cites_it() -> None:
    person, met = Subject(), match("m", *JULY)
    person.gets(met, JULY[1])
    assert person.codes() == ["awaits-order"]
    assert person.colour(JULY[1]) == "green", "a match is evidence, never a colour"
    asked = line("A", met, since=JULY[1], colour=Colour.YELLOW, **TIERS)
    person.gets(asked, "2022-07-10T10:00:00+08:00")
    assert person.answer() == ("effective", "")
    assert person.colour("2022-07-10T10:00:00+08:00") == "yellow"


def test_a_line_that_waits_for_a_match_takes_effect_when_the_comparison_says_it() -> None:
    person, met = Subject(), match("m", *JULY)
    person.gets(line("A", met, since=JULY[1], colour=Colour.YELLOW, **TIERS), JULY[1])
    assert person.answer() == ("held", "fact-absent")
    person.gets(met, JULY[1])
    assert person.answer() == ("effective", "")


@pytest.mark.parametrize("by_officers", [True, False])
def test_a_match_that_stands_no_longer_annuls_what_it_bore(by_officers: bool) -> None:
    person = Subject() if by_officers else Subject(automatic_guangxi())
    met = match("m", *JULY)
    person.gets(met, JULY[1])
    if by_officers:
        person.gets(line("A", met, since=JULY[1], colour=Colour.YELLOW, **TIERS), JULY[1])
    assert person.colour(JULY[1]) == "yellow"
    later = "2022-07-11T09:00:00+08:00"
    undone = person.gets(match("m", *JULY, stands=False, revision=2), later)
    assert undone is not None
    assert [type(x).__name__ for x in undone.events][:2] == ["Noted", "Annulled"]
    assert person.colour(later) == "green"
    assert person.state.lines.filed == ()
    if by_officers:
        assert person.answer() == ("annulled", "match-withdrawn")
    # It may stand again: the evidence was not spent, and says so by itself.
    person.gets(match("m", *JULY, revision=3), later)
    assert person.colour(later) == ("green" if by_officers else "yellow")
    assert person.codes() == (["awaits-order"] if by_officers else ["effective"])


def test_a_negative_test_lifts_a_companion_and_its_match_bears_no_second_order() -> None:
    person, met = Subject(automatic_guangxi()), match("m", *JULY)
    person.gets(met, JULY[1])
    noon = "2022-07-10T12:00:00+08:00"
    ground = "spatiotemporal-companion"
    person.gets(release("n", ground, noon, "negative-test", division="450100"), noon)
    assert person.colour(noon) == "green"
    person.gets(match("m", *JULY, revision=3), noon)
    assert person.codes() == ["evidence-already-lifted"]


def test_a_match_says_nothing_of_anybody_else() -> None:
    person, met = Subject(automatic_guangxi()), match("m", *JULY)
    decision = person.gets(met, JULY[1])
    assert decision is not None
    said = input_sentence(met).en + event_sentence(decision.events[0], decision.at).en
    for secret in (met.case, met.mark, met.source_digest, met.place, met.root):
        assert secret.hex() not in said
    (order,) = decision.schedule.orders
    assert met.case not in (order.fact, order.evidence_ref)


def test_a_match_where_no_rule_speaks_of_it_is_refused_and_of_a_wrong_name_held() -> None:
    person = Subject(national())
    person.gets(match("m", *JULY, division="410100"), JULY[1])
    assert person.codes() == ["ground-not-in-force"]
    held = Subject(automatic_guangxi())
    held.gets(replace(match("m", *JULY), identity=e.Identity.MISMATCHED), JULY[1])
    assert held.codes() == ["name-mismatch"]
    assert held.colour(JULY[1]) == "green"


# --- changes of law ---------------------------------------------------------------------------

BEFORE, BEGINS = "2022-06-20T12:00:00+08:00", "2022-06-28T00:00:00+08:00"
AFTER = "2022-06-28T08:00:00+08:00"


def amend(book: str, at: str) -> e.Amend:
    said = f"amend {book}"
    return e.Amend(digest(said)[:16], digest(said), book, 1, digest(book), instant(at))


def contact(since: str = "2022-06-20", division: str = "410100") -> e.Fact:
    return finding("c", "close-contact", since, evidence="isolation-record", division=division)


def test_scenario_35_a_new_edition_shortens_open_orders_by_an_explicit_event() -> None:
    """The 8th edition's 14 and 7 days become the 9th's 7 and 3, from 28 June 2022."""
    person = Subject(national())
    person.gets(contact(), BEFORE)
    assert person.colour("2022-07-03T12:00:00+08:00") == "red", "by the law of that day"
    decision = person.gets(amend("cn/control-plan-9", BEGINS), AFTER)
    assert decision is not None
    (event,) = decision.events
    assert isinstance(event, e.Amended)
    assert (event.code, event.law.book, event.law.row) == (
        "term-shortened", "cn/control-plan-9", "close-contact-in-isolation",
    )  # fmt: skip
    assert event.steps == (e.Step(Colour.YELLOW, instant(AFTER), instant("2022-06-30")),)
    assert person.colour(AFTER) == "yellow"
    assert person.colour("2022-06-30T00:00:00+08:00") == "green"
    assert person.gets(amend("cn/control-plan-9", BEGINS), AFTER) is None, "once"


def test_scenario_35_without_a_sweep_the_next_decision_amends_first() -> None:
    person = Subject(national())
    person.gets(contact(), BEFORE)
    decision = person.gets(finding("new", "suspected", "2022-06-28", evidence="clinical-report",
                                   division="410100"), AFTER)  # fmt: skip
    assert decision is not None
    assert [type(x).__name__ for x in decision.events] == ["Amended", "Effective"]


def test_scenario_35_an_officers_line_is_amended_and_its_authority_hears() -> None:
    person, listed = Subject(), contact(division=XING)
    person.gets(listed, BEFORE)
    person.gets(line("A", listed, since=BEFORE), BEFORE)
    assert person.answer() == ("effective", "")
    person.gets(amend("cn/control-plan-9", BEGINS), AFTER)
    assert person.answer() == ("amended", "term-shortened")
    (order,) = person.decisions[-1].schedule.orders
    assert order.source is not None
    assert order.law.procedure == "141123/assignment-form", "the chain it went through stays"
    assert order.end == instant("2022-06-30")


def test_an_amendment_never_lengthens_and_never_makes_worse() -> None:
    """Orders of November 2022 are not sent back to the 9th edition's longer terms, nor a yellow
    one to red by an older text that a book's end brings back."""
    person = Subject(national())
    person.gets(finding("c", "suspected", "2022-06-27", evidence="clinical-report",
                        division="410100"), "2022-06-27T12:00:00+08:00")  # fmt: skip
    assert person.gets(amend("cn/control-plan-9", BEGINS), AFTER) is None, "the same 72 hours"
    (order,) = person.state.orders
    assert order.law.book == "cn/control-plan-8"


def test_scenario_46_from_8_january_2023_no_ground_and_no_red() -> None:
    person = Subject(national())
    person.gets(finding("c", since="2023-01-05", division="410100"), "2023-01-05T12:00:00+08:00")
    assert person.colour("2023-01-07T23:59:59+08:00") == "red"
    begins = "2023-01-08T00:00:00+08:00"
    decision = person.gets(amend("cn/class-b-management", begins), begins)
    assert decision is not None
    (event,) = decision.events
    assert isinstance(event, e.Amended)
    assert (event.code, event.steps) == ("ground-removed", ())
    assert person.colour(begins) == "green"
    again = replace(finding("d", since="2023-01-08", division="410100"))
    person.gets(again, begins)
    assert person.codes() == ["ground-not-in-force"]


def test_scenario_46_an_officers_line_ends_with_its_ground() -> None:
    person, listed = Subject(), finding("c", since="2023-01-05")
    person.gets(listed, "2023-01-05T12:00:00+08:00")
    person.gets(line("A", listed, since="2023-01-05T12:00:00+08:00"), "2023-01-05T12:00:00+08:00")
    person.gets(amend("cn/class-b-management", "2023-01-08"), "2023-01-08")
    assert person.answer() == ("ended", "ground-removed")
    person.gets(line("B", listed, since="2023-01-08T12:00:00+08:00"), "2023-01-08T12:00:00+08:00")
    assert person.answer() == ("refused", "ground-not-in-force")
    person.gets(end("A", "annulled", "never-valid"), "2023-01-09")
    assert isinstance(person.decisions[-1].events[0], e.Annulled), "still known as it was"


def test_what_followed_a_release_is_amended_by_its_own_rule() -> None:
    """Monitoring of seven days under the 8th edition is of three under the 9th."""
    person = Subject(national())
    person.gets(contact("2022-06-20"), BEFORE)
    freed = "2022-06-26T12:00:00+08:00"
    person.gets(release("out", "close-contact", freed), freed)
    assert person.colour("2022-07-01T12:00:00+08:00") == "yellow"
    person.gets(amend("cn/control-plan-9", BEGINS), AFTER)
    (order,) = person.state.orders
    assert order.end == instant(freed) + 3 * DAY


def test_what_the_first_release_was_told_it_decides_as_the_first_release_did() -> None:
    person = Subject(national())
    old = replace(contact(), behaviour=1)
    person.gets(old, BEFORE)
    late = replace(finding("new", "suspected", "2022-06-28", evidence="clinical-report",
                           division="410100"), behaviour=1)  # fmt: skip
    decision = person.gets(late, AFTER)
    assert decision is not None
    assert [type(x).__name__ for x in decision.events] == ["Effective"]
