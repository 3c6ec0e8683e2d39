"""What a record costs, counted in pairs looked at: near what it finds, however full the place."""

from __future__ import annotations

from collections.abc import Iterator

from fuma.domain.comparison.events import Exposure, Stay
from fuma.domain.comparison.settings import Frame
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, HOUR, MINUTE, Ms
from unit.comparison.making import NOON, NOW, Law, matches, sick, stay, tell

CROWD = 20_000


class Counted(State):
    """Counts what is given to be looked at: each makes one pair."""

    def __init__(self) -> None:
        super().__init__(Frame())
        self.looked = 0

    def stays_at(self, spot: bytes, since: Ms, until: Ms) -> Iterator[Stay]:
        for found in super().stays_at(spot, since, until):
            self.looked += 1
            yield found

    def exposures_at(self, where: bytes, since: Ms, until: Ms) -> Iterator[Exposure]:
        for found in super().exposures_at(where, since, until):
            self.looked += 1
            yield found


def test_a_crowd_in_one_cell() -> None:
    """Nobody is compared with anybody until there is a case; then with those of its hour."""
    state = Counted()
    for i in range(CROWD):  # a day and a half in one cell, forty minutes each
        since = NOON - 12 * HOUR + (i * 36 * HOUR // CROWD) // MINUTE * MINUTE
        tell(stay(f"p{i}", f"w{i}", since=since, lasts=40 * MINUTE), state=state, at=NOW)
    assert state.looked == 0
    tell(stay("c", "case", since=NOON, lasts=20 * MINUTE), state=state)
    found = matches(tell(sick("case"), state=state))
    assert 300 < len(found) < CROWD / 20
    assert state.looked < 2 * len(found)
    state.looked = 0
    assert len(matches(tell(stay("late", "other", since=NOON), state=state))) == 1
    assert state.looked == 1


def test_a_busy_place_does_not_burden_another_hour() -> None:
    """A thousand exposures of other days at the same spot are not looked at."""
    state, law = Counted(), Law()
    for i in range(1000):
        since = NOON - 10 * DAY + i * 8 * MINUTE
        tell(stay(f"c{i}", f"case{i}", since=since), state=state, law=law)
        tell(sick(f"case{i}", since, since + HOUR), state=state, law=law)
    state.looked = 0
    tell(stay("p", "other", since=NOON), state=state)
    assert state.looked == 0
