"""What one report changes: the cases between the scenarios."""

from __future__ import annotations

import pytest

from fuma.contracts.decisions import FIRST, Cause, split
from fuma.domain.codes.events import Effective, Ended, FactKind, Lifted, Noted
from fuma.domain.codes.lines import MOST_ORDERS
from fuma.domain.law.inforce import Law
from fuma.runtime.host_types import ledger_value_fits
from unit.domain.making import LIFTED, Person, fact, published, release, row, text

NOON = "2022-06-14T12:00:00+08:00"


def day(number: int, clock: str = "12:00") -> str:
    return f"2022-06-{number:02d}T{clock}:00+08:00"


def test_the_same_evidence_and_ground_in_force_is_noted_whatever_its_basis() -> None:
    person = Person()
    person.hears(fact("one", number="D-1"), NOON)
    person.hears(fact("two", since="2022-06-10", number="D-1"), NOON)
    assert person.codes() == ["same-evidence"]
    assert len(person.state.orders) == 1


def test_two_findings_of_one_ground_with_their_own_evidence_are_two_orders() -> None:
    person = Person()
    person.hears(fact("one", since="2022-06-10"), NOON)
    decision = person.hears(fact("two"), NOON)
    assert decision is not None
    assert len(decision.schedule.orders) == 2
    person.hears(release("out", "confirmed", "2022-06-15"), day(15))
    assert [order.ground for order in person.state.orders] == ["monitoring"]


def test_a_release_before_an_orders_basis_does_not_lift_it() -> None:
    person = Person()
    person.hears(fact("case"), NOON)
    person.hears(release("out", "confirmed", "2022-06-13"), NOON)
    assert person.codes() == ["release-pending"]
    assert person.colour(NOON) == "red"
    person.hears(fact("earlier", since="2022-06-12"), NOON)
    assert person.codes()[0] == "lifted-before-assigned"
    assert person.colour(NOON) == "red"


def test_a_release_of_one_ground_leaves_the_others() -> None:
    person = Person()
    person.hears(fact("s", "suspected", evidence="clinical-report"), NOON)
    person.hears(release("out", "confirmed", "2022-06-14"), NOON)
    assert person.colour(NOON) == "red"


def test_only_who_may_lift_lifts() -> None:
    person = Person()
    person.hears(fact("case"), NOON)
    person.hears(release("a", "confirmed", "2022-06-14", department="customs"), NOON)
    assert person.codes() == ["not-owner"]
    person.hears(release("b", "confirmed", "2022-06-14", "negative-test"), NOON)
    assert person.codes() == ["evidence-not-of-ground"]
    person.hears(release("c", "confirmed", "2022-06-14", ""), NOON)
    assert person.codes() == ["no-evidence"]
    assert person.colour(NOON) == "red"


def test_a_release_later_the_same_day_ends_the_order_then() -> None:
    person = Person()
    person.hears(fact("case", since="2022-06-10"), NOON)
    person.hears(release("out", "confirmed", day(14, "18:00")), NOON)
    assert person.colour(day(14, "17:59")) == "red"
    assert person.colour(day(14, "18:00")) == "yellow"
    person.hears(fact("again", since="2022-06-10", number="case"), day(14, "13:00"))
    assert person.codes() == ["evidence-already-lifted"]
    person.hears(release("earlier", "confirmed", day(14, "15:00")), day(14, "14:00"))
    assert isinstance(person.decisions[-1].events[1], Lifted)
    assert person.colour(day(14, "17:00")) == "yellow"


def test_monitoring_follows_a_release_once() -> None:
    person = Person()
    person.hears(fact("one", since="2022-06-10"), NOON)
    person.hears(release("out", "confirmed", "2022-06-14", number="R-1"), NOON)
    person.hears(fact("late", since="2022-06-11"), NOON)
    assert person.codes() == ["lifted-before-assigned"]
    person.hears(fact("m", "monitoring", evidence="release-notice", number="R-1"), NOON)
    assert person.codes() == ["same-evidence"]
    assert len(person.state.orders) == 1


def test_a_release_whose_monitoring_is_over_is_followed_by_nothing() -> None:
    person = Person()
    person.hears(fact("case", since="2022-06-01"), day(2))
    decision = person.hears(release("out", "confirmed", "2022-06-05"), day(14))
    assert decision is not None
    assert [type(event) for event in decision.events] == [Noted, Lifted]
    assert person.colour(day(14)) == "green"


def test_red_again_after_a_release_with_new_evidence_and_a_later_basis() -> None:
    person = Person()
    person.hears(fact("case", since="2022-06-01"), day(2))
    person.hears(release("out", "confirmed", "2022-06-10"), day(10))
    person.hears(fact("again", "re-positive", "2022-06-12", "pcr-pair"), day(12))
    assert person.colour(day(12)) == "red"
    person.hears(fact("ill", "confirmed", "2022-06-13"), day(13))
    assert person.codes() == ["effective"]


def test_evidence_that_ran_its_term_bears_no_second_order() -> None:
    person = Person()
    person.hears(fact("s", "suspected", evidence="clinical-report", number="C-1"), NOON)
    person.hears(fact("t", "suspected", "2022-06-18", "clinical-report", number="C-1"), day(18))
    assert person.codes() == ["evidence-already-used"]
    assert person.colour(day(18)) == "green"


def test_a_stated_until_shortens_and_never_lengthens() -> None:
    for until, last_red in (("2022-06-18", "2022-06-17"), ("2022-08-01", "2022-06-27")):
        person = Person()
        person.hears(
            fact("c", "close-contact", "2022-06-14", "isolation-record", until=until), NOON
        )
        assert person.colour(f"{last_red}T23:59:59+08:00") == "red"
        assert person.colour(person.state.orders[0].steps[0].until) == "yellow"
    assert person.state.orders[0].end - person.state.orders[0].basis == 21 * 86_400_000


def test_a_contact_by_link_alone_is_recorded_without_colour_by_the_interim_measures() -> None:
    person = Person()
    at = "2021-02-01T12:00:00+08:00"
    person.hears(fact("l", "close-contact", "2021-02-01", "contact-link"), at)
    assert person.codes() == ["no-colour"]
    person.hears(fact("i", "close-contact", "2021-02-01", "isolation-record"), at)
    assert person.colour(at) == "red"


def test_a_death_ends_the_code_and_nothing_counts_afterwards() -> None:
    person = Person()
    person.hears(fact("case"), NOON)
    decision = person.hears(fact("d", "", "2022-06-15", "death-certificate", kind="death"), day(15))
    assert decision is not None
    assert [type(event) for event in decision.events] == [Lifted, Ended]
    assert person.colour(NOON) == "red"
    assert person.colour(day(15)) is None
    for late in (
        fact("late", since="2022-06-10"),
        release("out", "confirmed", "2022-06-14"),
        fact("again", "", "2022-06-15", "death-certificate", kind="death"),
    ):
        person.hears(late, day(16))
        assert person.codes() == ["code-ended"]
    assert person.colour(day(17)) is None


def test_a_death_before_the_confirmation_means_never_red() -> None:
    person = Person()
    person.hears(fact("d", "", "2022-06-14", "death-certificate", kind="death"), NOON)
    person.hears(fact("case"), day(15))
    assert not any(isinstance(e, Effective) for d in person.decisions for e in d.events)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"since": "2022-06-15", "reported": "2022-06-14"}, "from-in-future"),
        ({"reported": "2022-06-15"}, "reported-in-future"),
        ({"since": "2022-06-01", "reported": "2022-04-29"}, "too-old"),
        ({"until": "2022-06-14"}, "until-before-from"),
        ({"ground": "spatiotemporal-companion"}, "ground-not-in-force"),
        ({"ground": "depositor"}, "ground-unknown"),
        ({"evidence": "rumour"}, "evidence-unknown"),
        ({"kind": "death", "evidence": "death-certificate"}, "ground-not-for-kind"),
    ],
)
def test_what_is_refused(change: dict[str, str], code: str) -> None:
    person = Person()
    decision = person.hears(fact("case", **change), NOON)  # type: ignore[arg-type]
    assert decision is not None
    assert person.codes() == [code]
    assert decision.law is not None
    assert decision.law.row == ""
    assert person.hears(fact("case", **change), NOON) is None  # type: ignore[arg-type]


def test_the_last_instant_of_the_day_is_not_the_future() -> None:
    person = Person()
    person.hears(fact("case", since=day(14, "23:59")), NOON)
    assert person.codes() == ["effective"]
    assert person.colour(NOON) == "green"
    assert person.colour(day(14, "23:59")) == "red"


def test_where_no_law_is_in_force_everything_is_refused() -> None:
    person = Person(Law(()))
    decision = person.hears(fact("case"), NOON)
    assert decision is not None
    assert decision.law is None
    assert person.codes() == ["no-law"]


def test_a_procedure_that_is_not_automatic_waits_for_its_order() -> None:
    law = Law(
        [
            published(text()),
            published(text("procedure", name="45/chain", automatic=False)),
        ]
    )
    person = Person(law)
    asked = fact("p", "test-positive", evidence="laboratory-report", division="450100")
    person.hears(asked, NOON)
    assert person.codes() == ["awaits-order"]
    assert person.colour(NOON) == "green"


def test_the_law_of_the_division_that_the_report_states_applies() -> None:
    law = Law([*Person().law.texts, published(text(rows=[*_province()]))])
    asked = {"ground": "test-positive", "evidence": "laboratory-report"}
    there, elsewhere = Person(law), Person(law)
    there.hears(fact("p", division="450100", **asked), NOON)  # type: ignore[arg-type]
    elsewhere.hears(fact("p", division="410100", **asked), NOON)  # type: ignore[arg-type]
    assert there.colour(NOON) == "red"
    assert elsewhere.codes() == ["ground-not-in-force"]


def _province() -> list[dict[str, object]]:
    return [*text()["rows"][:2], row("found"), row("lifted", **LIFTED)]


def test_no_number_of_reports_makes_a_decision_that_fits_no_ledger_record() -> None:
    """Every ground filled with orders of their own times, the law's longest list of them."""
    person, minute = Person(), 0
    found = [row for p in person.law.texts for row in getattr(p.text, "rows", ())]
    for one in (r for r in found if r.kind is FactKind.FINDING and r.spans):
        for number in range(30):
            minute += 1
            since = f"2022-06-14T{minute // 60:02d}:{minute % 60:02d}:00+08:00"
            evidence, department = min(one.evidence), min(one.departments)
            person.hears(
                fact(f"{one.ground}-{number}", one.ground, since, evidence, department=department),
                day(14, "23:00"),
            )
    assert {order.ground for order in person.state.orders} >= {"confirmed", "suspected"}
    assert len(person.state.orders) < MOST_ORDERS + 20
    cause = Cause(bytes(16), bytes(16), 0, 0, bytes(32), bytes(32))
    for decision in person.decisions:
        for value in split(decision, cause, 1, FIRST):
            assert ledger_value_fits(bytes(16), value)
    assert person.codes() == ["too-many-orders"]
    person.hears(release("out", "confirmed", day(15), "discharge-notice"), day(15))
    assert "confirmed" not in {order.ground for order in person.state.orders}
