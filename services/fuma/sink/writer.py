"""What one poll brought, of however many partitions, onto the platform in two journeys to Redis.

Each partition's codes and position are written at once or not at all; here those of all partitions
of a poll are, so that many small chunks cost no more journeys than one. While Redis answers, the
records are checked and decoded; while it writes, the next poll is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fuma.contracts.errors import Retryable
from fuma.runtime.platform_store import Look, PlatformStore, Written
from fuma.runtime.records import LogRecord
from fuma.sink.apply import Partition
from fuma.sink.chunk import Chunk, Planned


class Writer:
    """Writes for ``partitions``. One write may be under way; :meth:`finish` waits for it."""

    def __init__(self, store: PlatformStore, partitions: Mapping[int, Partition]) -> None:
        self._store = store
        self._partitions = partitions
        self._written: Written | None = None
        self._planned: list[Planned] = []
        self.codes = 0  # written so far

    @property
    def busy(self) -> bool:
        """Whether a write is under way."""
        return self._written is not None

    def write(self, records: Sequence[LogRecord]) -> None:
        """Write what follows from records, in order within each partition. Raises ``Retryable``
        and ``Fatal``."""
        by_partition: dict[int, list[LogRecord]] = {}
        for raw in records:
            by_partition.setdefault(raw.partition, []).append(raw)
        tags = list(dict.fromkeys([raw.key for raw in records if raw.key is not None]))
        look = self._store.look(list(by_partition), tags)
        mine = [(self._partitions[n], self._partitions[n].read(r)) for n, r in by_partition.items()]
        self.finish()
        if not self._opened(look, mine, tags):
            look = self._store.look(list(by_partition), tags)
            if not self._opened(look, mine, tags):
                raise Retryable("records of the platform change under our hands")
        self._planned = [partition.follow(chunk) for partition, chunk in mine]
        self._written = self._store.put(look, [one.batch for one in self._planned])

    def _opened(
        self, look: Look, mine: Sequence[tuple[Partition, Chunk]], tags: Sequence[bytes]
    ) -> bool:
        """Whether every code that stands there is genuine; the others were put right."""
        positions, codes = look.found()
        values = dict(zip(tags, codes, strict=True))
        wrong = list[tuple[Partition, list[bytes]]]()
        for (partition, chunk), position in zip(mine, positions, strict=True):
            if bad := partition.open(chunk, position, values):
                wrong.append((partition, bad))
        for partition, bad in wrong:
            partition.repair(bad, "platform-record", "records failed their authentication")
        return not wrong

    def finish(self) -> None:
        """Wait for the write that is under way."""
        if self._written is None:
            return
        written, self._written = self._written, None
        if not written.done():
            raise Retryable("the platform was changed while a batch was made")
        for one in self._planned:
            self._partitions[one.batch.partition].take(one)
            self.codes += one.codes
