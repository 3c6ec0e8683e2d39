"""One suite for the platform's store: the fake, and Redis as the sink's user."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from fuma.runtime.embedded.connect import redis_client
from fuma.runtime.platform_memory import MemoryPlatform
from fuma.runtime.platform_store import Changed, PlatformStore
from fuma.runtime.platform_writes import EVERYTHING, Batch, Put, code_key, position_key, was_key
from fuma.runtime.redis import RedisStore

A, B = bytes(16), bytes(15) + b"\x01"


@dataclass
class Held:
    """A store, and how a stranger writes past it."""

    store: PlatformStore
    intrude: Callable[[bytes, bytes | None], None]

    def changed(self) -> Changed | None:
        """Redis tells a moment later."""
        for _ in range(20):
            found = self.store.changed()
            if found is not None:
                return found
            time.sleep(0.01)
        return None


@pytest.fixture(params=["memory", "redis"])
def held(request: pytest.FixtureRequest) -> Iterator[Held]:
    if request.param == "memory":
        memory = MemoryPlatform()
        yield Held(memory, memory.intrude)
        return
    home = request.getfixturevalue("stack").home
    store = RedisStore(home)
    store.drop()
    admin = redis_client(home, "admin")

    def intrude(key: bytes, value: bytes | None) -> None:
        if value is None:
            admin.delete(key)
        else:
            admin.set(key, value)

    yield Held(store, intrude)
    store.drop()
    store.close()
    admin.close()


def test_codes_and_position_are_written_together(held: Held) -> None:
    store = held.store
    assert store.write(Batch(3, None, b"p1", [Put(A, None, b"a1"), Put(B, None, b"b1")]))
    assert store.codes([A, B]) == [b"a1", b"b1"]
    assert store.positions(4) == [None, None, None, b"p1"]
    assert store.write(Batch(3, b"p1", b"p2", [Put(A, b"a1", b"a3", (b"a1", b"a2"))]))
    assert store.latest(A) == (b"a3", b"a2")
    assert store.latest(B) == (b"b1", None)
    assert store.all_of(A) == [b"a1", b"a2", b"a3"]


@pytest.mark.parametrize(
    "stale",
    [
        Batch(0, b"other", b"p2", [Put(A, b"a1", b"a2")]),
        Batch(0, None, b"p2", [Put(A, b"a1", b"a2")]),
        Batch(0, b"p1", b"p2", [Put(B, None, b"b1"), Put(A, b"a0", b"a2", (b"a0",))]),
        Batch(0, b"p1", b"p2", [Put(B, None, b"b1"), Put(A, None, b"a2")]),
    ],
)
def test_a_batch_that_finds_anything_changed_writes_nothing(held: Held, stale: Batch) -> None:
    assert held.store.write(Batch(0, None, b"p1", [Put(A, None, b"a1")]))
    assert not held.store.write(stale)
    assert held.store.codes([A, B]) == [b"a1", None]
    assert held.store.positions(1) == [b"p1"]
    assert held.store.all_of(A) == [b"a1"]


def test_what_was_looked_at_is_written_over_in_one_go(held: Held) -> None:
    store = held.store
    store.write(Batch(3, None, b"p1", [Put(A, None, b"a1")]))
    look = store.look([3, 5], [A, B])
    assert look.found() == ([b"p1", None], [b"a1", None])
    batches = [
        Batch(3, b"p1", b"p2", [Put(A, b"a1", b"a2", (b"a1",))]),
        Batch(5, None, b"q1", [Put(B, None, b"b2", (b"b1",))]),
    ]
    written = store.put(look, batches)
    # What comes next is asked for before that is answered.
    after = store.look([3, 5], [A, B])
    assert after.found() == ([b"p2", b"q1"], [b"a2", b"b2"])
    assert written.done()
    assert (store.all_of(A), store.all_of(B)) == ([b"a1", b"a2"], [b"b1", b"b2"])
    assert held.changed() is None


@pytest.mark.parametrize("key", [code_key(A), code_key(B), position_key(3), position_key(5)])
def test_nothing_is_written_over_what_changed_since_the_look(held: Held, key: bytes) -> None:
    """Of no partition, whichever key it was, there or not."""
    store = held.store
    store.write(Batch(3, None, b"p1", [Put(A, None, b"a1")]))
    look = store.look([3, 5], [A, B])
    look.found()
    held.intrude(key, b"theirs")
    put = [Put(A, b"a1", b"a2", (b"a1",))]
    assert not store.put(look, [Batch(3, b"p1", b"p2", put), Batch(5, None, b"q1")]).done()
    found = dict(zip((code_key(A), code_key(B)), store.codes([A, B]), strict=True))
    for number, value in ((3, store.positions(6)[3]), (5, store.positions(6)[5])):
        found[position_key(number)] = value
    before = {code_key(A): b"a1", code_key(B): None, position_key(3): b"p1", position_key(5): None}
    assert found == before | {key: b"theirs"}
    assert len(store.all_of(A)) == 1


def test_a_look_is_good_for_one_write(held: Held) -> None:
    store = held.store
    first = store.look([0], [A])
    assert store.write(Batch(1, None, b"other", []))
    assert not store.put(first, [Batch(0, None, b"p1", [])]).done(), "we wrote since"
    second = store.look([0], [A])
    third = store.look([0], [A])
    assert not store.put(second, [Batch(0, None, b"p1", [])]).done(), "we looked since"
    assert not store.put(third, [Batch(0, None, b"p1", [])]).done(), "and tried to write"
    fourth = store.look([0], [A])
    assert store.put(fourth, [Batch(0, None, b"p1", [])]).done()
    assert not store.put(fourth, [Batch(0, b"p1", b"p2", [])]).done()
    assert store.positions(2) == [b"p1", b"other"]


def test_a_reset_forgets_the_earlier_ones_and_none_removes(held: Held) -> None:
    store = held.store
    store.write(Batch(0, None, b"p", [Put(A, None, b"a2", (b"a1",)), Put(B, None, b"b")]))
    puts = [Put(A, b"a2", b"a9", (b"a8",), True), Put(B, b"b", None, (), True)]
    assert store.write(Batch(0, b"p", b"p", puts))
    assert store.all_of(A) == [b"a8", b"a9"]
    assert store.all_of(B) == []


def test_it_is_told_of_what_others_write_and_not_of_its_own(held: Held) -> None:
    held.store.write(Batch(0, None, b"p", [Put(A, None, b"a2", (b"a1",))]))
    held.store.beat(b"alive")
    assert held.changed() is None
    held.intrude(code_key(A), b"x")
    assert held.changed() == Changed((code_key(A),))
    held.intrude(was_key(A), None)
    assert held.changed() == Changed((was_key(A),))
    assert held.changed() is None


def test_scan_meets_every_key_and_drop_removes_all(held: Held) -> None:
    held.store.write(Batch(0, None, b"p", [Put(A, None, b"a2", (b"a1",))]))
    keys = {key for page in held.store.scan(EVERYTHING) for key in page}
    assert keys == {code_key(A), was_key(A), position_key(0)}
    assert held.store.drop() == 3
    assert held.store.positions(1) == [None]
    assert held.store.alive(2) == [None, None]


def test_each_sink_says_that_it_lives(held: Held) -> None:
    held.store.beat(b"first")
    held.store.beat(b"second", 1)
    assert held.store.alive(3) == [b"first", b"second", None]
    held.store.hush([1, 2])
    assert held.store.alive(3) == [b"first", None, None]
    held.store.hush([])
    assert len(held.store.connections) > 0
