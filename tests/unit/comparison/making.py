"""Small worlds for the comparison's unit tests."""

from __future__ import annotations

from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Case, Event, Input, Match, Presence, Said
from fuma.domain.comparison.fold import evolve
from fuma.domain.comparison.grid import cell_at, fixed
from fuma.domain.comparison.place import cell_place
from fuma.domain.comparison.settings import TEN_MINUTES, Frame, Rule, Settings
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, HOUR, Ms

NOON: Ms = 1_655_179_200_000  # 14 June 2022, 12:00 in Shanghai
NOW = NOON + DAY
SQUARE = cell_place(cell_at(fixed("34.7466"), fixed("113.6254")))
VILLAGE = cell_place(cell_at(fixed("34.0000"), fixed("115.0000")))
COMPANION = Rule(
    "companion", b"companion", ("spatiotemporal-companion",), "grid-match", TEN_MINUTES
)


class Law:
    """One text everywhere."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.one = settings or Settings(companion=COMPANION)

    def settings(self, division: str, at: Ms) -> Settings | None:
        return self.one


def tag(name: str) -> bytes:
    return name.encode().ljust(16, b".")


def stay(
    name: str, who: str, place: bytes = SQUARE, since: Ms = NOON, lasts: Ms = HOUR, **more: object
) -> Presence:
    one = Presence(tag(name), 0, tag(who), place, "450102", since, since + lasts)
    return one._replace(**more)  # type: ignore[arg-type]


def sick(who: str, since: Ms = NOON - DAY, until: Ms = NOON + DAY, revision: int = 0) -> Case:
    return Case(tag("case-" + who), revision, tag(who), since, until, NOW)


def tell(
    *records: Input, law: Law | None = None, state: State | None = None, at: Ms = NOW
) -> list[Event]:
    """Everything that follows, in order."""
    state = state or State(Frame())
    found: list[Event] = []
    for record in records:
        events = decide(state, record, at, law or Law())
        for event in events:
            evolve(state, event)
        found += events
    return found


def matches(events: list[Event]) -> list[Match]:
    """Those that were asserted."""
    return [e.match for e in events if isinstance(e, Said) and e.stands]
