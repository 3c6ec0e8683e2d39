"""Watches the platform for what the sink did not write, and has it put right.

Two ways: Redis tells of every key that another connection changes, at once; and a sweep reads all
codes again and again, page by page, for what was changed while nobody was told.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence

from fuma.contracts.errors import Poison
from fuma.contracts.platformrows import SUM_BYTES
from fuma.contracts.topics import partition_for
from fuma.runtime.platform_store import Stranger
from fuma.runtime.platform_writes import (
    ALIVE_KEY,
    CODE_PREFIX,
    POSITION_PREFIX,
    position_key,
    tag_of,
)
from fuma.sink.apply import Partition
from fuma.sink.tools import Tools
from fuma.sink.writer import Writer

log = logging.getLogger("fuma.sink")


class Guard:
    """Call :meth:`turn` often; all in the sink's own thread."""

    def __init__(
        self,
        tools: Tools,
        partitions: Mapping[int, Partition],
        writer: Writer,
    ) -> None:
        self._tools = tools
        self._store = tools.store
        self._sealer = tools.sealer
        self._incidents = tools.incidents
        self._partitions = partitions
        self._positions = {position_key(number): number for number in partitions}
        self._writer = writer
        self._sweep: Generator[None, None, bool] | None = None

    def turn(self) -> bool:
        """Look once; whether any partition went back to 0 (the source must follow)."""
        changed = self._store.changed()
        if changed is None:
            return False
        tags, positions, strange = self._ours(changed.keys)
        if not (changed.flushed or tags or positions or strange):
            return False
        self._writer.finish()
        at = max(p.position.at for p in self._partitions.values())
        strangers = self._tools.strangers()
        if changed.flushed:
            self._incidents.platform(
                "platform-flushed",
                at,
                (),
                strangers,
                "everything was removed; applied again from 0",
            )
            return self._restart(set(self._partitions))
        self._repair(sorted(tags), "platform-write", "written by somebody other than the sink")
        if positions:
            self._others(at, strangers, f"positions of partitions {sorted(positions)}")
        if strange:
            shown = b", ".join(strange[:5]).decode("utf-8", "replace")
            self._others(at, strangers, f"keys that are none of ours: {shown}")
        return self._restart(positions)

    def _ours(self, keys: Sequence[bytes]) -> tuple[set[bytes], set[int], list[bytes]]:
        """The subjects and the positions among ``keys`` that only we write; and keys that nobody
        does, which are told once: by whoever has the first partition."""
        tags, positions, strange = set[bytes](), set[int](), list[bytes]()
        for key in keys:
            tag = tag_of(key)
            if tag is not None:
                if self._mine(tag):
                    tags.add(tag)
            elif key in self._positions:
                positions.add(self._positions[key])
            elif not key.startswith((ALIVE_KEY, POSITION_PREFIX)) and 0 in self._partitions:
                strange.append(key)
        return tags, positions, strange

    def _mine(self, tag: bytes) -> bool:
        return partition_for(tag, self._tools.partitions) in self._partitions

    def _others(self, at: int, strangers: list[Stranger], what: str) -> None:
        self._incidents.platform("platform-write", at, (), strangers, what)

    def _restart(self, numbers: set[int]) -> bool:
        for number in numbers:
            self._partitions[number].restart()
        return bool(numbers)

    def _repair(self, tags: list[bytes], code: str, what: str) -> None:
        by_partition: dict[int, list[bytes]] = {}
        for tag in tags:
            by_partition.setdefault(partition_for(tag, self._tools.partitions), []).append(tag)
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
        self._writer.finish()
        try:
            next(self._sweep)
        except StopIteration as done:
            self._sweep = None
            return bool(done.value)
        return False

    def _counted(self, tag: bytes, value: bytes | None) -> int | None:
        """What a record adds to its partition's sum; ``None`` where it is not genuine."""
        try:
            code = self._sealer.open_kept(tag, value) if value is not None else None
        except Poison:
            return None
        return self._sealer.fingerprint(tag, code)

    def _pages(self) -> Generator[None, None, bool]:
        expected = {n: (p.restarts, p.position.sum) for n, p in self._partitions.items()}
        for partition in self._partitions.values():
            partition.touched.clear()
        seen: dict[int, dict[bytes, int]] = {n: {} for n in self._partitions}
        for page in self._store.scan(CODE_PREFIX):
            tags = [t for key in page if (t := tag_of(key)) is not None and self._mine(t)]
            values = zip(tags, self._store.codes(tags), strict=True)
            counts = {tag: self._counted(tag, value) for tag, value in values}
            bad = [tag for tag, count in counts.items() if count is None]
            if bad:
                self._repair(bad, "platform-record", "records failed their authentication")
                put_right = zip(bad, self._store.codes(bad), strict=True)
                counts |= {tag: self._counted(tag, value) for tag, value in put_right}
            for tag, count in counts.items():
                seen[partition_for(tag, self._tools.partitions)][tag] = count or 0
            yield
        # What was counted before the sweep and is not met was removed, or an older one is there.
        wrong = {
            n
            for n, (restarts, counted) in expected.items()
            if self._partitions[n].restarts == restarts
            and sum((seen[n] | self._partitions[n].touched).values()) % (1 << 8 * SUM_BYTES)
            != int.from_bytes(counted, "big")
        }
        if wrong:
            at = max(p.position.at for p in self._partitions.values())
            self._incidents.platform(
                "platform-record", at, (), self._tools.strangers(),
                f"records of partitions {sorted(wrong)} are missing or old; applied again from 0",
            )  # fmt: skip
        return self._restart(wrong)
