"""The state in a sorted store and the one in memory: the same events, the same rows, always."""

from __future__ import annotations

from collections import deque
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Contact, Input, Linked, Presence, Spread, Tick
from fuma.domain.comparison.fold import evolve, rows
from fuma.domain.comparison.place import spot
from fuma.domain.comparison.settings import Frame
from fuma.domain.comparison.state import State
from fuma.domain.time import Ms
from fuma.processor.comparison_overlay import Changes
from fuma.processor.comparison_state import StoredState
from fuma.runtime.memory_log import MemoryStore
from property.comparison.world import START, STEP, World, history

FRAME = Frame(parts=2, keep=48 * STEP, longest=40 * STEP, remember=90 * STEP)


def heard(random: Random) -> list[tuple[Input, Ms]]:
    """A world told over a time in which much of it becomes too old."""
    at, found = START + 20 * STEP, []
    for item in [*history(random), *history(random)]:
        at += random.choice((0, 0, 1, STEP // 3, STEP, STEP, 9 * STEP))
        found.append((Tick() if random.random() < 0.1 else item, at))
    return found


class Twin:
    """Both states over the same records; the stored one in chunks, open and written and killed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.store = MemoryStore()
        self.live = State(FRAME)
        self.stored = StoredState(self.store, FRAME, limit=3)
        self.open: deque[tuple[Changes, list[tuple[Input, Ms]]]] = deque()

    def chunk(self, records: list[tuple[Input, Ms]]) -> list[tuple[Input, Ms]]:
        """Decide a chunk in both; what follows from it as further input."""
        more: list[tuple[Input, Ms]] = []
        self._prepare(records)
        for item, at in records:
            one = decide(self.live, item, at, World())
            other = decide(self.stored, item, at, World())
            assert one == other
            for event in one:
                evolve(self.live, event)
                self.stored.evolve(event)
                if isinstance(event, Spread | Contact):
                    more.append((event, at))
                elif isinstance(event, Linked) and event.told is not None:
                    more.append((event.told, at))
        self.open.append((self.stored.cut(), records))
        return more

    def _prepare(self, records: list[tuple[Input, Ms]]) -> None:
        stays = (p for p, _ in records if isinstance(p, Presence))
        self.stored.prepare(spot(p.place, p.tag, FRAME.parts) + p.id for p in stays)

    def write(self) -> None:
        changes, _ = self.open.popleft()
        self.store.replace(changes.puts, changes.drops, {})
        self.stored.written(changes)

    def kill(self) -> None:
        """What was not written is decided again, from the store."""
        self.stored = StoredState(self.store, FRAME, limit=3)
        again, self.open = self.open, deque()
        for _, records in again:
            self._prepare(records)
            for item, at in records:
                for event in decide(self.stored, item, at, World()):
                    self.stored.evolve(event)
            self.open.append((self.stored.cut(), records))

    def settle(self) -> None:
        while self.open:
            self.write()
        assert list(self.stored.rows()) == list(rows(self.live))


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**60))
def test_equal_to_the_state_in_memory(seed: int) -> None:
    random = Random(seed)
    twin, todo = Twin(random), heard(random)
    while todo:
        size = random.randrange(1, 7)
        chunk, todo = todo[:size], todo[size:]
        at = chunk[-1][1]
        todo = [(item, max(at, t)) for item, t in twin.chunk(chunk)] + todo
        while len(twin.open) > random.randrange(3):
            twin.write()
        if random.random() < 0.2:
            twin.kill()
        if random.random() < 0.1:
            twin.settle()
    twin.settle()
    twin.chunk([(Tick(), at + FRAME.remember + 30 * twin.live.grain)])
    twin.settle()
    assert len(twin.store.states) == 1, "only the time is left"
