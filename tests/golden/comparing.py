"""A committed ledger against what its inputs give now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from golden.making import Golden

ANEW = "if the core is meant to decide otherwise now: PYTHONPATH=tests python -m golden.anew"


def compare(
    golden: Golden, now: Iterable[tuple[bytes, bytes]], decode: Callable[[bytes], Any]
) -> None:
    """Fails at the first difference, told as decisions."""
    again = list(now)
    for number, (was, is_now) in enumerate(zip(golden.ledger, again, strict=False), 1):
        if was != is_now:
            pytest.fail(
                f"{golden.name}: ledger record {number}, key {was[0].hex()}:\n"
                f"  committed: {decode(was[1])}\n  now:       {decode(is_now[1])}\n{ANEW}"
            )
    assert len(again) == len(golden.ledger), f"{golden.name}: so many records; {ANEW}"
