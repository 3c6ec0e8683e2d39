"""The promises of the decision, over random reports, times and orders of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.contracts.decisions import FIRST, Cause, decode_ledger, split
from fuma.contracts.state import decode_state, encode_state
from fuma.domain.codes import events as e
from fuma.domain.codes.check import check_fact
from fuma.domain.codes.decide import advance, decide
from fuma.domain.codes.fold import evolve, fold
from fuma.domain.codes.heard import fact_sentence
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.sentences import code_sentence, event_sentence
from fuma.domain.codes.state import EMPTY, State
from fuma.domain.codes.words import WORDS
from fuma.domain.colour import Colour
from fuma.domain.law.reading import instant
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS, MAX_RED, MAX_TERM
from fuma.domain.time import DAY, HOUR, Ms
from unit.domain.making import digest, national

BEGIN = instant("2022-05-20")
#: Likely enough to meet: a report that a row answers to.
LAWFUL = [
    ("finding", "confirmed", "diagnosis-report", "health"),
    ("finding", "suspected", "clinical-report", "health"),
    ("finding", "close-contact", "isolation-record", "health"),
    ("finding", "close-contact", "contact-link", "health"),
    ("finding", "inbound", "border-record", "customs"),
    ("finding", "monitoring", "release-notice", "health"),
    ("release", "confirmed", "discharge-notice", "health"),
    ("release", "suspected", "exclusion-report", "health"),
    ("release", "close-contact", "release-notice", "health"),
    ("release", "inbound", "release-notice", "customs"),
    ("release", "monitoring", "release-notice", "health"),
    ("scan", "", "venue-scan", "townships"),
]
DEATH = ("death", "", "death-certificate", "health")
hours = st.integers(0, 60 * 24)


@st.composite
def facts(draw: st.DrawFn) -> e.Fact:
    lawful = st.sampled_from([*LAWFUL * 3, DEATH])
    anything = st.tuples(
        st.sampled_from([kind.value for kind in e.PERSONAL]),
        st.sampled_from([*GROUNDS, "", "depositor"]),
        st.sampled_from([*EVIDENCE, "", "rumour"]),
        st.sampled_from([*DEPARTMENTS, "bank"]),
    )
    kind, ground, evidence, department = draw(st.one_of(lawful, lawful, lawful, anything))
    since = BEGIN + draw(hours) * HOUR
    until = draw(st.one_of(st.none(), st.none(), hours))
    number = draw(st.integers(0, 5))
    return e.Fact(
        digest(f"id {draw(st.integers(0, 40))}")[:16],
        digest(f"content {draw(st.sampled_from([0, 0, 0, 1]))}"),
        e.FactKind(kind),
        department,
        draw(st.sampled_from(["410100", "450000", "11"])),
        ground,
        since,
        None if until is None else BEGIN + until * HOUR,
        evidence,
        digest(f"{evidence} {number}") if evidence else b"",
        draw(st.sampled_from([*[e.Identity.MATCHED] * 6, *e.Identity])),
        draw(st.sampled_from([(), (), (), ("division-unknown",)])),
        since + draw(st.integers(0, 48)) * HOUR,
        b"",
    )


gaps = st.one_of(st.integers(0, 3 * 24), st.sampled_from([0, 0, 50 * 24]))
lives = st.lists(st.tuples(facts(), gaps), min_size=1, max_size=14)
Lived = list[tuple[e.Fact, Ms, State, e.Decision | None, State]]


def live(life: Sequence[tuple[e.Fact, int]]) -> Lived:
    state, at, found = EMPTY, BEGIN + 12 * HOUR, []
    for fact, gap in life:
        at += gap * HOUR
        decision, after = advance(state, fact, at, national())
        found.append((fact, at, state, decision, after))
        state = after
    return found


@given(lives)
def test_decide_fold_decide_again_emits_nothing(life: list[tuple[e.Fact, int]]) -> None:
    for fact, at, state, decision, after in live(life):
        assert decision == decide(state, fact, at, national())
        if decision is None:
            assert after == state
            continue
        assert decision.events
        assert fold(state, decision) == after
        for later in (0, DAY, 40 * DAY):
            assert decide(after, fact, at + later, national()) is None


@given(lives)
def test_the_ledger_alone_gives_the_same_state(life: list[tuple[e.Fact, int]]) -> None:
    folded, seq, prev = EMPTY, 1, FIRST
    for fact, _, _, decision, after in live(life):
        if decision is not None:
            cause = Cause(fact.id, bytes(16), 0, seq, bytes(32), fact.content)
            for value in split(decision, cause, seq, prev):
                record = decode_ledger(value)
                folded = evolve(
                    folded, record.events, record.at, record.cause.id, record.cause.content
                )
                seq += 1
        assert folded == after
        assert decode_state(encode_state(after)) == after


@given(lives)
def test_no_colour_without_a_row_its_owner_and_its_evidence(
    life: list[tuple[e.Fact, int]],
) -> None:
    for fact, at, _, decision, _ in live(life):
        effective = (
            [x.order for x in decision.events if isinstance(x, e.Effective)] if decision else []
        )
        for order in effective:
            assert decision is not None
            assert fact.identity is e.Identity.MATCHED
            assert not fact.breaches
            pair = national().in_force(fact.division, at)
            assert pair is not None
            assert not check_fact(fact, pair.book, at)
            row = pair.book.by_name[order.law.row]
            assert order.department in row.departments
            assert order.evidence_kind in row.evidence
            assert order.evidence_ref
            assert order.law.digest == pair.book.digest


@given(lives)
def test_never_before_recorded_never_beyond_its_term(life: list[tuple[e.Fact, int]]) -> None:
    for _, at, _, decision, after in live(life):
        if decision is None:
            continue
        assert decision.schedule.since == at
        before = at
        for segment in decision.schedule.segments:
            assert before <= segment.since < segment.until
            assert segment.colour is not Colour.GREEN
            assert segment.orders
            before = segment.until
        for order in decision.schedule.orders:
            assert order.recorded <= order.steps[0].since
            assert order.basis <= order.steps[0].since
            assert order.end <= order.basis + MAX_TERM
            red = [s for s in order.steps if s.colour is Colour.RED]
            assert sum(s.until - s.since for s in red) <= MAX_RED
            assert at < order.end
        # with nothing running any more, everything ends by itself
        assert colour_at(decision.schedule, at + MAX_TERM + 2 * DAY) in (Colour.GREEN, None)
        assert {s for g in decision.schedule.segments for s in g.orders} <= {
            o.id for o in after.orders
        }


@given(lives)
def test_the_colour_is_the_most_severe_over_the_orders_in_force(
    life: list[tuple[e.Fact, int]],
) -> None:
    for _, at, _, decision, after in live(life):
        if decision is None:
            continue
        for moment in range(at, at + 30 * DAY, 7 * HOUR):
            over = [
                step.colour
                for order in after.orders
                for step in order.steps
                if step.since <= moment < step.until
            ]
            worst = None if after.ended is not None else max(over, default=Colour.GREEN)
            assert colour_at(decision.schedule, moment) == worst


@given(lives)
def test_lifted_evidence_never_bears_another_order(life: list[tuple[e.Fact, int]]) -> None:
    borne: dict[tuple[bytes, str], int] = {}
    for _, _, state, decision, _ in live(life):
        for event in decision.events if decision else ():
            if isinstance(event, e.Effective):
                key = (event.order.evidence_ref, event.order.ground)
                assert key not in borne
                assert event.order.evidence_ref not in state.lifted
                borne[key] = 1


@given(lives)
def test_once_ended_there_is_no_code_any_more(life: list[tuple[e.Fact, int]]) -> None:
    for _, at, state, decision, after in live(life):
        if state.ended is not None and decision is not None:
            assert after.ended == state.ended
            assert not any(isinstance(x, e.Effective | e.Ended) for x in decision.events)
            assert colour_at(decision.schedule, at) is None


anything = st.one_of(
    facts().map(lambda f: e.Noted(f.id, f.kind, f.ground, f.since, f.evidence_ref, "released")),
    facts().map(lambda f: e.Refused(f.id, f.kind, f.ground, f.department, ("no-law",))),
    st.builds(
        e.Lifted, st.binary(min_size=16, max_size=16), st.just(b""), st.integers(), st.text()
    ),
    st.builds(e.Ended, st.just(b""), st.integers()),
)


@given(lives, st.lists(anything, max_size=6), st.integers(0, 2**44))
def test_evolve_never_raises(life: list[tuple[e.Fact, int]], events: list[e.Event], at: Ms) -> None:
    state = live(life)[-1][4]
    again = evolve(state, events, at, bytes(16), bytes(32))
    assert evolve(again, [], at, bytes(16), bytes(32)) == again


@given(lives)
def test_everything_can_be_said(life: list[tuple[e.Fact, int]]) -> None:
    for fact, at, _, decision, after in live(life):
        assert all(fact_sentence(fact))
        if decision is None:
            continue
        assert all(code_sentence(decision.schedule, at))
        orders = {order.id: order for order in after.orders}
        for event in decision.events:
            assert all(event_sentence(event, at, orders, {"division-unknown": ("未知", "unknown")}))
            codes = getattr(event, "codes", ()) or (getattr(event, "code", "released"),)
            assert set(codes) <= {*WORDS, "division-unknown"}


@settings(max_examples=60)
@given(
    st.sampled_from(
        [(r[1], r[2], r[3]) for r in LAWFUL if r[0] == "finding" and r[1] != "monitoring"]
    ),
    st.lists(st.integers(0, 20 * 24), min_size=1, max_size=3, unique=True),
    st.integers(0, 20 * 24),
    st.integers(20 * 24, 32 * 24),
)
def test_findings_and_their_release_in_any_order_give_the_same_colour(
    what: tuple[str, str, str], bases: list[int], freed: int, now: int
) -> None:
    """All recorded at the same T, so that only the order of arrival differs."""
    ground, evidence, department = what
    kinds = {row[1]: row for row in LAWFUL if row[0] == "release"}
    made = [_fact(f"f{b}", "finding", ground, evidence, department, b) for b in bases]
    _, _, notice, who = kinds[ground]
    made.append(_fact("r", "release", ground, notice, who, freed))
    at = BEGIN + now * HOUR
    results = set()
    for order in permutations(made):
        state, decision = EMPTY, None
        for fact in order:
            decision, state = advance(state, fact, at, national())
        assert decision is not None
        results.add(
            tuple(colour_at(decision.schedule, at + h * HOUR) for h in range(0, 40 * 24, 6))
        )
    assert len(results) == 1


def _fact(name: str, kind: str, ground: str, evidence: str, department: str, hour: int) -> e.Fact:
    since = BEGIN + hour * HOUR
    return e.Fact(
        digest(name)[:16], digest(name), e.FactKind(kind), department, "410100", ground, since,
        None, evidence, digest(name), e.Identity.MATCHED, (), since, b"",
    )  # fmt: skip


@given(facts(), st.integers(0, 44))
def test_an_id_is_remembered_as_long_as_its_report_could_count(fact: e.Fact, days: int) -> None:
    at = fact.reported
    decision, state = advance(EMPTY, fact, at, national())
    assert decision is not None
    late = at + days * DAY
    for n in range(3):  # other reports in between, so that old ids are let go
        other = replace(fact, id=digest(f"other {n}")[:16])
        state = advance(state, other, late, national())[1]
    assert decide(state, fact, late, national()) is None
    gone = advance(state, replace(fact, id=bytes(16)), at + 200 * DAY, national())[1]
    assert len(gone.ids) == 40
