"""What officers' commands once gave they give again: committed bytes in, the same bytes out."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest

from fuma.contracts.commandlog import Heard, decode_command
from fuma.contracts.errors import Poison
from fuma.contracts.orders import decode_order
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from golden.comparing import compare
from golden.making import ORDERS, Golden, Input, load, names
from golden.orders import ledger_of_orders


@pytest.fixture(params=names(ORDERS))
def golden(request: pytest.FixtureRequest) -> Golden:
    return load(str(request.param), ORDERS)


def heard(golden: Golden) -> list[Heard]:
    """What the inputs say; bytes that say nothing are left out."""
    first, second = golden.world["ceremony"]
    found = []
    for one in golden.inputs:
        try:
            found.append(decode_command(one.value, (first, second)))
        except Poison:
            continue
    return found


def test_there_is_a_golden_history() -> None:
    assert "0.2" in names(ORDERS)


@pytest.mark.parametrize("chunk", [1, 7, 1_000])
def test_commands_are_decided_again_to_the_same_bytes(golden: Golden, chunk: int) -> None:
    compare(golden, ledger_of_orders(golden, chunk), decode_order)


def test_old_records_are_read_and_follow_from_what_was_told(golden: Golden) -> None:
    told = heard(golden)
    assert 0 < len(golden.inputs) - len(told) < 5, "some bytes are no command"
    causes = {decode_order(value).cause.id for _, value in golden.ledger}
    assert causes < {one.id for one in told}, "and some change nothing"


def test_0_2_has_every_command_and_every_event_of_its_time() -> None:
    golden = load("0.2", ORDERS)
    items = [one.item for one in heard(golden)]
    assert {type(item) for item in items} == {c.Command, c.Forged, c.Tick, c.Outcome}
    bodies = {type(item.body) for item in items if isinstance(item, c.Command)}
    assert len(bodies & set(get_args(c.Body))) == 27, "all that there were"
    said = [event for _, value in golden.ledger for event in decode_order(value).events]
    kinds = {type(event) for event in said}
    assert len(kinds & set(get_args(e.Event))) == 41, "all that there were"
    ends = {event.how for event in said if isinstance(event, e.Ended)}
    assert ends == {"rejected", "withdrawn", "lapsed", "expired", "lifted", "annulled"}
    pages = Counter(event.order for event in said if isinstance(event, e.PageArrived))
    assert max(pages.values()) > 1


def test_a_difference_fails_and_says_where(golden: Golden) -> None:
    """The comparison itself can fail: a minute in one command's time is another ledger."""
    at = next(n for n, one in enumerate(golden.inputs) if len(one.value) > 500)
    one = golden.inputs[at]
    changed = [*golden.inputs]
    changed[at] = Input(one.at + 60_000, one.key, one.value)
    with pytest.raises(pytest.fail.Exception, match="committed: OrderRecord"):
        compare(golden, ledger_of_orders(golden, 100, changed), decode_order)
