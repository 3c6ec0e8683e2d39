"""The file of open batches: a fold of the departments' topics, kept in SQLite.

It is kept so that a restart need not read a day again. Where it is lost, or is not what was
written, it is dropped and folded anew (``Gateway.assigned``).
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fuma.contracts.errors import Fatal
from fuma.domain.time import Ms
from fuma.gateway.batches import Batch, Key, Place, Step, step
from fuma.gateway.intake import Row

log = logging.getLogger("fuma.gateway")
DAMAGED = "staging-damaged"
#: Of the tables below; a file of another one is folded anew.
_SHAPE = 2
#: ``crc`` is over the row's other columns: SQLite finds a page that is none, not a changed number.
_SCHEMA = f"""
BEGIN;
CREATE TABLE batches (
    topic TEXT, partition INTEGER, receipt TEXT, run BLOB,
    department TEXT, declared INTEGER, first INTEGER, last INTEGER, count INTEGER,
    opened INTEGER, code TEXT, crc INTEGER, PRIMARY KEY (topic, partition, receipt, run));
CREATE TABLE positions (
    topic TEXT, partition INTEGER, uuid BLOB, next INTEGER, crc INTEGER,
    PRIMARY KEY (topic, partition));
PRAGMA user_version = {_SHAPE};
COMMIT;
"""
#: What SQLite says of bytes that it did not write. A file that is held, or a full disk, is whole.
_WRONG = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CUT = {sqlite3.SQLITE_IOERR_SHORT_READ}


class _Changed(Exception):
    """A row, or the whole file, is not what was written."""


class _Older(_Changed):
    """The file has the tables of another release: folded anew, and no damage."""


class Staging:
    """The open batches of the assigned partitions, in memory, written through to SQLite.

    ``lost``: what was wrong with the file at its opening, else ``""``.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self.lost = ""
        try:
            self._db = _opened(path)
        except (sqlite3.DatabaseError, UnicodeDecodeError, _Changed) as error:
            if not _is_damage(error):
                raise Fatal(f"{path}: {error}", "another process holds it, or the disk") from error
            what = f"{path.name}: {error}; dropped, folded anew from the departments' topics"
            log.error("%s", what)
            self.lost = "" if isinstance(error, _Older) else what
            _drop(path)
            self._db = _opened(path)
        self._open: dict[Key, Batch] = {}
        self._changed: set[Key] = set()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What is found damaged later than at the opening ends the process; the next opens anew."""
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError, _Changed) as error:
            if not _is_damage(error):
                raise Fatal(f"{self._path}: {error}", "look at the disk") from error
            self._db.close()
            _drop(self._path)
            what = f"{self._path.name}: {error}; dropped"
            raise Fatal(what, "the process starts again, and folds the topics anew") from error

    def position(self, topic: str, partition: int, uuid: bytes) -> int | None:
        """The offset up to which batches of the partition are folded; ``None``: unknown."""
        with self._reading():
            found = self._db.execute(
                "SELECT topic, partition, uuid, next, crc FROM positions "
                "WHERE topic=? AND partition=? AND uuid=?",
                (topic, partition, uuid),
            ).fetchone()
            return None if found is None else int(_checked(found)[3])

    def take(self, topic: str, partition: int) -> None:
        """Load a partition's open batches."""
        self.drop(topic, partition)
        with self._reading():
            for row in self._db.execute(
                "SELECT * FROM batches WHERE topic=? AND partition=?", (topic, partition)
            ):
                _, _, receipt, run, *rest = _checked(row)
                self._open[topic, partition, receipt, run] = Batch(*rest)

    def drop(self, topic: str, partition: int) -> None:
        """Forget a partition that is another's now; its rows in the file stay."""
        for key in [k for k in self._open if k[:2] == (topic, partition)]:
            del self._open[key]
            self._changed.discard(key)

    def clear(self, topic: str, partition: int) -> None:
        """Forget a partition for good: it is folded anew."""
        self.drop(topic, partition)
        place = topic, partition
        with self._reading():
            self._db.execute("DELETE FROM batches WHERE topic=? AND partition=?", place)
            self._db.execute("DELETE FROM positions WHERE topic=? AND partition=?", place)

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

    def expired(
        self, now: Ms, age: Ms, over: Callable[[Place], bool] = lambda place: True
    ) -> Iterator[tuple[Key, Batch]]:
        """Batches opened ``age`` or longer before ``now``, taken out as they are given; of those
        partitions that are ``over`` what stood there before."""
        for key, batch in list(self._open.items()):
            if now - batch.opened >= age and over(key[:2]):
                del self._open[key]
                self._changed.add(key)
                yield key, batch

    def save(self, positions: Iterable[tuple[Place, bytes, int]]) -> None:
        """One transaction: what changed since the last, and how far it goes."""
        with self._reading():
            self._db.execute("BEGIN IMMEDIATE")
            for key in self._changed:
                batch = self._open.get(key)
                if batch is None:
                    self._db.execute(
                        "DELETE FROM batches WHERE topic=? AND partition=? AND receipt=? AND run=?",
                        key,
                    )
                    continue
                row = (
                    *key, batch.department, batch.declared, batch.first, batch.last, batch.count,
                    batch.opened, batch.code,
                )  # fmt: skip
                self._db.execute(
                    "INSERT OR REPLACE INTO batches VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                    (*row, _crc(row)),
                )
            for place, uuid, position in positions:
                end = (*place, uuid, position)
                self._db.execute(
                    "INSERT OR REPLACE INTO positions VALUES (?,?,?,?,?)", (*end, _crc(end))
                )
            self._db.execute("COMMIT")
        self._changed.clear()


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        # A power cut may take the last chunks' notes; they are folded again from the topic.
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA busy_timeout=10000")
        (shape,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not tables:
            db.executescript(_SCHEMA)
        elif shape != _SHAPE:
            raise _Older(f"of shape {shape}, not {_SHAPE}")
        # Only open batches stand here: a few pages, gone through in well under a millisecond each.
        (said,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise _Changed(said)
        for table in ("batches", "positions"):
            for row in db.execute(f"SELECT * FROM {table}"):
                _checked(row)
    except BaseException:
        db.close()
        raise
    return db


def _crc(row: Sequence[Any]) -> int:
    return zlib.crc32(repr(tuple(row)).encode("utf-8", "surrogatepass"))


def _checked(row: Sequence[Any]) -> Sequence[Any]:
    """The row without its check."""
    if _crc(row[:-1]) != row[-1]:
        raise _Changed("a row is not what was written")
    return row[:-1]


def _is_damage(error: Exception) -> bool:
    if not isinstance(error, sqlite3.DatabaseError):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    # Text that is none comes without a code.
    return code is None or code in _CUT or code & 0xFF in _WRONG | {sqlite3.SQLITE_ERROR}


def _drop(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
