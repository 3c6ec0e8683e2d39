"""What chunks have changed and the store does not hold yet, over what it holds.

A chunk is decided while the one before is being acknowledged, so reads go through the open chunks,
newest first, to the store. A chunk's changes leave here once the store has them.
"""

from __future__ import annotations

from collections.abc import Iterator

from fuma.domain.comparison.events import Said, Stay
from fuma.runtime.ports import Range, SortedStore


class Changes:
    """Of one chunk. ``puts``: rows (``None`` deletes); ``drops``: ranges that go after them."""

    __slots__ = ("at_spot", "dirty", "drops", "due", "of_tag", "puts", "said", "stays")

    def __init__(self) -> None:
        self.puts: dict[bytes, bytes | None] = {}
        self.drops: list[Range] = []
        self.stays: dict[bytes, Stay] = {}
        self.at_spot: dict[bytes, list[bytes]] = {}  # keys of stays, perhaps no longer there
        self.of_tag: dict[bytes, list[bytes]] = {}
        self.due: list[tuple[int, bytes]] = []  # slot, row
        self.said: dict[bytes, dict[bytes, Said | None]] = {}  # by case and match
        self.dirty: set[bytes] = set()  # where exposures changed


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
        for key, stay in changes.stays.items():
            if fresh.get(key) is stay:
                del fresh[key]

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

    def at_spot(self, spot: bytes) -> Iterator[Stay]:
        return self._newest({k for c in self.open for k in c.at_spot.get(spot, ())})

    def of_tag(self, tag: bytes) -> Iterator[Stay]:
        keys = {k for c in self.open for k in c.of_tag.get(tag, ())}
        return (stay for stay in self._newest(keys) if stay.tag == tag)

    def _newest(self, keys: set[bytes]) -> Iterator[Stay]:
        for key in keys:
            stay = self.fresh.get(key)
            if stay is not None and not stay.gone:
                yield stay

    def dirty(self, where: bytes) -> bool:
        return any(where in changes.dirty for changes in self.open)
