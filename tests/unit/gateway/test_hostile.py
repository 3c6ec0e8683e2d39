"""A department with a key of its own that writes what its client never would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorkit import event
from fuma.contracts.codec import decode, encode
from fuma.contracts.facts import decode_feed
from fuma.contracts.sealing import plain_number
from fuma.contracts.topics import partition_for
from fuma.domain.codes.events import Fact
from fuma.domain.time import DAY
from fuma.gateway.intake import Intake
from fuma.runtime.mac import pack_time
from fuma.runtime.ports import Outgoing
from gatewaykit import NOW, TOPIC, Small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def write(small: Small, receipt: str, number: int, at: int, declared: int | None) -> None:
    """A row as the department's own key vouches for it."""
    key = receipt.encode()
    fields: dict[str, Any] = {
        "receipt": receipt, "kind": "row", "row": number, "declared": declared, "enc": bytes(32),
        "sealed": b"no",
    }  # fmt: skip
    value = encode("sealed-row", fields)
    sealer = Intake(small.world.id, small.mac_key, simulated=True).sealers["health"]
    headers = sealer.headers(TOPIC, key, value, time=pack_time(at))
    small.log.append([Outgoing(TOPIC, partition_for(key, 8), key, value, headers)])


def facts(small: Small) -> list[Fact]:
    return [decode_feed(r.value) for r in small.all("fuma.feed.health")]


@pytest.mark.parametrize("declared", [None, 0, -5, 3, (1 << 63) - 1])
@pytest.mark.parametrize("number", [-1, 0, (1 << 63) - 1, -(1 << 63)])
def test_no_row_number_stops_the_door(small: Small, number: int, declared: int | None) -> None:
    write(small, "R-BAD", number, NOW, declared)
    small.send("R-BAD", [event(1)], None)
    small.live(0, False)
    assert len(facts(small)) == 1


@pytest.mark.parametrize("at", [(1 << 64) - 1, 1 << 63, 253402300800000])
def test_a_log_time_that_no_calendar_has_moves_nothing(small: Small, at: int) -> None:
    write(small, "R-BAD", 1, at, None)
    small.send("R-BAD", [event(1)], None)
    small.live(0, False)
    assert len(facts(small)) == 1
    assert small.all("fuma.dlq.in")
    assert max(int.from_bytes(r.header("fuma-time"), "big") for r in small.all("fuma.law")) == NOW


@pytest.mark.parametrize("declared", [None, 1])
def test_a_department_cannot_push_the_clock_far_ahead(small: Small, declared: int | None) -> None:
    far = NOW + 40 * DAY
    small.send("R-0", [event(0)], None)
    small.send("R-FAR", [event(1)], declared, at=far)
    small.send("R-1", [event(2)], None, at=NOW + 20 * DAY)
    small.live(0, False)
    assert len(facts(small)) == 2
    times = [int.from_bytes(r.header("fuma-time"), "big") for r in small.all("fuma.law")]
    assert max(times) == NOW + 20 * DAY
    tally = small.tally("R-FAR")
    assert (tally.accepted, tally.closed) == (0, True)
    said = {one["code"] for raw in small.all("fuma.answers.health")
            for one in decode("answer", raw.value)["refused"]}  # fmt: skip
    assert said == {"time-jump"}
    assert small.all("fuma.dlq.in")
    assert all(
        int.from_bytes(r.header("fuma-time"), "big") <= NOW + 20 * DAY
        for topic in ("fuma.answers.health", "fuma.feed.health", "fuma.signals")
        for r in small.all(topic)
    )


@pytest.mark.parametrize(
    "number",
    [
        "zz-cdc - 2022",
        "ＺＺ－ＣＤＣ－２０２２",
        "ZZ-CDC\u200b-2022",
        "ZZ‐CDC–2022",
        "ZZ-CDC-２０22\ufe0f",
    ],
)
def test_a_number_written_otherwise_is_the_same_evidence(small: Small, number: str) -> None:
    assert plain_number(number) == "zz-cdc-2022"
    small.send("R-1", [numbered(1, "ZZ-CDC-2022"), numbered(1, number)], None)
    small.live(0, False)
    one, other = facts(small)
    assert one.evidence_ref == other.evidence_ref != b""


@pytest.mark.parametrize("number", ["\u200b", "\u2060\ufeff", "-", "——", "…", "\u0301"])
def test_a_number_without_letter_or_digit_is_no_evidence(small: Small, number: str) -> None:
    small.send("R-1", [numbered(1, number)], None)
    small.live(0, False)
    (one,) = facts(small)
    assert one.evidence_ref == b""
    assert {"no-evidence", "missing"} & set(one.breaches)


@pytest.mark.parametrize("reporter", ["\u200b", "\u00ad\u200d", "\u0301"])
def test_nobody_reports_unseen(small: Small, reporter: str) -> None:
    small.send("R-1", [event(1, reporter=reporter)], None)
    small.live(0, False)
    assert facts(small)[0].breaches == ("missing",)


def numbered(i: int, number: str) -> dict[str, Any]:
    return event(i, evidence={"kind": "diagnosis-report", "number": number})


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_a_number_in_ascii_is_compared_as_any_other(number: str) -> None:
    assert plain_number(number) == plain_number(number + "\N{ZERO WIDTH SPACE}")
