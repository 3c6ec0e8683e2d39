"""What the authority hears of its lines, by way of the decisions' outbox."""

from __future__ import annotations

import hashlib

from fuma.contracts.commandlog import decode_command
from fuma.contracts.decisions import Cause, split
from fuma.contracts.topics import COMMANDS, DECISIONS, exchange_topic, partition_for, topics
from fuma.domain.authority.commands import Outcome
from fuma.domain.codes import events as e
from fuma.processor.outbox import Outbox
from fuma.runtime.host_types import Emit
from fuma.runtime.ports import LogRecord
from unit.domain.ordering import NIGHT, Subject, end, finding, law, line

TAG = bytes(range(16))
EIGHT = "2022-06-15T08:00:00+08:00"
NINE = "2022-06-15T09:00:00+08:00"


def told(decision: e.Decision | None, seq: int = 1) -> list[Emit]:
    """The commands that follow from a decision, and what provinces are told."""
    assert decision is not None
    item = decision.fact
    cause = Cause(item.id, bytes(16), 0, 0, hashlib.sha256(item.id).digest(), item.content)
    box = Outbox(lambda kind, what: None, law)
    box.opened(DECISIONS, 0)
    made: list[Emit] = []
    for offset, value in enumerate(split(decision, cause, seq, bytes(32))):
        made += box.transform(LogRecord(DECISIONS, 0, offset, decision.at, TAG, value, ()))
    return [
        one for one in made if one.topic == COMMANDS or one.topic.startswith(exchange_topic(""))
    ]


def heard(emits: list[Emit]) -> list[Outcome]:
    found = []
    for emit in emits:
        if emit.topic != COMMANDS:
            continue
        one = decode_command(emit.value, None)
        assert isinstance(one.item, Outcome)
        assert (emit.key, one.province) == (b"14", "14")
        found.append(one.item)
    return found


def test_every_answer_is_a_command_of_the_lines_own_province() -> None:
    person, late = Subject(), finding("late")
    asked = line("A", late, line=3)
    (held,) = heard(told(person.gets(asked, EIGHT)))
    assert (held.order, held.line, held.status, held.code) == (
        asked.order, 3, "held", "fact-absent",
    )  # fmt: skip
    (effective,) = heard(told(person.gets(late, NINE), 2))
    assert (effective.order, effective.line, effective.status) == (asked.order, 3, "effective")
    (over,) = heard(told(person.gets(end("A", "annulled", "appeal", 3), NINE), 3))
    assert (over.status, over.code) == ("annulled", "appeal")


def test_a_department_that_lifts_an_officers_order_is_heard_by_the_authority() -> None:
    person, reported = Subject(), finding("case", "suspected", evidence="clinical-report")
    person.gets(reported, NIGHT)
    person.gets(line("A", reported), EIGHT)
    excluded = finding("out", "suspected", NINE, evidence="exclusion-report", kind="release")
    (lifted,) = heard(told(person.gets(excluded, NINE)))
    assert (lifted.status, lifted.code) == ("lifted", "released")


def test_what_is_told_again_is_the_same_command() -> None:
    person, late = Subject(), finding("late")
    decision = person.gets(line("A", late), EIGHT)
    assert told(decision) == told(decision)
    first, other = (decode_command(told(decision, seq)[0].value, None) for seq in (1, 2))
    assert first.id != other.id


def test_a_report_without_lines_tells_the_authority_nothing() -> None:
    assert told(Subject().gets(finding("case"), NIGHT)) == []


def test_the_outbox_may_write_commands() -> None:
    declared = topics()[COMMANDS]
    assert "processor" in declared.producers
    assert 0 <= partition_for(b"14", declared.partitions) < declared.partitions


def test_an_end_by_law_and_a_late_annulment_reach_the_provinces_that_got_the_order() -> None:
    person, listed = Subject(), finding("case", since="2023-01-05")
    noon, begins = "2023-01-05T12:00:00+08:00", "2023-01-08T00:00:00+08:00"
    person.gets(listed, noon)
    asked = line("A", listed, since=noon)
    got = told(person.gets(asked, noon))
    provinces = {one.topic for one in got if one.topic != COMMANDS}
    assert provinces
    (effective,) = heard(got)
    assert {f"fuma.exchange.{one[-2:]}" for one in effective.recipients} == provinces
    said = e.Amend(bytes(16), bytes(32), "cn/class-b-management", 1, bytes(32), 0)
    ended = told(person.gets(said, begins), 2)
    assert {one.topic for one in ended if one.topic != COMMANDS} >= provinces
    annulled = told(person.gets(end("A", "annulled", "never-valid"), "2023-01-09"), 3)
    assert {one.topic for one in annulled if one.topic != COMMANDS} >= provinces
    assert [one.status for one in heard(ended + annulled)] == ["lifted", "annulled"]
