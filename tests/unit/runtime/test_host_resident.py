"""Resident states: what is decided, what is stored and when, and what stops or is set aside."""

from __future__ import annotations

from typing import Any

import pytest
from faust.types import TP

from fuma.contracts import commandlog
from fuma.contracts.errors import Fatal
from fuma.contracts.topics import COMMANDS, ORDERS, partition_for
from fuma.domain.authority import commands as c
from fuma.domain.time import HOUR, MINUTE
from fuma.runtime import host_resident
from fuma.runtime.host_resident import ResidentRunner
from fuma.runtime.host_state import FOREVER, POSITION, SHAPE
from fuma.runtime.host_types import Position
from fuma.runtime.memory_log import MemoryStore
from fuma.runtime.ports import Outgoing, Store
from unit.authority.making import NOON, h, line
from unit.authority.rig import DLQ, Rig, Signer, xing_founding


def rig(lines: int = 250) -> Rig:
    """A founding and a form with its pages."""
    made = Rig()
    people = [line(n, "141123") for n in range(lines)]
    _, pages = Signer("14").form("clerk", "form", people, "141123")
    made.signed(xing_founding(), *pages)
    return made


def tick(made: Rig, at: int) -> None:
    made.write(commandlog.tick_value("14", at), at=at)


def stored(made: Rig) -> int:
    data = made.store.get_meta(POSITION)
    return Position.load(data).applied if data else -1


def test_the_store_hears_nothing_until_a_snapshot_and_all_of_it_on_closing() -> None:
    made = rig()
    engine = made.open()
    made.run(engine)
    assert stored(made) == -1, "only what recovery found"
    assert engine.done.offset == 4, "and yet the group is told"
    engine.close()
    assert stored(made) == 3
    assert made.state(made.open()) == made.state(engine)


def test_a_snapshot_after_so_many_records_is_of_its_chunk_and_of_no_later_one() -> None:
    made = rig()
    made.snapshot_records = 2
    engine = made.open()
    first = engine.decide(made.inputs(0, 2), FOREVER)
    second = engine.decide(made.inputs(2, 3), FOREVER)
    assert first.snapshot is not None
    assert second.snapshot is None
    engine.take(first, made.log.append(first.outgoing))
    made.log.append(second.outgoing[:0])
    assert stored(made) == 1
    # The second chunk was never appended: who opens the store knows nothing of it.
    again = made.open()
    assert made.state(again).orders[h("form")].pages == {}
    assert again.next_offset == 2


def test_only_what_changed_is_written_again() -> None:
    made = rig()
    engine = made.open()
    made.run(engine)
    engine.close()
    names = {key[3:4] for key in made.store.states if key[2:3] == b"/"}
    assert names == {b"", b"o", b"p"}
    engine = made.open()
    tick(made, NOON + MINUTE)
    made.run(engine)
    written = engine._residents.snapshot()
    assert [key for key in written if key[2:4] == b"/p"] == []


def test_nothing_is_decided_past_the_horizon_and_it_goes_on_from_there() -> None:
    made = rig()
    tick(made, NOON + HOUR)
    engine = made.open()
    assert engine.decide(made.inputs(), NOON - 1).taken == 0
    chunk = engine.decide(made.inputs(), NOON)
    assert (chunk.taken, chunk.at) == (4, NOON)
    engine.take(chunk, made.log.append(chunk.outgoing))
    made.run(engine)
    assert engine.position.at == NOON + HOUR


def test_a_chunk_ends_early_where_its_ledger_grows_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_resident, "CHUNK_OUT_BYTES", 10_000)
    made = rig()
    engine = made.open()
    chunk = engine.decide(made.inputs(), FOREVER)
    assert chunk.taken == 3, "manifest and one page reach it"
    made.log.append(chunk.outgoing)
    assert engine.decide(made.inputs(3), FOREVER).taken == 1


def test_a_decision_that_fits_no_entry_is_a_dead_letter_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = rig()
    engine = made.open()
    monkeypatch.setattr(host_resident, "ledger_value_fits", lambda key, value: len(value) < 15_000)
    made.run(engine)
    assert [r.header("fuma-reason") for r in made.log.records[DLQ, 0]] == [b"too-large"]
    assert list(made.state(engine).orders[h("form")].pages) == [1]
    assert engine.next_offset == 4


def test_records_that_do_not_follow_and_chunks_out_of_turn_stop_it() -> None:
    made = rig()
    engine = made.open()
    with pytest.raises(Fatal, match="offset 1 follows -1"):
        engine.decide(made.inputs(1), FOREVER)
    first, second = (engine.decide(made.inputs(n, n + 1), FOREVER) for n in (0, 1))
    with pytest.raises(Fatal, match="in the order"):
        engine.take(second, [0] * len(second.outgoing))
    engine.take(first, made.log.append(first.outgoing))


def test_a_ledger_that_says_something_else_holds_the_province() -> None:
    made = rig()
    made.run(made.open())
    value = made.log.records[ORDERS, 0][1]
    # Ours by its MAC, and another decision under a number that is taken.
    other = made.stage.encode(
        ([], NOON), made.stage.read(value.value or b"").cause, 2, b"x" * 32
    )[0]  # fmt: skip
    headers = made.world.sealer.headers(ORDERS, b"14", other, time=None)
    made.log.append([Outgoing(ORDERS, 0, b"14", other, headers)])
    engine = made.open()
    assert made.alarms == ["held"]
    made.signed(Signer("14").sign("clerk", c.Withdraw(h("form"), "x"), id=h("late")))
    made.run(engine)
    assert made.log.records[DLQ, 0][-1].header("fuma-reason") == b"held"


class Stores:
    """Where the stores are; a dropped one begins anew."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def open(self, stage: str, partition: int) -> Store:
        return self.store

    def drop(self, stage: str, partition: int) -> None:
        self.store = MemoryStore()


@pytest.mark.parametrize(
    "written",
    [{SHAPE: b"authority-0"}, {POSITION: b'{"a later field": 1}'}, {POSITION: b"[]"}],
    ids=["another shape", "another release's position", "no position"],
)
def test_a_store_of_another_shape_is_folded_again(written: dict[str, bytes]) -> None:
    made = rig()
    engine = made.open()
    made.run(engine)
    engine.close()
    lived = made.state(engine)
    made.store.meta.update(written)
    made.store.states.clear()
    stores = Stores(made.store)
    made.log._counts = {COMMANDS: 8, ORDERS: 8, DLQ: 1}
    runner = ResidentRunner(made.stage, made.world, made.log, stores, partition_for)
    opened = runner.open(TP(COMMANDS, 0), None)
    assert stores.store is not made.store
    assert made.state(opened) == lived  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("which", "how"), [(COMMANDS, "cut"), (ORDERS, "cut"), (ORDERS, "grown again")]
)
def test_a_lost_tail_is_noticed_though_the_last_snapshot_never_knew_it(
    which: str, how: str
) -> None:
    class Stores:
        def open(self, stage: str, partition: int) -> Store:
            return made.store

        def drop(self, stage: str, partition: int) -> None:
            raise AssertionError("nothing is wrong with the store")

    made = rig()
    runner = ResidentRunner(made.stage, made.world, made.log, Stores(), partition_for)
    engine: Any = runner.open(TP(COMMANDS, 0), None)
    made.run(engine)
    assert stored(made) == -1, "a process that is killed leaves no later snapshot"
    end = made.log.bounds(which, 0).end
    if how == "cut":
        made.log.cut(which, 0, end - 1)
    else:
        made.log.forge(which, 0, end - 1, b"something else")
    with pytest.raises(Fatal, match="lost its tail"):
        runner.open(TP(COMMANDS, 0), engine.done)
