"""A store whose bytes are not what was written is dropped; one that another holds never is."""

from __future__ import annotations

import os
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
