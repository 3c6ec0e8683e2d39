"""Codecs of the domain's classes against fastavro: the same bytes, and the same value of them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from fastavro import schemaless_reader
from hypothesis import given
from hypothesis import strategies as st

from fuma.contracts import codec, decisions, facts
from fuma.contracts.registry import registry
from fuma.contracts.shown import decode_shown
from fuma.contracts.shownbytes import read_plain
from fuma.contracts.shownrows import decode_any
from fuma.domain.codes import events as e
from unit.contracts.test_wire import (
    causes,
    event_values,
    fact_values,
    laws,
    line_ends,
    lines,
    matches,
    ms,
    schedules,
)

#: What reached the person is not in the ledger record, but for its cause.
_ANY = e.Amend(bytes(16), bytes(32), "", 1, bytes(32), 0)
ledger_values = st.builds(
    lambda events, schedule, cause, law, at: decisions.split(
        e.Decision(at, _ANY, law, tuple(events), schedule),
        cause,
        3,
        decisions.FIRST,
    ),
    st.lists(event_values, min_size=1, max_size=70),
    schedules,
    causes,
    st.none() | laws,
    ms,
)


def rewritten(value: bytes) -> bytes:
    """``value`` read and written again by fastavro, under the schema that it names."""
    version = registry().by_id[int.from_bytes(value[1:5], "big")]
    body = BytesIO(value[5:])
    read: Any = schemaless_reader(body, version.parsed, None, return_record_name=True)
    assert not body.read()
    return value[:5] + codec.plain_bytes(version.parsed, read)


@given(st.one_of(fact_values, lines, line_ends, matches))
def test_what_a_person_hears_is_written_as_fastavro_writes_it(item: e.Input) -> None:
    value = facts.encode_person(item)
    assert rewritten(value) == value


@given(ledger_values)
def test_the_ledger_is_written_as_fastavro_writes_it(values: list[bytes]) -> None:
    for value in values:
        assert rewritten(value) == value


@given(ledger_values)
def test_a_reader_of_less_reads_the_same(values: list[bytes]) -> None:
    for value in values:
        whole, events = decisions.decode_ledger(value), decisions.decode_events(value)
        assert (events.seq, events.prev, events.part, events.parts) == (
            whole.seq, whole.prev, whole.part, whole.parts,
        )  # fmt: skip
        assert (events.cause, events.at, events.law) == (whole.cause, whole.at, whole.law)
        assert events.events == whole.events
        assert events.schedule is None


@given(ledger_values, st.data())
def test_a_damaged_value_is_poison_to_every_reader_or_to_none(
    values: list[bytes], data: st.DataObject
) -> None:
    value = bytearray(data.draw(st.sampled_from(values)))
    place = data.draw(st.integers(5, len(value) - 1))
    value[place] ^= 1 << data.draw(st.integers(0, 7))
    found = {_outcome(read, bytes(value)) for read in (_whole, decisions.decode_events)}
    assert len(found) == 1
    shown = _outcome(decode_shown, bytes(value))
    # A segment that names an order which is not there cannot be shown at all.
    assert shown in found or (shown == "undecodable" and found == {"value"})


@given(ledger_values, st.data())
def test_what_is_read_by_hand_is_what_is_read_in_any_form(
    values: list[bytes], data: st.DataObject
) -> None:
    """Damaged bytes too: whatever the hand takes, the compiled reader takes the same way."""
    for value in values:
        plain = read_plain(value)
        try:
            whole = decode_any(value)
        except codec.Poison:  # a segment names an order that is not there
            assert plain is None
            continue
        assert plain is not None
        assert plain == whole
    damaged = bytearray(data.draw(st.sampled_from(values)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(5, len(damaged) - 1))
        if data.draw(st.booleans()):
            damaged[place] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del damaged[place : place + data.draw(st.integers(1, 3))]
    plain = read_plain(bytes(damaged))
    if plain is not None:
        assert plain == decode_any(bytes(damaged))


def _whole(value: bytes) -> Any:
    return decisions.decode_ledger(value)


def _outcome(read: Any, value: bytes) -> str:
    try:
        read(value)
    except codec.Poison as poison:
        return poison.reason.value
    return "value"
