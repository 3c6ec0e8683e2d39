"""Scenarios by number, through real topics and processes: daily returns, Henan 2020."""

from __future__ import annotations

import pytest

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import DAY, HOUR, day_of
from orderkit import Actors

pytestmark = pytest.mark.slow


def test_scenario_37_declared_16000_arrived_159_is_quarantined_whole(henan: Actors) -> None:
    day = day_of(henan.now)
    assert (
        henan.say("police", c.PushItem("public-security", day, 16_000, 159, b"q" * 32)).codes == ()
    )
    [item] = henan.events(e.ItemPushed, department="public-security")
    assert item.status == "quarantined"
    assert henan.say("zz", c.CityReturn(day, (("public-security", b"q" * 32),))).codes == (
        "items-differ",
    )
    # Sent whole it is taken in; nobody sends another department's.
    assert henan.say("police", c.PushItem("public-security", day, 159, 159, b"w" * 32)).codes == ()
    other = henan.say("health", c.PushItem("education", day, 1, 1, b"x" * 32))
    assert other.codes == ("another-department",)


def test_scenario_36_a_citys_return_missing_at_18_is_overdue_and_escalated(henan: Actors) -> None:
    day = day_of(henan.now)
    assert henan.say("health", c.PushItem("health", day, 0, 0, b"n" * 32)).codes == ()
    items = (("health", b"n" * 32), ("public-security", b"w" * 32))
    assert henan.say("zz", c.CityReturn(day, items)).status == "accepted"
    [received] = henan.events(e.ReturnReceived, city="4101")
    assert (received.status, "education" in received.missing) == ("in-time", True)
    henan.until(day * DAY - 8 * HOUR + 18 * HOUR)
    [missing] = henan.events(e.ReturnMissing, day=day)
    assert missing.city == "4103"
    [overdue] = [x for x in henan.events(e.Overdue, what="return") if "4103" in x.name]
    assert overdue.level == "province"
    assert henan.say("ly", c.CityReturn(day, ())).status == "accepted"
    [late] = henan.events(e.ReturnReceived, city="4103")
    assert late.status == "late"
