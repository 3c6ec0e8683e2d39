"""What only cycles keep alive, between two chunks."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from fuma.runtime import heap


class Knot:
    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Nobody else collects meanwhile."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_few_are_left_and_many_are_taken() -> None:
    few = ref(Knot())
    heap.tidy()
    assert few() is not None, "not worth a look"
    kept = [[] for _ in range(heap._TIDY + 1)]  # type: list[list[int]]
    heap.tidy()
    assert few() is None
    assert len(kept) == heap._TIDY + 1
