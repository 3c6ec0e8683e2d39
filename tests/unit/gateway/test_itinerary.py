"""What the comparison is told by the door: of whom, once, and nothing of what breaks a rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from doorkit import area, case, event, name, number, presence, ride
from fuma.contracts.codec import decode
from fuma.contracts.facts import decode_feed
from fuma.contracts.presence import broadcast_keys, decode_presence, records_of
from fuma.contracts.topics import ITINERARY, PRESENCE, spec
from fuma.domain.comparison.events import Area, Case, Input, Presence
from fuma.domain.comparison.place import name as place_name
from fuma.domain.ids import case_id, report_id
from fuma.domain.time import DAY, day_start
from fuma.processor.itinerary import Itinerary
from gatewaykit import Small

SENT = {"communications": presence, "transport": ride, "health": case, "command": area}
TRAIN = ride(1)["data"]["place"]
SCANNED = {"kind": "venue-scan", "number": "venue-4101-0007"}
DOOR = "//henan.example"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    made.vault.load([(number(1), name(1))])
    return made


def told(small: Small) -> dict[bytes, Input]:
    """By key and id: a repeat must be the same to the byte."""
    found: dict[bytes, bytes] = {}
    for raw in small.all(ITINERARY):
        item: Any = decode_presence(raw.value)
        mark = raw.key + item.id + getattr(item, "place", b"") + bytes([item.revision])
        assert found.setdefault(mark, raw.value) == raw.value, "a repeat with another content"
    return {mark: decode_presence(value) for mark, value in found.items()}


def codes(small: Small, department: str) -> set[str]:
    return {
        one["code"]
        for raw in small.all(f"fuma.answers.{department}")
        for one in decode("answer", raw.value)["refused"]
    }


def test_each_department_says_its_own(small: Small) -> None:
    for department, make in SENT.items():
        small.send("R-1", [make(1)], None, department)
    assert not small.live(0, False)
    for department in SENT:
        assert small.tally("R-1", department).accepted == 1
    tag = small.vault._tag(number(1))
    items = {type(item): item for item in told(small).values()}
    assert set(items) == {Presence, Case, Area}
    stays = [item for item in told(small).values() if isinstance(item, Presence)]
    assert {(s.kind, s.department, s.identity) for s in stays} == {
        ("signal", "communications", "matched"),
        ("ticket", "transport", "matched"),
    }
    assert all(s.tag == tag for s in stays)
    ill = items[Case]
    assert isinstance(ill, Case)
    report = report_id("health", f"{DOOR}/cdc", "case-1")
    assert (ill.id, ill.tag) == (case_id(report, tag), tag)
    onset = day_start(date(2022, 6, 12))
    assert (ill.since, ill.until) == (onset - 2 * DAY, onset + 2 * DAY + 8 * 3_600_000 + 1_800_000)
    # nothing of them is on a feed, whose facts end on a record that is kept for good
    assert not [raw for d in SENT for raw in small.all(f"fuma.feed.{d}")]


def test_a_confirmed_finding_may_be_the_case_as_well(small: Small) -> None:
    small.send("R-1", [event(1, onset="2022-06-12", isolated="2022-06-14T08:30:00+08:00")], None)
    small.send("R-2", [event(2)], None)
    assert not small.live(0, False)
    assert len(small.all("fuma.feed.health")) == 2
    (ill,) = told(small).values()
    assert isinstance(ill, Case)
    fact = decode_feed(small.all("fuma.feed.health")[0].value)
    tag = small.vault._tag(number(1))
    assert ill.id == case_id(report_id("health", f"{DOOR}/cdc", "case-1"), tag)
    # the same source and id as a case, with a revision, takes the case back
    gone = {**case(1, revision=1, withdrawn=True), "id": "case-1", "source": f"{DOOR}/cdc"}
    small.send("R-3", [gone], None)
    assert not small.live(0, False)
    last = max((i for i in told(small).values() if isinstance(i, Case)), key=lambda i: i.revision)
    assert (last.id, last.gone) == (ill.id, True)
    assert fact.breaches == ()


def test_whom_a_case_under_another_name_met_is_not_asked(small: Small) -> None:
    wrong = {"name": "另一人"}
    ill = {"onset": "2022-06-12", "isolated": "2022-06-14T08:30:00+08:00"}
    small.send("R-1", [event(1, **ill, **wrong), case(1, **wrong), case(2)], None)
    assert not small.live(0, False)
    tally = small.tally("R-1")
    assert (tally.accepted, tally.refused, tally.closed) == (3, 0, True)
    (other,) = told(small).values()  # of nobody in the register: nobody else can be meant
    assert isinstance(other, Case)
    assert other.tag == small.vault._tag(number(2))
    (letter,) = small.all("fuma.dlq.in")
    assert b"name-mismatch" in (letter.header("__streams.errors.message") or b"")
    assert len(small.all("fuma.feed.health")) == 1  # the finding, which codes holds


def test_a_stay_that_moves_is_taken_back_where_it_was(small: Small) -> None:
    there = {"cell": "4829/40876"}
    small.send("R-1", [presence(1, revision=2, was=there)], None, "communications")
    assert not small.live(0, False)
    old, new = (decode_presence(raw.value) for raw in small.all(ITINERARY))
    assert isinstance(old, Presence)
    assert isinstance(new, Presence)
    assert (old.gone, new.gone, old.revision, new.revision) == (True, False, 2, 2)
    assert place_name(old.place) == "cell 4829/40876"


@pytest.mark.parametrize(
    ("department", "made", "code"),
    [
        ("transport", presence(1), "not-owner"),
        ("communications", case(1), "not-owner"),
        ("health", area(1), "not-owner"),
        ("communications", ride(1), "not-owner"),
        ("communications", presence(1, place=TRAIN), "place-not-of-evidence"),
        ("communications", presence(1, evidence=SCANNED), "not-presence"),
        ("communications", presence(1, until="2022-06-14T09:30:00+08:00"), "not-over"),
        ("communications", presence(1, **{"from": "2022-06-09"}), "stay-too-long"),
        (
            "communications",
            presence(1, **{"from": "2022-05-30", "until": "2022-05-30"}),
            "over-too-long",
        ),
        ("communications", presence(1, until="2022-06-14T06:00:00+08:00"), "until-before-from"),
        ("health", case(1, isolated="2022-06-16"), "not-over"),
        ("health", case(1, isolated="2022-05-30"), "over-too-long"),
        ("health", {**case(1), "time": "2022-05-30T09:00:00+08:00"}, "reported-too-late"),
        ("command", {**area(1), "time": "2022-05-30T09:00:00+08:00"}, "reported-too-late"),
        ("health", case(1, ground="close-contact"), "ground-not-in-force"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_ends_at_the_door(
    small: Small, department: str, made: dict[str, Any], code: str
) -> None:
    small.send("R-1", [made], None, department)
    assert not small.live(0, False)
    assert code in codes(small, department)
    tally = small.tally("R-1", department)
    assert (tally.accepted, tally.refused, tally.closed) == (0, 1, True)
    assert not small.all(ITINERARY)
    assert not small.all(f"fuma.feed.{department}")
    (letter,) = small.all("fuma.dlq.in")
    assert number(1).encode() not in letter.value  # as it was sealed


def test_a_finding_that_is_no_case_by_law_says_so_and_is_recorded(small: Small) -> None:
    suspected = event(
        1, ground="suspected", onset="2022-06-12", isolated="2022-06-14",
        evidence={"kind": "clinical-report", "number": "C-1"},
    )  # fmt: skip
    small.send("R-1", [suspected], None)
    assert not small.live(0, False)
    assert decode_feed(small.all("fuma.feed.health")[0].value).breaches == ("not-traced",)
    assert not small.all(ITINERARY)


def test_a_withdrawal_is_heard_however_old_the_stay(small: Small) -> None:
    old = {"from": "2022-05-30", "until": "2022-05-30", "revision": 1, "withdrawn": True}
    small.send("R-1", [presence(1, **old)], None, "communications")
    assert not small.live(0, False)
    (item,) = told(small).values()
    assert isinstance(item, Presence)
    assert item.gone


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 14))
def test_a_crash_at_each_write(small: Small, at: int, after: bool) -> None:
    bad = [presence(9, until=None)]
    small.send("R-1", [presence(i) for i in range(1, 12)] + bad, None, "communications")
    small.send("R-2", [ride(i) for i in range(20, 29)], 9, "transport")
    small.send("R-3", [event(1, onset="2022-06-12", isolated="2022-06-14")], None)
    small.live(at, after)
    for _ in range(3):
        if not small.live(0, False):
            break
    items = told(small)
    assert len(items) == 11 + 9 + 1
    assert {i.id for i in items.values() if isinstance(i, Presence)} == {
        *(report_id("communications", f"{DOOR}/mobile", f"presence-{i}") for i in range(1, 12)),
        *(report_id("transport", f"{DOOR}/rail", f"presence-{i}") for i in range(20, 29)),
    }
    tally = small.tally("R-1", "communications")
    assert (tally.accepted, tally.refused, tally.closed) == (11, 1, True)
    assert small.tally("R-2", "transport").accepted == 9


def test_the_task_force_puts_each_where_it_is_compared(small: Small) -> None:
    for department, make in SENT.items():
        small.send("R-1", [make(1)], None, department)
    assert not small.live(0, False)
    stage, count = Itinerary(), spec(PRESENCE).partitions
    for raw in small.all(ITINERARY):
        item = decode_presence(raw.value)
        emitted = stage.transform(raw)
        assert {emit.topic for emit in emitted} == {PRESENCE}
        assert [(e.key, e.value) for e in emitted] == list(records_of(item, count))
        if not isinstance(item, Presence):
            assert [e.key for e in emitted] == list(broadcast_keys(count))
