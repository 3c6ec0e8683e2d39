"""What is too old is off the disk too: the bytes of a presence are looked for in the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from fuma.contracts.topics import PERSON
from fuma.domain.comparison.events import Case, Contact, Input, Presence, Tick
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import cell_place
from fuma.domain.comparison.settings import Frame, Settings
from fuma.domain.time import SECOND, Ms
from fuma.runtime.ports import SortedStore
from fuma.runtime.store import RocksStore
from property.comparison.world import SETTINGS
from unit.processor.comparison_rig import Rig, Stores

KEEP = 24 * SECOND
FRAME = Frame(parts=1, keep=KEEP, longest=4 * SECOND)
START: Ms = 1_655_136_000_000
PLACE = cell_place(Cell(4240, 41000))


class Law:
    """A contact's contacts count for a moment: their case goes ``KEEP`` after it."""

    def settings(self, division: str, at: Ms) -> Settings | None:
        return replace(SETTINGS, chain=SECOND)


class Disk(Stores):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def open(self, stage: str, partition: int) -> SortedStore:
        if partition not in self.kept:
            self.kept[partition] = RocksStore(self.folder / str(partition))
        return self.kept[partition]


def _mark(letter: str, number: int) -> bytes:
    return f"{letter}-look-{number:05d}".encode().ljust(16, b"!")


def test_nothing_of_a_presence_is_on_the_disk_after_its_time(tmp_path: Path) -> None:
    rig = Rig(Law(), FRAME, partitions=1, stores=Disk(tmp_path))
    random, at = Random(7), START
    told: list[Input] = []
    for number in range(3_000):
        since = at - random.randrange(1, 4) * SECOND
        told.append(
            Presence(_mark("id", number), 0, _mark("tag", number % 97), PLACE, "410105",
                     since, at, identity="matched", department="communications")
        )  # fmt: skip
    told.append(Case(_mark("case", 1), 0, _mark("tag", 1), START - KEEP, START, at))
    told.append(
        Contact(_mark("match", 1), 0, True, _mark("tag", 2), "410105", at - 1, at,
                _mark("case", 1), 0, b"m" * 16)
    )  # fmt: skip
    for item in told:
        rig.tell(item, at)
    rig.run()
    here = rig.stores.kept[0]
    here.reclaim([(b"", b"\xff")])
    _settle(rig, at)
    assert _found(tmp_path), "while it counts it is there"
    for step in range(1, 29):
        _settle(rig, at + KEEP + step * KEEP // 24)
    here.close()  # waits for what is being reclaimed
    # The next step writes the store's list of files anew, without those that have gone.
    del rig.stores.kept[0]
    rig.engines[0] = rig.open(0)
    _settle(rig, at + 3 * KEEP)
    rig.stores.kept[0].close()
    assert _found(tmp_path) == []
    assert rig.log.records[PERSON, 0] == [], "an overlap of seconds is no match"


def _settle(rig: Rig, at: Ms) -> None:
    rig.tell(Tick(), at)
    rig.run()


def _found(folder: Path) -> list[str]:
    """Files in which an id, a tag or a place stands."""
    words = (b"id-look", b"tag-look", b"case-look", PLACE + b"\0")
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]
