"""The authority stage under a crash after any step, any number of times: the same ledger."""

from __future__ import annotations

import hashlib
from enum import Enum
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.contracts import commandlog
from fuma.domain.authority import commands as c
from fuma.domain.time import DAY, HOUR, MINUTE
from fuma.runtime.host_resident import ResidentPartition
from fuma.runtime.host_state import FOREVER
from fuma.runtime.memory_log import MemoryStore
from unit.authority.making import NOON, h, line
from unit.authority.rig import Rig, Signer, xing_founding


class Fate(Enum):
    """What becomes of one chunk, or of two that were decided on each other."""

    TAKEN = 0
    DECIDED_ONLY = 1  # nothing persisted
    CUT_SHORT = 2  # a prefix of its records persisted
    APPENDED = 3  # all of them, and the store never heard
    STORE_LOST = 4  # taken, and then the disk went
    CLOSED = 5  # taken, and given up in good order: a snapshot
    CLOSED_OPEN = 6  # given up while a chunk was never acknowledged
    ASLEEP = 7  # taken and closed, but another owner was at work before its records, and after


@cache
def story() -> tuple[tuple[int, bytes], ...]:
    """(T, value): a form of three pages through its whole chain, and what comes after it."""
    s = Signer("14")
    told: list[tuple[int, bytes]] = []

    def say(*envelopes: bytes) -> None:
        told.extend((s.at, commandlog.signed_value(one)) for one in envelopes)

    def tick(span: int) -> None:
        s.at += span
        told.append((s.at, commandlog.tick_value("14", s.at)))

    def outcome(n: int, status: str, code: str, number: int) -> None:
        item = c.Outcome(h("big"), n, status, code, ("platform",) if status == "effective" else ())
        id = h(f"outcome {number}")
        told.append((s.at, commandlog.outcome_value("14", id, id * 2, item)))

    def chain(name: str, form: c.Draft) -> None:
        for officer, step in (("head", "sign"), ("reviewer", "review"), ("assigner", "approve")):
            say(s.sign(officer, c.Act(h(name), step, form.content())))

    say(s.sign("clerk", c.Withdraw(h("x"), "before there is anything")))
    say(xing_founding())
    big, pages = s.form("clerk", "big", [line(n, "141123") for n in range(450)], "141123")
    say(*pages, pages[2])
    told.append((s.at, b"junk"))
    told.append((s.at, commandlog.tick_value("41", s.at)))
    tick(MINUTE)
    chain("big", big)
    outcome(0, "held", "fact-absent", 1)
    outcome(0, "effective", "", 2)
    outcome(0, "held", "fact-absent", 1)
    outcome(1, "held", "fact-absent", 3)
    outcome(2, "refused", "root-differs", 4)
    small, pages = s.form("clerk", "small", [line("x", "141123"), line("y", "1411")], "141123")
    say(*pages)
    say(s.sign("reviewer", c.Act(h("small"), "review", small.content())))
    chain("small", small)
    tick(DAY)
    say(s.sign("assigner", c.Lift(h("big"), (3, 4), h("negative"))))
    say(s.sign("head", c.FileCase(h("appeal"), "appeal", h("big"), 5, "141123", "", h("why"))))
    say(s.sign("assigner", c.Annul(h("small"), (), "never")))
    tick(DAY)
    for _ in range(3):
        tick(4 * DAY)
    tick(HOUR)
    tick(200 * DAY)
    return tuple(told)


chunks = st.tuples(st.sampled_from(Fate), st.integers(1, 12), st.integers(0, 40), st.integers(1, 2))
marks = st.lists(st.integers(0, len(story()) - 1), max_size=6)


def work(rig: Rig, engine: ResidentPartition[Any, Any, Any, Any], count: int) -> None:
    """Decide and take the next ``count`` inputs."""
    if records := rig.inputs(engine.next_offset, engine.next_offset + count):
        chunk = engine.decide(records, FOREVER)
        engine.take(chunk, rig.log.append(chunk.outgoing))


@settings(max_examples=40, deadline=None)
@given(
    marks,
    st.lists(chunks, max_size=10),
    st.sampled_from([1, 3, 10, 20_000]),
    st.sampled_from([8, 20, 25, 30, len(story()) - 1, len(story())]),
)
def test_whatever_fails_the_ledger_without_repeats_is_the_same(
    again: list[int], fates: list[tuple[Fate, int, int, int]], every: int, length: int
) -> None:
    rig = Rig()
    rig.snapshot_records = every
    for at, value in story()[:length]:
        rig.write(value, at=at)
    for number in again:  # what was said once is told again, late
        rig.write(story()[number][1], at=NOON + 300 * DAY)
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
            engine.close()
            rig.store = mine
        elif fate not in (Fate.DECIDED_ONLY, Fate.CLOSED_OPEN):
            offsets = [rig.log.append(chunk.outgoing) for chunk in decided]
            if fate is not Fate.APPENDED:
                for chunk, acknowledged in zip(decided, offsets, strict=True):
                    engine.take(chunk, acknowledged)
        if fate is Fate.STORE_LOST:
            rig.store = MemoryStore()
        if fate in (Fate.CLOSED, Fate.CLOSED_OPEN):
            engine.close()
        if fate is not Fate.TAKEN:
            engine = rig.open()
    rig.run(engine)
    assert rig.said() == rig.expected(chunk=1) == rig.expected(chunk=1_000)
    assert rig.alarms == []
    lived = rig.state(engine)
    engine.close()
    stored, kept = rig.state(rig.open()), dict(rig.store.states)
    rig.store = MemoryStore()
    folded = rig.open()
    assert lived == stored == rig.state(folded)
    folded.close()
    assert rig.store.states == kept, "equal states are equal bytes"


def test_the_story_says_what_it_is_meant_to() -> None:
    rig = Rig()
    for at, value in story():
        rig.write(value, at=at)
    rig.run(rig.open())
    kinds = {
        type(event).__name__ for _, value in rig.said() for event in rig.stage.read(value).events
    }
    assert kinds >= {
        "Refused", "Accepted", "Effected", "Issued", "LinesEnded", "LineSettled", "Ended",
        "Ticked", "CaseFiled", "CaseEscalated", "LineSuspended", "Overdue", "Forwarded",
    }  # fmt: skip
    assert [r.header("fuma-reason") for r in rig.log.records[rig.stage.dead_letter_topic, 0]] == [
        b"not-framed", b"bad-key",
    ]  # fmt: skip
    digest = hashlib.sha256(b"".join(value for _, value in rig.said())).hexdigest()
    assert digest == hashlib.sha256(b"".join(v for _, v in rig.expected())).hexdigest()
