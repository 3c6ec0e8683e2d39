"""The door, end to end: from a department's file to the feed and the answers, on a real broker."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, Producer
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import doorkit
from doorkit import Door, at, event, name, number, wrong_number
from fuma.contracts.codec import decode, encode
from fuma.contracts.facts import decode_feed
from fuma.contracts.genesis import read_world
from fuma.contracts.sealing import open_subject, public_key, row_info, seal_row
from fuma.contracts.topics import in_topic, partition_for, topics
from fuma.domain.codes.events import Identity
from fuma.domain.ids import report_id
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.mac import Sealer, pack_time, unpack_origin, unpack_time
from fuma.runtime.ports import LogRecord
from fuma.runtime.vault import VaultClient

RECEIPT = "R-TESTRECEIPT"


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    made = Door()
    loader = VaultClient(made.home.path, "holders-loader")
    loader.load([(number(i), name(i)) for i in range(500)])
    loader.close()
    made.open()
    yield made
    made.close()


def test_a_report_reaches_the_feed_sealed_and_authenticated(door: Door) -> None:
    summary, refused = door.report([event(1, note="甲方备注")])
    assert (summary.accepted, summary.refused, refused) == (1, 0, [])
    ident = report_id("health", "//henan.example/cdc", "case-1")
    raw = next(
        r for r in door.records("fuma.feed.health", "admin") if decode_feed(r.value).id == ident
    )
    world = read_world(door.home.world)
    sealer = Sealer(world.id, keyfiles.secret(door.home.path, keyfiles.Key.MAC))
    assert sealer.check(raw.topic, raw.key, raw.value, raw.headers)
    assert unpack_time(raw.header("fuma-time")) == at(9)
    assert raw.header("fuma-receipt") == f"{summary.receipt}:1".encode()
    assert summary.receipt.encode() not in (raw.value or b"")
    topic_id, *_ = unpack_origin(raw.header("origin") or b"")
    assert len(topic_id) == 16
    assert raw.key is not None
    assert raw.partition == partition_for(raw.key, 8)
    fact = decode_feed(raw.value)
    assert (fact.identity, fact.division, fact.since) == (Identity.MATCHED, "410105", at(0))
    reader = VaultClient(door.home.path, "auditor")
    assert reader.find(number(1), purpose="test") == raw.key
    (key,) = reader.keys([raw.key], purpose="test")
    assert key is not None
    assert open_subject(key, fact.sealed, ident) == {
        "evidence": "DX-1",
        "reporter": "报告员丙丁",
        "source": "//henan.example/cdc",
        "event": "case-1",
        "note": "甲方备注",
    }


def test_the_same_event_in_another_file_is_the_same_record(door: Door) -> None:
    door.report([event(2)])
    door.report([event(3), event(2)])
    ident = report_id("health", "//henan.example/cdc", "case-2")
    values = [r.value for r in door.records("fuma.feed.health", "admin")]
    same = [v for v in values if decode_feed(v).id == ident]
    assert len(same) == 2
    assert same[0] == same[1]


def test_another_content_under_the_same_id_is_told_apart(door: Door) -> None:
    door.report([event(4)])
    door.report([event(4, ground="asymptomatic")])
    ident = report_id("health", "//henan.example/cdc", "case-4")
    assert len({f.content for f in door.facts() if f.id == ident}) == 2


def test_scenario_24_a_bad_checksum_is_refused_and_the_rest_proceeds(door: Door) -> None:
    events = [event(10), event(11, id=wrong_number(11)), event(12)]
    before = len(door.records("fuma.dlq.in"))
    summary, refused = door.report(events)
    assert (summary.accepted, summary.refused) == (2, 1)
    (row,) = refused
    assert (row.row, row.field, row.code, row.recorded) == (2, "data.id", "id-checksum", False)
    assert "校验位" in row.zh
    idents = {f.id for f in door.facts()}
    assert report_id("health", "//henan.example/cdc", "case-11") not in idents
    assert report_id("health", "//henan.example/cdc", "case-12") in idents
    letters = door.records("fuma.dlq.in")
    assert len(letters) == before + 1
    assert letters[-1].header("fuma-reason") == b"bad-report"
    assert decode("sealed-row", letters[-1].value)["row"] == 2  # the original bytes, still sealed


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"ground": "petition"}, "data.ground", "ground-unknown"),
        ({"ground": "inbound"}, "data.ground", "not-owner"),
        ({"evidence": {"kind": "contact-link", "number": "1"}}, "data.evidence.kind",
         "evidence-not-of-ground"),
        ({"evidence": None}, "data.evidence", "missing"),
        ({"division": "419999"}, "data.division", "division-unknown"),
        ({"from": "2022-06-16"}, "data.from", "from-in-future"),
        ({"until": "2022-06-01"}, "data.until", "until-before-from"),
        ({"office": "secret"}, "data.office", "unknown-field"),
    ],
)  # fmt: skip
def test_a_breach_is_answered_and_stands_on_the_feed(
    door: Door, change: dict[str, Any], field: str, code: str
) -> None:
    made = event(20, **change)
    made["id"] = f"breach-{code}-{field}"
    summary, refused = door.report([made])
    assert summary.refused == 1
    assert (field, code, True) in {(r.field, r.code, r.recorded) for r in refused}
    ident = report_id("health", made["source"], made["id"])
    fact = next(f for f in door.facts() if f.id == ident)
    assert code in fact.breaches


def test_names_and_register(door: Door) -> None:
    other, stranger = event(30, name="另外一人"), event(9_999)
    summary, _ = door.report([other, stranger])
    assert summary.accepted == 2  # codes holds them: who answers is not the door's to decide
    identities = {f.id: f.identity for f in door.facts()}
    source = "//henan.example/cdc"
    assert identities[report_id("health", source, "case-30")] is Identity.MISMATCHED
    assert identities[report_id("health", source, "case-9999")] is Identity.UNREGISTERED


def test_an_empty_file_is_answered(door: Door) -> None:
    summary, _ = door.report(b"\n\n")
    assert (summary.sent, summary.accepted, summary.refused) == (0, 0, 0)


def test_every_department_reports_on_its_own_topic_only(door: Door) -> None:
    errors: list[KafkaError | None] = []
    config = {**kafka_config(door.home, "dept-customs"), "message.timeout.ms": "5000"}
    producer = Producer(config)
    producer.produce(in_topic("health"), b"x", b"k", on_delivery=lambda e, _: errors.append(e))
    producer.flush(10)
    assert errors[0] is not None
    assert errors[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


# Declared batches


def test_a_declared_batch_is_published_when_it_is_whole(door: Door) -> None:
    events = [event(i) for i in range(100, 160)]
    events[5] = event(105, id=wrong_number(105))
    summary, refused = door.report(events, declared=60)
    assert (summary.accepted, summary.refused, summary.code) == (59, 1, "")
    assert [r.row for r in refused] == [6]
    assert report_id("health", "//henan.example/cdc", "case-159") in {f.id for f in door.facts()}


def test_scenario_37_a_batch_of_16000_with_159_rows_is_quarantined_whole(door: Door) -> None:
    before, letters = len(door.facts()), len(door.records("fuma.dlq.in"))
    summary, _ = door.report((event(i) for i in range(1_000, 1_159)), declared=16_000)
    assert (summary.code, summary.accepted, summary.refused) == ("incomplete-batch", 0, 159)
    assert len(door.facts()) == before
    assert len(door.records("fuma.dlq.in")) == letters + 159


def test_more_rows_than_declared_are_refused_whole(door: Door) -> None:
    before = len(door.facts())
    summary, _ = door.report((event(i) for i in range(1_200, 1_210)), declared=9)
    assert (summary.code, summary.accepted) == ("incomplete-batch", 0)
    assert len(door.facts()) == before


def test_a_batch_that_nobody_ends_is_refused_after_a_day(door: Door) -> None:
    """The client dies in the middle; the day passes in the world's own time."""
    before = len(door.facts("command"))
    write_rows(door, "command", [event(i) for i in range(1_300, 1_305)], declared=10, now=at(9))
    door.report([event(1_400)], "command", now=at(20))
    assert not closings(door, "command", RECEIPT)
    # one more a day later: T passes, and the batch is over
    door.report([event(1_401)], "command", now=at(10, day=15))
    deadline = time.monotonic() + 20
    while not (found := closings(door, "command", RECEIPT)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert [(a["code"], a["rows"]) for a in found] == [("incomplete-batch", 5)]
    assert len(door.facts("command")) == before + 2


def closings(door: Door, department: str, receipt: str) -> list[dict[str, Any]]:
    answers = [
        decode("answer", r.value) for r in door.records(f"fuma.answers.{department}", "admin")
    ]
    return [a for a in answers if a["receipt"] == receipt and a["closed"]]


# Strangers


def write_rows(
    door: Door,
    department: str,
    events: list[dict[str, Any]],
    *,
    declared: int | None = None,
    now: int,
    user: str = "",
    key: bytes = b"",
    receipt: str = RECEIPT,
    gateway: bytes = b"",
) -> None:
    """Rows as a client writes them, without an end."""
    home = door.home.path
    world = read_world(door.home.world)
    sealer = Sealer(world.id, key or keyfiles.department_path(home, department).read_bytes())
    topic = in_topic(department)
    producer = Producer(kafka_config(door.home, user or f"dept-{department}"))
    to = public_key(gateway or keyfiles.gateway_public(home))
    for row, one in enumerate(events, 1):
        plain = json.dumps(one).encode()
        enc, sealed = seal_row(to, plain, row_info(department, receipt, row))
        wire = {"receipt": receipt, "kind": "row", "row": row, "declared": declared, "enc": enc,
                "sealed": sealed}  # fmt: skip
        value = encode("sealed-row", wire)
        headers = sealer.headers(topic, receipt.encode(), value, time=pack_time(now))
        partition = partition_for(receipt.encode(), 8)
        producer.produce(topic, value, receipt.encode(), partition, headers=list(headers))
    assert producer.flush(10) == 0


def letters_of(door: Door, count: int) -> list[LogRecord]:
    deadline = time.monotonic() + 20
    found = door.records("fuma.dlq.in")
    while len(found) < count and time.monotonic() < deadline:
        time.sleep(0.2)
        found = door.records("fuma.dlq.in")
    assert len(found) == count
    return found


def test_stolen_administrator_credentials_are_no_department(door: Door) -> None:
    """Whoever holds the broker's administrator password can append, and is not believed."""
    before, letters = len(door.facts()), len(door.records("fuma.dlq.in"))
    write_rows(door, "health", [event(1_500)], now=at(9), user="admin", key=b"g" * 32)
    found = letters_of(door, letters + 1)
    assert found[-1].header("fuma-reason") == b"bad-mac"
    door.report([event(1_501)])
    assert len(door.facts()) == before + 1
    incidents = [decode("incident", r.value) for r in door.records("fuma.incidents")]
    assert any(i["code"] == "forged-row" and i["actor"] == "unauthenticated" for i in incidents)


def test_garbage_is_set_aside_and_the_gateway_goes_on(door: Door) -> None:
    letters = len(door.records("fuma.dlq.in"))
    producer = Producer(kafka_config(door.home, "dept-transport"))
    for value, key in ((b"", b"k"), (b"\0garbage", b"k"), (None, b"k"), (b"x", None)):
        producer.produce(in_topic("transport"), value, key, 0)
    producer.flush(10)
    letters_of(door, letters + 4)
    summary, _ = door.report([event(1_600)], "townships")
    assert summary.sent == 1
    assert door.gateway is not None
    assert door.gateway.poll() is None


def test_a_row_sealed_to_another_gateway_is_answered(door: Door) -> None:
    letters = len(door.records("fuma.dlq.in"))
    foreign = X25519PrivateKey.generate().public_key().public_bytes_raw()
    receipt = "R-FOREIGN"
    write_rows(door, "health", [event(1_700)], now=at(9), receipt=receipt, gateway=foreign)
    found = letters_of(door, letters + 1)
    assert found[-1].header("fuma-reason") == b"not-sealed-to-us"
    deadline = time.monotonic() + 10
    faults: list[dict[str, Any]] = []
    while not faults and time.monotonic() < deadline:
        answers = [decode("answer", r.value) for r in door.records("fuma.answers.health", "admin")]
        faults = [f for a in answers if a["receipt"] == receipt for f in a["refused"]]
    assert [(f["row"], f["code"]) for f in faults] == [(1, "not-sealed-to-us")]


def test_a_row_opens_only_under_the_receipt_it_was_sealed_for(door: Door) -> None:
    """Somebody who can read and write the topic cannot give a row another place."""
    stolen = next(
        r for r in door.records("fuma.in.health", "admin") if decode("sealed-row", r.value)["enc"]
    )
    wire = decode("sealed-row", stolen.value)
    key = keyfiles.department_path(door.home.path, "health").read_bytes()
    wire["row"] += 1
    value = encode("sealed-row", wire)
    sealer = Sealer(read_world(door.home.world).id, key)
    headers = sealer.headers(stolen.topic, stolen.key, value, time=pack_time(at(9)))
    letters = len(door.records("fuma.dlq.in"))
    producer = Producer(kafka_config(door.home, "admin"))
    producer.produce(stolen.topic, value, stolen.key, stolen.partition, headers=list(headers))
    producer.flush(10)
    assert letters_of(door, letters + 1)[-1].header("fuma-reason") == b"not-sealed-to-us"


# The world around


def test_ticks_come_before_the_rows_they_date(door: Door) -> None:
    door.report([event(1_800)], now=at(21, day=15))
    ticks = [r for r in door.records("fuma.law") if decode("law", r.value)["kind"] == "tick"]
    times = [unpack_time(r.header("fuma-time")) or 0 for r in ticks]
    assert times == sorted(times)
    assert times[-1] == at(21, day=15)
    assert len({t // 60_000 for t in times}) == len(times)


def test_two_files_at_once(door: Door) -> None:
    told: list[int] = []

    def send(first: int) -> None:
        from fuma.feed import FeedClient, Line

        lines = [Line(i, json.dumps(event(first + i)).encode()) for i in range(1, 301)]
        with FeedClient.open(door.home.path, "health", patience=60) as client:
            told.append(client.report(lines, receipt=f"R-TWO-{first}").accepted)

    threads = [threading.Thread(target=send, args=(first,)) for first in (3_000, 4_000)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert told == [300, 300]


def test_no_identity_in_the_clear_anywhere(door: Door) -> None:
    """Values of every topic (decompressed), and every file under the home, as bytes."""
    clear = [number(i).encode() for i in (1, 2, 10, 11, 30, 105, 1_000)]
    clear += [name(i).encode() for i in (1, 2, 10)] + ["另外一人".encode(), "报告员丙丁".encode()]
    clear += [wrong_number(i).encode() for i in (11, 105)]
    for topic in topics():
        for record in door.records(topic, "admin"):
            text = (record.key or b"") + (record.value or b"") + repr(record.headers).encode()
            assert not [c for c in clear if c in text], f"{topic}: an identity"
    for path in door.home.path.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [c for c in clear if c in data], f"{path}: an identity"


def test_the_command_end_to_end(door: Door, tmp_path: Any) -> None:
    table = tmp_path / "cases.csv"
    table.write_bytes(
        "号码,姓名,确诊\n".encode("gb18030")
        + f"{number(40)},{name(40)},2022/6/14\n".encode("gb18030")
        + f"{number(41)},{name(41)},昨天\n".encode("gb18030")
    )
    mapping = tmp_path / "cdc.yaml"
    mapping.write_text(
        """
version: 1
encoding: gb18030
dates: ["%Y/%m/%d"]
source: //henan.example/csv
reports:
  - kind: finding
    id: "{号码}-{确诊}"
    time: {column: 确诊, at: "09:00:00"}
    data:
      id: {column: 号码}
      name: {column: 姓名}
      division: "410105"
      ground: confirmed
      from: {column: 确诊}
      evidence: {kind: diagnosis-report, number: "DX {号码}"}
      reporter: 科室
""",
        encoding="utf-8",
    )
    words = ("report", "--department", "health", "--mapping", str(mapping), str(table))
    done = door.fuma(*words, "--json")
    assert done.returncode == 3, done.stderr
    refused, last = [json.loads(line) for line in done.stdout.splitlines()][-2:]
    assert refused["refused"]["row"] == 3
    assert refused["refused"]["field"] == "确诊"
    assert (last["accepted"], last["refused"], last["refused_here"]) == (1, 1, 1)
    again = json.loads(door.fuma(*words, "--json").stdout.splitlines()[-1])
    assert again["receipt"] == last["receipt"]


def test_holders_from_a_file(door: Door, tmp_path: Any) -> None:
    register = tmp_path / "holders.csv"
    register.write_text(
        f"姓名,身份证号\n{name(7_000)},{number(7_000)}\n{name(7_001)},{wrong_number(7_001)}\n"
        f"{name(7_002)}\n,{number(7_003)}\n{name(7_004)},{number(7_004).lower()}\n",
        encoding="utf-8",
    )
    done = door.fuma("holders", "load", str(register), "--json")
    assert done.returncode == 3, done.stderr
    *rows, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["refused"]["row"], r["refused"]["code"]) for r in rows] == [
        (3, "id-checksum"),
        (4, "column-count"),
        (5, "missing"),
    ]
    assert last == {"loaded": 2, "new": 2, "refused": 3}
    again = json.loads(door.fuma("holders", "load", str(register), "--json").stdout.split("\n")[-2])
    assert again["new"] == 0
    door.report([event(7_000)])
    ident = report_id("health", "//henan.example/cdc", "case-7000")
    assert {f.identity for f in door.facts() if f.id == ident} == {Identity.MATCHED}
    assert door.fuma("holders", "load", "nowhere.csv").returncode == 2


def test_the_command_says_in_one_line_what_is_missing(door: Door, tmp_path: Any) -> None:
    empty = tmp_path / "one.jsonl"
    empty.write_bytes(doorkit.lines_of([event(50)]))
    assert door.fuma("report", "--department", "police", str(empty)).returncode == 2
    assert door.fuma("report", "--department", "health", "nowhere.jsonl").returncode == 2
    hidden = door.home.credentials / "dept-education.json"
    kept = hidden.read_bytes()
    hidden.unlink()
    try:
        done = door.fuma("report", "--department", "education", str(empty))
    finally:
        hidden.write_bytes(kept)
        hidden.chmod(0o600)
    assert done.returncode == 1
    assert "no credentials for department education" in done.stderr
    assert "Traceback" not in done.stderr
