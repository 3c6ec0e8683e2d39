"""Batches that declare their count: nothing of one is published before all of it has arrived.

What is staged are not the rows, which stand on ``in.<department>`` for a week, but where each batch
begins there and how much of it has come. That is a fold of the topic, kept in SQLite so that a
restart need not read a day again; where the file is lost it is folded anew (``Gateway.assigned``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

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


_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    topic TEXT, partition INTEGER, receipt TEXT, run BLOB,
    department TEXT, declared INTEGER, first INTEGER, last INTEGER, count INTEGER,
    opened INTEGER, code TEXT, PRIMARY KEY (topic, partition, receipt, run));
CREATE TABLE IF NOT EXISTS positions (
    topic TEXT, partition INTEGER, uuid BLOB, next INTEGER, PRIMARY KEY (topic, partition));
"""


class Staging:
    """The open batches of the assigned partitions, in memory, written through to SQLite."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A power cut may take the last chunks' notes; they are folded again from the topic.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA busy_timeout=10000")
        self._db.executescript(_SCHEMA)
        self._open: dict[Key, Batch] = {}
        self._changed: set[Key] = set()

    def close(self) -> None:
        self._db.close()

    def position(self, topic: str, partition: int, uuid: bytes) -> int | None:
        """The offset up to which batches of the partition are folded; ``None``: unknown."""
        found = self._db.execute(
            "SELECT next FROM positions WHERE topic=? AND partition=? AND uuid=?",
            (topic, partition, uuid),
        ).fetchone()
        return None if found is None else int(found[0])

    def take(self, topic: str, partition: int) -> None:
        """Load a partition's open batches."""
        self.drop(topic, partition)
        for row in self._db.execute(
            "SELECT receipt, run, department, declared, first, last, count, opened, code "
            "FROM batches WHERE topic=? AND partition=?",
            (topic, partition),
        ):
            self._open[topic, partition, row[0], row[1]] = Batch(*row[2:])

    def drop(self, topic: str, partition: int) -> None:
        """Forget a partition that is another's now; its rows in the file stay."""
        for key in [k for k in self._open if k[:2] == (topic, partition)]:
            del self._open[key]
            self._changed.discard(key)

    def clear(self, topic: str, partition: int) -> None:
        """Forget a partition for good: it is folded anew."""
        self.drop(topic, partition)
        self._db.execute("DELETE FROM batches WHERE topic=? AND partition=?", (topic, partition))
        self._db.execute("DELETE FROM positions WHERE topic=? AND partition=?", (topic, partition))

    @staticmethod
    def key(row: Row) -> Key:
        return row.raw.topic, row.raw.partition, row.receipt, row.run

    def knows(self, row: Row) -> bool:
        """Whether the row's sending is a batch that is open here."""
        return bool(self._open) and self.key(row) in self._open

    def note(self, row: Row) -> tuple[Batch, Step]:
        """Fold one record in."""
        key = self.key(row)
        batch, what = step(self._open.get(key), row, row.at)
        self._changed.add(key)
        if what is Step.COMPLETE or (row.end and what is not Step.STAGED):
            self._open.pop(key, None)
        else:
            self._open[key] = batch
        return batch, what

    def expired(self, now: Ms, age: Ms) -> Iterator[tuple[Key, Batch]]:
        """Batches opened ``age`` or longer before ``now``, taken out as they are given."""
        for key, batch in list(self._open.items()):
            if now - batch.opened >= age:
                del self._open[key]
                self._changed.add(key)
                yield key, batch

    def save(self, positions: Iterable[tuple[Place, bytes, int]]) -> None:
        """One transaction: what changed since the last, and how far it goes."""
        self._db.execute("BEGIN IMMEDIATE")
        for key in self._changed:
            batch = self._open.get(key)
            if batch is None:
                self._db.execute(
                    "DELETE FROM batches WHERE topic=? AND partition=? AND receipt=? AND run=?",
                    key,
                )
                continue
            self._db.execute(
                "INSERT OR REPLACE INTO batches VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    *key,
                    batch.department,
                    batch.declared,
                    batch.first,
                    batch.last,
                    batch.count,
                    batch.opened,
                    batch.code,
                ),
            )
        for (topic, partition), uuid, position in positions:
            self._db.execute(
                "INSERT OR REPLACE INTO positions VALUES (?,?,?,?)",
                (topic, partition, uuid, position),
            )
        self._db.execute("COMMIT")
        self._changed.clear()
