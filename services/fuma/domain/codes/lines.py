"""The evidence gate: a line of an order has effect only on a fact that bears it.

A signed order brings no evidence of its own. Its line cites a fact; the fact must be on the
person's record, of that ground, from the department that owns it by the rulebook in force, with the
shared evidence and the reporter that the line states, and not spent. Then the line gets the colour
that the rulebook gives, and only if that is the colour it asked for. Every line is answered; one
that waits is answered again when its fact comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fuma.domain.codes.events import (
    Answered,
    Effective,
    Event,
    FactKind,
    Line,
    Noted,
    Order,
    Source,
    Step,
)
from fuma.domain.codes.fold import after
from fuma.domain.codes.follow import follow_late
from fuma.domain.codes.inputs import Actor
from fuma.domain.codes.linefold import named
from fuma.domain.codes.schedule import steps
from fuma.domain.codes.state import MOST_WAITING, Filed, Release, State
from fuma.domain.colour import Colour
from fuma.domain.ids import is_natural, order_id
from fuma.domain.law.inforce import InForce, Law, PublishedText
from fuma.domain.law.procedure import Procedure
from fuma.domain.law.rulebook import Row
from fuma.domain.law.vocabulary import GROUNDS
from fuma.domain.time import Ms

#: With so many orders in force on one person, another one of a ground that is in force already
#: does not take effect. Without a bound a schedule would in the end fit no ledger record, and then
#: not even a release could be written any more; a ground's first order is never kept out.
MOST_ORDERS = 16


def take_line(state: State, line: Line, at: Ms, law: Law) -> tuple[Event, ...]:
    """The answer to a line that arrives at ``at``."""
    for early in state.lines.early:
        if not early.order:
            return (refused(line, "too-many-ends"),)
        if named(early) == named(line):
            return _ended_first(state, line, early.how)
    return judge(state, line, at, law)


def awaken(state: State, fact: bytes, at: Ms, law: Law) -> tuple[Event, ...]:
    """The answers to the lines that waited for ``fact``, which is on file now."""
    found: list[Event] = []
    for waiting in state.lines.waiting:
        if waiting.line.fact != fact:
            continue
        events = judge(state, waiting.line, at, law)
        last = events[-1]
        if isinstance(last, Answered) and (last.status, last.code) == ("held", waiting.code):
            continue
        found += events
        state = after(state, events, at)
    return tuple(found)


def judge(state: State, line: Line, at: Ms, law: Law) -> tuple[Event, ...]:
    """What becomes of a line as the record stands; the last event is its answer."""
    if state.ended is not None:
        return (refused(line, "code-ended"),)
    if line.until <= at:
        return (refused(line, "ended-before-recorded"),)
    procedure = _completed(line, at, law)
    if isinstance(procedure, str):
        return (refused(line, procedure),)
    pair = law.in_force(line.division, at, line.ground)
    if pair is None:
        return (refused(line, "no-law"),)
    if not pair.book.knows(line.ground):
        known = line.ground in GROUNDS
        return (refused(line, "ground-not-in-force" if known else "ground-unknown"),)
    if not line.fact:
        return (refused(line, "no-evidence"),)
    for fact in state.lines.filed:
        if fact.fact == line.fact:
            return _on(state, line, fact, at, law, InForce(pair.book, procedure))
    if any(order.fact == line.fact and order.end > at for order in state.orders):
        return (refused(line, "same-evidence"),)
    if len(state.lines.waiting) >= MOST_WAITING:
        return (refused(line, "too-many-lines"),)
    return (held(line, "fact-absent"),)


def _completed(line: Line, at: Ms, law: Law) -> Procedure | str:
    """The procedure that the line went through, or why it went through none."""
    found = law.procedure_named(line.procedure, line.procedure_version)
    if found is None or not _holds(found, line, at) or not isinstance(found.text, Procedure):
        return "procedure-unknown"
    chain, persons = line.chain, {actor.person for actor in line.chain}
    # One natural person takes one step; central release of a bulk is one more.
    if len(chain) != len(found.text.chain) + line.released or len(persons) != len(chain):
        return "chain-incomplete"
    return "chain-incomplete" if b"" in persons else found.text


def _holds(found: PublishedText, line: Line, at: Ms) -> bool:
    text = found.text
    return (
        isinstance(text, Procedure)
        and found.begins <= at
        and line.division.startswith(text.division)
        and text.covers(line.ground)
        and not text.automatic
    )


def _on(
    state: State, line: Line, fact: Filed, at: Ms, law: Law, pair: InForce
) -> tuple[Event, ...]:
    """The answer to a line whose fact is on file; ``pair``: the book in force, its procedure."""
    row = pair.book.row(FactKind.FINDING, fact.ground, fact.evidence_kind)
    code = _unborne(line, fact, row)
    if code or row is None:
        return (refused(line, code),)
    evidence = fact.evidence_ref
    if evidence in state.lifted:
        return (refused(line, "evidence-already-lifted"),)
    same = [order for order in state.orders if order.evidence_ref == evidence]
    if any(order.ground == fact.ground and order.end > at for order in same):
        return (refused(line, "same-evidence"),)
    if evidence in state.used or any(order.end <= at for order in same):
        return (refused(line, "evidence-already-used"),)
    colours = _colours(row, line, fact, at)
    if not colours:
        return (refused(line, "ended-before-recorded"),)
    for release in state.releases:
        if release.ground == fact.ground and fact.since <= release.since:
            if contradicts(release, fact.department, row):
                return (held(line, "contradicted"),)
            follows = follow_late(state, release, at, law)
            if follows and full(state.orders, follows[0].order.ground, at):
                follows = ()
            return (_spent(fact), *follows, refused(line, "lifted-before-assigned"))
    if full(state.orders, fact.ground, at):
        return (refused(line, "too-many-orders"),)
    named = [step.name for step in pair.procedure.chain]
    source = Source(line.order, line.line, line.province, _steps(line, named), line.released)
    order = Order(
        order_id(line.id, row.name), fact.fact, fact.ground, fact.department, line.division,
        fact.evidence_kind, evidence, fact.since, at, colours, law.ref(pair, row.name), source,
    )  # fmt: skip
    return (Effective(order), answered(line, "effective", ""))


def _unborne(line: Line, fact: Filed, row: Row | None) -> str:
    """Why the fact does not bear the line; "" where it does."""
    if fact.ground != line.ground:
        return "fact-not-of-ground"
    if fact.root != line.root:
        return "root-differs"
    if fact.reporter != line.reporter:
        return "reporter-differs"
    persons = {actor.person for actor in line.chain}
    if fact.reporter in persons:
        return "four-eyes"
    if row is None:
        return "evidence-not-of-ground"
    if fact.department not in row.departments:
        return "not-owner"
    if not row.spans:
        return "no-colour"
    colour = max(span.colour for span in row.spans)
    if colour is not line.colour:
        return "colour-not-of-row"
    known = persons | {fact.reporter} if is_natural(fact.reporter) else persons
    if colour is Colour.RED and len(known - {b""}) < 2:
        return "one-person"
    return ""


def _colours(row: Row, line: Line, fact: Filed, at: Ms) -> tuple[Step, ...]:
    """The row's colours from the fact's own time: not before ``at``, nor beyond the line's end."""
    found = steps(row.spans, fact.since, fact.until, max(at, line.since))
    return tuple(
        Step(step.colour, step.since, min(step.until, line.until))
        for step in found
        if step.since < line.until
    )


def contradicts(release: Release, department: str, row: Row) -> bool:
    """Whether a release denies the finding of ``department``, rather than meeting it.

    A department that could have made the finding itself denies it, and so does a report that the
    person was excluded. A negative test after a match is its lifting condition, no contradiction.
    """
    return release.department != department and (
        release.evidence_kind == "exclusion-report" or release.department in row.departments
    )


def _steps(line: Line, names: Sequence[str]) -> tuple[Actor, ...]:
    """The chain with the step that each took, by the procedure."""
    words = [*names, "release"] if line.released else names
    return tuple(
        Actor(a.person, a.officer, a.office, a.key, word)
        for a, word in zip(line.chain, words, strict=True)
    )


def _ended_first(state: State, line: Line, how: str) -> tuple[Event, ...]:
    if how != "lifted":
        return (refused(line, "ended-before-line"),)
    spent = [_spent(one) for one in state.lines.filed if one.fact == line.fact]
    return (*spent, refused(line, "lifted-before-assigned"))


def _spent(fact: Filed) -> Noted:
    """The fact's evidence bears nothing any more, as if the order had been in force."""
    return Noted(
        fact.fact, FactKind.FINDING, fact.ground, fact.since, fact.evidence_ref,
        "lifted-before-assigned", fact.department, fact.division, fact.evidence_kind,
    )  # fmt: skip


def full(orders: Iterable[Order], ground: str, at: Ms) -> bool:
    """Whether no further order of ``ground`` may take effect."""
    live = [order.ground for order in orders if order.end > at]
    return len(live) >= MOST_ORDERS and ground in live


def answered(line: Line, status: str, code: str) -> Answered:
    """The answer to ``line``."""
    return Answered(line.order, line.line, line.province, status, code)


def refused(line: Line, code: str) -> Answered:
    """``line`` is refused."""
    return answered(line, "refused", code)


def held(line: Line, code: str) -> Answered:
    """``line`` waits; it is kept as it was asked."""
    return Answered(line.order, line.line, line.province, "held", code, line)


def changed(order: Order, status: str, code: str) -> tuple[Answered, ...]:
    """The answer to the line that ``order`` is, where it is one."""
    source = order.source
    if source is None:
        return ()
    return (Answered(source.order, source.line, source.province, status, code),)
