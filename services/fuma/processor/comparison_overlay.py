"""What chunks have changed and the store does not hold yet, over what it holds.

A chunk is decided while the one before is being acknowledged, so reads go through the open chunks,
newest first, to the store. A chunk's changes leave here once the store has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fuma.domain.comparison.events import Brushed, Said, Stay
from fuma.runtime.ports import Range, SortedStore


class Changes:
    """Of one chunk. ``puts``: rows (``None`` deletes); ``drops``: ranges that go after them."""

    __slots__ = (
        "_at_spot",
        "_indexed",
        "_of_tag",
        "briefs",
        "dirty",
        "drops",
        "due",
        "puts",
        "said",
        "said_by",
        "taken",
    )

    def __init__(self) -> None:
        self.puts: dict[bytes, bytes | None] = {}
        self.drops: list[Range] = []
        self.taken: list[Stay] = []
        #: The first so many of them by spot and by person: made when somebody asks, which is rare.
        self._indexed = 0
        self._at_spot: dict[bytes, list[Stay]] = {}
        self._of_tag: dict[bytes, list[Stay]] = {}
        self.due: list[tuple[int, bytes]] = []  # slot, row
        self.said: dict[bytes, dict[bytes, Said | None]] = {}  # by case and match
        self.said_by: dict[bytes, dict[bytes, bool]] = {}  # by stay, and case with match: stands
        self.briefs: dict[bytes, dict[bytes, Brushed | None]] = {}  # by group and match
        self.dirty: set[bytes] = set()  # where exposures changed

    def at_spot(self, spot: bytes) -> Sequence[Stay]:
        """What was taken there; perhaps it stands there no longer."""
        self._index()
        return self._at_spot.get(spot, ())

    def of_tag(self, tag: bytes) -> Sequence[Stay]:
        self._index()
        return self._of_tag.get(tag, ())

    def _index(self) -> None:
        for stay in self.taken[self._indexed :]:
            self._at_spot.setdefault(stay.spot, []).append(stay)
            self._of_tag.setdefault(stay.tag, []).append(stay)
        self._indexed = len(self.taken)


class Overlay:
    """Open chunks, oldest first; the last one is being decided."""

    def __init__(self, store: SortedStore) -> None:
        self.store = store
        self.current = Changes()
        self.open: list[Changes] = [self.current]
        #: Stays as the open chunks left them.
        self.fresh: dict[bytes, Stay] = {}

    def cut(self) -> Changes:
        """End a chunk: its changes."""
        done = self.current
        self.current = Changes()
        self.open.append(self.current)
        return done

    def written(self, changes: Changes) -> None:
        """The store holds them."""
        self.open.remove(changes)
        fresh = self.fresh
        for stay in changes.taken:
            if fresh.get(stay.key) is stay:
                del fresh[stay.key]

    def get(self, row: bytes) -> bytes | None:
        for changes in reversed(self.open):
            if row in changes.puts:
                return changes.puts[row]
        return self.store.get_many([row])[0]

    def put(self, row: bytes, value: bytes | None) -> None:
        self.current.puts[row] = value

    def said_of(self, case: bytes) -> dict[bytes, Said | None]:
        """By match, as the open chunks left it; ``None``: withdrawn."""
        return {match: said for c in self.open for match, said in c.said.get(case, {}).items()}

    def briefs(self, group: bytes) -> dict[bytes, Brushed | None]:
        """By match, as the open chunks left it; ``None``: too old."""
        return {match: one for c in self.open for match, one in c.briefs.get(group, {}).items()}

    def said_by(self, stay: bytes) -> dict[bytes, bool]:
        """Case with match, as the open chunks left it."""
        return {one: stands for c in self.open for one, stands in c.said_by.get(stay, {}).items()}

    def at_spot(self, spot: bytes) -> Iterator[Stay]:
        return self._standing(stay for c in self.open for stay in c.at_spot(spot))

    def of_tag(self, tag: bytes) -> Iterator[Stay]:
        return self._standing(stay for c in self.open for stay in c.of_tag(tag))

    def standing(self) -> Iterator[Stay]:
        """Every stay that the open chunks left."""
        return (stay for stay in self.fresh.values() if not stay.gone)

    def _standing(self, stays: Iterator[Stay]) -> Iterator[Stay]:
        for stay in stays:
            if not stay.gone and self.fresh.get(stay.key) is stay:
                yield stay

    def dirty(self, where: bytes) -> bool:
        return any(where in changes.dirty for changes in self.open)
