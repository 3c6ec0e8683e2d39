"""The task force and the outbox as pure transforms, and the law's gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fuma.contracts.codec import decode
from fuma.contracts.decisions import Cause, split
from fuma.contracts.errors import Poison
from fuma.contracts.facts import decode_person, encode_feed
from fuma.contracts.presence import encode_presence
from fuma.contracts.topics import DECISIONS, ITINERARY, NOTICES, PERSON, SIGNALS
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.comparison.events import Area, Case, Input, Presence, Tick
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import cell_place
from fuma.domain.law.publication import FRESHNESS
from fuma.domain.time import DAY
from fuma.processor.itinerary import Itinerary
from fuma.processor.law import LawGate
from fuma.processor.outbox import Outbox
from fuma.processor.taskforce import Taskforce
from fuma.runtime.ports import LogRecord

AT = 1_655_136_000_000
TAG = b"t" * 16
FACT = e.Fact(
    b"f" * 16, b"c" * 32, e.FactKind.FINDING, "health", "410105", "confirmed", AT, None,
    "diagnosis-report", b"r" * 32, e.Identity.MATCHED, (), AT, b"sealed",
)  # fmt: skip
LAW = e.LawRef("national", 1, b"1" * 32, "automatic", 1, b"2" * 32, "confirmed")
ORDER = e.Order(
    b"o" * 16, FACT.id, "confirmed", "health", "410105", "diagnosis-report", b"r" * 32, AT, AT,
    (e.Step(Colour.RED, AT, AT + 7 * DAY), e.Step(Colour.YELLOW, AT + 7 * DAY, AT + 10 * DAY)), LAW,
)  # fmt: skip
SEGMENTS = tuple(e.Segment(s.colour, s.since, s.until, (ORDER.id,)) for s in ORDER.steps)
RED = e.Schedule(AT, SEGMENTS, (ORDER,), None)
STAY = Presence(b"p" * 16, 0, TAG, cell_place(Cell(4829, 40876)), "410105", AT, AT + DAY)
GREEN = e.Schedule(AT, (), (), None)


def raw(topic: str, value: bytes, offset: int = 0) -> LogRecord:
    return LogRecord(topic, 0, offset, AT, TAG, value, ())


def ledger(seq: int, event: e.Event, schedule: e.Schedule) -> bytes:
    cause = Cause(FACT.id, b"u" * 16, 0, seq, b"d" * 32, FACT.content)
    (value,) = split(e.Decision(AT, FACT, LAW, (event,), schedule), cause, seq, bytes(32))
    return value


def outbox() -> tuple[Outbox, list[str]]:
    alarms: list[str] = []
    made = Outbox(lambda kind, what: alarms.append(kind))
    made.opened(DECISIONS, 0)
    return made, alarms


def told(box: Outbox, value: bytes) -> list[dict[str, Any]]:
    emitted = box.transform(raw(DECISIONS, value))
    return [decode("notice", emit.value) for emit in emitted if emit.topic == NOTICES]


def test_a_report_goes_to_the_person_unchanged() -> None:
    (emit,) = Taskforce().transform(raw("fuma.feed.health", encode_feed(FACT)))
    assert (emit.topic, emit.key) == (PERSON, TAG)
    assert decode_person(emit.value) == FACT


@pytest.mark.parametrize(
    ("key", "item", "said"),
    [
        (b"k" * 16, STAY, "not the key"),
        (TAG, Tick(AT), "no department says a Tick"),
        (TAG, Case(b"c" * 16, 0, TAG, AT, AT + DAY, AT, root=b"r" * 16, depth=1), "says a Case"),
        (TAG, Area(b"a" * 16, 0, (), ("41",), ((AT, None),), AT), "not the key"),
    ],
)
def test_what_no_department_says_is_a_dead_letter(key: bytes, item: Input, said: str) -> None:
    record = LogRecord(ITINERARY, 0, 0, AT, key, encode_presence(item), ())
    with pytest.raises(Poison, match=said):
        Itinerary().transform(record)
    assert len(Itinerary().transform(replace(record, key=TAG, value=encode_presence(STAY)))) == 1


def test_nobody_reports_on_another_departments_topic() -> None:
    police = replace(FACT, department="public-security")
    with pytest.raises(Poison, match="public-security on"):
        Taskforce().transform(raw("fuma.feed.health", encode_feed(police)))


def test_a_red_code_is_told_with_ground_rule_issuer_end_and_what_follows() -> None:
    box, _ = outbox()
    signal, emit = box.transform(raw(DECISIONS, ledger(1, e.Effective(ORDER), RED)))
    assert (signal.topic, signal.key) == (SIGNALS, b"41")
    assert (emit.topic, emit.key) == (NOTICES, TAG)
    (notice,) = [decode("notice", emit.value)]
    assert (notice["kind"], notice["colour"]) == ("effective", "red")
    assert notice["next"] == ("fuma.Colour", "yellow")  # a named type in a union
    assert notice["until"] == AT + 7 * DAY
    assert notice["reasons"] == [
        {
            "order": ORDER.id, "ground": "confirmed", "rule": "national@1#confirmed",
            "issuer": "health 410105", "until": AT + 10 * DAY,
            "source": None, "line": -1, "procedure": "automatic@1", "automatic": True,
            "chain": [
                {"step": "report", "office": "health 410105", "officer": ""},
                {"step": "collate", "office": "taskforce", "officer": "automatic"},
                {"step": "compare", "office": "public-security", "officer": "automatic"},
                {
                    "step": "publish", "officer": "",
                    "office": "publishers of national@1, automatic@1",
                },
            ],
        }
    ]  # fmt: skip
    assert "12345" in notice["objection"]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (e.Lifted(ORDER.id, FACT.id, AT, "released"), "lifted"),
        (e.Refused(FACT.id, FACT.kind, "confirmed", "health", ("no-evidence",)), "refused"),
        (e.Ended(FACT.id, AT), "ended"),
    ],
)
def test_other_ends_are_told_too(event: e.Event, kind: str) -> None:
    (notice,) = told(outbox()[0], ledger(1, event, GREEN))
    assert (notice["kind"], notice["colour"], notice["reasons"]) == (kind, "green", [])


def test_what_only_waits_is_not_told() -> None:
    held = e.Held(FACT.id, FACT.kind, "confirmed", "health", ("identity",))
    assert told(outbox()[0], ledger(1, held, GREEN)) == []


def test_a_notice_told_again_is_the_same_bytes() -> None:
    value = ledger(1, e.Effective(ORDER), RED)
    first = outbox()[0].transform(raw(DECISIONS, value, 5))
    assert list(outbox()[0].transform(raw(DECISIONS, value, 9))) == list(first)


def test_a_repeat_is_dropped_a_fork_and_a_gap_alarm() -> None:
    box, alarms = outbox()
    first = ledger(1, e.Effective(ORDER), RED)
    assert len(told(box, first)) == 1
    assert told(box, first) == []
    assert alarms == []
    assert told(box, ledger(1, e.Ended(FACT.id, AT), GREEN)) == []
    assert alarms == ["forked"]
    told(box, ledger(4, e.Ended(FACT.id, AT), GREEN))
    assert alarms == ["forked", "skipped"]


def test_a_partition_that_comes_back_is_no_gap() -> None:
    box, alarms = outbox()
    told(box, ledger(1, e.Effective(ORDER), RED))
    box.opened(DECISIONS, 0)
    assert len(told(box, ledger(4, e.Ended(FACT.id, AT), GREEN))) == 1
    assert alarms == []


class Reader:
    """``LawReader`` as the gate sees it: a poll brings texts after time."""

    def __init__(self) -> None:
        self.begun = False
        self.log = self
        self.time = AT
        self.law: Any = "old"

    def poll(self) -> bool:
        self.time += 30 * 3_600_000
        self.law = "new"
        self.begun = True
        return True


def test_nothing_is_decided_before_the_law_begins_nor_further_than_it_is_known() -> None:
    reader: Any = Reader()
    gate = LawGate(reader, lambda error: pytest.fail(str(error)))
    assert gate.horizon() < 0
    gate._poll()
    assert gate.law() is reader.law
    assert gate.horizon() == reader.time + FRESHNESS
