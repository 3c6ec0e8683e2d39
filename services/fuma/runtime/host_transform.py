"""One partition of a stage without state: records in, records out, then the offset is committed.

(1) Transform; (2) append, every record acknowledged; (3) commit, with a mark (``marks.py``). A
crash before the commit, wherever: the chunk is transformed again to the same keys and values.
Whoever reads them drops repeats by id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.domain.time import Ms
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_types import TransformStage
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_origin, pack_time
from fuma.runtime.marks import value_hash
from fuma.runtime.ports import Outgoing
from fuma.runtime.records import LogRecord


class Transformed:
    """A transformed chunk, not yet acknowledged. ``applied``: the offset before it."""

    def __init__(self, applied: int = -1, at: Ms = 0) -> None:
        self.outgoing: list[Outgoing] = []
        self.letters = 0  # nothing is done before all of it is on the log: the order is free
        self.applied = applied
        self.input_hash = b""
        self.taken = 0
        self.at = at
        self.dead: list[Reason] = []


class TransformPartition:
    """Transforms chunks of one input partition."""

    def __init__(
        self,
        stage: TransformStage,
        world: World,
        intake: Intake,
        topic_id: bytes,
        partition_of: Callable[[bytes, int], int],
        counts: dict[str, int],
        start: int,
    ) -> None:
        """``start``: offset of the first record; ``counts``: partitions of the output topics."""
        self.stage = stage
        self.next_offset = start
        self._world = world
        self._intake = intake
        self._topic_id = topic_id
        self._partition_of = partition_of
        self._counts = counts

    def decide(self, records: Sequence[LogRecord]) -> Transformed:
        """Outputs of the records, in order. Raises ``Fatal`` where an offset is missing."""
        done = Transformed()
        for number, raw in enumerate(records):
            if raw.offset != self.next_offset + number:
                raise Fatal(
                    f"{raw.topic}/{raw.partition}: offset {raw.offset} follows "
                    f"{self.next_offset + number - 1}",
                    "records are missing from the log: compare it with its backups",
                )
            try:
                at = self._intake.admit(raw)
                emitted = self.stage.transform(raw)
            except Poison as poison:
                done.outgoing += self._world.letters(raw, poison, self.stage.dead_letter_topic)
                done.dead.append(poison.reason)
                continue
            done.at = max(done.at, at)
            time = pack_time(at) if self._world.simulated else None
            for ordinal, emit in enumerate(emitted):
                origin = pack_origin(self._topic_id, raw.partition, raw.offset, ordinal)
                topic, key, value = emit.topic, emit.key, emit.value
                partition = self._partition_of(key, self._counts[topic])
                done.outgoing.append(
                    internal(self._world.sealer, topic, key, value, partition, time, origin)
                )
        done.applied, done.taken = records[-1].offset, len(records)
        done.input_hash = value_hash(records[-1])
        self.next_offset = done.applied + 1
        return done


def internal(
    sealer: Sealer,
    topic: str,
    key: bytes,
    value: bytes,
    partition: int,
    time: bytes | None,
    origin: bytes | None,
) -> Outgoing:
    """A record of an internal topic, with the headers that make it believed."""
    headers = sealer.headers(topic, key, value, time=time, origin=origin)
    return Outgoing(topic, partition, key, value, headers)
