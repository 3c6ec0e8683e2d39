"""Lines, receipts, and the count of what was answered."""

from __future__ import annotations

import io
from typing import Any

from fuma.contracts.cloudevents import MAX_EVENT
from fuma.feed.answers import RowIndex, Tally
from fuma.feed.lines import json_lines, receipt_number


def answer(accepted: list[tuple[int, int]], refused: list[int], **more: Any) -> dict[str, Any]:
    return {
        "accepted": [{"first": a, "last": b} for a, b in accepted],
        "refused": [{"row": r} for r in refused],
        "rows": 0,
        "closed": False,
        "code": "",
        **more,
    }


def test_answers_given_twice_count_once() -> None:
    tally, told = Tally(), list[int]()
    tell = lambda one: told.append(one["row"])  # noqa: E731
    tally.add(answer([(1, 60)], [61, 61]), tell)
    tally.add(answer([(1, 60), (62, 100)], [61, 61]), tell)  # the gateway started again
    tally.add(answer([(90, 120)], []), tell)
    assert (tally.accepted, tally.refused, tally.answered) == (119, 1, 120)
    assert told == [61, 61]


def test_staged_rows_are_seen_and_not_answered() -> None:
    tally = Tally()
    tally.add(answer([], [], rows=500), lambda _: None)
    assert (tally.seen, tally.answered, tally.closed) == (500, 0, False)
    tally.add(answer([], [], rows=159, closed=True, code="incomplete-batch"), lambda _: None)
    assert (tally.closed, tally.code) == (True, "incomplete-batch")


def test_lines_blank_long_and_marked() -> None:
    data = b"\xef\xbb\xbf{}\n\n" + b"x" * (3 * MAX_EVENT) + b"\n  {} \r\n{}"
    found = list(json_lines(io.BytesIO(data)))
    assert [(line.row, line.event) for line in found] == [
        (1, b"{}"),
        (3, None),
        (4, b"{}"),
        (5, b"{}"),
    ]
    assert found[1].faults[0].code == "too-long"


def test_receipts() -> None:
    one = receipt_number("health", b"d" * 32)
    assert one == receipt_number("health", b"d" * 32)
    assert one != receipt_number("command", b"d" * 32)
    assert one.startswith("R-")
    assert len(one) == 26


def test_the_row_of_a_report() -> None:
    index = RowIndex()
    assert [index.add(row) for row in (2, 2, 5)] == [1, 2, 3]
    assert [index.row(n) for n in (1, 2, 3)] == [2, 2, 5]
    assert index.add(9) == 4
    assert index.row(4) == 9
    index.close()
