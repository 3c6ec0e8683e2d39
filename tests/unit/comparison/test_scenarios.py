"""Scenarios of DOMAIN.md that the comparison carries, by number."""

from __future__ import annotations

from dataclasses import replace

from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.domain.codes.decide import advance
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.state import EMPTY
from fuma.domain.colour import Colour
from fuma.domain.comparison.disparity import disparities, trajectory
from fuma.domain.comparison.events import SCAN, Passed, Stay, StayTaken
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, MINUTE, Ms
from unit.comparison.making import NOON, VILLAGE, matches, sick, stay, tag, tell
from unit.domain.making import RULES, fact


def test_scenario_16_scan_of_a_forwarded_venue_code_is_no_presence() -> None:
    """The code hangs where a case was; who scans it is at home, far away."""
    said = tell(
        stay("p1", "case"),
        sick("case"),
        stay("scan", "depositor", kind=SCAN),
        stay("home", "depositor", VILLAGE),
    )
    assert Passed("weak") in said
    assert matches(said) == []
    # Who was there matches, whether a code was scanned or not.
    assert [
        m.tag for m in matches(tell(stay("p1", "case"), sick("case"), stay("p2", "other")))
    ] == [tag("other")]


def test_scenario_19_same_trajectory_one_red_is_reported() -> None:
    told = tell(
        *(
            stay(f"{who}-{i}", who, place)
            for who in ("a", "b", "c")
            for i, place in enumerate((VILLAGE,) if who == "c" else (VILLAGE, VILLAGE))
        )
    )
    stays: dict[bytes, list[Stay]] = {}
    for event in told:
        if isinstance(event, StayTaken):
            stays.setdefault(event.stay.tag, []).append(event.stay)
    paths = {who: trajectory(its, NOON - 14 * DAY, NOON + DAY) for who, its in stays.items()}
    found = disparities(paths, {tag("a"): {"inbound"}})
    assert [(d.ground, d.held, d.spared) for d in found] == [("inbound", (tag("a"),), (tag("b"),))]
    assert disparities(paths, {tag("a"): {"inbound"}, tag("b"): {"inbound"}}) == []


def test_scenario_19_the_comparison_itself_makes_no_difference() -> None:
    said = tell(stay("p1", "case"), stay("p2", "a"), sick("case"), stay("p3", "b"))
    one, other = matches(said)
    assert {one.tag, other.tag} == {tag("a"), tag("b")}
    one, other = (m._replace(id=b"", tag=b"", stay_digest=b"") for m in (one, other))
    assert one == other


def _colour(begin: str) -> Colour | None:
    """The colour of a companion in Nanning whose overlap was that day, an hour later."""
    noon: Ms = instant(begin + "T12:00:00+08:00")
    said = tell(
        stay("p1", "case", since=noon),
        stay("p2", "companion", since=noon + 50 * MINUTE, lasts=30 * MINUTE),
        sick("case", noon - DAY, noon + DAY)._replace(issued=noon + 90 * MINUTE),
        at=noon + 90 * MINUTE,
    )
    (match,) = matches(said)
    assert match.until - match.since == 10 * MINUTE
    texts = [t for t in load_folder(RULES) if t.division == "" or t.name == "45/companions"]
    report = replace(
        fact(
            "match",
            match.ground,
            begin,
            match.evidence,
            department="public-security",
            division=match.division,
        ),
        id=match.id,
        since=match.since,
        reported=match.until,
    )
    at = noon + 120 * MINUTE
    decision, _ = advance(EMPTY, report, at, law_of_texts(texts))
    assert decision is not None
    return colour_at(decision.schedule, at + MINUTE)


def test_scenario_33_the_same_overlap_is_red_under_guangxi_1_and_yellow_under_2() -> None:
    assert _colour("2022-06-14") is Colour.RED
    assert _colour("2022-07-14") is Colour.YELLOW
