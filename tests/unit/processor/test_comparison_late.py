"""What is corrected or withdrawn late, and what comes in pieces, through the task force's stage."""

from __future__ import annotations

import pytest

from fuma.contracts.presence import decode_presence, encode_presence
from fuma.contracts.topics import ITINERARY
from fuma.domain.comparison.events import Case, Presence
from fuma.domain.comparison.settings import Frame, Law, Settings
from fuma.domain.time import DAY, HOUR, MINUTE, Ms
from fuma.processor.itinerary import Itinerary
from fuma.runtime.ports import LogRecord
from property.comparison.world import PLACES, START, Line, ident, rule, tag

FRAME = Frame(parts=4)
CELL, FAR = PLACES[0], PLACES[2]
T = START


class Plain:
    """Ten minutes; a contact's contacts count for two weeks."""

    def settings(self, division: str, at: Ms) -> Settings | None:
        met = rule("companion", "spatiotemporal-companion", "secondary-contact")
        return Settings(companion=met, chain=14 * DAY)


class World:
    """A line of partitions behind the task force's stage."""

    def __init__(self, partitions: int = 3, law: Law | None = None) -> None:
        self.line = Line(law=law or Plain(), frame=FRAME, partitions=partitions)
        self.stage = Itinerary()

    def tell(self, item: Presence | Case, at: Ms) -> None:
        record = LogRecord(ITINERARY, 0, 0, at, item.tag, encode_presence(item), ())
        heard = {emit.value: decode_presence(emit.value) for emit in self.stage.transform(record)}
        for one in heard.values():
            self.line.hear(one, at)

    def stands(self) -> list[tuple[int, int]]:
        """Person and depth of each match."""
        return sorted((m.tag[0], m.depth) for m in self.line.standing.values())


def stay(
    number: int, who: int, since: Ms, lasts: Ms, place: bytes = CELL, **more: object
) -> Presence:
    made = Presence(ident("p", number), 0, tag(who), place, "410105", since, since + lasts)
    return made._replace(**more)  # type: ignore[arg-type]


def ill(issued: Ms, revision: int = 0, until: Ms = T + DAY, gone: bool = False) -> Case:
    return Case(ident("c", 0), revision, tag(0), T - DAY, until, issued, gone)


def gone(one: Presence) -> Presence:
    return one._replace(revision=one.revision + 1, gone=True)


@pytest.mark.parametrize("late", [15 * DAY, 30 * DAY, 44 * DAY])
@pytest.mark.parametrize("whose", ["the person's", "the case's"])
def test_a_stay_withdrawn_when_it_has_long_gone_takes_its_match_back(whose: str, late: Ms) -> None:
    world = World()
    mine, theirs = stay(1, 5, T, HOUR), stay(0, 0, T, HOUR)
    for item in (mine, theirs, ill(T + DAY)):
        world.tell(item, T + DAY)
    assert world.stands() == [(5, 0)]
    world.tell(gone(mine if whose == "the person's" else theirs), T + DAY + late)
    assert world.stands() == []


@pytest.mark.parametrize("whose", ["the person's", "the case's"])
def test_a_long_stay_withdrawn_when_its_encounter_is_old(whose: str) -> None:
    world, long = World(), 4 * DAY
    mine, theirs = stay(1, 5, T, long), stay(0, 0, T, long)
    told = T + 4 * DAY
    for item in (mine, theirs, ill(told, until=T + HOUR)):
        world.tell(item, told)
    assert world.stands() == [(5, 0)]
    world.tell(gone(mine if whose == "the person's" else theirs), T + 15 * DAY)
    assert world.stands() == []


def test_other_stays_of_the_same_case_stand_on() -> None:
    world = World()
    first, second = stay(1, 5, T, HOUR), stay(2, 6, T, HOUR)
    for item in (first, second, stay(0, 0, T, HOUR), ill(T + DAY)):
        world.tell(item, T + DAY)
    world.tell(gone(first), T + 20 * DAY)
    assert world.stands() == [(6, 0)]


def test_a_correction_to_something_too_old_takes_back_what_it_corrects() -> None:
    world = World()
    mine = stay(1, 5, T, HOUR)
    for item in (mine, stay(0, 0, T, HOUR), ill(T + 13 * DAY)):
        world.tell(item, T + 13 * DAY)
    assert world.stands() == [(5, 0)]
    world.tell(mine._replace(revision=1, since=T - 2 * DAY, until=T - DAY), T + 13 * DAY)
    assert world.stands() == []
    world.tell(mine, T + 13 * DAY)  # the one before, late
    assert world.stands() == []


def test_a_case_corrected_to_an_interval_that_is_too_old() -> None:
    world = World()
    for item in (stay(1, 5, T, HOUR), stay(0, 0, T, HOUR), ill(T + 13 * DAY)):
        world.tell(item, T + 13 * DAY)
    world.tell(ill(T + 13 * DAY, 1, until=T - 2 * DAY), T + 13 * DAY)
    assert world.stands() == []


@pytest.mark.parametrize("other", [6, 7, 8, 9])  # of the same part of the place, and of others
def test_a_stay_corrected_to_another_person_is_that_persons_alone(other: int) -> None:
    world = World()
    mine = stay(1, 5, T, HOUR)
    for item in (mine, stay(0, 0, T, HOUR), ill(T + DAY)):
        world.tell(item, T + DAY)
    world.tell(mine._replace(revision=1, tag=tag(other)), T + 2 * DAY)
    assert world.stands() == [(other, 0)]
    world.tell(mine._replace(revision=2), T + 2 * DAY)
    assert world.stands() == [(5, 0)]
    world.tell(mine._replace(revision=1, tag=tag(other)), T + 2 * DAY)
    assert world.stands() == [(5, 0)]


def pieces(*minutes: tuple[int, int], who: int = 5, first: int = 1) -> list[Presence]:
    return [
        stay(first + n, who, T + since * MINUTE, (until - since) * MINUTE)
        for n, (since, until) in enumerate(minutes)
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "matches"),
    [
        ([(0, 10)], [(0, 60)], 1),
        ([(0, 5), (5, 10)], [(0, 60)], 2),
        ([(0, 6), (4, 10)], [(0, 60)], 2),
        ([(0, 5), (5, 9)], [(0, 60)], 0),
        ([(0, 5), (6, 11)], [(0, 60)], 0),
        ([(0, 6), (0, 6)], [(0, 60)], 0),
        ([(0, 60)], [(0, 5), (5, 10)], 2),
        ([(0, 5), (5, 10)], [(0, 5), (5, 10)], 2),
        ([(0, 30), (30, 35)], [(0, 60)], 1),
        ([(0, 3), (3, 6), (6, 9), (8, 10)], [(0, 60)], 4),
    ],
)
@pytest.mark.parametrize("case_first", [True, False])
def test_ten_minutes_in_pieces(
    mine: list[tuple[int, int]], theirs: list[tuple[int, int]], matches: int, case_first: bool
) -> None:
    world = World()
    told = [*pieces(*mine), *pieces(*theirs, who=0, first=50)]
    for item in [ill(T + DAY), *told] if case_first else [*told, ill(T + DAY)]:
        world.tell(item, T + DAY)
    assert world.stands() == [(5, 0)] * matches
    if matches > 1:
        world.tell(gone(told[0]), T + DAY)
        assert world.stands() == [], "what is left is too short"
        world.tell(told[0]._replace(revision=2), T + DAY)
        assert world.stands() == [(5, 0)] * matches


def test_a_late_presence_meets_a_contact_as_one_in_time_does() -> None:
    for told in (T + 8 * DAY, T + 15 * DAY, T + 20 * DAY):
        world = World()
        for item in (stay(0, 0, T, HOUR), stay(1, 1, T, HOUR), ill(T + 2 * HOUR)):
            world.tell(item, T + 2 * HOUR)
        week = T + 7 * DAY
        world.tell(stay(2, 1, week, HOUR, FAR), week + DAY)
        world.tell(stay(3, 2, week, HOUR, FAR), told)
        assert world.stands() == [(1, 0), (2, 1)], told


def test_an_annulled_case_leaves_no_contact_that_counts() -> None:
    world, week = World(), T + 6 * DAY
    for item in (stay(0, 0, T, HOUR), stay(1, 1, T, HOUR), ill(T + 5 * DAY)):
        world.tell(item, T + 5 * DAY)
    world.tell(stay(2, 1, week, HOUR, FAR), week + DAY)
    world.tell(ill(T + 15 * DAY, 1, gone=True), T + 15 * DAY)
    assert world.stands() == []
    world.tell(stay(3, 2, week, HOUR, FAR), T + 15 * DAY + HOUR)
    assert world.stands() == []


def test_a_case_that_is_said_again_takes_nothing_back() -> None:
    """Its interval has long been over, and so have the encounters; its own stay has not."""
    world, long = World(), 4 * DAY
    told = T + 4 * DAY
    for item in (*(stay(n, n, T, long) for n in range(1, 9)), stay(0, 0, T, long)):
        world.tell(item, told)
    world.tell(ill(told, until=T + HOUR), told)
    there = world.stands()
    assert len({who for who, _ in there}) == 8
    for revision, at in enumerate((T + 14 * DAY, T + 15 * DAY, T + 17 * DAY, T + 25 * DAY), 1):
        world.tell(ill(at, revision, until=T + HOUR), at)
        assert world.stands() == there
    world.tell(ill(T + 26 * DAY, 9, gone=True), T + 26 * DAY)
    assert world.stands() == []


@pytest.mark.parametrize("partitions", [1, 8])
@pytest.mark.parametrize("mended", [{"identity": "matched"}, {"division": "410106"}])
def test_a_case_whose_name_or_division_is_mended_keeps_its_contacts(
    partitions: int, mended: dict[str, str]
) -> None:
    world, theirs = World(partitions), stay(0, 0, T, HOUR)
    for item in (*(stay(n, n, T, HOUR) for n in range(1, 5)), theirs, ill(T + DAY)):
        world.tell(item, T + DAY)
    there = world.stands()
    world.tell(theirs._replace(revision=1, **mended), T + DAY)
    assert world.stands() == there


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize(
    ("issued", "began", "at", "to"),
    [
        (T + 10 * DAY, T, T + 16 * DAY, None),  # the case counts yet, the stay has gone
        (T + 10 * DAY, T, T + 16 * DAY, T + 5 * DAY),  # the same, corrected and not withdrawn
        (T, T + 8 * HOUR, T + 14 * DAY + 2 * HOUR, None),  # the case has lapsed, the stay has not
    ],
)
def test_what_a_case_exposed_is_taken_back_at_every_part(
    partitions: int, issued: Ms, began: Ms, at: Ms, to: Ms | None
) -> None:
    world, theirs = World(partitions), stay(0, 0, began, HOUR)
    world.tell(ill(issued, until=max(issued, began + 4 * HOUR)), max(issued, began))
    for item in (theirs, *(stay(n, n, began, HOUR) for n in range(1, 5))):
        world.tell(item, began + HOUR)
    assert {who for who, depth in world.stands() if not depth} == {1, 2, 3, 4}
    mended = gone(theirs) if to is None else theirs._replace(revision=1, since=to, until=to + HOUR)
    world.tell(mended, at)
    assert world.stands() == []
