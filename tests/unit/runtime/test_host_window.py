"""A stage without a store: a crash, a new owner and bad bytes. The watch drives it."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from fuma.contracts.errors import Fatal, Reason
from fuma.contracts.incidents import decode_incident
from fuma.contracts.signals import encode_signal, signal_key
from fuma.contracts.topics import INCIDENTS, SIGNALS, partition_for
from fuma.domain.time import HOUR, SECOND, Ms
from fuma.domain.watch.events import Signal
from fuma.processor.watch import Watch
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import internal
from fuma.runtime.host_window import WindowPartition, WindowRunner
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.marks import Committed
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.ports import LogRecord, Outgoing
from unit.watch.making import T0, law, signal

SEALER = Sealer(b"w" * 16, b"k" * 32)
LETTERS = "fuma.dlq.signals"


def sealed(one: Signal, at: Ms | None = None) -> Outgoing:
    key, value = signal_key(one), encode_signal(one)
    return internal(SEALER, SIGNALS, key, value, 0, pack_time(one.at if at is None else at), None)


class Rig:
    def __init__(self, signals: Iterable[Signal] = ()) -> None:
        self.log = MemoryLog({SIGNALS: 1, INCIDENTS: 1, LETTERS: 1})
        self.committed: Committed | None = None
        self.horizon: Ms = FOREVER
        self.log.append([sealed(one) for one in signals])
        self.runner: WindowRunner[Signal] = WindowRunner(
            Watch(law), [INCIDENTS], World(SEALER, True, {LETTERS: 1}), self.log, partition_for,
            horizon=lambda: self.horizon,
        )  # fmt: skip
        self.engine = self.open()

    def open(self) -> WindowPartition[Signal]:
        tp: Any = SimpleNamespace(topic=SIGNALS, partition=0)
        engine = self.runner.open(tp, self.committed)
        assert isinstance(engine, WindowPartition)
        self.engine = engine
        return engine

    def step(self, count: int, *, append: bool = True, commit: bool = True) -> None:
        start = self.engine.next_offset
        records = self.log.records[SIGNALS, 0][start : start + count]
        done = self.engine.decide(records, self.runner.horizon())
        if append:
            self.engine.take(done, self.log.append(done.outgoing))
        if commit:
            self.committed = self.engine.done

    def raised(self) -> list[LogRecord]:
        return self.log.records[INCIDENTS, 0]

    def told(self) -> list[tuple[str, int]]:
        return [
            (one["code"], one["threshold"])
            for one in (decode_incident(raw.value) for raw in self.raised())
        ]


SIGNALS_OF_A_DAY = [signal(n) for n in range(30)]


def test_a_burst_gives_one_incident_whatever_the_chunks() -> None:
    whole, pieces = Rig(SIGNALS_OF_A_DAY), Rig(SIGNALS_OF_A_DAY)
    whole.step(30)
    for _ in range(10):
        pieces.step(3)
    assert whole.told() == pieces.told() == [("burst-of-refusals", 20)]
    assert whole.raised()[0].value == pieces.raised()[0].value
    assert whole.raised()[0].key == b"41"


def test_a_crash_before_the_append_loses_nothing() -> None:
    rig = Rig(SIGNALS_OF_A_DAY)
    rig.step(10)
    rig.step(20, append=False, commit=False)
    assert rig.told() == []
    rig.open()
    rig.step(20)
    assert rig.told() == [("burst-of-refusals", 20)]


def test_a_crash_after_the_append_says_it_again_in_the_same_bytes() -> None:
    rig = Rig(SIGNALS_OF_A_DAY)
    rig.step(10)
    rig.step(20, commit=False)
    rig.open()
    rig.step(20)
    first, again = rig.raised()
    assert (first.key, first.value) == (again.key, again.value)


def test_a_new_owner_knows_what_the_last_one_knew_and_writes_nothing_to_know_it() -> None:
    rig = Rig(SIGNALS_OF_A_DAY)
    rig.step(25)
    rig.open()
    assert len(rig.raised()) == 1
    rig.step(5)
    assert rig.told() == [("burst-of-refusals", 20)]


def test_signals_that_the_outbox_wrote_twice_count_once() -> None:
    rig = Rig([*SIGNALS_OF_A_DAY[:15], *SIGNALS_OF_A_DAY[:15]])
    rig.step(30)
    assert rig.told() == []


def test_bad_bytes_and_forgeries_are_dead_letters_and_the_rest_goes_on() -> None:
    rig = Rig(SIGNALS_OF_A_DAY[:10])
    bad = internal(SEALER, SIGNALS, b"41", b"\0\0\0\0\1junk", 0, pack_time(T0), None)
    forged = Outgoing(SIGNALS, 0, b"41", encode_signal(signal(99)), ())
    rig.log.append([bad, forged, *(sealed(one) for one in SIGNALS_OF_A_DAY[10:])])
    rig.step(100)
    letters = rig.log.records[LETTERS, 0]
    assert [raw.value for raw in letters] == [bad.value, forged.value]
    assert letters[1].header("fuma-reason") == Reason.NO_MAC.value.encode()
    assert rig.told() == [("burst-of-refusals", 20)]


def test_it_waits_for_the_law_and_goes_on_where_it_waited() -> None:
    rig = Rig(SIGNALS_OF_A_DAY)
    rig.horizon = T0 + 9 * SECOND
    rig.step(30)
    assert rig.engine.next_offset == 10
    rig.horizon = T0 + HOUR
    rig.step(30)
    assert rig.told() == [("burst-of-refusals", 20)]


def test_records_that_expired_unread_stop_it() -> None:
    rig = Rig(SIGNALS_OF_A_DAY)
    rig.step(3)
    rig.log._starts[SIGNALS, 0] = 7
    with pytest.raises(Fatal, match="expired unread"):
        rig.open()


def test_a_position_that_somebody_else_committed_is_not_gone_by() -> None:
    rig = Rig(SIGNALS_OF_A_DAY)
    rig.committed = Committed(29)
    rig.open()
    assert rig.engine.next_offset == 0
    rig.step(30)
    assert rig.told() == [("burst-of-refusals", 20)]


def test_a_record_that_is_missing_stops_it() -> None:
    rig = Rig(SIGNALS_OF_A_DAY)
    records = rig.log.records[SIGNALS, 0]
    with pytest.raises(Fatal, match="offset 2 follows 0"):
        rig.engine.decide([records[0], records[2]])
