"""A real world: log time is the broker's, ticks come by the clock, and 2022 is long ago."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from doorkit import Door, event
from fuma.contracts.codec import decode
from fuma.domain.time import MINUTE, SHANGHAI


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    made = Door(simulated=False)
    made.open()
    yield made
    made.close()


def test_an_old_report_is_too_old_and_no_law_bears_it(door: Door) -> None:
    summary, refused = door.report([event(1)])
    assert (summary.accepted, summary.refused) == (0, 1)
    assert ("time", "too-old", True) in {(r.field, r.code, r.recorded) for r in refused}
    (fact,) = door.facts()
    assert "too-old" in fact.breaches


def test_records_carry_no_time_of_their_own(door: Door) -> None:
    made = event(2)
    made["time"] = datetime.now(SHANGHAI).isoformat(timespec="seconds")
    door.report([made])
    for topic in ("fuma.in.health", "fuma.feed.health", "fuma.answers.health"):
        assert all(r.header("fuma-time") is None for r in door.records(topic, "admin"))


@pytest.mark.slow
def test_a_tick_by_the_clock(door: Door) -> None:
    deadline = time.monotonic() + 75
    ticks: list[int] = []
    while not ticks and time.monotonic() < deadline:
        time.sleep(1)
        found = [decode("law", r.value) for r in door.records("fuma.law")]
        ticks = [one["at"] for one in found if one["kind"] == "tick"]
    assert ticks
    assert ticks[-1] % MINUTE == 0
    assert abs(ticks[-1] - time.time() * 1_000) < 2 * MINUTE
