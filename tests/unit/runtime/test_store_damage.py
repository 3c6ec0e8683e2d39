"""A store whose bytes are not what was written is dropped; one that another holds never is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fuma.contracts.errors import Fatal
from fuma.runtime.store import DAMAGED, Damaged, RocksStore, StoreRoot


def filled(root: StoreRoot, *, flushed: bool) -> Path:
    """A store as a process leaves it that was killed: some of it in files, some in its log."""
    store = root.open("stage", 0)
    for number in range(40):
        store.write({b"%d" % number: os.urandom(500)}, {"position": b"%d" % number})
    if flushed:
        store.close()
    else:
        store._db.close()
    return root.path / "stage" / "0"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.parametrize("how", [flip, cut, Path.unlink])
@pytest.mark.parametrize("which", ["*.sst", "CURRENT", "MANIFEST-*"])
def test_a_damaged_store_is_dropped_and_its_process_ends_at_most_once(
    tmp_path: Path, which: str, how: Callable[[Path], object]
) -> None:
    root = StoreRoot(tmp_path)
    folder = filled(root, flushed=True)
    for path in folder.glob(which):
        how(path)
    for _ in range(2):  # opening finds it, or reading does and the next to open begins anew
        store = root.open("stage", 0)
        try:
            found = store.get_meta("position")
            store.get_many([b"%d" % n for n in range(40)])
        except Damaged:
            store.close()
            assert (folder / DAMAGED).exists()
            continue
        break
    assert found is None
    store.write({b"k": b"v"}, {"position": b"1"})
    store.close()
    again = root.open("stage", 0)
    assert again.get_meta("position") == b"1"
    again.close()


def test_a_store_that_another_holds_is_not_dropped(tmp_path: Path) -> None:
    root = StoreRoot(tmp_path)
    store = root.open("stage", 0)
    store.write({b"k": b"v"}, {"position": b"7"})
    with pytest.raises(Fatal, match="cannot be opened") as caught:
        RocksStore(root.path / "stage" / "0")
    assert not isinstance(caught.value, Damaged)
    with pytest.raises(Fatal):
        root.open("stage", 0)
    assert store.get_meta("position") == b"7"
    store.close()


def rows_of(folder: Path) -> list[bytes]:
    """A store of rows in many blocks of one file, closed; its keys."""
    store = RocksStore(folder)
    keys = [b"x%06d" % number for number in range(4_000)]
    for start in range(0, len(keys), 500):
        rows: dict[bytes, bytes | None] = {key: os.urandom(40) for key in keys[start : start + 500]}
        store.replace(rows, [], {"position": b"1"})
    store._db.flush()
    store._db.compact_range(None, None)
    store.close()
    return keys


READINGS: dict[str, Callable[[RocksStore, list[bytes]], list[bytes]]] = {
    "scan": lambda store, keys: [key for key, _ in store.scan([b"x"])],
    "scans": lambda store, keys: [key for key, _ in store.scan(b"x%03d" % n for n in range(4))],
    "range": lambda store, keys: [key for key, _ in store.range(b"x", b"y")],
    "first": lambda store, keys: [store.first(key, b"y") or b"" for key in keys],
}


@pytest.mark.parametrize("how", READINGS)
def test_a_reader_of_rows_gets_all_of_them_or_hears_that_they_are_damaged(
    tmp_path: Path, how: str
) -> None:
    """A flipped byte ends RocksDB's iterator as the last row does: never fewer rows."""
    keys = rows_of(tmp_path / "whole")
    damaged = 0
    for tenth in range(20):
        folder = tmp_path / str(tenth)
        shutil.copytree(tmp_path / "whole", folder)
        file = max(folder.glob("*.sst"), key=lambda path: path.stat().st_size)
        data = bytearray(file.read_bytes())
        data[(len(data) - 1) * tenth // 19] ^= 0xFF
        file.write_bytes(data)
        try:
            store = RocksStore(folder)
        except Damaged:
            continue
        try:
            assert READINGS[how](store, keys) == keys, f"a byte flipped at {tenth}/19"
        except Damaged:
            damaged += 1
            assert (folder / DAMAGED).exists()
        store.close()
    assert damaged >= 10


def test_a_damaged_store_whose_rows_were_read_is_dropped_at_its_next_opening(
    tmp_path: Path,
) -> None:
    root = StoreRoot(tmp_path)
    folder = root.path / "stage" / "0"
    rows_of(folder)
    flip(max(folder.glob("*.sst"), key=lambda path: path.stat().st_size))
    store = root.open("stage", 0)
    with pytest.raises(Damaged):
        list(store.scan([b"x"]))
    store.close()
    again = root.open("stage", 0)
    assert list(again.scan([b"x"])) == []
    assert again.get_meta("position") is None
    again.close()


def test_what_the_background_finds_damaged_ends_the_next_write(tmp_path: Path) -> None:
    """A compaction reads what nobody asks for; nobody waits for it either."""
    rows_of(tmp_path / "s")
    flip(max((tmp_path / "s").glob("*.sst"), key=lambda path: path.stat().st_size))
    store = RocksStore(tmp_path / "s")
    store.replace({b"x9": b"new"}, [(b"x0000", b"x0010")], {})
    store.reclaim([(b"x0000", b"x9")])
    store._background.shutdown(wait=True)
    with pytest.raises(Damaged):
        store.replace({b"x8": b"new"}, [], {})
    assert (tmp_path / "s" / DAMAGED).exists()
    with pytest.raises(Damaged):
        store.close()


class Refusing:
    """A database whose disk refuses to flush."""

    def __init__(self, store: RocksStore) -> None:
        self._db = store._db

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)

    def flush(self) -> None:
        raise RuntimeError("IO error: no space left on device")


def test_what_fails_in_the_background_is_said_and_ends_the_next_write(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = RocksStore(tmp_path / "s")
    whole = store._db
    store._db = Refusing(store)  # type: ignore[assignment]
    store.reclaim([(b"a", b"b")])
    store._background.shutdown(wait=True)
    assert "cannot be reclaimed" in caplog.text
    with pytest.raises(Fatal, match="no space left"):
        store.write({b"k": b"v"}, {})
    assert not (tmp_path / "s" / DAMAGED).exists(), "a full disk is no damage"
    store._db = whole
    store.close()
