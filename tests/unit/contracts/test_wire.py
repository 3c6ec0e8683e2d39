"""Framing, facts and ledger records: there and back, and every kind of bad bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuma.contracts import codec, decisions, facts
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.registry import registry
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour

ms = st.integers(min_value=0, max_value=2**45)
id16 = st.binary(min_size=16, max_size=16)
digest = st.binary(min_size=32, max_size=32)
words = st.text(max_size=12)
kinds = st.sampled_from(e.PERSONAL)

fact_values = st.builds(
    e.Fact,
    id=id16,
    content=digest,
    kind=kinds,
    department=words,
    division=words,
    ground=words,
    since=ms,
    until=st.none() | ms,
    evidence_kind=words,
    evidence_ref=st.just(b"") | digest,
    identity=st.sampled_from(list(e.Identity)),
    breaches=st.lists(words, max_size=3).map(tuple),
    reported=ms,
    sealed=st.binary(max_size=64),
    reporter=st.just(b"") | id16,
    root=st.just(b"") | digest,
)
actors = st.builds(e.Actor, id16, words, words, words, words)
colours = st.sampled_from(list(Colour))
lines = st.builds(
    e.Line,
    id16, digest, id16, st.integers(0, 99_999), words, words, words, colours, id16, digest, id16,
    ms, ms, words, st.integers(1, 9), words, words, st.integers(1, 9),
    st.lists(actors, max_size=3).map(tuple), st.booleans(),
)  # fmt: skip
line_ends = st.builds(
    e.LineEnd, id16, digest, id16, st.integers(0, 99_999), words, st.sampled_from(list(e.End)),
    words, ms, actors,
)  # fmt: skip
spans = st.tuples(ms, ms)
matches = st.builds(
    e.MatchFact,
    id16, digest, id16, st.integers(1, 9), st.booleans(), words, words, words, words, digest, ms,
    ms, st.binary(max_size=9), spans, digest, spans, digest, id16, st.integers(0, 2), digest,
    words, st.sampled_from(list(e.Identity)), st.just(b"") | digest,
)  # fmt: skip
amends = st.builds(e.Amend, id16, digest, words, st.integers(1, 9), digest, ms)
steps = st.builds(e.Step, st.sampled_from(list(Colour)), ms, ms)
laws = st.builds(
    e.LawRef, words, st.integers(1, 9), digest, words, st.integers(1, 9), digest, words
)
orders = st.builds(
    e.Order,
    id16, id16, words, words, words, words, st.binary(max_size=32), ms, ms,
    st.lists(steps, max_size=3).map(tuple), laws,
    st.none() | st.builds(
        e.Source, id16, st.integers(0, 99_999), words, st.lists(actors, max_size=3).map(tuple),
        st.booleans(),
    ),
)  # fmt: skip
code_lists = st.lists(words, max_size=3).map(tuple)
event_values = st.one_of(
    st.builds(e.Effective, orders),
    st.builds(e.Lifted, id16, id16, ms, words),
    st.builds(
        e.Noted,
        id16,
        kinds,
        words,
        ms,
        st.binary(max_size=32),
        words,
        words,
        words,
        words,
        st.none() | ms,
        st.just(b"") | id16,
        st.just(b"") | digest,
    ),
    st.builds(e.Answered, id16, st.integers(0, 99_999), words, words, words, st.none() | lines),
    st.builds(e.Annulled, id16, id16, ms, words),
    st.builds(
        e.Amended, id16, id16, ms, words, st.lists(steps, max_size=3).map(tuple), laws, words, words
    ),
    st.builds(e.Refused, id16, kinds, words, words, code_lists),
    st.builds(e.Held, id16, kinds, words, words, code_lists),
    st.builds(e.Ended, id16, ms),
)
segments = st.builds(
    e.Segment, st.sampled_from(list(Colour)), ms, ms, st.lists(id16, max_size=2).map(tuple)
)
schedules = st.builds(
    e.Schedule,
    ms,
    st.lists(segments, max_size=3).map(tuple),
    st.lists(orders, max_size=2).map(tuple),
    st.none() | ms,
)
causes = st.builds(
    decisions.Cause, id16, id16, st.integers(0, 255), st.integers(0, 2**40), digest, digest
)


@given(st.one_of(lines, line_ends, matches, amends))
def test_what_is_no_report_comes_back_as_it_was(item: e.Input) -> None:
    assert facts.decode_person(facts.encode_person(item)) == item


def test_an_end_of_no_known_kind_is_poison() -> None:
    end = e.LineEnd(
        bytes(16), bytes(32), bytes(16), 0, "41", e.End.LIFTED, "", 0, e.Actor(b"", "", "", "")
    )
    data = facts.encode_person(end).replace(b"\x0clifted", b"\x0cmelted")
    with pytest.raises(Poison, match="melted"):
        facts.decode_person(data)


@given(fact_values)
def test_a_fact_comes_back_as_it_was(fact: e.Fact) -> None:
    assert facts.decode_feed(facts.encode_feed(fact)) == fact
    assert facts.decode_person(facts.encode_person(fact)) == fact


@given(
    fact_values,
    st.none() | laws,
    st.lists(event_values, min_size=1, max_size=150).map(tuple),
    schedules,
    causes,
    st.integers(1, 2**40),
    ms,
)
@settings(max_examples=60, deadline=None)
def test_a_decision_comes_back_whole_from_its_parts(
    fact: e.Fact,
    law: e.LawRef | None,
    events: tuple[e.Event, ...],
    schedule: e.Schedule,
    cause: decisions.Cause,
    seq: int,
    at: int,
) -> None:
    decision = e.Decision(at, fact, law, events, schedule)
    values = decisions.split(decision, cause, seq, decisions.FIRST)
    records = [decisions.decode_ledger(value) for value in values]
    assert sum((r.events for r in records), ()) == events
    assert records[-1].schedule == schedule
    assert all(r.schedule is None for r in records[:-1])
    previous = decisions.FIRST
    for number, (record, value) in enumerate(zip(records, values, strict=True)):
        assert (record.seq, record.part, record.parts) == (seq + number, number, len(values))
        assert record.prev == previous
        assert (record.cause, record.at, record.law) == (cause, at, law)
        previous = decisions.ledger_hash(value)
    assert values == decisions.split(decision, cause, seq, decisions.FIRST)


def _reason(data: bytes | None, subject: str = "person") -> Reason:
    with pytest.raises(Poison) as caught:
        codec.decode(subject, data)
    return caught.value.reason


def test_each_kind_of_bad_bytes_has_its_reason() -> None:
    fact = e.Fact(
        bytes(16), bytes(32), e.FactKind.SCAN, "health", "41", "", 1, None, "", b"",
        e.Identity.MATCHED, (), 1, b"",
    )  # fmt: skip
    good = facts.encode_person(fact)
    assert _reason(None) is Reason.NO_VALUE
    assert _reason(b"") is Reason.NOT_FRAMED
    assert _reason(b"\x01" + good[1:]) is Reason.NOT_FRAMED
    assert _reason(b"\x00\xff\xff\xff\xff" + good[5:]) is Reason.UNKNOWN_SCHEMA
    assert _reason(facts.encode_feed(fact)) is Reason.WRONG_SUBJECT
    assert _reason(good[:-3]) is Reason.UNDECODABLE
    assert _reason(good + b"x") is Reason.TRAILING_BYTES


@given(st.binary(max_size=300), st.sampled_from(sorted(registry().latest)))
@settings(max_examples=400)
def test_random_bodies_are_poison_or_a_value(body: bytes, subject: str) -> None:
    framed = b"\x00" + registry().latest[subject].id.to_bytes(4, "big") + body
    try:
        codec.decode(subject, framed)
    except Poison:
        pass


@given(fact_values, st.data())
@settings(max_examples=200)
def test_a_flipped_byte_never_escapes_as_another_error(fact: e.Fact, data: st.DataObject) -> None:
    good = bytearray(facts.encode_person(fact))
    where = data.draw(st.integers(0, len(good) - 1))
    good[where] ^= data.draw(st.integers(1, 255))
    try:
        facts.decode_person(bytes(good))
    except Poison:
        pass
