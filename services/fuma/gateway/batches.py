"""Batches that declare their count: nothing of one is published before all of it has arrived.

What is staged are not the rows, which stand on ``in.<department>`` for a week, but where each batch
begins there and how much of it has come. That is a fold of the topic, which ``staging`` keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from fuma.domain.time import Ms
from fuma.gateway.intake import Row

INCOMPLETE = "incomplete-batch"
CHANGED = "declared-changed"
Place = tuple[str, int]  # topic, partition
Key = tuple[str, int, str, bytes]  # topic, partition, receipt, run


@dataclass(frozen=True, slots=True)
class Batch:
    """One sending that declared its count. ``code``: why it was refused, or ``""``."""

    department: str
    declared: int
    first: int  # offset of its first record
    last: int  # offset of its latest record
    count: int  # rows that have come, each once, in order
    opened: Ms
    code: str = ""


class Step(Enum):
    """What one more record means for its batch."""

    STAGED = "staged"
    COMPLETE = "complete"  # publish now, then forget
    REFUSED = "refused"  # refuse now, whole; later records of it are LATE
    LATE = "late"


def step(batch: Batch | None, row: Row, at: Ms) -> tuple[Batch, Step]:
    """The batch after ``row``. Pure. A record seen before (by offset) changes nothing."""
    if batch is None:
        batch = Batch(row.department, row.declared or 0, row.raw.offset, -1, 0, at)
    if row.raw.offset <= batch.last:
        return batch, Step.LATE if batch.code else Step.STAGED
    batch = replace(batch, last=row.raw.offset)
    if batch.code:
        return batch, Step.LATE
    if row.declared != batch.declared:
        return replace(batch, code=CHANGED), Step.REFUSED
    if row.end:
        if batch.count == batch.declared == row.number:
            return batch, Step.COMPLETE
        return replace(batch, code=INCOMPLETE), Step.REFUSED
    if row.number == batch.count + 1:
        batch = replace(batch, count=batch.count + 1)
    if batch.count > batch.declared:
        return replace(batch, code=INCOMPLETE), Step.REFUSED
    return batch, Step.STAGED
