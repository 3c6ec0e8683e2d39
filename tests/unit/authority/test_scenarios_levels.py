"""Guangxi's five levels and their accounts: the domain's scenarios by number, on the pure core."""

from __future__ import annotations

import pytest

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.ids import by_name
from fuma.domain.time import HOUR
from unit.authority.making import (
    apply,
    found,
    guangxi,
    h,
    line,
    office,
    refusal,
)


def test_scenario_07_level_4_at_an_airport_converts_who_was_there_within_a_day() -> None:
    p = guangxi()
    place = "450102002"
    seen = [
        line(1, place, venue="airport", seen=p.at - 23 * HOUR),
        line(2, place, venue="airport", seen=p.at - 25 * HOUR),
        line(3, place),
    ]
    events = p.draft("gate", "form", seen, place)
    assert [(x.line, x.code) for x in found(events, e.LineSettled)] == [
        (1, "not-at-venue"), (2, "not-at-venue")
    ]  # fmt: skip
    (effected,) = found(events, e.Effected)
    assert isinstance(effected, e.Effected)
    assert effected.lines == 1


def test_a_single_officer_converts_only_what_another_person_reported() -> None:
    p = guangxi()
    own = p.draft("four", "own", [line(1, "450102001", reporter=h("D"))], "450102001")
    assert [x.code for x in found(own, e.LineSettled)] == ["four-eyes"]
    nobody = p.draft("four", "nobody", [line(1, "450102001", reporter=b"")], "450102001")
    # A name might be the signer's own.
    named = p.draft("four", "named", [line(1, "450102001", reporter=by_name(h("X")))], "450102001")
    for events in (nobody, named):
        assert [x.code for x in found(events, e.LineSettled)] == ["one-person"]
    assert not found(own + nobody + named, e.Effected)


@pytest.mark.parametrize("officer", ["five", "grid", "collector"])
def test_scenario_08_and_09_level_5_grid_administrators_and_collectors_are_denied(
    officer: str,
) -> None:
    p = guangxi()
    division = {"five": "450102001001"}.get(officer, "450102")
    assert "not-your-step" in refusal(p.draft(officer, "form", [line(1, division)], division))
    assert not p.state.orders


def test_levels_1_to_4_convert_within_their_area() -> None:
    for officer, division in (
        ("one", "4502"), ("two", "450102"), ("three", "450102001"), ("four", "450102001001"),
    ):  # fmt: skip
        p = guangxi()
        assert found(p.draft(officer, "form", [line(1, division)], division), e.Effected), officer
        outside = p.draft(officer, "other", [line(2, "4601")], "4601")
        assert "outside-jurisdiction" in refusal(outside)


def test_scenario_11_a_skipped_level_is_refused() -> None:
    p = guangxi()
    apply(p, "new-four", "division-administrator", "street")
    application = h("application new-four")
    two = p.send("two", c.ReviewApplication(application, True, ""))
    assert refusal(two) == ("not-yours-to-open",)
    assert refusal(p.send("four", c.ReviewApplication(application, True, "")))
    assert refusal(p.send("two-b", c.ReviewApplication(application, True, "")))
    assert found(p.send("three", c.ReviewApplication(application, True, "")), e.AccountOpened)
    assert found(p.draft("new-four", "f", [line(1, "450102001")], "450102001"), e.Effected)


def test_each_level_opens_the_next_and_grid_administrators_of_its_own() -> None:
    p = guangxi()
    for opener, name, role, where in (
        ("one", "n2", "division-administrator", "nanning"),
        ("two", "n3", "division-administrator", "xingning"),
        ("three", "n4", "division-administrator", "airport"),
        ("four", "n5", "division-administrator", "village"),
        ("three", "ng", "grid-administrator", "mall"),
        ("grid", "nc", "collector", "mall"),
    ):
        apply(p, name, role, where)
        events = p.send(opener, c.ReviewApplication(h(f"application {name}"), True, ""))
        assert found(events, e.AccountOpened), name
    assert p.replayed() == p.state


def test_a_closed_officer_and_an_ended_key_count_no_more() -> None:
    p = guangxi()
    p.send("two", c.CloseAccount("three", "left office"))
    assert refusal(p.draft("three", "f", [line(1, "450102")], "450102")) == ("key-ended",)
    p.send("two", c.RotateKey("key two, second"))
    assert refusal(p.draft("two", "f", [line(1, "4501")], "4501")) == ("key-ended",)
    command = c.OpenOffice(office("qingxiu", "division-administration", "450103"))
    assert refusal(p.send("two", command, key="key two, second")) == ()
    assert refusal(p.send("one", c.RevokeKey("key two, second", "lost"))) == ()
    assert refusal(p.send("two", c.CloseOffice("qingxiu", ""), key="key two, second")) == (
        "key-ended",
    )
    assert p.replayed() == p.state
