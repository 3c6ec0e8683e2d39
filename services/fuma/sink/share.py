"""Which partitions a sink writes: all, those it is told, or a share that no other sink of the home
has. A lock on each, held while the process lives, keeps two of one home apart; whether two of
different machines met is told by the position, which only one of them can have moved.
"""

from __future__ import annotations

import fcntl
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from fuma.contracts.errors import Fatal
from fuma.sink.settings import Settings


@contextmanager
def share(settings: Settings, count: int) -> Iterator[tuple[int, ...]]:
    """Hold partitions of ``count``. Raises ``Fatal`` where others hold them."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    with settings.lock.open("a") as file:
        for numbers in _choices(settings, count):
            if _hold(file, numbers):
                yield numbers
                return
        told = "all of them run" if settings.workers > 1 else "one is enough"
        raise Fatal("a sink runs on this home already", told)


def _choices(settings: Settings, count: int) -> Iterator[tuple[int, ...]]:
    if settings.partitions is not None:
        if not settings.partitions or not set(settings.partitions) <= set(range(count)):
            raise Fatal(f"there are partitions 0 to {count - 1}", "see --partitions")
        yield tuple(sorted(set(settings.partitions)))
        return
    for number in range(min(settings.workers, count)):
        yield tuple(range(number, count, settings.workers))


def _hold(file: TextIO, numbers: Sequence[int]) -> bool:
    """Lock a byte a partition; none where one is taken."""
    for place, number in enumerate(numbers):
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            for held in numbers[:place]:
                fcntl.lockf(file, fcntl.LOCK_UN, 1, held)
            return False
    return True


def numbers_of(words: str) -> tuple[int, ...]:
    """``0-3,6`` as numbers. Raises ``ArgumentTypeError``, for a command's line."""
    found: list[int] = []
    for word in words.split(","):
        first, dash, last = word.partition("-")
        try:
            found += range(int(first), int(last if dash else first) + 1)
        except ValueError:
            raise ArgumentTypeError(f"{words!r} is not like 0-3,6") from None
    return tuple(found)
