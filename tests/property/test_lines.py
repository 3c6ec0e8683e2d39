"""The promises of the evidence gate, over random reports, lines, ends, matches and laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fuma.contracts.decisions import FIRST, Cause, decode_ledger, split
from fuma.contracts.facts import decode_person, encode_person
from fuma.contracts.state import decode_state, encode_state
from fuma.domain.codes import events as e
from fuma.domain.codes import state as s
from fuma.domain.codes.decide import advance, decide
from fuma.domain.codes.fold import evolve, fold
from fuma.domain.codes.heard import input_sentence
from fuma.domain.codes.lines import MOST_ORDERS
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.sentences import event_sentence
from fuma.domain.codes.state import EMPTY, State
from fuma.domain.colour import Colour
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, Ms
from unit.domain.making import digest
from unit.domain.ordering import CHAIN, XING, end, finding, law, line, match

BEGIN = instant("2022-06-18")
GUANGXI = "450100"
#: ground, evidence, department
FOUND = [
    ("confirmed", "diagnosis-report", "health"),
    ("suspected", "clinical-report", "health"),
    ("close-contact", "isolation-record", "health"),
    ("close-contact", "contact-link", "health"),
    ("high-risk-area", "area-presence", "public-security"),
    ("high-risk-area", "area-presence", "health"),
    ("inbound", "border-record", "customs"),
]
FREED = [
    ("confirmed", "discharge-notice", "health"),
    ("suspected", "exclusion-report", "health"),
    ("close-contact", "release-notice", "health"),
    ("high-risk-area", "release-notice", "health"),
    ("inbound", "release-notice", "customs"),
]
XINGS = {"procedure": "141123/assignment-form", "chain": CHAIN}
TIERS = {"procedure": "45/conversion-by-tiers", "chain": CHAIN[:1]}


def _found(number: int, hour: int, division: str) -> e.Fact:
    ground, evidence, department = FOUND[number % len(FOUND)]
    made = finding(
        f"f{number}", ground, "2022-06-18", evidence=evidence, department=department,
        division=division, root=digest("root") if number % 2 else b"",
    )  # fmt: skip
    return replace(made, since=BEGIN + hour * HOUR, reported=BEGIN + hour * HOUR)


@st.composite
def inputs(draw: st.DrawFn) -> e.Input:
    number, hour = draw(st.integers(0, 13)), draw(st.integers(0, 20 * 24))
    division = draw(st.sampled_from([XING, XING, GUANGXI]))
    kind = draw(st.sampled_from(["fact", "fact", "line", "line", "line", "end", "free", "match",
                                 "amend"]))  # fmt: skip
    # The same number is the same report: its time follows from the number.
    cited = _found(number, number * 20, division)
    if kind == "fact":
        return cited
    if kind == "line":
        how = XINGS if division == XING else TIERS
        change = draw(
            st.sampled_from([
                {}, {}, {}, {}, {"colour": Colour.YELLOW}, {"root": digest("other")},
                {"reporter": digest("r")[:16]}, {"chain": ("clerk",)}, {"fact": b""},
                {"until": BEGIN + hour * HOUR}, {"ground": "monitoring"},
            ])
        )  # fmt: skip
        about = match(f"m{number}", "2022-06-20", "2022-06-20T01:00:00+08:00")
        of = about if draw(st.integers(0, 5)) == 0 and division == GUANGXI else cited
        name = f"o{draw(st.integers(0, 5))}"
        made = line(name, of, line=number, **{**how, **change})
        return replace(made, since=BEGIN + draw(st.integers(0, 10 * 24)) * HOUR)
    if kind == "end":
        how = draw(st.sampled_from([x.value for x in e.End]))
        return end(f"o{draw(st.integers(0, 5))}", how, "condition-met", number)
    if kind == "free":
        ground, evidence, department = FREED[number % len(FREED)]
        made_fact = finding(
            f"r{number} {hour}", ground, "2022-06-18", evidence=evidence, kind="release",
            department=department, division=division,
        )  # fmt: skip
        return replace(made_fact, since=BEGIN + hour * HOUR, reported=BEGIN + hour * HOUR)
    if kind == "match":
        return match(
            f"m{number}", "2022-06-20", "2022-06-20T01:00:00+08:00",
            stands=draw(st.booleans()), revision=draw(st.integers(1, 3)),
        )  # fmt: skip
    said = digest(f"amend {number}")
    return e.Amend(said[:16], said, "cn/control-plan-9", 1, said, instant("2022-06-28"))


gaps = st.one_of(st.integers(0, 48), st.sampled_from([0, 0, 10 * 24, 50 * 24]))
lives = st.lists(st.tuples(inputs(), gaps), min_size=1, max_size=16)
Lived = list[tuple[e.Input, Ms, State, e.Decision | None, State]]


def live(life: Sequence[tuple[e.Input, int]]) -> Lived:
    state, at, found = EMPTY, BEGIN + 12 * HOUR, []
    for item, gap in life:
        at += gap * HOUR
        decision, after = advance(state, item, at, law())
        found.append((item, at, state, decision, after))
        state = after
    return found


@given(lives)
def test_decide_fold_decide_again_emits_nothing(life: list[tuple[e.Input, int]]) -> None:
    for item, at, state, decision, after in live(life):
        assert decide(state, item, at, law()) == decision
        if decision is None:
            assert after == state
            continue
        assert decision.events
        assert fold(state, decision) == after
        for later in (0, DAY, 40 * DAY):
            if not isinstance(item, e.Amend):
                assert decide(after, item, at + later, law()) is None


@given(lives)
def test_the_ledger_alone_gives_the_same_state(life: list[tuple[e.Input, int]]) -> None:
    folded, seq, prev = EMPTY, 1, FIRST
    for item, _, _, decision, after in live(life):
        assert decode_person(encode_person(item)) == item
        if decision is None:
            continue
        cause = Cause(item.id, bytes(16), 0, seq, bytes(32), item.content)
        for value in split(decision, cause, seq, prev):
            record = decode_ledger(value)
            folded = evolve(folded, record.events, record.at, record.cause.id, item.content)
            seq += 1
        assert folded == after
        assert decode_state(encode_state(after)) == after


@given(lives)
def test_every_line_is_answered_once_and_every_order_of_officers_has_its_answer(
    life: list[tuple[e.Input, int]],
) -> None:
    for item, _, _, decision, _ in live(life):
        if decision is None:
            continue
        answers = [x for x in decision.events if isinstance(x, e.Answered)]
        if isinstance(item, e.Line | e.LineEnd):
            mine = [x for x in answers if (x.order, x.line) == (item.order, item.line)]
            assert mine
            assert mine[-1].province == item.province
        for order in (x.order for x in decision.events if isinstance(x, e.Effective)):
            if order.source is not None:
                name = (order.source.order, order.source.line)
                assert [(x.order, x.line) for x in answers if x.status == "effective"].count(
                    name
                ) == 1


@given(lives)
def test_no_colour_by_officers_without_fact_owner_rule_and_two_persons(
    life: list[tuple[e.Input, int]],
) -> None:
    reports: dict[bytes, e.Fact] = {}
    stands: dict[bytes, bool] = {}
    for item, at, _, decision, _ in live(life):
        if isinstance(item, e.Fact):
            reports.setdefault(item.id, item)
        if isinstance(item, e.MatchFact) and decision is not None:
            stands[item.match] = item.stands
        for order in (
            [x.order for x in decision.events if isinstance(x, e.Effective)] if decision else []
        ):
            if order.source is None:
                continue
            chain = [actor.person for actor in order.source.chain]
            pair = law().in_force(order.division, at)
            assert pair is not None
            row = pair.book.by_name[order.law.row]
            assert order.ground == row.ground
            assert order.department in row.departments
            assert order.evidence_kind in row.evidence
            assert order.law.digest == pair.book.digest
            procedure = law().procedure_named(order.law.procedure, order.law.procedure_version)
            assert procedure is not None
            assert len(set(chain)) == len(chain) == len(procedure.text.chain)  # type: ignore[union-attr]
            reporter = reports[order.fact].reporter if order.fact in reports else b""
            assert order.fact in reports or stands[order.fact]
            assert reporter not in chain
            if max(step.colour for step in order.steps) is Colour.RED:
                assert len({*chain, reporter} - {b""}) >= 2


@given(lives)
def test_never_before_recorded_never_beyond_rule_or_line(life: list[tuple[e.Input, int]]) -> None:
    untils: dict[tuple[bytes, int], Ms] = {}
    for item, at, _, decision, _ in live(life):
        if isinstance(item, e.Line):
            name = (item.order, item.line)
            untils[name] = max(item.until, untils.get(name, item.until))
        if decision is None:
            continue
        assert all(segment.since >= at for segment in decision.schedule.segments)
        for order in decision.schedule.orders:
            assert order.recorded <= order.steps[0].since
            if order.source is not None:
                assert order.end <= untils[order.source.order, order.source.line]
        for order in (x.order for x in decision.events if isinstance(x, e.Effective)):
            pair = law().in_force(order.division, at)
            assert pair is not None
            row = pair.book.by_name[order.law.row]
            spans = row.then.spans if row.then is not None else row.spans
            assert order.end <= order.basis + sum(span.lasts for span in spans)


@given(lives)
def test_a_newer_law_never_lengthens_and_never_makes_worse(
    life: list[tuple[e.Input, int]],
) -> None:
    for _, at, state, decision, _ in live(life):
        amended = [x for x in decision.events if isinstance(x, e.Amended)] if decision else []
        for event in amended:
            (was,) = [order for order in state.orders if order.id == event.order]
            for moment in range(at, was.end + 2 * DAY, 5 * HOUR):
                before = [x.colour for x in was.steps if x.since <= moment < x.until]
                now = [x.colour for x in event.steps if x.since <= moment < x.until]
                assert len(now) <= 1
                assert (now or [Colour.GREEN]) <= (before or [Colour.GREEN])


@given(lives)
def test_the_state_is_bounded(life: list[tuple[e.Input, int]]) -> None:
    for _, at, _, decision, after in live(life):
        filed, waiting, early, over = after.lines
        assert len(filed) <= s.MOST_FACTS + len(FOUND) + 1
        assert len(waiting) <= s.MOST_WAITING
        assert len(early) <= s.MOST_EARLY + 1
        assert len(over) <= s.MOST_OVER
        if decision is not None:
            assert not any(one.over(at) for one in filed)
            assert len({(w.line.order, w.line.line) for w in waiting}) == len(waiting)
    # An order's end is seen at the next record, and remembered for its horizon from then.
    later = evolve(after, (), at + 60 * DAY, bytes(16), bytes(32))
    later = evolve(later, (), at + 120 * DAY, bytes(16), bytes(32))
    assert later.lines == s.NO_LINES
    assert later.orders == ()


@given(lives)
def test_everything_can_be_said(life: list[tuple[e.Input, int]]) -> None:
    for item, at, _, decision, after in live(life):
        assert all(input_sentence(item))
        orders = {order.id: order for order in after.orders}
        for event in decision.events if decision else ():
            assert all(event_sentence(event, at, orders))


@settings(max_examples=50)
@given(
    st.sampled_from(range(len(FOUND))),
    st.booleans(),
    st.booleans(),
    st.integers(1, 18),
    st.sampled_from([None, "lifted", "annulled"]),
)
def test_in_whichever_order_fact_line_release_and_end_arrive_the_colour_is_the_same(
    number: int, freed: bool, twice: bool, days: int, how: str | None
) -> None:
    """All recorded at the same T, so that only the order of arrival differs. Two acts that end a
    line, its authority's and the department's, are not asked: monitoring follows a release that
    lifted, and only one of them can."""
    assume(not (freed and how))
    fact = _found(number, 24, XING)
    at = BEGIN + days * DAY
    arriving: list[e.Input] = [fact, replace(line("o", fact), since=at - HOUR, until=at + 30 * DAY)]
    if freed:
        ground, evidence, department = next(one for one in FREED if one[0] == fact.ground)
        made = finding("out", ground, "2022-06-18", evidence=evidence, kind="release",
                       department=department, division=XING)  # fmt: skip
        since = min(at, fact.since + (days - 1) * DAY // 2)
        arriving.append(replace(made, since=since, reported=since))
    if how is not None:
        arriving.append(end("o", how))
    if twice:
        arriving += arriving[:2]
    results = set()
    for order in permutations(arriving):
        state, decision = EMPTY, None
        for item in order:
            decided, state = advance(state, item, at, law())
            decision = decided or decision
        assert decision is not None
        results.add(
            tuple(colour_at(decision.schedule, at + h * HOUR) for h in range(0, 40 * 24, 6))
        )
    assert len(results) == 1


def test_facts_beyond_the_bound_are_held_and_a_grounds_first_never_is() -> None:
    state, at = EMPTY, BEGIN + DAY
    for number in range(s.MOST_FACTS + 3):
        fact = replace(_found(0, 1, XING), id=digest(f"x{number}")[:16],
                       evidence_ref=digest(f"x{number}"))  # fmt: skip
        decision, state = advance(state, fact, at, law())
    assert decision is not None
    (held,) = decision.events
    assert isinstance(held, e.Held)
    assert held.codes == ("too-many-facts",)
    decision, state = advance(state, _found(1, 1, XING), at, law())
    assert decision is not None
    assert isinstance(decision.events[0], e.Noted)
    assert len(state.lines.filed) == s.MOST_FACTS + 1


def test_more_early_ends_than_can_be_kept_close_the_gate_for_lines() -> None:
    state, at = EMPTY, BEGIN + DAY
    for number in range(s.MOST_EARLY + 2):
        _, state = advance(state, end("o", "lifted", number=number), at, law())
    assert len(state.lines.early) == s.MOST_EARLY + 1
    fact = _found(0, 1, XING)
    _, state = advance(state, fact, at, law())
    asked = replace(line("p", fact), until=at + 20 * DAY)
    decision, state = advance(state, asked, at, law())
    assert decision is not None
    assert decision.events[-1] == e.Answered(asked.order, 0, "14", "refused", "too-many-ends")
    later = at + s.ID_KEEP
    fresh = replace(_found(0, 1, XING), id=bytes(16), since=later - DAY, reported=later)
    _, state = advance(state, replace(fresh, evidence_ref=digest("new")), later, law())
    assert state.lines.early == ()


def test_lines_and_orders_beyond_their_bounds_are_refused() -> None:
    state, at = EMPTY, BEGIN + DAY
    for number in range(s.MOST_WAITING + 1):
        absent = replace(_found(0, 1, XING), id=digest(f"absent {number}")[:16])
        asked = replace(line(f"w{number}", absent), until=at + 20 * DAY)
        decision, state = advance(state, asked, at, law())
    assert decision is not None
    assert decision.events[-1] == e.Answered(asked.order, 0, "14", "refused", "too-many-lines")
    state = EMPTY
    for number in range(MOST_ORDERS + 1):
        fact = replace(_found(0, 1, XING), id=digest(f"x{number}")[:16],
                       evidence_ref=digest(f"x{number}"))  # fmt: skip
        _, state = advance(state, fact, at, law())
        asked = replace(line(f"w{number}", fact), until=at + 20 * DAY)
        decision, state = advance(state, asked, at, law())
    assert decision is not None
    assert decision.events[-1] == e.Answered(asked.order, 0, "14", "refused", "too-many-orders")
