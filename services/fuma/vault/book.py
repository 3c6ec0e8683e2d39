"""The vault's database: SQLite in WAL mode, ``synchronous=FULL``, one transaction a batch.

An answer is given only after the transaction that it rests on was committed and synced, so a tag
that anybody has seen is never minted a second time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from fuma.contracts.errors import Fatal
from fuma.domain.time import Ms
from fuma.runtime.ports import SubjectKey
from fuma.vault.crypto import Sealing

_SCHEMA = """
CREATE TABLE IF NOT EXISTS subjects (
    lookup BLOB PRIMARY KEY,            -- HMAC of the number
    tag BLOB NOT NULL UNIQUE,           -- 16 random bytes
    wrapped BLOB                        -- subject key; NULL once destroyed
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holders (
    lookup BLOB PRIMARY KEY,
    number BLOB NOT NULL,               -- AES-SIV
    name BLOB NOT NULL                  -- AES-SIV
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS access (
    at INTEGER NOT NULL,                -- milliseconds UTC
    who TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,                 -- find | keys | exchange
    purpose TEXT NOT NULL,
    tag BLOB                            -- NULL: a number that is unknown here
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
#: Bound variables in one statement; SQLite's own limit is far above.
_SLICE = 500


class VaultBook:
    """Finds, mints, registers, logs. Thread-safe: one connection behind one lock."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._sealing = Sealing(key)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA busy_timeout=10000")
        self._db.executescript(_SCHEMA)
        self._check_key()

    def _check_key(self) -> None:
        """One database belongs to one key: another would mint everybody anew."""
        mark = self._sealing.lookup("fuma vault key check")
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('key', ?)", (mark,))
        (held,) = self._db.execute("SELECT value FROM meta WHERE name='key'").fetchone()
        if held != mark:
            raise Fatal(
                "this vault database was made under another vault.key",
                "restore the key that belongs to it",
            )

    def close(self) -> None:
        """Fold the write-ahead log in and close."""
        with self._lock:
            self._db.close()

    def subjects(self, people: Sequence[tuple[str, str]]) -> list[SubjectKey]:
        """Find or mint, for (number, name) pairs, in order; the same number gets the same tag."""
        lookups = [self._sealing.lookup(number) for number, _ in people]
        with self._lock:
            found = self._read("subjects", "lookup, tag, wrapped", lookups)
            names = self._read("holders", "lookup, name, NULL", lookups)
            fresh = [lookup for lookup in dict.fromkeys(lookups) if lookup not in found]
            if fresh:
                self._mint(fresh)
                found |= self._read("subjects", "lookup, tag, wrapped", fresh)
        answers = []
        for (_, name), lookup in zip(people, lookups, strict=True):
            tag, wrapped = found[lookup]
            registered = names.get(lookup)
            if registered is None:
                identity = "unregistered"
            elif name and registered[0] == self._sealing.sealed_name(lookup, name):
                identity = "matched"
            else:
                identity = "mismatched"
            key = self._sealing.unwrap(tag, wrapped) if wrapped is not None else b""
            answers.append(SubjectKey(tag, key, identity))
        return answers

    def exchange(
        self, people: Sequence[tuple[str, str]], *, who: str, role: str, purpose: str, at: Ms
    ) -> list[tuple[bytes, str]]:
        """Tag and identity of (number, name) pairs, found or minted, without any key.

        Logged, each with who asked and why, before it is answered.
        """
        found = self.subjects(people)
        with self._lock:
            self._log(at, who, role, "exchange", purpose, [one.tag for one in found])
        return [(one.tag, one.identity) for one in found]

    def _mint(self, lookups: Sequence[bytes]) -> None:
        made = []
        for lookup in lookups:
            tag, _, wrapped = self._sealing.new_subject()
            made.append((lookup, tag, wrapped))
        self._db.execute("BEGIN IMMEDIATE")
        try:
            # another vault process may have been first: its row stands, ours is dropped
            self._db.executemany("INSERT OR IGNORE INTO subjects VALUES (?, ?, ?)", made)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _read(
        self, table: str, columns: str, lookups: Sequence[bytes], by: str = "lookup"
    ) -> dict[bytes, tuple[bytes, bytes | None]]:
        found: dict[bytes, tuple[bytes, bytes | None]] = {}
        wanted = list(dict.fromkeys(lookups))
        for start in range(0, len(wanted), _SLICE):
            part = wanted[start : start + _SLICE]
            marks = ",".join("?" * len(part))
            for key, first, second in self._db.execute(
                f"SELECT {columns} FROM {table} WHERE {by} IN ({marks})", part
            ):
                found[key] = (first, second)
        return found

    def find(self, number: str, *, who: str, role: str, purpose: str, at: Ms) -> bytes | None:
        """The tag of a number, or ``None``; never mints. Logged before it is answered."""
        with self._lock:
            row = self._db.execute(
                "SELECT tag FROM subjects WHERE lookup=?", (self._sealing.lookup(number),)
            ).fetchone()
            tag = row[0] if row else None
            self._log(at, who, role, "find", purpose, [tag])
        return tag

    def keys(
        self, tags: Sequence[bytes], *, who: str, role: str, purpose: str, at: Ms
    ) -> list[bytes | None]:
        """Subject keys, ``None`` where unknown or destroyed. Logged before they are given."""
        with self._lock:
            found = self._read("subjects", "tag, wrapped, NULL", tags, by="tag")
            self._log(at, who, role, "keys", purpose, list(tags))
        answers: list[bytes | None] = []
        for tag in tags:
            wrapped = found.get(tag, (None, None))[0]
            answers.append(None if wrapped is None else self._sealing.unwrap(tag, wrapped))
        return answers

    def load(self, holders: Sequence[tuple[str, str]]) -> int:
        """Put (number, name) into the register, a later name over an earlier; how many were new."""
        rows = []
        for number, name in holders:
            lookup = self._sealing.lookup(number)
            rows.append((lookup, *self._sealing.register_entry(lookup, number, name)))
        with self._lock:
            before = len(self._read("holders", "lookup, name, NULL", [row[0] for row in rows]))
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(
                    "INSERT INTO holders VALUES (?, ?, ?) ON CONFLICT (lookup) "
                    "DO UPDATE SET number=excluded.number, name=excluded.name",
                    rows,
                )
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        return len({row[0] for row in rows}) - before

    def accesses(self) -> list[tuple[Ms, str, str, str, str, bytes | None]]:
        """The access log: when, who, role, what, purpose, tag."""
        with self._lock:
            return self._db.execute(
                "SELECT at, who, role, what, purpose, tag FROM access ORDER BY rowid"
            ).fetchall()

    def _log(
        self, at: Ms, who: str, role: str, what: str, purpose: str, tags: Sequence[bytes | None]
    ) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            "INSERT INTO access VALUES (?, ?, ?, ?, ?, ?)",
            [(at, who, role, what, purpose, tag) for tag in tags],
        )
        self._db.execute("COMMIT")
