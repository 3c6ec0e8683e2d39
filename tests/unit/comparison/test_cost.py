"""What a record costs, counted in pairs looked at: near what it finds, however full the place."""

from __future__ import annotations

import pytest

from fuma.domain.comparison import decide as module
from fuma.domain.comparison.events import Exposure, Match, Stay
from fuma.domain.comparison.fold import State
from fuma.domain.comparison.meet import meet
from fuma.domain.comparison.settings import Frame
from fuma.domain.comparison.settings import Law as AnyLaw
from fuma.domain.time import DAY, HOUR, MINUTE, Ms
from unit.comparison.making import NOON, NOW, Law, matches, sick, stay, tell

CROWD = 20_000


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    count = [0]

    def counted(s: Stay, e: Exposure, frame: Frame, law: AnyLaw, now: Ms) -> Match | None:
        count[0] += 1
        return meet(s, e, frame, law, now)

    monkeypatch.setattr(module, "meet", counted)
    return count


def test_a_crowd_in_one_cell(looked: list[int]) -> None:
    """Nobody is compared with anybody until there is a case; then with those of its hour."""
    state = State(Frame())
    for i in range(CROWD):  # a day and a half in one cell, forty minutes each
        since = NOON - 12 * HOUR + (i * 36 * HOUR // CROWD) // MINUTE * MINUTE
        tell(stay(f"p{i}", f"w{i}", since=since, lasts=40 * MINUTE), state=state, at=NOW)
    assert looked == [0]
    tell(stay("c", "case", since=NOON, lasts=20 * MINUTE), state=state)
    found = matches(tell(sick("case"), state=state))
    assert 300 < len(found) < CROWD / 20
    assert looked[0] < 2 * len(found)
    looked[0] = 0
    assert len(matches(tell(stay("late", "other", since=NOON), state=state))) == 1
    assert looked == [1]


def test_a_busy_place_does_not_burden_another_hour(looked: list[int]) -> None:
    """A thousand exposures of other days at the same spot are not looked at."""
    state, law = State(Frame()), Law()
    for i in range(1000):
        since = NOON - 10 * DAY + i * 8 * MINUTE
        tell(stay(f"c{i}", f"case{i}", since=since), state=state, law=law)
        tell(sick(f"case{i}", since, since + HOUR), state=state, law=law)
    looked[0] = 0
    tell(stay("p", "other", since=NOON), state=state)
    assert looked == [0]
