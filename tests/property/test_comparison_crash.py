"""The stage comparison under crashes after any step: the reference's matches, the same bytes."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.contracts.topics import PRESENCE
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import DAY
from property.comparison.reference import Found, everything
from property.comparison.world import START, World, history
from unit.processor.comparison_rig import Rig

NOW = START + 2 * DAY
FRAME = Frame(parts=2)


class Fate(Enum):
    """What becomes of a partition's next chunks."""

    TAKEN = 0
    DECIDED_ONLY = 1  # nothing persisted
    CUT_SHORT = 2  # a prefix of its records persisted
    APPENDED = 3  # all of them, and the store never heard
    UNCOMMITTED = 4  # taken, and then killed
    STORE_LOST = 5  # committed, and then the disk went
    MOVED = 6  # another worker takes over with a store that was left behind


def found(tag: bytes, match: MatchFact) -> Found:
    return Found(
        match.rule, match.ground, tag, match.place, match.since, match.until, match.stay,
        match.source, match.case, match.depth,
    )  # fmt: skip


def strike(rig: Rig, partition: int, random: Random) -> None:
    """One or two chunks, and what happens to them."""
    fate = random.choice([Fate.TAKEN, *Fate])
    engine = rig.engines[partition]
    before = dict(rig.stores.kept[partition].states), dict(rig.stores.kept[partition].meta)  # type: ignore[attr-defined]
    chunks = []
    for _ in range(random.randrange(1, 3)):
        if records := rig.waiting(partition, random.randrange(1, 9)):
            chunks.append(engine.decide(records))
    outgoing = [record for chunk in chunks for record in chunk.outgoing]
    if fate is Fate.DECIDED_ONLY:
        outgoing = []
    elif fate is Fate.CUT_SHORT:
        outgoing = outgoing[: random.randrange(len(outgoing) + 1)]
    rig.log.append(outgoing)
    if fate in (Fate.TAKEN, Fate.UNCOMMITTED, Fate.STORE_LOST, Fate.MOVED):
        for chunk in chunks:
            rig.take(partition, chunk, commit=fate is not Fate.UNCOMMITTED)
    if fate is Fate.STORE_LOST:
        rig.stores.drop("comparison", partition)
    elif fate is Fate.MOVED:
        store = rig.stores.kept[partition]
        store.states, store.meta = before  # type: ignore[attr-defined]
    if fate is not Fate.TAKEN:
        rig.engines[partition] = rig.open(partition)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**60))
def test_whatever_fails_the_matches_are_the_references(seed: int) -> None:
    random = Random(seed)
    told = history(random)
    rig = Rig(World(), FRAME)
    for item in told:
        rig.tell(item, NOW)
        while random.random() < 0.4:
            strike(rig, random.randrange(rig.partitions), random)
    for _ in range(random.randrange(6)):
        strike(rig, random.randrange(rig.partitions), random)
    rig.run(random)
    expected = everything([(item, NOW) for item in told], FRAME.parts)
    assert Counter(found(*held) for held in rig.standing().elements()) == expected
    assert rig.alarms == []
    _decided_again(rig)


def _decided_again(rig: Rig) -> None:
    """From the topics alone, in one go: byte for byte what was said, and the same stores."""
    said = rig.outputs()
    assert all(len(outputs) == 1 for outputs in said.values()), "a repeat with other bytes"
    fresh = Rig(World(), FRAME)
    told = 0
    for partition in range(rig.partitions):
        fresh.log.records[PRESENCE, partition] = list(rig.log.records[PRESENCE, partition])
        fresh.engines[partition] = fresh.open(partition)
        chunk = fresh.engines[partition].decide(fresh.waiting(partition, 1_000_000))
        for record in chunk.outgoing:
            told += 1
            (same,) = said[record.headers[-1][1]]
            assert same == (record.topic, record.partition, record.key, record.value)
        fresh.take(partition, chunk)
    assert told == len(said)
    for partition, store in fresh.stores.kept.items():
        kept = rig.stores.kept[partition]
        assert store.states == kept.states  # type: ignore[attr-defined]
