"""What a stranger does to the platform is noticed and put right; an honest one raises nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.contracts.topics import partition_for
from fuma.domain.time import DAY
from fuma.runtime.platform import NoAnswer
from fuma.runtime.platform_writes import code_key, position_key, was_key
from unit.sink.agreeing import agree, incidents
from unit.sink.rig import COUNT, START, Rig


@pytest.mark.parametrize("what", ["forge", "delete", "was", "position", "flush"])
def test_what_a_stranger_does_is_noticed_and_put_right(tmp_path: Path, what: str) -> None:
    rig = Rig(tmp_path, 10)
    tags = rig.live(4, 40)
    rig.drain()
    tag = tags[0]
    assert len(rig.store.lists[was_key(tag)]) > 2
    if what == "forge":
        rig.store.intrude(code_key(tag), rig.store.values[code_key(tags[1])])
        found = rig.platform.answer(tag)
        assert isinstance(found, NoAnswer)
        assert found.alarm
    elif what == "delete":
        rig.store.intrude(code_key(tag), None)
        assert rig.platform.colour(tag) is None
    elif what == "was":
        rig.store.intrude(was_key(tag), None)
        assert rig.platform.colour(tag, START + DAY) is None
    elif what == "position":
        rig.store.intrude(position_key(partition_for(tag, COUNT)), b"nothing")
    else:
        rig.store.flush()
    rig.drain()
    agree(rig, tags)
    assert any(code.startswith("platform-") for code in incidents(rig))


def test_what_was_changed_while_nobody_was_told_the_sweep_finds(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 11)
    tags = rig.live(4, 40)
    rig.drain()
    rig.store.values[code_key(tags[0])] = b"fp\x01" + bytes(64)
    del rig.store.values[code_key(tags[1])]
    rig.store.down = True
    rig.sink.turn()
    rig.store.down = False
    rig.drain()
    for _ in range(5):
        rig.sink.turn()
    agree(rig, tags)
    assert incidents(rig).count("platform-record") == 2


def _quietly_older(rig: Rig, tag: bytes) -> bytes:
    """An administrator puts the code before the last back, with its list, unseen by the sink."""
    now, was = rig.store.values[code_key(tag)], rig.store.lists[was_key(tag)]
    rig.store.values[code_key(tag)] = was.pop()
    if not was:
        del rig.store.lists[was_key(tag)]
    return now


def _restarted(rig: Rig) -> None:
    rig.sink._close()
    for _ in range(20):
        rig.sink.turn()
    rig.drain()


def test_an_older_code_put_back_while_no_sink_ran_is_found_when_it_starts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 3)
    tags = rig.live(5, 60)
    rig.drain()
    for tag in tags:
        was = _quietly_older(rig, tag)
        _restarted(rig)
        assert rig.store.values[code_key(tag)] == was
    assert incidents(rig) == ["platform-record"] * len(tags)
    agree(rig, tags)


def test_a_removed_code_is_missed_though_another_key_stands_for_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 3)
    tags = rig.live(5, 60)
    rig.drain()
    gone = tags[0]
    made = next(t for i in range(99) if partition_for(t := bytes([i]) * 16, COUNT)
                == partition_for(gone, COUNT))  # fmt: skip
    rig.store.values[code_key(made)] = rig.store.values.pop(code_key(gone))
    rig.store.lists.pop(was_key(gone), None)
    _restarted(rig)
    agree(rig, tags)
    assert code_key(made) not in rig.store.values


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), chunk=st.integers(1, 9))
def test_an_honest_platform_raises_no_alarm(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chunk: int
) -> None:
    """Sweeps between writes, restarts at any moment, writes whose answer was lost."""
    rig = Rig(tmp_path_factory.mktemp("sink"), seed, chunk=chunk)
    rig.sink._settings = replace(rig.sink._settings, sweep_s=0.0)
    tags = rig.live(6, 30)
    for _ in range(40):
        rig.sink.turn()
        if rig.author.dice.random() < 0.2:
            rig.sink._close()
        if rig.author.dice.random() < 0.1:
            rig.store.lose_answer = True
    tags += rig.live(3, 15)
    rig.drain()
    _restarted(rig)
    assert incidents(rig) == []
    agree(rig, tags)
