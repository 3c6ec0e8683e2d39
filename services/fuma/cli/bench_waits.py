"""How long a record of ``person`` waited for its decision, by the broker's own clock.

Both topics carry the broker's append time, so nothing is measured beside the line while it runs:
the ledger's cause says which record it answers, and the two times are subtracted afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fuma.cli.bench_latency import percentile
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.topics import DECISIONS, PERSON
from fuma.domain.time import Ms
from fuma.runtime.ports import LogReader


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds from the append of an input to the append of its decision."""

    records: int
    p50: float
    p95: float
    p99: float
    p999: float
    worst: float

    @classmethod
    def of(cls, sorted_ms: Sequence[float]) -> Waits:
        marks = (percentile(sorted_ms, share) for share in (0.5, 0.95, 0.99, 0.999, 1.0))
        return cls(len(sorted_ms), *marks)


def waits(
    log: LogReader, before: Mapping[int, int], after: Mapping[int, int], most: int = 1_000
) -> Waits | None:
    """Of the last ``most`` decisions in each partition of the ledger between two sets of ends;
    ``None`` where there is none."""
    found: list[float] = []
    for partition, end in after.items():
        causes: dict[int, Ms] = {}
        for raw in log.read(DECISIONS, partition, max(before[partition], end - most), end):
            record = decode_ledger(raw.value)
            if record.part == 0:
                causes[record.cause.offset] = raw.timestamp
        if causes:
            for raw in log.read(PERSON, partition, min(causes), max(causes) + 1):
                if raw.offset in causes:
                    found.append(causes[raw.offset] - raw.timestamp)
    return Waits.of(sorted(found)) if found else None
