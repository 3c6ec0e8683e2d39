"""What a match says, what takes it back, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from fuma.domain.comparison.events import Event, Passed, Said
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import Vehicle, cell_place, check_place, name, run_place
from fuma.domain.comparison.rows import ShapeError, decode, encode
from fuma.domain.comparison.settings import Frame, Rule, Seating, Settings
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, HOUR, MINUTE
from unit.comparison.making import NOON, NOW, SQUARE, VILLAGE, Law, matches, sick, stay, tag, tell

MET = (stay("p1", "case"), stay("p2", "other", since=NOON + 50 * MINUTE), sick("case"))


def taken_back(events: list[Event]) -> int:
    return sum(isinstance(e, Said) and not e.stands for e in events)


def codes(events: list[Event]) -> list[str]:
    return [e.code for e in events if isinstance(e, Passed)]


def test_ten_minutes_and_not_less() -> None:
    (match,) = matches(tell(*MET))
    assert (match.since, match.until) == (NOON + 50 * MINUTE, NOON + HOUR)
    assert match.tag == tag("other")
    assert tag("case") not in b"".join(f for f in match if isinstance(f, bytes))
    assert matches(tell(MET[0], MET[2], stay("p2", "other", since=NOON + 50 * MINUTE + 1))) == []


def test_withdrawals_take_the_match_back() -> None:
    for gone in (
        MET[0]._replace(revision=1, gone=True),
        MET[1]._replace(revision=1, gone=True),
        MET[2]._replace(revision=1, gone=True),
        MET[2]._replace(revision=1, until=NOON),
        MET[1]._replace(revision=1, until=MET[1].since + 5 * MINUTE, since=MET[1].since),
        MET[1]._replace(revision=1, since=NOON + 2 * HOUR, until=NOON + 3 * HOUR),
    ):
        state = State(Frame())
        assert len(matches(tell(*MET, state=state))) == 1
        assert taken_back(tell(gone, state=state)) == 1
        assert taken_back(tell(gone, state=state)) == 0


def test_a_moved_presence_is_withdrawn_there_and_stated_here() -> None:
    state = State(Frame())
    tell(*MET, state=state)
    there = tell(MET[1]._replace(revision=1, gone=True), state=state)
    here = tell(MET[1]._replace(revision=1, place=VILLAGE), state=state)
    assert (taken_back(there), matches(here)) == (1, [])


def test_what_is_refused() -> None:
    assert codes(tell(stay("p", "a", since=NOW - HOUR + 1))) == ["not-over"]
    assert codes(tell(stay("p", "a", since=NOW - 15 * DAY, lasts=DAY))) == ["too-old"]
    assert codes(tell(stay("p", "a", since=NOON - 5 * DAY, lasts=5 * DAY))) == ["too-long"]
    assert codes(tell(stay("p", "a", lasts=0))) == ["empty"]
    assert codes(tell(MET[0], MET[0])) == ["repeat"]
    assert codes(tell(MET[0], MET[0]._replace(tag=tag("b")))) == ["same-id-other-content"]
    assert codes(tell(MET[0]._replace(revision=2), MET[0])) == ["superseded"]
    assert codes(tell(sick("a", NOW - 20 * DAY, NOW - 14 * DAY))) == ["too-old"]


@pytest.mark.parametrize(
    ("seating", "carriage", "row", "meets"),
    [
        (Seating(), 0, 0, True),
        (Seating(carriage=True), 3, 0, True),
        (Seating(carriage=True), 4, 12, False),
        (Seating(carriage=True), 0, 12, False),
        (Seating(carriage=True, rows=3), 3, 15, True),
        (Seating(carriage=True, rows=3), 3, 16, False),
        (Seating(rows=3), 0, 0, False),
    ],
)
def test_rows_and_carriages(seating: Seating, carriage: int, row: int, meets: bool) -> None:
    train = run_place(Vehicle.TRAIN, "G1234", date(2022, 6, 14))
    ride = Rule("ride", b"ride", ("close-contact",), "grid-match", MINUTE)
    law = Law(Settings(ride=ride, seating={Vehicle.TRAIN: seating}))
    case = stay("p1", "case", train, carriage=3, row=12)
    other = stay("p2", "other", train, carriage=carriage, row=row)
    assert bool(matches(tell(case, other, sick("case"), law=law))) is meets


def test_places_are_checked_and_named() -> None:
    assert check_place(SQUARE) == SQUARE
    run = run_place(Vehicle.FLIGHT, "ca1234", date(2022, 6, 14))
    assert name(check_place(run)) == "flight CA1234 2022-06-14"
    assert name(cell_place(Cell(4829, 33635))) == "cell 4829/33635"
    for bad in (b"", b"c", SQUARE + b"0", b"vrocket/1/2022-06-14", b"vtrain/g1/2022-06-14", b"x"):
        with pytest.raises(ValueError, match=r"\w"):
            check_place(bad)


def test_state_of_another_shape_or_damaged_is_refused() -> None:
    state = State(Frame())
    tell(*MET, state=state)
    data = encode(state)
    assert encode(decode(data, Frame())) == data
    for bad in (b"", b"fuma-comparison-0\n" + data[18:], data[:-3], data + b"?"):
        with pytest.raises(ShapeError):
            decode(bad, Frame())
