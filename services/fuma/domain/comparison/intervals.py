"""Intervals by time: finding those that overlap costs about what is found.

An interval stands once, in a bucket of its start, at the level whose bucket size is the least not
below its length. One that overlaps ``[a, b)`` then starts less than one bucket size before ``a``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from fuma.domain.time import DAY, HOUR, Ms

SIZES: tuple[Ms, ...] = (HOUR, 4 * HOUR, 16 * HOUR, 4 * DAY)
#: Longer than any size: one bucket for all, for an area's months.
_ENDLESS = len(SIZES)


class Timed(Protocol):
    @property
    def since(self) -> Ms: ...
    @property
    def until(self) -> Ms: ...


T = TypeVar("T", bound=Timed)


def _bucket(since: Ms, until: Ms) -> tuple[int, int]:
    length = until - since
    for level, size in enumerate(SIZES):
        if length <= size:
            return level, since // size
    return _ENDLESS, 0


class Intervals(Generic[T]):
    """Items by key and time."""

    __slots__ = ("_buckets", "_levels")

    def __init__(self) -> None:
        self._buckets: dict[tuple[int, int], dict[bytes, T]] = {}
        self._levels = [0] * (_ENDLESS + 1)  # buckets in use

    def __bool__(self) -> bool:
        return bool(self._buckets)

    def __iter__(self) -> Iterator[T]:
        for bucket in self._buckets.values():
            yield from bucket.values()

    def add(self, key: bytes, item: T) -> None:
        """Put an item that is not there."""
        where = _bucket(item.since, item.until)
        bucket = self._buckets.get(where)
        if bucket is None:
            bucket = self._buckets[where] = {}
            self._levels[where[0]] += 1
        bucket[key] = item

    def remove(self, key: bytes, item: T) -> None:
        """Take an item away; nothing if it is not there."""
        where = _bucket(item.since, item.until)
        bucket = self._buckets.get(where)
        if bucket is None or bucket.pop(key, None) is None:
            return
        if not bucket:
            del self._buckets[where]
            self._levels[where[0]] -= 1

    def overlapping(self, since: Ms, until: Ms) -> Iterator[T]:
        """Items that share an instant with ``[since, until)``."""
        for bucket in self._candidates(since, until):
            for item in bucket.values():
                if item.since < until and item.until > since:
                    yield item

    def _candidates(self, since: Ms, until: Ms) -> Iterator[dict[bytes, T]]:
        for level, used in enumerate(self._levels):
            if not used:
                continue
            if level == _ENDLESS:
                yield self._buckets[_ENDLESS, 0]
                continue
            size = SIZES[level]
            first, last = since // size - 1, (until - 1) // size
            if last - first < used:
                for number in range(first, last + 1):
                    bucket = self._buckets.get((level, number))
                    if bucket is not None:
                        yield bucket
            else:
                for (its_level, number), bucket in self._buckets.items():
                    if its_level == level and first <= number <= last:
                        yield bucket
