"""Changes of law reach orders in force: by an explicit event, and never to the holder's cost.

Where a newer text begins, an order keeps at every instant the milder of what it had and of what the
new rule gives from the same basis. So a term can shorten, red can become yellow, a ground can end;
nothing is ever lengthened or made worse.
"""

from __future__ import annotations

from fuma.domain.codes.events import Amended, Answered, Event, FactKind, LawRef, Order
from fuma.domain.codes.schedule import milder, steps
from fuma.domain.codes.state import State
from fuma.domain.law.inforce import Law
from fuma.domain.law.rulebook import Rulebook, Span
from fuma.domain.time import Ms


def amendments(state: State, by: bytes, at: Ms, law: Law) -> tuple[Event, ...]:
    """What the texts that began since change in the orders in force; ``by``: the input's id."""
    changed = law.changed(at)
    found: list[Event] = []
    for order in state.orders:
        if order.recorded >= changed or order.end <= at:
            continue
        event = _amendment(order, by, at, law)
        if event is None:
            continue
        found.append(event)
        if order.source is not None:
            source = order.source
            status = "amended" if event.steps else "ended"
            found.append(Answered(source.order, source.line, source.province, status, event.code))
    return tuple(found)


def _amendment(order: Order, by: bytes, at: Ms, law: Law) -> Amended | None:
    pair = law.in_force(order.division, at, order.ground)
    if pair is None or pair.book.digest == order.law.digest:
        return None
    row, spans = _rule(pair.book, order)
    left = milder(order.steps, steps(spans, order.basis, None, at), at)
    if left == milder(order.steps, order.steps, at):
        return None
    ref = LawRef(
        pair.book.name, pair.book.version, pair.book.digest, order.law.procedure,
        order.law.procedure_version, order.law.procedure_digest, row,
    )  # fmt: skip
    code = "term-shortened" if left or spans else "ground-removed"
    return Amended(order.id, by, at, code, left, ref, order.ground, order.division)


def _rule(book: Rulebook, order: Order) -> tuple[str, tuple[Span, ...]]:
    """The rule of ``book`` for what ``order`` was made on: its name and colours."""
    follows = book.by_name.get(order.law.row)
    if follows is not None and follows.then is not None and follows.then.ground == order.ground:
        return follows.name, follows.then.spans
    row = book.row(FactKind.FINDING, order.ground, order.evidence_kind)
    if row is not None:
        return row.name, row.spans
    # What followed a release that the new text has no rule for: the ground's own rule, if any.
    for one in book.rows:
        if one.then is not None and one.then.ground == order.ground:
            return one.name, one.then.spans
    return "", ()
