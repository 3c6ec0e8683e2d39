"""What was decided once is decided again: committed bytes in, the same bytes out, for ever."""

from __future__ import annotations

import pytest

from fuma.contracts.decisions import decode_ledger
from fuma.contracts.facts import decode_person
from fuma.domain.codes.events import Ended, Held, Lifted, Noted, Refused
from golden.making import Golden, Input, law_by_digest, ledger_of, load, names

ANEW = "if the core is meant to decide otherwise now: python tests/golden/making.py"


@pytest.fixture(params=names())
def golden(request: pytest.FixtureRequest) -> Golden:
    return load(str(request.param))


def compare(golden: Golden, again: list[tuple[bytes, bytes]]) -> None:
    """The first difference, told as decisions."""
    for number, (was, now) in enumerate(zip(golden.ledger, again, strict=False), 1):
        if was != now:
            pytest.fail(
                f"{golden.name}: ledger record {number}, subject {was[0].hex()}:\n"
                f"  committed: {decode_ledger(was[1])}\n  now:       {decode_ledger(now[1])}\n"
                f"{ANEW}"
            )
    assert len(again) == len(golden.ledger), f"{golden.name}: so many records; {ANEW}"


def test_there_is_a_golden_history() -> None:
    assert names()


@pytest.mark.parametrize("chunk", [1, 7, 1_000])
def test_a_golden_history_is_decided_again_to_the_same_bytes(golden: Golden, chunk: int) -> None:
    compare(golden, list(ledger_of(golden.inputs, law_by_digest(golden.law), chunk)))


def test_old_records_are_read(golden: Golden) -> None:
    facts = {decode_person(one.value).id for one in golden.inputs}
    records = [decode_ledger(value) for _, value in golden.ledger]
    assert {record.cause.id for record in records} == facts
    kinds = {type(event) for record in records for event in record.events}
    assert {Held, Lifted, Noted, Refused, Ended} < kinds
    editions = {record.law.book for record in records if record.law and record.law.row}
    assert len(editions) > 1, "one edition only"


def test_a_difference_fails_and_says_where(golden: Golden) -> None:
    """The comparison itself can fail: a second in one report's time is another ledger."""
    first = golden.inputs[0]
    changed = Input(first.at + 1_000, first.key, first.value)
    again = list(ledger_of([changed, *golden.inputs[1:]], law_by_digest(golden.law), 100))
    with pytest.raises(pytest.fail.Exception, match="committed: LedgerRecord"):
        compare(golden, again)


def test_an_edited_text_of_the_law_is_noticed(golden: Golden) -> None:
    name, version = next(iter(golden.law))
    with pytest.raises(LookupError, match="never edited"):
        law_by_digest({(name, version): "00" * 32})
