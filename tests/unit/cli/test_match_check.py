"""``fuma match check`` when the topic has lost its oldest records: what can still be said, is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from broker.toy import SEALER
from fuma.cli.match import as_dict, lines
from fuma.cli.match_check import VERDICTS, WHY, Checked, checked, judge, newest
from fuma.contracts.facts import decode_person
from fuma.contracts.topics import PERSON, PRESENCE, partition_for
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.audit import Kept, look
from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Area, Case, Input, Said, Tick
from fuma.domain.comparison.fold import evolve
from fuma.domain.comparison.settings import Frame, Rule, Settings
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, MINUTE, Ms
from fuma.processor.comparison_partition import match_fact
from fuma.runtime.host_intake import Intake
from fuma.runtime.mac import TIME_HEADER, unpack_time
from unit.comparison.making import COMPANION, NOON, SQUARE, VILLAGE, Law, stay, tag
from unit.processor.comparison_rig import Rig

LAW = Law(
    Settings(
        companion=COMPANION,
        sojourn=Rule("sojourn", b"s", ("high-risk-area",), "area-presence", MINUTE),
    )
)
FRAME = Frame(parts=2)
KEEPS = 15 * DAY
Log = list[tuple[Input, Ms]]
THEIRS = stay("k", "case")
MINE = stay("p", "other")


def area(revision: int, at: Ms) -> Area:
    return Area(tag("area"), revision, (SQUARE,), (), ((NOON, None),), at)


def case(revision: int, at: Ms, **more: Any) -> Case:
    one = Case(tag("case-case"), revision, tag("case"), NOON - DAY, NOON + DAY, at)
    return one._replace(**more)


def day(number: float) -> Ms:
    return NOON + int(number * DAY)


#: An area that is said again, and a case; each said again after the match, neither says it again.
AREA: Log = [
    (area(0, day(0)), day(0)),
    (Tick(), day(2)),
    (stay("p", "other", since=day(9)), day(10)),
    (area(1, day(13)), day(13)),
    (Tick(), day(16)),
]
CASE: Log = [
    (case(0, day(1)), day(1)),
    (THEIRS, day(2)),
    (MINE, day(3)),
    (case(1, day(10)), day(10)),
    (Tick(), day(16.5)),
]
#: The stay is withdrawn, and much later the department sends its file once more.
WITHDRAWN: Log = [
    (case(0, day(1)), day(1)),
    (THEIRS, day(1)),
    (MINE, day(1)),
    (MINE._replace(revision=1, gone=True), day(1.2)),
    (case(1, day(5)), day(5)),
    (THEIRS, day(6)),
    (MINE, day(6)),
    (Tick(), day(16.5)),
]
#: As ``CASE``, and then the case is taken back.
TAKEN_BACK: Log = [*CASE[:4], (case(2, day(11), gone=True), day(11)), CASE[4]]
#: As ``AREA``, and then the stay is.
NOT_THERE: Log = [
    *AREA[:4],
    (stay("p", "other", since=day(9), revision=1, gone=True), day(14)),
    AREA[4],
]
#: Nothing is said again: after the case has gone only the person's own late stay remains.
GONE: Log = [(THEIRS, day(1)), (case(0, day(1)), day(1)), (MINE, day(12)), (Tick(), day(16.5))]


def kept(log: Log) -> Log:
    """What the topic has when the last record is written."""
    return [(item, at) for item, at in log if at > log[-1][1] - KEEPS]


def said(log: Log) -> MatchFact:
    """What stands on the person's record, by the whole log."""
    state, found = State(FRAME), []
    for item, at in log:
        for event in decide(state, item, at, LAW):
            evolve(state, event)
            found += [match_fact(event)] if isinstance(event, Said) else []
    (one,) = newest(found)
    return one


def judged(log: Log, one: MatchFact, *, cut: bool = True) -> tuple[str, Kept]:
    heard = kept(log) if cut else log
    found = look(one.match, one.place, one.stay_digest, heard, LAW, FRAME)
    return judge(found, tag("other"), one, cut=cut), found.stay


@pytest.mark.parametrize("log", [AREA, CASE, TAKEN_BACK, NOT_THERE])
def test_what_is_said_again_gives_the_same_match_under_another_count(log: Log) -> None:
    assert len(kept(log)) < len(log)
    one = said(log)
    assert one.stands == (log in (AREA, CASE))
    assert judged(log, one, cut=False)[0] == judged(log, one)[0] == "same"
    found = look(one.match, one.place, one.stay_digest, kept(log), LAW, FRAME)
    assert found.last is not None
    if one.stands:
        assert found.last.revision > one.revision


@pytest.mark.parametrize("log", [AREA, CASE])
@pytest.mark.parametrize(
    "change",
    [
        {"until": NOON}, {"since": 0}, {"place": VILLAGE}, {"division": "41"},
        {"ground": "confirmed"}, {"evidence_kind": "hearsay"}, {"rule": "ride"},
        {"rule_id": b"another"}, {"stay": (0, 1)}, {"stay_digest": bytes(32)}, {"source": (0, 1)},
        {"source_digest": bytes(32)}, {"case": bytes(16)}, {"depth": 1}, {"mark": bytes(16)},
        {"department": "health"}, {"root": bytes(32)}, {"content": bytes(32)}, {"id": bytes(16)},
        # its id and content no longer follow from it
        {"revision": 7},
    ],
)  # fmt: skip
def test_what_was_altered_differs_whatever_the_topic_has_lost(
    log: Log, change: dict[str, Any]
) -> None:
    altered = replace(said(log), **change)
    found = look(altered.match, SQUARE, altered.stay_digest, kept(log), LAW, FRAME)
    assert judge(found, tag("other"), altered, cut=True) == "differs"
    assert judge(found, tag("third"), said(log), cut=True) == "differs"


def other_way(log: Log) -> MatchFact:
    """The newest statement with the other word on whether it stands, made as the stage would."""
    one = said(log)
    found = look(one.match, one.place, one.stay_digest, log, LAW, FRAME)
    assert found.whole is not None
    return match_fact(Said(found.whole.match, not one.stands, one.revision + 1))


def test_a_withdrawal_that_the_records_do_not_bear_differs() -> None:
    """And one that they bear, and the record does not."""
    for log in (AREA, NOT_THERE):
        assert judged(log, other_way(log))[0] == "differs"
    for log in (AREA, CASE, TAKEN_BACK, NOT_THERE):
        assert judged(log, other_way(log), cut=False)[0] == "differs"


def test_whether_it_stands_cannot_be_told_of_a_stay_from_before_the_first_record() -> None:
    """Sent again after its withdrawal, of which nothing is left: nobody altered anything."""
    one = said(WITHDRAWN)
    assert not one.stands
    assert judged(WITHDRAWN, one, cut=False)[0] == "same"
    assert judged(WITHDRAWN, one)[0] == "unsettled"
    assert judged(WITHDRAWN, replace(one, until=one.until + 1))[0] == "differs"


def test_a_late_withdrawal_without_place_is_a_word_on_the_match_as_well() -> None:
    """The case is taken back when the stay has gone from the stage, and not yet from the topic."""
    before: Log = [(THEIRS, day(1)), (case(0, day(1)), day(1)), (MINE, day(1)), (Tick(), day(14.2))]
    log: Log = [*before, (case(1, day(14.5), gone=True), day(14.5)), (Tick(), day(15.5))]
    assert said(log) == replace(said(log), stands=False, place=b"", since=0, until=0)
    one = said(before)
    assert one.stands
    assert judged(log, one, cut=False)[0] == "differs"
    assert judged(log, one)[0] == "unsettled"
    assert judged(log, replace(one, since=one.since + 1))[0] == "differs"


def test_of_what_is_found_no_longer_it_is_told_what_remains() -> None:
    one = said(GONE)
    assert judged(GONE, one, cut=False)[0] == "same"
    assert judged(GONE, one) == ("absent", Kept.KEPT)
    replaced: Log = [*GONE[:3], (MINE._replace(revision=1, carriage=2), day(13)), GONE[3]]
    assert judged(replaced, one) == ("absent", Kept.REPLACED)
    withdrawn: Log = [*GONE[:3], (MINE._replace(revision=1, gone=True), day(13)), GONE[3]]
    assert judged(withdrawn, one) == ("absent", Kept.REPLACED)
    assert judged(GONE[3:], one) == ("absent", Kept.ABSENT)


class Trimmed(Rig):
    """A line whose topic keeps 15 days."""

    def trim(self, at: Ms) -> None:
        for partition in range(self.partitions):
            records = self.log.records[PRESENCE, partition]
            old = [r for r in records if (unpack_time(r.header(TIME_HEADER)) or 0) <= at - KEEPS]
            del records[: len(old)]
            self.log._starts[PRESENCE, partition] += len(old)

    def checked(self, one: MatchFact, **change: Any) -> Checked:
        intake = Intake(
            SEALER, simulated=True, partition_of=partition_for, counts={PRESENCE: self.partitions}
        )
        told = replace(one, **change)
        return checked(self.log, intake, self.partitions, tag("other"), told, LAW, FRAME)


def line(log: Iterable[tuple[Input, Ms]]) -> Trimmed:
    rig = Trimmed(LAW, FRAME)
    for item, at in log:
        rig.tell(item, at)
        rig.run()
    return rig


@pytest.mark.parametrize("log", [AREA, CASE, TAKEN_BACK, NOT_THERE])
def test_the_command_finds_the_same_before_and_after_the_topic_is_trimmed(log: Log) -> None:
    rig = line(log)
    facts = [decode(r.value) for r in rig.log.records[PERSON, 0]]
    (one,) = newest(facts)
    assert rig.checked(one)[::2] == ("same", None)
    rig.trim(log[-1][1])
    found = rig.checked(one)
    assert found.verdict == "same"
    assert found.since is not None
    assert found.since > log[0][1]
    assert rig.checked(one, until=one.until + 1).verdict == "differs"
    assert rig.checked(one, place=b"", stands=False) == Checked("withdrawn", None, None)


def test_the_command_says_in_words_what_is_left() -> None:
    rig = line(GONE)
    (one,) = newest(decode(r.value) for r in rig.log.records[PERSON, 0])
    never = as_dict(one, rig.checked(one, match=bytes(16)))
    assert (never["verdict"], never["stay"], never["records_from"]) == ("absent", "kept", None)
    assert "never said" in never["why"]["en"]
    assert "kept no longer" not in never["why"]["en"]
    rig.trim(day(16.5))
    found = rig.checked(one)
    told = as_dict(one, found)
    assert (told["verdict"], told["stay"]) == ("absent", "kept")
    assert told["records_from"] == "2022-06-26T12:00:00+08:00"
    assert "what it met is kept no longer" in told["why"]["en"]
    assert any("what it met is kept no longer" in text for text in lines(one, found))
    rig.trim(day(12) + KEEPS)
    assert rig.checked(one).stay is Kept.ABSENT
    assert "kept no longer, or never said" in as_dict(one, rig.checked(one))["why"]["en"]
    assert "why" not in as_dict(one, Checked("same", Kept.KEPT, None))


def test_every_verdict_has_words() -> None:
    assert {cell for pair in [*VERDICTS.values(), *WHY.values()] for cell in pair if cell}
    assert set(WHY) == {(stay, whole) for stay in Kept for whole in (False, True)}


def decode(value: bytes | None) -> MatchFact:
    found = decode_person(value)
    assert isinstance(found, MatchFact)
    return found
