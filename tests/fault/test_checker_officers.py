"""The checker on officers' commands, texts of law and matches: each planted fault is found."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from fault.checker import effects, ledgers, matches, officers, raw
from fault.checker.ledgers import Decided, Ledger
from fuma.contracts.commandlog import outcome_value
from fuma.contracts.facts import encode_person
from fuma.contracts.lawlog import LAW_TOPIC, TICK_KEY, genesis_value, text_value, tick_value
from fuma.contracts.replies import Reply, encode_reply
from fuma.contracts.topics import COMMANDS, IN_COMMANDS, PERSON, REPLIES
from fuma.domain.authority.commands import Outcome
from fuma.domain.codes.inputs import Identity, MatchFact
from fuma.runtime.mac import Sealer, pack_origin, pack_time

WORLD, KEY = bytes(16), b"k" * 32
SEALER = Sealer(WORLD, KEY)
MAC, SCHEMAS = raw.Mac(WORLD, KEY), raw.Schemas()


class Made:
    """A log of some topics, by hand."""

    def __init__(self, *names: str) -> None:
        self.log = raw.Log({name: name.encode().ljust(16)[:16] for name in names})
        self.letters = effects.Letters()
        self.found = effects.Effects()

    def put(
        self, topic: str, key: bytes, value: bytes, *, ours: bool = True, came: int | None = None
    ) -> raw.Rec:
        records = self.log.records.setdefault((topic, 0), [])
        origin = None if came is None else pack_origin(self.log.ids[IN_COMMANDS], 0, came, 0)
        headers = SEALER.headers(topic, key, value, time=pack_time(1), origin=origin)
        made = raw.Rec(topic, 0, len(records), 1, key, value, headers if ours else ())
        records.append(made)
        return made

    def dead(self, record: raw.Rec) -> None:
        self.letters.by_place[record.place] = [record]


def kinds(faults: list[str]) -> list[str]:
    return sorted(fault.split(":")[0] for fault in faults)


@pytest.mark.parametrize(
    ("forwarded", "dead", "expected"),
    [(1, 0, []), (2, 0, []), (0, 1, []), (0, 0, ["lost"]), (1, 1, ["twice"])],
)
def test_the_door_forwards_or_keeps(forwarded: int, dead: int, expected: list[str]) -> None:
    made = Made(IN_COMMANDS, COMMANDS)
    record = made.put(IN_COMMANDS, b"14", b"signed", ours=False)
    for _ in range(forwarded):
        made.put(COMMANDS, b"14", b"signed", came=record.offset)
    if dead:
        made.dead(record)
    officers.check_door(made.found, made.log, made.letters, MAC)
    assert kinds(made.found.faults) == expected


SENT = officers.Signed(b"a" * 16, b"c" * 16, "order.act.v1")


Event = tuple[str, dict[str, Any]]
LATE: Event = ("fuma.Refused", {"codes": ["expired"]})
ORDER = b"o" * 16


def _said(**change: Any) -> dict[str, Any]:
    made = {"order": ORDER, "line": 2, "status": "refused", "code": "fact-absent"}
    return made | change


def _decided(id_: bytes, *events: Event) -> Decided:
    record = raw.Rec("fuma.orders", 0, 0, 0, b"14", b"")
    cause = {"id": id_, "content": b"", "topic": b"", "partition": 0, "offset": 0, "digest": b""}
    body = {"cause": cause, "events": list(events)}
    return Decided(b"14", [(record, body)])


@pytest.mark.parametrize(("times", "expected"), [(0, ["lost"]), (1, []), (2, ["twice"])])
def test_a_signed_command_has_one_effect(times: int, expected: list[str]) -> None:
    ledger = Ledger(decided=[_decided(b"a" * 16)] * times)
    assert kinds(officers.check_signed(ledger, [SENT])) == expected


@pytest.mark.parametrize(
    ("effects_of_it", "expected"),
    [
        ([("fuma.Accepted", {}), LATE, LATE], []),  # sent again after its time, twice
        ([LATE], []),
        ([("fuma.Accepted", {}), ("fuma.Accepted", {}), LATE], ["twice"]),
        ([("fuma.Accepted", {}), ("fuma.Refused", {"codes": ["order-exists"]})], ["twice"]),
    ],
)
def test_a_command_that_comes_after_its_time_is_refused_and_that_is_no_second_effect(
    effects_of_it: list[Event], expected: list[str]
) -> None:
    ledger = Ledger(decided=[_decided(b"a" * 16, one) for one in effects_of_it])
    assert kinds(officers.check_signed(ledger, [SENT])) == expected
    ledgers._one_a_cause(ledger)
    assert kinds(ledger.faults) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("fuma.LineSettled", _said(line=2))], []),
        ([("fuma.LinesEnded", _said(how="refused", lines=[{"line": 1}, {"line": 2}]))], []),
        ([("fuma.LineSettled", _said(line=1))], ["lost"]),
        ([("fuma.LineSettled", _said(line=2, status="held"))], ["lost"]),
        ([], ["lost"]),
    ],
)
def test_an_outcome_that_the_ledger_knows_already_needs_no_record(
    events: list[Event], expected: list[str]
) -> None:
    made = Made(COMMANDS)
    outcome = Outcome(ORDER, 2, "refused", "fact-absent")
    made.put(COMMANDS, b"14", outcome_value("14", b"i" * 16, bytes(32), outcome))
    ledger = Ledger(decided=[_decided(b"x" * 16, *events)])
    spec = raw.declared()[COMMANDS]
    effects.check_ledger(
        made.found, made.log, made.letters, COMMANDS, "command", ledger, MAC,
        replace(spec, partitions=1), SCHEMAS,
    )  # fmt: skip
    lost = [fault for fault in made.found.faults if fault.startswith("lost")]
    assert kinds(lost) == expected


def _reply(**change: Any) -> bytes:
    made: dict[str, Any] = {
        "id": b"r" * 16, "at": 1, "command": b"a" * 16, "key": "k", "province": "14",
        "status": "accepted", "type": "order.act.v1",
    }  # fmt: skip
    return encode_reply(Reply(**(made | change)))


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ([{}, {}], []),
        ([{"command": b"c" * 16}], []),
        ([{}, {"id": b"s" * 16, "command": b"c" * 16}], ["twice"]),
        ([], ["lost"]),
        ([{}, {"status": "refused"}], ["twice"]),  # one reply in two wordings
        ([{}, {"id": b"s" * 16, "status": "refused"}], ["twice"]),  # two replies
        ([{}, {"id": b"s" * 16, "status": "turn"}], []),  # to whoever is next
        ([{}, {"id": b"s" * 16, "status": "refused", "codes": ("expired",)}], []),  # came late
        ([{"status": "refused", "codes": ("expired",)}], []),
    ],
)
def test_a_command_is_answered_once(replies: list[dict[str, Any]], expected: list[str]) -> None:
    made = Made(REPLIES)
    made.put(REPLIES, b"k", _reply(command=b"b" * 16, id=b"t" * 16))
    made.put(REPLIES, b"k", _reply(id=b"u" * 16), ours=False)
    for one in replies:
        made.put(REPLIES, b"k", _reply(**one))
    assert kinds(officers.check_replies(made.log, MAC, SCHEMAS, [SENT])) == expected


def _text(name: str, version: int) -> bytes:
    body = b64encode(json.dumps({"name": name, "version": version}).encode()).decode()
    envelope = {"payloadType": officers.TEXT_TYPE, "payload": body, "signatures": []}
    return text_value(json.dumps(envelope).encode(), 1)


def _law(made: Made, texts: list[tuple[str, int]]) -> list[str]:
    officers.check_law(made.found, made.log, made.letters, MAC, SCHEMAS, texts)
    return kinds(made.found.faults)


def _begun() -> Made:
    made = Made(LAW_TOPIC)
    made.put(LAW_TOPIC, b"genesis", genesis_value(b"{}", 1), ours=False)
    made.put(LAW_TOPIC, TICK_KEY, tick_value(60_000))
    made.put(LAW_TOPIC, TICK_KEY, tick_value(60_000))
    made.put(LAW_TOPIC, b"46/batches@2", _text("46/batches", 2), ours=False)
    return made


def test_a_law_in_order() -> None:
    made = _begun()
    made.dead(made.put(LAW_TOPIC, b"x", b"junk", ours=False))
    made.dead(made.put(LAW_TOPIC, TICK_KEY, tick_value(0), ours=False))
    made.dead(made.put(LAW_TOPIC, b"46/batches@2", _text("46/batches", 2), ours=False))
    assert _law(made, [("46/batches", 2)]) == []


def test_a_law_that_is_not() -> None:
    made = _begun()
    made.put(LAW_TOPIC, b"x", b"junk", ours=False)
    assert _law(made, []) == ["lost"]
    made = _begun()
    made.put(LAW_TOPIC, TICK_KEY, tick_value(0), ours=False)
    assert _law(made, []) == ["lost"], "a tick that nobody vouches for"
    made = _begun()
    made.put(LAW_TOPIC, b"46/batches@2", _text("46/batches", 2), ours=False)
    assert _law(made, []) == ["twice"]
    assert _law(_begun(), [("46/batches", 3)]) == ["lost"]
    made = _begun()
    made.dead(made.log.records[LAW_TOPIC, 0][1])
    assert _law(made, []) == ["twice"], "a tick, and kept as a dead letter"


MATCH = MatchFact(
    b"i" * 16, b"c" * 32, b"m" * 16, 0, True, "4101", "companion", "match", "rule", b"u" * 16,
    1, 9, b"p" * 32, (1, 2), b"d" * 32, (1, 2), b"e" * 32, b"f" * 16, 0, b"", "communications",
    Identity.MATCHED,
)  # fmt: skip


def test_matches_that_stand() -> None:
    tag, other = b"t" * 16, b"o" * 16
    met = [matches.Met("one", tag, 1), matches.Met("none", other, 0)]

    def found(*items: tuple[bytes, MatchFact]) -> list[str]:
        made = Made(PERSON)
        for key, item in items:
            made.put(PERSON, key, encode_person(item))
        made.put(PERSON, other, encode_person(MATCH), ours=False)
        return kinds(matches.check_matches(made.log, MAC, SCHEMAS, met))

    gone = replace(MATCH, revision=1, stands=False)
    second = replace(MATCH, match=b"n" * 16)
    assert found((tag, MATCH), (tag, MATCH)) == []
    assert found() == ["lost"]
    assert found((tag, MATCH), (tag, gone)) == ["lost"]
    assert found((tag, MATCH), (tag, second)) == ["twice"]
    assert found((tag, MATCH), (other, second)) == ["twice"]
    assert found((tag, MATCH), (tag, replace(MATCH, until=8))) == ["twice"]
