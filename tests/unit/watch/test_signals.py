"""What oversight hears: of decisions, of orders, of rows that end at the door."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fuma.contracts.codec import decode, encode
from fuma.contracts.decisions import Cause, decode_ledger, split
from fuma.contracts.errors import Poison
from fuma.contracts.signals import (
    decode_signal,
    encode_signal,
    signal_key,
    signals_of_decision,
    signals_of_door,
    signals_of_order,
)
from fuma.domain.authority import events as a
from fuma.domain.codes import events as e
from fuma.domain.watch.events import Party, Signal
from unit.processor.test_stages import AT, FACT, GREEN, LAW, ORDER, RED, TAG

SIGNER = a.Actor(b"p" * 16, "zhang", "control-office", "k1")
LEDGER = b"41"


def heard(event: e.Event, schedule: e.Schedule, seq: int = 1) -> list[Signal]:
    cause = Cause(FACT.id, b"u" * 16, 0, seq, b"d" * 32, FACT.content)
    (value,) = split(e.Decision(AT, FACT, LAW, (event,), schedule), cause, seq, bytes(32))
    return signals_of_decision(TAG, decode_ledger(value))


def test_a_red_names_office_evidence_row_and_colour() -> None:
    (signal,) = heard(e.Effective(ORDER), RED)
    assert (signal.kind, signal.colour, signal.province) == ("effective", "red", "41")
    assert (signal.office, signal.digest, signal.order) == (
        "health 410105", ORDER.evidence_ref, ORDER.id,
    )  # fmt: skip
    assert (signal.subject, signal.count) == (TAG, 1)


def test_a_refusal_is_heard_with_its_codes_and_a_quiet_note_is_not() -> None:
    refused = e.Refused(FACT.id, FACT.kind, "inbound", "customs", ("evidence-not-of-ground",))
    (signal,) = heard(refused, GREEN)
    assert (signal.kind, signal.codes) == ("refused", ("evidence-not-of-ground",))
    scan = e.Noted(FACT.id, e.FactKind.SCAN, "", AT, b"", "scan", "transport", "410105", "")
    assert heard(scan, GREEN) == []
    assert [s.kind for s in heard(replace(scan, code="ended-before-recorded"), GREEN)] == ["noted"]


def test_a_signal_told_again_has_the_same_id_and_another_event_another() -> None:
    first, again = heard(e.Effective(ORDER), RED), heard(e.Effective(ORDER), RED)
    assert first == again
    assert heard(e.Effective(ORDER), RED, seq=2)[0].id != first[0].id


def test_a_refused_command_names_its_signer_and_refused_lines_are_one_signal_a_code() -> None:
    refused = a.Refused(b"c" * 16, "Act", SIGNER, ORDER.id, ("four-eyes",), b"d" * 32, AT)
    lines = [
        a.LineSettled(ORDER.id, n, "refused", "no-evidence" if n < 3 else "not-at-venue", AT)
        for n in range(5)
    ]
    accepted = a.Accepted(b"a" * 16, b"d" * 32, AT, SIGNER)
    found = signals_of_order(LEDGER, 7, "41", AT, [refused, *lines, accepted])
    assert [(s.kind, s.codes, s.count) for s in found] == [
        ("command-refused", ("four-eyes",), 1),
        ("refused", ("no-evidence",), 3),
        ("refused", ("not-at-venue",), 2),
    ]
    assert found[0].parties == (Party("signer", b"p" * 16, "zhang", "control-office"),)
    assert len({s.id for s in found}) == 3


def test_a_line_that_the_decision_refused_is_heard_once_from_the_decision() -> None:
    answered = a.LineSettled(ORDER.id, 0, "refused", "fact-absent", AT)
    assert signals_of_order(LEDGER, 8, "41", AT, [answered]) == []


def test_an_order_in_effect_names_its_whole_chain() -> None:
    chain = (SIGNER, replace(SIGNER, person=b"q" * 16, officer="li"))
    effected = a.Effected(ORDER.id, AT, AT + 1, "b", 1, "r", "p", 1, chain, 12, False)
    (signal,) = signals_of_order(LEDGER, 1, "41", AT, [effected])
    assert (signal.kind, signal.count, len(signal.parties)) == ("ordered", 12, 2)


def test_the_door_says_file_codes_and_counts_and_no_identity() -> None:
    rows = [
        (1, "410105", ["not-json"]),
        (2, "", ["missing", "missing"]),
        (3, "410105", ["missing"]),
    ]
    henan, nowhere = signals_of_door("health", "receipt-1", AT, rows)
    assert (henan.province, henan.count, henan.codes) == ("41", 2, ("missing", "not-json"))
    assert (nowhere.province, nowhere.count, nowhere.detail) == ("00", 1, "missing 1")
    assert henan.subject == b""
    assert henan == signals_of_door("health", "receipt-1", AT, rows)[0]


def test_it_survives_the_wire_and_is_keyed_by_its_province() -> None:
    (signal,) = heard(e.Effective(ORDER), RED)
    assert decode_signal(encode_signal(signal)) == signal
    assert signal_key(signal) == b"41"


def test_a_signal_of_no_kind_or_of_less_than_nothing_is_poison() -> None:
    (signal,) = heard(e.Effective(ORDER), RED)
    wire = decode("signal", encode_signal(signal))
    for wrong in ({"kind": "rumour"}, {"count": -1}):
        with pytest.raises(Poison):
            decode_signal(encode("signal", wire | wrong))


def test_a_refusal_and_a_lifting_say_where_so_that_the_province_is_asked() -> None:
    refused = e.Refused(
        FACT.id, FACT.kind, "inbound", "customs", ("no-evidence",), "410105", b"r" * 32
    )
    lifted = e.Lifted(ORDER.id, FACT.id, AT, "released", "confirmed", "410105")
    annulled = e.Annulled(ORDER.id, FACT.id, AT, "never-valid", "confirmed", "410105")
    answered = e.Answered(b"o" * 16, 3, "41", "refused", "root-differs")
    found = [one for event in (refused, lifted, annulled, answered) for one in heard(event, GREEN)]
    assert [(s.kind, s.province) for s in found] == [
        ("refused", "41"), ("lifted", "41"), ("annulled", "41"), ("refused", "41"),
    ]  # fmt: skip
    assert found[0].digest == b"r" * 32
    assert found[3].order == b"o" * 16
