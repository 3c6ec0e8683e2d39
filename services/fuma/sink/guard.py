"""Watches the platform for what the sink did not write, and has it put right.

Two ways: Redis tells of every key that another connection changes, at once; and a sweep reads all
codes again and again, page by page, for what was changed while nobody was told.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping

from fuma.contracts.platform import PlatformSealer
from fuma.contracts.topics import partition_for
from fuma.runtime.platform_store import (
    ALIVE_KEY,
    CODE_PREFIX,
    POSITION_PREFIX,
    PlatformStore,
    Stranger,
    tag_of,
)
from fuma.sink.apply import Partition
from fuma.sink.incidents import Incidents

log = logging.getLogger("fuma.sink")


class Guard:
    """Call :meth:`turn` often; all in the sink's own thread."""

    def __init__(
        self,
        store: PlatformStore,
        sealer: PlatformSealer,
        incidents: Incidents,
        partitions: Mapping[int, Partition],
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._incidents = incidents
        self._partitions = partitions
        self._sweep: Generator[None, None, bool] | None = None

    def turn(self) -> bool:
        """Look once; whether any partition went back to 0 (the source must follow)."""
        changed = self._store.changed()
        if changed is None:
            return False
        at = max(p.position.at for p in self._partitions.values())
        strangers = self._store.strangers()
        if changed.flushed:
            self._incidents.platform(
                "platform-flushed",
                at,
                (),
                strangers,
                "everything was removed; applied again from 0",
            )
            return self._restart(set(self._partitions))
        tags = sorted({tag for key in changed.keys if (tag := tag_of(key)) is not None})
        self._repair(tags, "platform-write", "written by somebody other than the sink")
        positions = {p for p in self._partitions if POSITION_PREFIX + b"%d" % p in changed.keys}
        if positions:
            self._others(at, strangers, f"positions of partitions {sorted(positions)}")
        strange = [
            key
            for key in changed.keys
            if tag_of(key) is None and key != ALIVE_KEY and not key.startswith(POSITION_PREFIX)
        ]
        if strange:
            shown = b", ".join(strange[:5]).decode("utf-8", "replace")
            self._others(at, strangers, f"keys that are none of ours: {shown}")
        return self._restart(positions)

    def _others(self, at: int, strangers: list[Stranger], what: str) -> None:
        self._incidents.platform("platform-write", at, (), strangers, what)

    def _restart(self, numbers: set[int]) -> bool:
        for number in numbers:
            self._partitions[number].restart()
        return bool(numbers)

    def _repair(self, tags: list[bytes], code: str, what: str) -> None:
        by_partition: dict[int, list[bytes]] = {}
        for tag in tags:
            by_partition.setdefault(partition_for(tag, len(self._partitions)), []).append(tag)
        for number, mine in by_partition.items():
            self._partitions[number].repair(mine, code, what)

    @property
    def sweeping(self) -> bool:
        """Whether a sweep is under way."""
        return self._sweep is not None

    def begin_sweep(self) -> None:
        """Start over every code of the platform."""
        self._sweep = self._pages()

    def sweep(self) -> bool:
        """One page; whether any partition went back to 0."""
        if self._sweep is None:
            return False
        try:
            next(self._sweep)
        except StopIteration as done:
            self._sweep = None
            return bool(done.value)
        return False

    def _pages(self) -> Generator[None, None, bool]:
        expected = {n: p.position.subjects for n, p in self._partitions.items()}
        seen: dict[int, set[bytes]] = {n: set() for n in self._partitions}
        for page in self._store.scan(CODE_PREFIX):
            tags = [tag for key in page if (tag := tag_of(key)) is not None]
            bad = [
                tag
                for tag, value in zip(tags, self._store.codes(tags), strict=True)
                if value is None or not self._sealer.genuine(tag, value)
            ]
            for tag in tags:
                seen[partition_for(tag, len(self._partitions))].add(tag)
            self._repair(bad, "platform-record", "records failed their authentication")
            yield
        # A key that stays is met; what was counted before the sweep and is not met was removed.
        short = {n for n, count in expected.items() if len(seen[n]) < count}
        if short:
            at = max(p.position.at for p in self._partitions.values())
            self._incidents.platform(
                "platform-record", at, (), self._store.strangers(),
                f"records of partitions {sorted(short)} are missing; applied again from 0",
            )  # fmt: skip
        return self._restart(short)
