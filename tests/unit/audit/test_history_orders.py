"""A history tells an order by officers whole: who reported, who signed, what became of it."""

from __future__ import annotations

from fuma.audit.history import DecisionRecord, FactRecord, History, Place, history
from fuma.audit.names import Names
from fuma.contracts.decisions import FIRST, Cause, decode_ledger, ledger_hash, split
from fuma.contracts.topics import DECISIONS, PERSON
from fuma.domain.codes import events as e
from fuma.domain.law.reading import instant
from unit.domain.making import digest
from unit.domain.ordering import CHAIN, NIGHT, Subject, end, finding, line

TAG = bytes(16)
EIGHT, NINE, TEN = (f"2022-06-15T{hour}:00:00+08:00" for hour in ("08", "09", "10"))


def lived(*said: tuple[e.Input, str], names: Names | None = None) -> History:
    """The history of a person who gets these inputs."""
    person, facts, decisions = Subject(), list[FactRecord](), list[DecisionRecord]()
    seq, prev = 1, FIRST
    for offset, (item, at) in enumerate(said):
        facts.append(FactRecord(Place(PERSON, 0, offset), instant(at), item))
        decision = person.gets(item, at)
        if decision is None:
            continue
        cause = Cause(item.id, bytes(16), 0, offset, bytes(32), item.content)
        for value in split(decision, cause, seq, prev):
            place = Place(DECISIONS, 0, seq)
            decisions.append(DecisionRecord(place, value, decode_ledger(value)))
            seq, prev = seq + 1, ledger_hash(value)
    return history(TAG, facts, decisions, names or Names())


def test_the_whole_chain_of_a_red_stands_in_it_from_the_reporter_on() -> None:
    reported = finding("case")
    found = lived(
        (reported, NIGHT), (line("A", reported), EIGHT), (end("A", "lifted"), NINE),
        names=Names({reported.id: "Dr. Li"}, {("cn/control-plan-8", 1): "the State Council"}),
    )  # fmt: skip
    assert found.intact
    assert [one.kind for one in found.entries] == [
        "fact", "noted", "line", "effective", "answered", "line-end", "lifted", "answered",
    ]  # fmt: skip
    effective = found.entries[3]
    assert [(a.role, a.name) for a in effective.actors] == [
        ("reporter", "Dr. Li"),
        *((step, f"{name} (office of {name})") for step, name in zip(
            ("compile", "sign", "review", "approve"), CHAIN, strict=True
        )),
        ("law-publisher", "the State Council"), ("law-publisher", "unknown"),
    ]  # fmt: skip
    assert not {"task-force", "public-security"} & {a.role for a in effective.actors}
    assert "clerk of office of clerk filled the form" in effective.sentence.en
    assert "clerk (office of clerk) filled the form" in [a.words.en for a in effective.actors]
    lifter = found.entries[6].actors
    assert [a.name for a in lifter] == ["lifter (office of lifter)"]
    assert [(s.colour.word if s.colour is not None else "", s.since) for s in found.spans] == [
        ("green", instant(NIGHT)), ("red", instant(EIGHT)), ("green", instant(NINE)),
    ]  # fmt: skip


def test_an_annulment_shows_what_was_shown_and_that_it_was_never_valid() -> None:
    reported = finding("case")
    found = lived(
        (reported, NIGHT), (line("A", reported), EIGHT),
        (end("A", "annulled", "never-valid"), NINE),
    )  # fmt: skip
    (annulled,) = [one for one in found.entries if one.kind == "annulled"]
    assert "never valid" in annulled.sentence.en
    assert "自始无效" in annulled.sentence.zh
    assert [s.colour.word for s in found.spans if s.colour is not None] == ["green", "red", "green"]


def test_a_change_of_law_that_left_everything_as_it_was_is_no_entry() -> None:
    reported = finding("case")
    said = digest("amend")
    amend = e.Amend(said[:16], said, "cn/control-plan-9", 1, said, instant("2022-06-28"))
    found = lived((reported, NIGHT), (amend, TEN))
    assert [one.kind for one in found.entries] == ["fact", "noted"]
