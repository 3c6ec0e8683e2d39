"""A code that is read while the sink writes it, or by a clock that is behind the broker's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuma.contracts.topics import partition_for
from fuma.domain.codes.events import FactKind
from fuma.domain.time import MINUTE, SECOND, Ms
from fuma.runtime.platform import Answer, CodePlatform
from fuma.runtime.platform_memory import MemoryPlatform
from unit.sink.rig import COUNT, START, Rig

TAG = bytes(16)


class Clock:
    """A reader's."""

    def __init__(self, at: Ms) -> None:
        self.at = at

    def now(self) -> Ms:
        return self.at


class Racing(MemoryPlatform):
    """Between the positions and the code, the sink writes. ``rig`` is given once it runs."""

    rig: Rig | None = None

    def positions(self, partitions: int) -> list[bytes | None]:
        found = super().positions(partitions)
        rig, self.rig = self.rig, None
        if rig is not None:
            more(rig, START + 2 * MINUTE)
            rig.drain()
        return found


def more(rig: Rig, at: Ms) -> None:
    """A case, and from then on a contact as well: red throughout."""
    known = TAG in rig.author.decisions
    ground, evidence = (
        ("close-contact", "isolation-record") if known else ("confirmed", "diagnosis-report")
    )
    fact = rig.author.fact(at, ground=ground, kind=FactKind.FINDING, evidence_kind=evidence)
    for value in rig.author.decide(TAG, fact, at):
        rig.append(TAG, value, at)


def platform(rig: Rig, clock: Clock, *, simulated: bool) -> CodePlatform:
    def ends(numbers: object) -> dict[int, int]:
        return {partition_for(TAG, COUNT): 0}

    return CodePlatform(
        rig.store, rig.platform_sealer, simulated=simulated, partitions=COUNT, ends=ends,
        clock=clock,
    )  # fmt: skip


def test_a_red_code_is_red_while_a_later_decision_comes_in(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    racing = rig.store = Racing()
    more(rig, START)
    rig.drain()
    racing.rig = rig
    found = platform(rig, Clock(0), simulated=True).answer(TAG)
    assert isinstance(found, Answer)
    assert (found.word, found.seq) == ("red", 2)
    assert found.until is not None


def test_a_first_decision_that_comes_in_meanwhile_is_told(tmp_path: Path) -> None:
    """Looked for and not there, there a moment later: not green as of the moment before."""
    rig = Rig(tmp_path)
    looked: list[object] = []

    def ends(numbers: object) -> dict[int, int]:
        if not looked:
            looked.append(numbers)
            more(rig, START)
            rig.drain()
        return {partition_for(TAG, COUNT): 1}

    found = CodePlatform(
        rig.store, rig.platform_sealer, simulated=True, partitions=COUNT, ends=ends, clock=Clock(0)
    ).answer(TAG)
    assert isinstance(found, Answer)
    assert (found.word, found.at) == ("red", START)


@pytest.mark.parametrize("behind", [0, SECOND, MINUTE])
def test_a_red_code_is_red_by_a_clock_that_is_behind(tmp_path: Path, behind: Ms) -> None:
    rig = Rig(tmp_path)
    more(rig, START)
    more(rig, START + MINUTE)
    rig.drain()
    at = START + MINUTE - behind
    for asked in (None, at):
        found = platform(rig, Clock(at), simulated=False).answer(TAG, asked)
        assert isinstance(found, Answer)
        assert found.word == "red"


def test_the_first_decision_counts_by_a_clock_that_is_behind(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    more(rig, START)
    rig.drain()
    found = platform(rig, Clock(START - SECOND), simulated=False).answer(TAG)
    assert isinstance(found, Answer)
    assert found.word == "red"
