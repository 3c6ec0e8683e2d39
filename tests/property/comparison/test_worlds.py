"""The comparison is equal to the slow reference, in whatever order the world is told."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.domain.comparison.events import Area, Case, Input, Presence
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import DAY
from property.comparison.reference import everything, seen
from property.comparison.world import START, Line, histories

#: All of it is over, and nothing is two weeks old.
NOW = START + 2 * DAY


@settings(max_examples=600, deadline=None)
@given(histories(), st.integers(1, 3), st.integers(1, 2), st.booleans())
def test_equal_to_the_reference(
    history: list[Input], partitions: int, parts: int, restart: bool
) -> None:
    line = Line(frame=Frame(parts=parts), partitions=partitions, restart=restart)
    for record in history:
        line.hear(record, NOW)
    expected = everything([(record, NOW) for record in history], parts)
    assert Counter(seen(m) for m in line.standing.values()) == expected


@settings(max_examples=400, deadline=None)
@given(histories(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_order_repeats_and_partitions_do_not_matter(
    history: list[Input], random: Random, partitions: int
) -> None:
    told: dict[object, Input] = {}
    for record in history:  # no two contents under one id and revision: those go by order
        place = record.place if isinstance(record, Presence) else b""
        assert isinstance(record, Presence | Case | Area)
        told.setdefault((type(record), record.id, place, record.revision), record)
    one, other = Line(), Line(partitions=partitions, restart=True)
    for record in told.values():
        one.hear(record, NOW)
    again = [*told.values(), *told.values()]
    random.shuffle(again)
    for record in again:
        other.hear(record, NOW)
    assert one.standing == other.standing
