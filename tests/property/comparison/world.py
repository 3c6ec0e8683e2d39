"""Small random worlds for the comparison: what is said in them, and a line that carries it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random
from zlib import crc32

from hypothesis import strategies as st

from fuma.contracts.presence import decode_presence, encode_presence
from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import (
    Area,
    Case,
    Contact,
    Input,
    Linked,
    Match,
    Passed,
    Presence,
    Said,
    Spread,
)
from fuma.domain.comparison.fold import evolve
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import Vehicle, cell_place, run_place, spot
from fuma.domain.comparison.rows import decode, encode
from fuma.domain.comparison.settings import Frame, Law, Rule, Seating, Settings
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, MINUTE, Ms

START: Ms = 1_655_136_000_000
STEP: Ms = 5 * MINUTE
HOME, BESIDE, AFAR = Cell(4240, 41000), Cell(4240, 41001), Cell(4240, 41003)
TRAIN = run_place(Vehicle.TRAIN, "G1234", date(2022, 6, 14))
COACH = run_place(Vehicle.COACH, "A7", date(2022, 6, 14))
PLACES = (cell_place(HOME), cell_place(BESIDE), cell_place(AFAR), TRAIN, COACH)
DIVISIONS = ("410105", "410106", "450102")


def rule(name: str, *grounds: str, minimum: Ms = 2 * STEP) -> Rule:
    return Rule(name, name.encode(), grounds, "grid-match", minimum)


SETTINGS = Settings(
    companion=rule("companion", "spatiotemporal-companion", "secondary-contact"),
    neighbours=True,
    ride=rule("ride", "close-contact", minimum=STEP),
    seating={Vehicle.TRAIN: Seating(carriage=True, rows=1), Vehicle.COACH: Seating()},
    sojourn=rule("sojourn", "high-risk-area", minimum=1),
    lookback=6 * STEP,
    chain=12 * STEP,
)
#: Another province's: no neighbours, and less counts.
OTHER = Settings(companion=rule("strict", "spatiotemporal-companion", minimum=STEP))


class World:
    """The law of these worlds."""

    def settings(self, division: str, at: Ms) -> Settings | None:
        return OTHER if division.startswith("45") else SETTINGS


def tag(number: int) -> bytes:
    return bytes((number,)) * 16


def ident(letter: str, number: int) -> bytes:
    return f"{letter}{number:015d}".encode()


def _span(since: int, length: int) -> tuple[Ms, Ms]:
    return START + since * STEP, START + (since + length) * STEP


def presence(random: Random, ids: int = 12) -> Presence:
    since, until = _span(random.randrange(16), random.choice((1, 2, 3, 6, 6, 40)))
    return Presence(
        ident("p", random.randrange(ids)),
        random.choice((0, 0, 0, 1, 2)),
        tag(random.randrange(4)),
        random.choice((*PLACES, *PLACES[:2])),
        random.choice((*DIVISIONS, *DIVISIONS[:2])),
        since,
        until,
        "signal",
        random.choice((0, 1, 1, 1, 2)),
        random.randrange(5),
        random.random() < 0.15,
    )


def case(random: Random) -> Case:
    since, until = _span(random.randrange(12), random.randrange(30))
    person = random.randrange(3)
    return Case(
        ident("c", 10 * random.randrange(2) + person),  # a case's id is its person's, too
        random.randrange(3),
        tag(person),
        since,
        until,
        START + DAY,
        random.random() < 0.2,
    )


def area(random: Random) -> Area:
    since, until = _span(random.randrange(30), random.randrange(9))
    return Area(
        ident("a", random.randrange(2)),
        random.randrange(3),
        tuple(random.sample(PLACES[:3], random.randrange(3))),
        tuple(random.sample(("41", "410105", "4501"), random.randrange(3))),
        ((since, random.choice((until, None))),),
        START + DAY,
        random.random() < 0.3,
    )


def history(random: Random, areas: bool = True) -> list[Input]:
    """Presences, cases and areas in any order, corrected, withdrawn and repeated."""
    told: list[Input] = [presence(random) for _ in range(random.randrange(4, 26))]
    told += [case(random) for _ in range(random.randrange(1, 5))]
    told += [area(random) for _ in range(random.randrange(3) if areas else 0)]
    told += random.sample(told, min(len(told), random.randrange(5)))
    random.shuffle(told)
    return told


def histories() -> st.SearchStrategy[list[Input]]:
    """A world for each seed: drawn field by field, hardly anybody in it would ever meet."""
    return st.integers(0, 2**60).map(lambda seed: history(Random(seed)))


@dataclass
class Line:
    """Partitions, the log between them, and the persons' chains; all in memory."""

    law: Law = field(default_factory=World)
    frame: Frame = field(default_factory=Frame)
    partitions: int = 1
    restart: bool = False
    states: list[State] = field(default_factory=list)
    standing: dict[bytes, Match] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = [State(self.frame) for _ in range(self.partitions)]

    def hear(self, given: Input, at: Ms) -> list[Said]:
        """Carry one input through until nothing more follows; what was said."""
        said: list[Said] = []
        todo = deque(self._route(given))
        while todo:
            number, item = todo.popleft()
            if self.restart:
                self.states[number] = decode(encode(self.states[number]), self.frame)
            events = decide(self.states[number], item, at, self.law)
            for event in events:
                evolve(self.states[number], event)
            again = decide(self.states[number], item, at, self.law)
            assert all(isinstance(e, Passed) for e in again), "decided twice, said twice"
            for event in events:
                if isinstance(event, Spread | Contact):
                    assert decode_presence(encode_presence(event)) == event
                    todo.extend(self._route(event))
                elif isinstance(event, Linked) and event.told is not None:
                    todo.extend(self._route(event.told))
                elif isinstance(event, Said):
                    said.append(event)
                    self._stand(event)
                elif isinstance(event, Passed):
                    self.passed.append(event.code)
        return said

    def _stand(self, said: Said) -> None:
        match = said.match
        if said.stands:
            assert match.id not in self.standing, "said twice"
            self.standing[match.id] = match
        else:
            assert self.standing.pop(match.id) is not None

    def _route(self, given: Input) -> Iterator[tuple[int, Input]]:
        if isinstance(given, Presence):
            yield crc32(spot(given.place, given.tag, self.frame.parts)) % self.partitions, given
        elif isinstance(given, Spread):
            yield crc32(given.exposure.spot) % self.partitions, given
        elif isinstance(given, Contact):
            yield crc32(given.tag) % self.partitions, given
        else:
            for number in range(self.partitions):
                yield number, given
