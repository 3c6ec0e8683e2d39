"""The scenarios of the domain that the decision alone settles, by number, on the pure core."""

from __future__ import annotations

from fuma.domain.codes.check import check_fact
from fuma.domain.codes.events import Effective, Held, Identity, Lifted, Noted, Refused
from fuma.domain.codes.sentences import code_sentence
from fuma.domain.law.reading import instant
from unit.domain.making import Person, book, fact, release

NOON = "2022-06-14T12:00:00+08:00"


def refused(person: Person) -> bool:
    return all(isinstance(event, Refused) for event in person.decisions[-1].events)


def test_scenario_15_a_depositor_list_bears_no_epidemiological_ground() -> None:
    for ground in ("depositor", "", "other-by-document", "stability"):
        person = Person()
        person.hears(fact("list", ground, evidence="command-document", department="command"), NOON)
        assert refused(person), ground
        assert person.colour(NOON) == "green"
        assert person.decisions[-1].events[0].department == "command"  # type: ignore[union-attr]


def test_scenario_15_a_department_that_is_none_is_refused_by_name() -> None:
    person = Person()
    person.hears(fact("list", department="stability-office"), NOON)
    assert "department-unknown" in person.codes()
    assert "not-owner" in person.codes()
    assert person.colour(NOON) == "green"


def test_scenario_16_a_scan_of_a_forwarded_venue_code_is_no_presence() -> None:
    person = Person()
    person.hears(
        fact("scan", "", evidence="venue-scan", kind="scan", department="communications"), NOON
    )
    assert person.codes() == ["scan"]
    for ground in ("high-risk-area", "inbound", "confirmed", "close-contact"):
        for department in ("communications", "health", "public-security", "customs"):
            person.hears(
                fact(
                    f"{ground} {department}", ground, evidence="venue-scan", department=department
                ),
                NOON,
            )
            assert refused(person)
            assert "evidence-not-of-ground" in person.codes()
    assert person.colour(NOON) == "green"


def test_scenario_17_nobody_has_evidence_refused_per_person() -> None:
    for name in ("one", "two", "three"):
        person = Person()
        person.hears(fact(name, evidence=""), NOON)
        assert refused(person)
        assert person.codes() == ["no-evidence"]
        assert person.colour(NOON) == "green"


def test_scenario_18_inbound_without_a_border_record_is_a_false_ground() -> None:
    person = Person()
    for evidence in ("isolation-record", "two-sources", "command-document"):
        person.hears(fact(evidence, "inbound", evidence=evidence, department="customs"), NOON)
        assert person.codes() == ["evidence-not-of-ground"]
    person.hears(
        fact("by the command", "inbound", evidence="border-record", department="command"), NOON
    )
    assert person.codes() == ["not-owner"]
    assert person.colour(NOON) == "green"
    person.hears(fact("true", "inbound", evidence="border-record", department="customs"), NOON)
    assert person.colour(NOON) == "red"


def test_scenario_21_never_effective_before_recorded() -> None:
    person = Person()
    decision = person.hears(fact("late", since="2022-06-10"), NOON)
    assert decision is not None
    event = decision.events[0]
    assert isinstance(event, Effective)
    assert event.order.basis == instant("2022-06-10")
    assert event.order.recorded == event.order.steps[0].since == instant(NOON)
    assert person.colour("2022-06-14T11:59:59.999+08:00") == "green"
    assert person.colour(NOON) == "red"


def test_scenario_22_the_last_day_passes_with_nothing_running() -> None:
    person = Person()
    at = "2022-07-01T12:00:00+08:00"
    person.hears(fact("contact", "close-contact", "2022-07-01", "isolation-record"), at)
    assert person.colour("2022-07-07T23:59:59.999+08:00") == "red"
    assert person.colour("2022-07-08T00:00:00+08:00") == "yellow"  # 9th edition: 7 days, then 3
    assert person.colour("2022-07-10T23:59:59.999+08:00") == "yellow"
    assert person.colour("2022-07-11T00:00:00+08:00") == "green"
    assert person.colour("2032-07-11T00:00:00+08:00") == "green"


def test_scenario_23_two_grounds_one_lifted_still_red_and_the_other_is_named() -> None:
    person = Person()
    person.hears(fact("case"), NOON)
    person.hears(
        fact("entry", "inbound", "2022-06-13", "border-record", department="customs"), NOON
    )
    decision = person.hears(
        release("out", "confirmed", "2022-06-16", "discharge-notice"), "2022-06-16T12:00:00+08:00"
    )
    assert decision is not None
    assert [type(event) for event in decision.events] == [Noted, Lifted, Effective]
    assert person.colour("2022-06-16T12:00:00+08:00") == "red"
    said = code_sentence(decision.schedule, decision.at)
    assert "入境隔离人员" in said.zh
    assert "确诊病例" not in said.zh
    assert "inbound" in said.en


def test_scenario_24_what_the_door_found_wrong_is_a_refusal_the_rest_proceeds() -> None:
    person = Person()
    person.hears(fact("bad", breaches=("division-unknown",)), NOON)
    assert person.codes() == ["division-unknown"]
    assert refused(person)
    person.hears(fact("good"), NOON)
    assert person.colour(NOON) == "red"


def test_scenario_25_a_valid_number_with_a_wrong_name_is_held_never_red() -> None:
    for identity, code in (
        (Identity.MISMATCHED, "name-mismatch"),
        (Identity.UNREGISTERED, "not-in-register"),
    ):
        person = Person()
        decision = person.hears(fact("case", identity=identity), NOON)
        assert decision is not None
        assert isinstance(decision.events[0], Held)
        assert person.codes() == [code]
        assert person.colour(NOON) == "green"
        person.hears(release("out", "confirmed", "2022-06-14", identity=identity), NOON)
        assert person.codes() == [code]


def test_scenario_26_cdc_excludes_police_assert_held_in_the_automatic_procedure_too() -> None:
    person = Person()
    person.hears(release("not there", "high-risk-area", "2022-06-14"), NOON)
    stay = fact(
        "stay", "high-risk-area", "2022-06-10", "area-presence", department="public-security"
    )
    decision = person.hears(stay, NOON)
    assert decision is not None
    (held,) = decision.events
    assert isinstance(held, Held)
    assert held.codes == ("contradicted",)
    assert person.colour(NOON) == "green"


def test_scenario_28_the_lift_arrives_before_its_assignment() -> None:
    person = Person()
    person.hears(release("out", "confirmed", "2022-06-14", "discharge-notice"), NOON)
    assert person.codes() == ["release-pending"]
    person.hears(fact("case", since="2022-06-01"), "2022-06-14T15:00:00+08:00")
    assert person.codes() == ["lifted-before-assigned", "effective"]
    assert person.colour("2022-06-14T15:00:00+08:00") == "yellow"
    assert person.colour("2022-06-17T00:00:00+08:00") == "green"
    straight = Person()
    straight.hears(fact("case", since="2022-06-01"), NOON)
    straight.hears(
        release("out", "confirmed", "2022-06-14", "discharge-notice"), "2022-06-14T15:00:00+08:00"
    )
    assert straight.decisions[-1].schedule.segments == person.decisions[-1].schedule.segments


def test_scenario_29_an_assignment_after_its_ground_ended_is_recorded_never_effective() -> None:
    person = Person()
    person.hears(fact("case", since="2022-05-01", reported="2022-06-14"), NOON)
    assert person.codes() == ["ended-before-recorded"]
    assert person.colour(NOON) == "green"


def test_scenario_30_a_duplicate_of_an_old_message_after_lifting_does_nothing() -> None:
    person = Person()
    case = fact("case")
    person.hears(case, NOON)
    person.hears(
        release("out", "confirmed", "2022-06-15", "discharge-notice"), "2022-06-15T12:00:00+08:00"
    )
    before = person.state
    assert person.hears(case, "2022-06-16T12:00:00+08:00") is None
    assert person.state == before
    assert person.colour("2022-06-20T12:00:00+08:00") == "green"


def test_scenario_30_the_same_id_with_other_content_is_held() -> None:
    person = Person()
    person.hears(fact("case"), NOON)
    changed = fact("case", content="changed", ground="asymptomatic", evidence="pcr-report")
    person.hears(changed, NOON)
    assert person.codes() == ["same-id-other-content"]
    assert person.hears(changed, NOON) is None


def test_scenario_31_a_lifted_orders_evidence_bears_no_second_order() -> None:
    person = Person()
    person.hears(fact("case", number="D-1"), NOON)
    person.hears(
        release("out", "confirmed", "2022-06-15", "discharge-notice"), "2022-06-15T12:00:00+08:00"
    )
    for day in ("2022-06-14", "2022-06-20"):
        person.hears(fact(f"again {day}", since=day, number="D-1"), "2022-06-20T12:00:00+08:00")
        assert person.codes() == ["evidence-already-lifted"]
    assert person.colour("2022-06-20T12:00:00+08:00") == "green"
    person.hears(fact("new", since="2022-06-20", number="D-2"), "2022-06-20T12:00:00+08:00")
    assert person.colour("2022-06-20T12:00:00+08:00") == "red"


def test_refusing_a_test_is_no_ground_of_the_national_book() -> None:
    asked = fact("r", "refused-testing", evidence="command-statement", department="command")
    codes = [breach.code for breach in check_fact(asked, book("control-plan-8"), instant(NOON))]
    assert codes == ["ground-not-in-force"]


def test_from_8_january_2023_no_ground_is_valid() -> None:
    person = Person()
    at = "2023-01-08T00:00:00+08:00"
    person.hears(fact("case", since="2023-01-07"), at)
    assert person.codes() == ["ground-not-in-force"]
    assert person.colour(at) == "green"
