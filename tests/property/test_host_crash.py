"""A crash after any step of the order of writes, any number of times: the same ledger."""

from __future__ import annotations

from enum import Enum
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.runtime.host_ledger import LedgerPartition
from fuma.runtime.host_state import FOREVER
from fuma.runtime.memory_log import MemoryStore
from unit.runtime.host_rig import START, Rig


class Fate(Enum):
    """What becomes of one chunk."""

    TAKEN = 0
    DECIDED_ONLY = 1  # nothing persisted
    CUT_SHORT = 2  # a prefix of its records persisted
    APPENDED = 3  # all of them, and the store never heard
    STORE_LOST = 4  # taken, and then the disk went
    ASLEEP = 5  # taken, but another owner was at work before its records were there, and after


chunks = st.tuples(st.sampled_from(Fate), st.integers(1, 9), st.integers(0, 20), st.integers(1, 2))
inputs = st.lists(
    st.tuples(
        st.sampled_from([b"a" * 16, b"b" * 16, b"c" * 16]),
        st.integers(1, 12),  # ids repeat
        st.sampled_from([1, 2, 7, 14, 1000]),  # two parts, poison
        st.integers(0, 50),
    ),
    max_size=30,
)


def work(rig: Rig, engine: LedgerPartition[Any, Any, Any, Any], count: int) -> None:
    """Decide and take the next ``count`` inputs."""
    if records := rig.inputs(engine.next_offset, engine.next_offset + count):
        chunk = engine.decide(records, FOREVER)
        engine.take(chunk, rig.log.append(chunk.outgoing))


@settings(max_examples=300, deadline=None)
@given(inputs, st.lists(chunks, max_size=12))
def test_whatever_fails_the_ledger_without_repeats_is_the_same(
    given_inputs: list[tuple[bytes, int, int, int]], fates: list[tuple[Fate, int, int, int]]
) -> None:
    rig = Rig()
    rig.write(*(rig.input(key, id_, amount, START + at) for key, id_, amount, at in given_inputs))
    engine = rig.open()
    for fate, size, prefix, ahead in fates:
        decided = [
            engine.decide(records, FOREVER)
            for _ in range(ahead)
            if (records := rig.inputs(engine.next_offset, engine.next_offset + size))
        ]
        outgoing = [record for chunk in decided for record in chunk.outgoing]
        if fate is Fate.CUT_SHORT:
            rig.log.append(outgoing[:prefix])
        elif fate is Fate.ASLEEP:
            mine, rig.store = rig.store, MemoryStore()
            other = rig.open()
            work(rig, other, prefix)
            for chunk in decided:
                engine.take(chunk, rig.log.append(chunk.outgoing))
            work(rig, other, size)
            rig.store = mine
        elif fate is not Fate.DECIDED_ONLY:
            offsets = [rig.log.append(chunk.outgoing) for chunk in decided]
            if fate is not Fate.APPENDED:
                for chunk, acknowledged in zip(decided, offsets, strict=True):
                    engine.take(chunk, acknowledged)
        if fate is Fate.STORE_LOST:
            rig.store = MemoryStore()
        if fate is not Fate.TAKEN:
            engine = rig.open()
    rig.run(engine)
    assert rig.said() == rig.expected(chunk=1) == rig.expected(chunk=1_000)
    assert rig.alarms == []
    states = rig.store.states
    rig.store = MemoryStore()
    rig.open()
    assert rig.store.states == states
