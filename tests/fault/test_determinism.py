"""Same log in, same bytes out: the demo's day, with the processor killed while it is lived.

The processor gets SIGKILL five times at random moments while the departments report. Afterwards
the person topic as it stands is decided again from the start, in this process, with chunk sizes of
its own; and the ledger, once repeats are dropped, is the same for every person, byte for byte.
Nothing is lost between the stages and nothing counts twice; what the task force wrote is what it
writes when its input is expanded again.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fuma.cli.demo.day import Planner
from fuma.cli.demo.driver import Departments, live
from fuma.cli.demo.province import settle
from fuma.cli.demo.story import START
from fuma.cli.demo.world import World
from fuma.contracts import topics
from fuma.contracts.facts import decode_person
from fuma.contracts.genesis import read_world
from fuma.domain.time import DAY, HOUR
from fuma.processor.codes import Codes
from fuma.processor.itinerary import Itinerary
from fuma.processor.taskforce import Taskforce
from fuma.runtime import host_world
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_replay import decide_again, first_records, per_key
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import ORIGIN_HEADER, TIME_HEADER, unpack_origin

pytestmark = pytest.mark.slow
KILLS = 5
SEED = 41


@pytest.fixture(scope="module")
def killed() -> Iterator[World]:
    """A world that lived the day while its processor was killed again and again."""
    province = settle(6_000, SEED)
    reports = Planner(province.people, START, SEED).reports()
    with tempfile.TemporaryDirectory(prefix="fuma-kill-") as folder:
        with World(Path(folder) / "home") as world:
            world.up(START - DAY)
            world.ask.load([(p.number, p.name) for p in province.everybody])
            over = threading.Event()
            killer = threading.Thread(target=_kill, args=(world, over))
            with Departments(world.home.path, Path(folder)) as departments:
                killer.start()
                live(departments, reports, START, HOUR, lambda count: None)
            over.set()
            killer.join()
            world.ask.drained()
            yield world


def _kill(world: World, over: threading.Event) -> None:
    """SIGKILL at random moments, the last ones after the day if it is too short."""
    seed = int(os.environ.get("FUMA_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"kills: FUMA_TEST_SEED={seed}")
    dice = random.Random(seed)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.5, 3.0))
        until = time.monotonic() + 60
        while not (running := world.supervisor.processes("processor")):
            assert time.monotonic() < until, "the processor was not started again"
            time.sleep(0.05)
        running[0].signal(signal.SIGKILL)


def _stage(world: World) -> tuple[Codes, host_world.World, Intake]:
    pinned = read_world(world.home.world)
    ask = world.ask
    reader = LawReader(ask.log, ask.sealer, pinned)
    reader.poll()
    stage = Codes(lambda: reader.law)
    letters = {stage.dead_letter_topic: topics.spec(stage.dead_letter_topic).partitions}
    counts = {topics.PERSON: topics.spec(topics.PERSON).partitions}
    intake = Intake(ask.sealer, simulated=True, partition_of=topics.partition_for, counts=counts)
    return stage, host_world.World(ask.sealer, True, letters), intake


@pytest.mark.parametrize("chunk", [1, 97, 5_000])
def test_decided_again_the_ledger_is_the_same(killed: World, chunk: int) -> None:
    stage, shared, intake = _stage(killed)
    log = killed.ask.log
    people = 0
    for partition in range(topics.spec(topics.PERSON).partitions):
        bounds = log.bounds(topics.DECISIONS, partition)
        records = log.read(topics.DECISIONS, partition, bounds.start, bounds.end)
        stands = per_key(first_records(stage, shared, records))
        again = per_key(decide_again(stage, shared, intake, log, partition, chunk=chunk))
        assert again == stands
        people += len(stands)
    assert people > 1_000


def test_the_processor_was_killed_and_started_again(killed: World) -> None:
    [processor] = [c for c in killed.supervisor.children() if c.service == "processor"]
    assert processor.restarts == KILLS


def test_nothing_is_lost_and_nothing_counts_twice(killed: World) -> None:
    """Every report on a person has exactly one decision; a repeat has none of its own."""
    person = {(r.key, f.id, f.content) for r in killed.ask.records(topics.PERSON)
              for f in (decode_person(r.value),)}  # fmt: skip
    decided = Counter(
        (raw.key, record.cause.id, record.cause.content)
        for raw, record in killed.ask.decisions()
        if record.part == 0
    )
    assert set(decided) == person
    assert set(decided.values()) == {1}


def test_the_task_force_expanded_again_gives_what_it_gave(killed: World) -> None:
    ask, stage = killed.ask, Taskforce()
    expanded = {}
    for name in stage.input_topics:
        uuid = ask.log.topic_id(name)
        for raw in ask.records(name):
            assert ask.sealer.check(raw.topic, raw.key, raw.value, raw.headers)
            (emit,) = stage.transform(raw)
            out = emit.key, emit.value, raw.header(TIME_HEADER)
            expanded[uuid, raw.partition, raw.offset] = out
    presence, matches = ask.log.topic_id(topics.PRESENCE), 0
    met: dict[tuple[bytes, int, int], None] = {}
    for raw in ask.records(topics.PERSON):
        assert ask.sealer.check(raw.topic, raw.key, raw.value, raw.headers)
        uuid, partition, offset, ordinal = unpack_origin(raw.header(ORIGIN_HEADER) or b"")
        if uuid == presence:
            matches += 1  # the comparison's
            continue
        assert ordinal == 0
        assert (raw.key, raw.value, raw.header(TIME_HEADER)) == expanded[uuid, partition, offset]
        met.setdefault((uuid, partition, offset))
    assert set(met) == set(expanded)
    assert matches
    # What one department said of a person reached him in the order in which it was said.
    last: dict[tuple[bytes, int], int] = {}
    for uuid, partition, offset in met:
        assert offset == last.get((uuid, partition), -1) + 1
        last[uuid, partition] = offset


def test_itineraries_expanded_again_are_where_they_are_compared(killed: World) -> None:
    ask, stage = killed.ask, Itinerary()
    uuid = ask.log.topic_id(topics.ITINERARY)
    expanded = {
        (raw.partition, raw.offset, ordinal): (emit.key, emit.value, raw.header(TIME_HEADER))
        for raw in ask.records(topics.ITINERARY)
        for ordinal, emit in enumerate(stage.transform(raw))
    }
    met = set()
    for raw in ask.records(topics.PRESENCE):
        assert ask.sealer.check(raw.topic, raw.key, raw.value, raw.headers)
        origin = raw.header(ORIGIN_HEADER)
        if origin is None:
            continue  # a tick, of the gateway
        whence, partition, offset, ordinal = unpack_origin(origin)
        if whence == uuid:
            place = partition, offset, ordinal
            assert (raw.key, raw.value, raw.header(TIME_HEADER)) == expanded[place]
            met.add(place)
    assert met == set(expanded)
