"""Histories over random ledgers: equal to the platform at every moment; breaks are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.audit.history import DecisionRecord, History, Place, colour_at, history
from fuma.audit.names import Names
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.topics import DECISIONS, partition_for
from fuma.domain.time import DAY, HOUR
from unit.sink.rig import COUNT, START, Rig


def _decisions(rig: Rig, tag: bytes) -> list[DecisionRecord]:
    number = partition_for(tag, COUNT)
    return [
        DecisionRecord(
            Place(r.topic, r.partition, r.offset), r.value or b"", decode_ledger(r.value)
        )
        for r in rig.log.records[DECISIONS, number]
        if r.key == tag
    ]


def _history(rig: Rig, tag: bytes, at: int | None = None) -> History:
    return history(tag, (), _decisions(rig, tag), Names(), at=at)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_equal_to_the_platform_at_every_moment(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rig = Rig(tmp_path_factory.mktemp("history"), seed)
    tags = rig.live(4, 40)
    rig.drain()
    for tag in tags:
        found = _history(rig, tag)
        assert found.intact
        for at in range(START - DAY, rig.platform.now() + 40 * DAY, 7 * HOUR):
            colour = colour_at(found, at)
            assert rig.platform.colour(tag, at) == ("none" if colour is None else colour.word)
            if at <= rig.platform.now():
                assert colour_at(_history(rig, tag, at), at) is colour


def test_the_timeline_says_what_colour_at_says(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 21)
    reds = 0
    for tag in rig.live(4, 60):
        found = _history(rig, tag)
        for span in found.spans:
            end = span.until or span.since + DAY
            for at in (span.since, (span.since + end) // 2, end - 1):
                assert colour_at(found, at) is span.colour
            reds += span.colour == 2
    assert reds


def test_as_it_stood_then_has_nothing_that_came_later(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 22)
    tag = max(rig.live(3, 60), key=lambda t: len(rig.author.decisions.get(t, ())))
    whole = _history(rig, tag)
    middle = whole.schedules[len(whole.schedules) // 2][0]
    then = _history(rig, tag, middle)
    assert then.entries == tuple(e for e in whole.entries if e.recorded <= middle)
    assert len(then.entries) < len(whole.entries)


@pytest.mark.parametrize("what", ["skipped", "another", "prev"])
def test_a_break_is_told_and_nothing_behind_it_believed(tmp_path: Path, what: str) -> None:
    rig = Rig(tmp_path, 23)
    tag = max(rig.live(3, 60), key=lambda t: len(rig.author.decisions.get(t, ())))
    records = _decisions(rig, tag)
    if what == "skipped":
        del records[3]
    elif what == "another":
        again = replace(records[2], value=records[2].value + b"x")
        records.insert(3, again)
    else:
        records[3] = replace(records[3], record=replace(records[3].record, prev=bytes(32)))
    found = history(tag, (), records, Names())
    assert not found.intact
    assert len(found.schedules) == 3


def test_repeats_are_told_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 24)
    tag = rig.live(2, 30)[0]
    records = _decisions(rig, tag)
    assert history(tag, (), records + records, Names()).entries == _history(rig, tag).entries
