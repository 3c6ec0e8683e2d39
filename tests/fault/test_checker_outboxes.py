"""What must follow from a ledger, worked out by the checker and made by the outboxes themselves.

The committed histories go through the real outboxes: the checker finds all of it, and any record
that is taken out, added or altered.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from faust.types import TP

from fault.checker import derived, effects, itineraries, ledgers, outboxes, raw
from fuma.contracts import dsse, genesis, lawlog
from fuma.contracts.presence import elsewhere, encode_presence, records_of
from fuma.contracts.topics import (
    DECISIONS,
    ORDERS,
    PROVINCES,
    exchange_topic,
    partition_for,
    topics,
)
from fuma.processor.outbox import Outbox
from fuma.processor.outbox_orders import OrdersOutbox
from fuma.runtime.host_stages import TransformRunner
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import internal
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_origin, pack_time
from fuma.runtime.memory_log import MemoryLog
from golden import making
from golden.making import PERSONS, law_by_digest
from unit.comparison.making import sick, stay
from unit.contracts.test_lawlog import A, B

KEY = b"k" * 32
SEALER = Sealer(bytes(16), KEY)
MAC, SCHEMAS = raw.Mac(bytes(16), KEY), raw.Schemas()
EXCHANGES = [exchange_topic(province) for province in sorted(PROVINCES)]
#: History, ledger, and the topics on which something follows from it.
RUNS = [
    ("0.1", DECISIONS, {"fuma.signals", "fuma.notices"}),
    ("0.2", DECISIONS, {"fuma.signals", "fuma.notices", "fuma.commands", *EXCHANGES[:0]}),
    ("0.2", ORDERS, {"fuma.signals", "fuma.person", "fuma.replies"}),
]


@cache
def _written(name: str, ledger: str) -> dict[tuple[str, int], tuple[raw.Rec, ...]]:
    """A history's ledger, and what the real outbox makes of it."""
    golden = making.load(name, PERSONS if ledger == DECISIONS else making.ORDERS)
    stage: Any = OrdersOutbox(print)
    if ledger == DECISIONS:
        law = law_by_digest({(t.name, t.version): t.law.digest.hex() for t in making.texts()})
        stage = Outbox(print, lambda: law)
    outputs = ["fuma.signals", "fuma.person", "fuma.replies", "fuma.commands", "fuma.notices"]
    names = [ledger, *outputs, *EXCHANGES]
    log = MemoryLog({name: topics()[name].partitions for name in names})
    count = topics()[ledger].partitions
    for key, value in golden.ledger:
        where = partition_for(key, count)
        log.append([internal(SEALER, ledger, key, value, where, pack_time(1), None)])
    runner = TransformRunner(
        stage, [*outputs, *EXCHANGES], World(SEALER, True, {stage.dead_letter_topic: 1}), log,
        partition_for,
    )  # fmt: skip
    for partition in range(count):
        if log.records[ledger, partition]:
            engine = runner.open(TP(ledger, partition), None)
            log.append(engine.decide(log.records[ledger, partition], FOREVER).outgoing)
    made = {
        (topic, partition): tuple(
            raw.Rec(
                topic, partition, r.offset, r.timestamp, r.key, r.value,
                tuple((n, c or b"") for n, c in r.headers),
            )
            for r in records
        )
        for (topic, partition), records in log.records.items()
    }  # fmt: skip
    made[derived.LAW, 0] = (_genesis(),)
    return made


def _genesis() -> raw.Rec:
    """With every text of the tree."""
    ceremony = dsse.public_bytes(A).hex(), dsse.public_bytes(B).hex()
    texts = tuple(text.body for text in making.texts())
    body = genesis.payload(genesis.Genesis("00" * 16, True, 0, ceremony, (), texts))
    value = lawlog.genesis_value(dsse.sign(genesis.GENESIS_TYPE, body, A, B), 0)
    return raw.Rec(derived.LAW, 0, 0, 0, b"genesis", value, ())


def log_of(name: str, ledger: str) -> raw.Log:
    records = _written(name, ledger)
    ids = {topic: MemoryLog({topic: 1}).topic_id(topic) for topic, _ in records}
    return raw.Log(ids, {place: list(found) for place, found in records.items()})


def faults(log: raw.Log, name: str) -> tuple[list[str], int]:
    found = effects.Effects()
    ledger = ledgers.read_ledger(log, name, raw.declared()[name].subject or "", MAC, SCHEMAS)
    near = derived.neighbours(log, SCHEMAS)
    count = outboxes.check_outbox(found, log, ledger, name, near, MAC, SCHEMAS)
    effects.check_ordinals(found, log, MAC)
    return found.faults, count


def kinds(found: list[str]) -> set[str]:
    return {one.split(":")[0] for one in found}


@pytest.mark.parametrize(("name", "ledger", "expected"), RUNS)
def test_the_checker_asks_for_all_that_the_outbox_writes_and_for_nothing_else(
    name: str, ledger: str, expected: set[str]
) -> None:
    log = log_of(name, ledger)
    found, count = faults(log, ledger)
    assert found == []
    written = {t: sum(1 for _ in log.of(t)) for t in log.topics() if t not in (ledger, derived.LAW)}
    assert expected <= {topic for topic, many in written.items() if many}
    assert count == sum(many for topic, many in written.items() if topic != "fuma.notices")


def _topics(name: str, ledger: str) -> list[str]:
    written = _written(name, ledger)
    others = {topic for (topic, _), found in written.items() if found}
    return sorted(others - {ledger, derived.LAW, "fuma.notices"})


CASES = [(name, ledger, topic) for name, ledger, _ in RUNS for topic in _topics(name, ledger)]


@pytest.mark.parametrize(("name", "ledger", "topic"), CASES)
def test_one_record_that_never_came(name: str, ledger: str, topic: str) -> None:
    """Some from everywhere on the topic: each is missed, and is called lost."""
    there = list(log_of(name, ledger).of(topic))
    for gone in there[:: max(1, len(there) // 12)]:
        log = log_of(name, ledger)
        place = topic, gone.partition
        log.records[place] = [one for one in log.records[place] if one != gone]
        found, _ = faults(log, ledger)
        assert kinds(found) == {"lost"}, gone.place


@pytest.mark.parametrize(("name", "ledger", "topic"), CASES)
def test_a_topic_on_which_nothing_came(name: str, ledger: str, topic: str) -> None:
    log = log_of(name, ledger)
    expected = sum(1 for _ in log.of(topic))
    log.records |= {place: [] for place in log.records if place[0] == topic}
    found, _ = faults(log, ledger)
    assert sum("never followed" in one for one in found) == expected


def _sealed(record: raw.Rec, value: bytes | None, key: bytes | None = None) -> raw.Rec:
    """With another value or key that a service vouches for."""
    key = key or record.key
    headers = SEALER.headers(
        record.topic, key, value, time=record.header("fuma-time"), origin=record.header("origin")
    )
    return replace(record, key=key, value=value, headers=headers)


def _stranger(records: list[raw.Rec]) -> None:
    """Of an id that nothing gives: it follows from nothing on the ledger."""
    first = records[0]
    body = SCHEMAS.read(first.value, "signal")
    assert body is not None
    value = (first.value or b"").replace(body["id"], b"?" * 16)
    records.append(_sealed(first, value))


def _reworded(records: list[raw.Rec]) -> None:
    """Once more, of another kind."""
    first = next(one for one in records if b"effective" in (one.value or b""))
    records.append(_sealed(first, (first.value or b"").replace(b"effective", b"annullled")))


@pytest.mark.parametrize(
    ("change", "expected"), [(_stranger, {"twice"}), (_reworded, {"twice", "other"})]
)
def test_one_record_that_never_should_have_come(
    change: Callable[[list[raw.Rec]], None], expected: set[str]
) -> None:
    log = log_of("0.2", DECISIONS)
    change(next(found for (topic, _), found in log.records.items() if _signals(topic, found)))
    assert kinds(faults(log, DECISIONS)[0]) == expected


def _signals(topic: str, found: list[raw.Rec]) -> bool:
    return topic == "fuma.signals" and any(b"effective" in (one.value or b"") for one in found)


def test_a_line_under_another_persons_key() -> None:
    log = log_of("0.2", ORDERS)
    place = next(p for p, found in log.records.items() if p[0] == "fuma.person" and found)
    log.records[place][0] = _sealed(log.records[place][0], log.records[place][0].value, b"x" * 16)
    assert kinds(faults(log, ORDERS)[0]) == {"other"}


def test_where_a_text_about_the_exchange_was_published_nothing_is_said_of_it() -> None:
    """When it begins is not worked out here: no false alarm, and the other topics are asked."""
    log = log_of("0.2", DECISIONS)
    body = json.dumps({"kind": "exchange"}).encode()
    value = lawlog.text_value(dsse.sign(lawlog.LAW_TYPE, body, A), 1)
    log.records[derived.LAW, 0].append(raw.Rec(derived.LAW, 0, 1, 1, b"x", value, ()))
    for topic in ("fuma.exchange.14", "fuma.signals"):
        log.records |= {place: [] for place in log.records if place[0] == topic}
    found, _ = faults(log, DECISIONS)
    assert {one.rsplit(" on ", 1)[-1] for one in found if "never followed" in one} == {
        "fuma.signals: it never followed"
    }


# From itinerary to presence.

PRESENCE, TAG = "fuma.presence", b"t" * 16
SPECS = {
    name: replace(raw.declared()[name], partitions=3) for name in (effects.ITINERARY, PRESENCE)
}


def _heard(item: Any, change: Callable[[list[raw.Rec]], object]) -> list[str]:
    """Faults where ``item`` went on to presence and ``change`` was done to what came of it."""
    ids = {effects.ITINERARY: b"i" * 16, PRESENCE: b"p" * 16}
    log = raw.Log(ids, {(name, p): [] for name in ids for p in range(3)})
    value, home = encode_presence(item), partition_for(TAG, 3)

    def record(topic: str, key: bytes, origin: bytes | None = None) -> raw.Rec:
        headers = SEALER.headers(topic, key, value, time=pack_time(1), origin=origin)
        return raw.Rec(topic, partition_for(key, 3), 0, 1, key, value, headers)

    log.records[effects.ITINERARY, home] = [record(effects.ITINERARY, TAG)]
    made = [
        record(PRESENCE, key, pack_origin(ids[effects.ITINERARY], home, 0, ordinal))
        for ordinal, (key, _) in enumerate(records_of(item, 3))
    ]
    change(made)
    for one in made:
        log.records[PRESENCE, one.partition].append(one)
    found = effects.Effects()
    itineraries.check_itineraries(
        found, log, effects.Letters(), MAC, SCHEMAS, SPECS[effects.ITINERARY], 3
    )
    return found.faults


def _altered(made: list[raw.Rec]) -> None:
    value = encode_presence(stay("other", "who"))
    made[0] = _sealed(made[0], value)


@pytest.mark.parametrize("item", [stay("a stay", "who"), sick("who")], ids=["stay", "case"])
def test_who_must_hear_of_an_itinerary_has_it(item: Any) -> None:
    """The last of several is missed too."""
    assert _heard(item, lambda made: None) == []
    assert _heard(item, lambda made: made.append(made[0])) == []
    assert kinds(_heard(item, lambda made: made.pop())) == {"lost"}
    assert kinds(_heard(item, lambda made: made.pop(0))) == {"lost"}
    assert kinds(_heard(item, _altered)) == {"other"}


def test_a_corrected_stay_is_withdrawn_at_the_other_spots() -> None:
    mended = stay("a stay", "who")._replace(revision=1)
    values = [value for _, value in elsewhere(mended)]

    def more(value: bytes) -> list[str]:
        return _heard(mended, lambda made: made.append(_sealed(made[0], value)))

    assert [more(value) for value in values] == [[], [], []]
    assert kinds(_heard(mended, lambda made: made.__setitem__(0, _sealed(made[0], values[0])))) == {
        "lost"
    }
    assert kinds(more(encode_presence(mended._replace(tag=TAG)))) == {"other"}
    first = mended._replace(revision=0, gone=True)
    assert kinds(_heard(first, lambda made: made.append(_sealed(made[0], values[0])))) == {"other"}


# Ordinals.


def _numbered(*ordinals: int, topic: str = "fuma.presence", of: str = "fuma.feed.health") -> int:
    """How many faults there are where these stand."""
    ids = {name: name.encode().ljust(16)[:16] for name in (topic, of)}
    log = raw.Log(ids, {(topic, 0): []})
    for number in ordinals:
        origin = pack_origin(ids[of], 3, 7, number)
        headers = SEALER.headers(topic, b"k", b"%d" % number, time=pack_time(1), origin=origin)
        record = raw.Rec(topic, 0, number, 1, b"k", b"%d" % number, headers)
        log.records[topic, 0].append(record)
    found = effects.Effects()
    effects.check_ordinals(found, log, MAC)
    return len(found.faults)


@pytest.mark.parametrize(
    ("ordinals", "expected"),
    [((), 0), ((0,), 0), ((0, 1, 2), 0), ((2, 0, 1, 0), 0), ((1,), 1), ((0, 2), 1), ((1, 2), 1)],
)
def test_what_follows_is_numbered_without_a_gap(ordinals: tuple[int, ...], expected: int) -> None:
    assert _numbered(*ordinals) == expected


def test_a_row_may_go_on_as_an_itinerary_alone() -> None:
    door = "fuma.in.transport"
    assert _numbered(1, 2, topic=effects.ITINERARY, of=door) == 0
    assert _numbered(2, topic=effects.ITINERARY, of=door) == 1
    assert _numbered(1, topic="fuma.feed.transport", of=door) == 1


def test_what_nobody_vouches_for_follows_from_nothing() -> None:
    """A broker's administrator can write any origin."""
    ids = {"fuma.person": b"p" * 16, "fuma.feed.health": b"f" * 16}
    forged = (("origin", pack_origin(b"f" * 16, 0, 0, 0)),)
    log = raw.Log(ids, {("fuma.person", 0): [raw.Rec("fuma.person", 0, 0, 1, b"k", b"", forged)]})
    assert effects.origins(log, ["fuma.person"], MAC) == set()
