"""Declared batches as a fold: pure steps, and the file that keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuma.gateway.batches import CHANGED, INCOMPLETE, Batch, Step, step
from fuma.gateway.intake import Row
from fuma.gateway.staging import Staging
from fuma.runtime.ports import LogRecord

TOPIC = "fuma.in.health"


def row(offset: int, number: int, declared: int | None = 3, *, end: bool = False) -> Row:
    raw = LogRecord(TOPIC, 0, offset, 1_000, b"R", b"", ())
    return Row(raw, "health", "R", b"run", number, declared, end, 1_000, b"", b"")


def fold(rows: list[Row]) -> tuple[Batch | None, list[Step]]:
    batch, steps = None, []
    for one in rows:
        batch, what = step(batch, one, one.at)
        steps.append(what)
    return batch, steps


def test_whole() -> None:
    batch, steps = fold([row(5, 1), row(6, 2), row(9, 3), row(10, 3, end=True)])
    assert steps == [Step.STAGED] * 3 + [Step.COMPLETE]
    assert batch is not None
    assert (batch.first, batch.last, batch.count) == (5, 10, 3)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row(0, 1), row(1, 1, end=True)], INCOMPLETE),
        ([row(0, 1), row(1, 2), row(2, 3), row(3, 4)], INCOMPLETE),
        ([row(0, 1), row(1, 3), row(2, 3, end=True)], INCOMPLETE),  # one was lost
        ([row(0, 1), row(1, 2, 4)], CHANGED),
        ([row(0, 1), row(1, 2, None)], CHANGED),
        ([row(0, 0, 3, end=True)], INCOMPLETE),
    ],
)
def test_not_whole(rows: list[Row], code: str) -> None:
    batch, steps = fold(rows)
    assert steps[-1] is Step.REFUSED
    assert batch is not None
    assert batch.code == code
    late, what = step(batch, row(50, 9), 0)
    assert what is Step.LATE
    assert late.code == code


def test_rows_that_come_twice_count_once() -> None:
    _, steps = fold([row(0, 1), row(1, 2), row(1, 2), row(2, 2), row(3, 3), row(4, 3, end=True)])
    assert steps[-1] is Step.COMPLETE


def test_the_file_remembers(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "staging.db")
    staging.note(row(0, 1))
    staging.save([((TOPIC, 0), b"u" * 16, 1)])
    staging.note(row(1, 2))  # never saved
    staging.close()
    again = Staging(tmp_path / "staging.db")
    assert again.position(TOPIC, 0, b"u" * 16) == 1
    assert again.position(TOPIC, 0, b"v" * 16) is None, "another topic of the same name"
    again.take(TOPIC, 0)
    assert again.knows(row(9, 9))
    again.note(row(1, 2))
    again.note(row(2, 3))
    assert again.note(row(3, 3, end=True))[1] is Step.COMPLETE
    again.save([((TOPIC, 0), b"u" * 16, 4)])
    again.take(TOPIC, 0)
    assert not again.knows(row(9, 9))
    again.close()


def test_a_day_ends_a_batch(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "staging.db")
    staging.note(row(0, 1))
    assert not list(staging.expired(1_099, 100))
    assert [key[2] for key, _ in staging.expired(1_100, 100)] == ["R"]
    assert not list(staging.expired(9_999, 100))
    staging.close()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=12))
def test_published_only_when_every_row_came(plan: list[tuple[int, int, bool]]) -> None:
    rows = [row(i, n, 3, end=end) for i, (n, _, end) in enumerate(plan)]
    _, steps = fold(rows)
    if Step.COMPLETE in steps:
        before = rows[: steps.index(Step.COMPLETE)]
        assert {1, 2, 3} <= {one.number for one in before if not one.end}
