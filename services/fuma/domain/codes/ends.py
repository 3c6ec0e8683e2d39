"""The end of a line, as the authority decided it: of one in effect, one that waits, one to come."""

from __future__ import annotations

from fuma.domain.codes.events import Annulled, Answered, End, Event, Lifted, LineEnd, Order
from fuma.domain.codes.linefold import AWAITED, named
from fuma.domain.codes.state import State
from fuma.domain.time import ID_HORIZON, Ms


def take_end(state: State, end: LineEnd, at: Ms) -> tuple[Event, ...]:
    """What the end changes; the last event answers it.

    ``annulled`` says that the order was never valid: its colour is gone from now on, and the ledger
    shows both. Every other end lifts what is in effect. Where the authority stopped waiting while
    the fact was on its way, the line may have taken effect meanwhile: then it ends here.
    """
    name = named(end)
    for order in state.orders:
        source = order.source
        if source is not None and named(source) == name and order.end > at:
            return (_over(order, end, at), _answer(end, end.code))
    if any(named(one.line) == name for one in state.lines.waiting):
        return (_answer(end, end.code),)
    for past in state.lines.over:
        if named(past) == name:
            if past.own and end.how is End.ANNULLED:
                undone = Annulled(past.own, end.id, at, end.code, past.ground, past.division)
                return (undone, _answer(end, end.code))
            return (_answer(end, "line-over"),)
    # No line lasts as long as ids are kept: of an end so old, the line can have no effect any more.
    late = end.at + ID_HORIZON <= at
    return (_answer(end, "line-over" if late or state.ended is not None else AWAITED),)


def _over(order: Order, end: LineEnd, at: Ms) -> Event:
    made = Annulled if end.how is End.ANNULLED else Lifted
    return made(order.id, end.id, at, end.code, order.ground, order.division)


def _answer(end: LineEnd, code: str) -> Answered:
    status = "refused" if end.how is End.WITHDRAWN else end.how.value
    return Answered(end.order, end.line, end.province, status, code)
