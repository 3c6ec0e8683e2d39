"""The sink's own promises, over memory; what Redis does of it is in tests/contract and broker."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.contracts.errors import Fatal
from fuma.contracts.topics import DECISIONS, partition_for
from fuma.domain.colour import Colour
from fuma.domain.time import DAY, HOUR
from fuma.runtime.dead_letters import original_of
from fuma.runtime.mac import Sealer
from fuma.runtime.platform import Answer, NoAnswer
from fuma.runtime.platform_writes import code_key
from fuma.runtime.ports import LogRecord
from unit.sink.agreeing import agree, incidents
from unit.sink.rig import COUNT, START, WORLD, Rig


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), chunk=st.integers(1, 40))
def test_every_moment_is_answered_as_it_was_decided(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chunk: int
) -> None:
    rig = Rig(tmp_path_factory.mktemp("sink"), seed, chunk=chunk)
    tags = rig.live(5, 40)
    rig.drain()
    agree(rig, tags)


def test_reds_are_among_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 3)
    tags = rig.live(5, 60)
    rig.drain()
    assert agree(rig, tags) > 20


def test_repeats_change_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 4)
    tags = rig.live(4, 30)
    rig.drain()
    before = dict(rig.store.values)
    for number in range(COUNT):
        for record in list(rig.log.records[DECISIONS, number]):
            rig.append(record.key or b"", record.value or b"", START)
    rig.drain()
    codes = {k: v for k, v in rig.store.values.items() if k.startswith(b"fuma:code:")}
    assert codes == {k: v for k, v in before.items() if k.startswith(b"fuma:code:")}
    assert incidents(rig) == []
    agree(rig, tags)


def test_a_forged_ledger_record_is_a_dead_letter_and_an_incident(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 5)
    tags = rig.live(3, 20)
    tag = tags[0]
    values = rig.author.decide(tag, rig.author.fact(START + 90 * DAY), START + 90 * DAY)
    rig.author.decisions[tag].pop()
    for value in values:
        rig.append(tag, value, START + 90 * DAY, sealer=Sealer(WORLD.id, b"x" * 32))
    rig.drain()
    assert len(rig.log.records["fuma.dlq.decisions", 0]) == len(values)
    assert incidents(rig) == ["forged-decision"]
    agree(rig, tags)


@pytest.mark.parametrize("key", [b"k" * 16, b"k" * 990_000])
def test_a_forged_record_of_any_size_holds_nothing_up(tmp_path: Path, key: bytes) -> None:
    rig = Rig(tmp_path, 5)
    tags = rig.live(3, 20)
    found = rig.log.records[DECISIONS, 1]
    found.append(LogRecord(DECISIONS, 1, len(found), START, key, bytes(2_000_000), ()))
    rig.drain()
    letters = rig.log.records["fuma.dlq.decisions", 0]
    assert original_of(letters[-1], letters) == (key, bytes(2_000_000), ())
    assert incidents(rig) == ["forged-decision"]
    agree(rig, tags)


def test_a_skipped_seq_holds_that_subject_only(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 6)
    tags = rig.live(4, 40)
    rig.drain()
    tag = tags[0]
    before = rig.platform.answer(tag)
    at = rig.platform.now() + HOUR
    rig.author.decide(tag, rig.author.fact(at), at)  # decided, and not appended
    for value in rig.author.decide(tag, rig.author.fact(at), at):
        rig.append(tag, value, at)
    other = tags[1]
    for value in rig.author.decide(other, rig.author.fact(at), at):
        rig.append(other, value, at)
    rig.drain()
    after = rig.platform.answer(tag)
    assert isinstance(before, Answer)
    assert isinstance(after, Answer)
    assert (after.seq, after.held) == (before.seq, "out-of-sequence")
    assert "ledger-held" in incidents(rig)
    told = rig.platform.answer(other)
    assert isinstance(told, Answer)
    assert told.recorded == at
    assert not told.held


def test_a_known_seq_with_another_hash_holds(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 7)
    tags = rig.live(3, 30)
    rig.drain()
    tag = tags[0]
    rig.author.ends[tag] = (0, bytes(32))
    rig.author.states.pop(tag)
    for value in rig.author.decide(tag, rig.author.fact(START + 99 * DAY), START + 99 * DAY):
        rig.append(tag, value, START + 99 * DAY)
    rig.drain()
    told = rig.platform.answer(tag)
    assert isinstance(told, Answer)
    assert told.held == "hash-mismatch"
    assert incidents(rig) == ["ledger-held"]


def test_a_write_whose_answer_was_lost_is_not_done_twice(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 8)
    tags = rig.live(4, 40)
    for _ in range(12):
        rig.store.lose_answer = True
        rig.sink.turn()
    rig.store.lose_answer = False
    rig.drain()
    agree(rig, tags)


def test_a_sink_that_dies_while_a_write_is_under_way_leaves_all_or_nothing(tmp_path: Path) -> None:
    """A full chunk is written while the next one is read: whoever takes over reads the position."""
    rig = Rig(tmp_path, 8, chunk=3)
    tags = rig.live(4, 60)
    died = 0
    for _ in range(40):
        rig.sink.turn()
        session = rig.sink._session
        if session is not None and session.writer.busy:
            died += 1
            rig.sink = rig.another()
    assert died > 3
    rig.drain()
    agree(rig, tags)
    assert incidents(rig) == []


def test_two_sinks_that_take_themselves_for_the_only_one_write_nothing_wrong(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, 8, chunk=3)
    tags = rig.live(4, 80)
    first, second = rig.sink, rig.another()
    for turn in range(60):
        (first if rig.author.dice.random() < 0.5 else second).turn()
        assert turn < 59 or first.applied > 0 < second.applied
    rig.drain()
    agree(rig, tags)
    assert incidents(rig) == []


def test_sinks_share_the_partitions_and_each_looks_after_its_own(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 21)
    tags = rig.live(12, 80)
    rig.settings = replace(rig.settings, beat_s=0.0)
    first, second = rig.another([0]), rig.another([1])
    for _ in range(20):
        first.turn()
        second.turn()
    assert first.caught_up()
    assert second.caught_up()
    assert first.applied + second.applied == sum(map(len, rig.author.decisions.values()))
    agree(rig, tags)
    told = rig.platform.alive()
    assert told is not None
    assert (told.behind, [v is not None for v in rig.store.alive(2)]) == (0, [True, True])
    theirs = next(tag for tag in tags if partition_for(tag, COUNT) == 1)
    rig.store.intrude(code_key(theirs), b"nonsense")
    first.turn()
    assert (rig.platform.colour(theirs), incidents(rig)) == (None, [])
    rig.store.intrude(code_key(theirs), b"nonsense")  # the fake tells only one of them
    second.turn()
    assert incidents(rig) == ["platform-write"]
    agree(rig, tags)
    # What is asked of the one leaves what the other has written.
    rig.settings.rebuild(1).parent.mkdir(parents=True)
    rig.settings.rebuild(1).touch()
    before, kept = rig.store.positions(2)[0], second.applied
    for _ in range(20):
        first.turn()
        second.turn()
        if not rig.settings.rebuild(1).exists():
            break
        time.sleep(0.02)
    assert rig.store.positions(2)[0] == before
    while not second.caught_up():
        second.turn()
    assert second.applied > kept
    agree(rig, tags)
    # One that takes over all of them is the only one that says it lives.
    rig.drain()
    assert [v is not None for v in rig.store.alive(2)] == [True, False]


def test_a_partition_of_a_home_is_one_sinks(tmp_path: Path) -> None:
    """Locks are a process's: another one is asked."""
    words = (
        "import sys; from pathlib import Path; from fuma.sink.settings import Settings; "
        "from fuma.sink.share import numbers_of, share; from fuma.contracts.errors import Fatal\n"
        "given = numbers_of(sys.argv[2]) if sys.argv[2] else None\n"
        "settings = Settings(Path(sys.argv[1]), partitions=given, workers=int(sys.argv[3]))\n"
        "try:\n"
        "    with share(settings, 4) as mine: print(list(mine), flush=True); sys.stdin.read()\n"
        "except Fatal as error: print(error, flush=True)"
    )

    def start(partitions: str, workers: int = 1) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", words, str(tmp_path), partitions, str(workers)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    running = []
    try:
        for partitions, workers, said in (
            ("", 2, "[0, 2]"), ("", 1, "a sink runs on this home already"), ("", 2, "[1, 3]"),
            ("", 2, "a sink runs on this home already"), ("0-1", 1, "a sink runs"),
            ("4", 1, "there are partitions 0 to 3"),
        ):  # fmt: skip
            running.append(start(partitions, workers))
            assert running[-1][1].startswith(said)
        running[0][0].kill()
        running[0][0].wait()
        for partitions, said in (("0,2", "[0, 2]"), ("3", "a sink runs")):
            running.append(start(partitions))
            assert running[-1][1].startswith(said)
    finally:
        for process, _ in running:
            process.kill()
            process.communicate()


def test_an_empty_platform_is_filled_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 9)
    tags = rig.live(4, 40)
    rig.drain()
    rig.store.down = True
    rig.sink.turn()
    rig.store.values.clear()
    rig.store.lists.clear()
    rig.store.down = False
    rig.drain()
    agree(rig, tags)
    assert incidents(rig) == []


def test_no_record_and_behind_is_no_answer_never_green(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 12)
    tags = rig.live(4, 40)
    assert rig.platform.colour(tags[0]) is None
    rig.drain()
    stranger = next(bytes([n]) * 16 for n in range(9) if partition_for(bytes([n]) * 16, COUNT) == 0)
    found = rig.platform.answer(stranger)
    assert isinstance(found, Answer)
    assert found.colour is Colour.GREEN
    assert found.seq == 0
    rig.platform._ends = lambda numbers: None
    found = rig.platform.answer(stranger)
    assert isinstance(found, NoAnswer)
    assert found.reason == "ledger-unreachable"


def test_parts_of_a_decision_count_together(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 13, chunk=1)
    tag = b"t" * 16
    at = START
    for value in rig.author.decide(tag, rig.author.fact(at), at):
        rig.append(tag, value, at)
    rig.drain()
    decision = rig.author.decisions[tag][0]
    from dataclasses import replace

    from fuma.contracts.decisions import Cause, split

    big = replace(decision, at=at + HOUR, events=decision.events * 150)
    seq, prev = rig.author.ends[tag]
    values = split(big, Cause(bytes(16), bytes(16), 0, 1, bytes(32), bytes(32)), seq + 1, prev)
    assert len(values) == 3
    rig.append(tag, values[0], at + HOUR)
    for _ in range(4):
        rig.sink.turn()
    told = rig.platform.answer(tag)
    assert isinstance(told, Answer)
    assert told.seq == seq
    rig.store.down = True  # forget what was open; a writer that crashed starts the parts again
    rig.sink.turn()
    rig.store.down = False
    for value in values:
        rig.append(tag, value, at + HOUR)
    rig.drain()
    told = rig.platform.answer(tag)
    assert isinstance(told, Answer)
    assert told.seq == seq + 3
    assert incidents(rig) == []


def test_a_ledger_that_lost_its_tail_stops_the_sink_and_nothing_is_written(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 12)
    rig.live(4, 40)
    rig.drain()
    before = dict(rig.store.values)
    cut = max(range(COUNT), key=lambda n: len(rig.log.records[DECISIONS, n]))
    rig.log.records[DECISIONS, cut].pop()
    rig.sink._close()
    again = rig.another()
    with pytest.raises(Fatal, match="was applied"):
        again.turn()
    assert rig.store.values == before
