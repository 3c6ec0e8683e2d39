"""What was decided once is decided again: committed bytes in, the same bytes out, for ever."""

from __future__ import annotations

import pytest

from fuma.contracts.decisions import decode_ledger
from fuma.contracts.facts import decode_person
from fuma.domain.codes import events as e
from golden.comparing import compare
from golden.making import Golden, Input, law_by_digest, ledger_of, load, names


@pytest.fixture(params=names())
def golden(request: pytest.FixtureRequest) -> Golden:
    return load(str(request.param))


def test_there_is_a_golden_history() -> None:
    assert {"0.1", "0.2"} <= set(names())


@pytest.mark.parametrize("chunk", [1, 7, 1_000])
def test_a_golden_history_is_decided_again_to_the_same_bytes(golden: Golden, chunk: int) -> None:
    compare(golden, ledger_of(golden.inputs, law_by_digest(golden.law), chunk), decode_ledger)


def test_old_records_are_read(golden: Golden) -> None:
    told = {decode_person(one.value).id for one in golden.inputs}
    records = [decode_ledger(value) for _, value in golden.ledger]
    assert {record.cause.id for record in records} == told
    kinds = {type(event) for record in records for event in record.events}
    assert {e.Held, e.Lifted, e.Noted, e.Refused, e.Ended} < kinds
    editions = {record.law.book for record in records if record.law and record.law.row}
    assert len(editions) > 1, "one edition only"


def test_0_2_has_officers_lines_matches_and_amendments() -> None:
    golden = load("0.2")
    told = [decode_person(one.value) for one in golden.inputs]
    assert {type(one) for one in told} == {e.Fact, e.Line, e.LineEnd, e.MatchFact, e.Amend}
    assert any(one.reporter and one.root for one in told if isinstance(one, e.Fact))
    assert {one.stands for one in told if isinstance(one, e.MatchFact)} == {True, False}
    assert {one.how.value for one in told if isinstance(one, e.LineEnd)} == {
        "lifted", "annulled", "suspended", "withdrawn", "refused",
    }  # fmt: skip
    said = [event for _, value in golden.ledger for event in decode_ledger(value).events]
    assert {e.Annulled, e.Amended} < {type(event) for event in said}
    answers = [(x.order, x.line, x.status) for x in said if isinstance(x, e.Answered)]
    assert {status for _, _, status in answers} == {
        "effective", "held", "refused", "lifted", "annulled", "suspended", "amended", "ended",
    }  # fmt: skip
    held = {(order, line) for order, line, status in answers if status == "held"}
    assert held & {(order, line) for order, line, status in answers if status == "effective"}


def test_a_difference_fails_and_says_where(golden: Golden) -> None:
    """The comparison itself can fail: a second in one report's time is another ledger."""
    first = golden.inputs[0]
    changed = Input(first.at + 1_000, first.key, first.value)
    again = ledger_of([changed, *golden.inputs[1:]], law_by_digest(golden.law), 100)
    with pytest.raises(pytest.fail.Exception, match="committed: LedgerRecord"):
        compare(golden, again, decode_ledger)


def test_an_edited_text_of_the_law_is_noticed(golden: Golden) -> None:
    name, version = next(iter(golden.law))
    with pytest.raises(LookupError, match="never edited"):
        law_by_digest({(name, version): "00" * 32})
