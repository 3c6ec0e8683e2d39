"""The processor, end to end: from a department's report to the ledger and the notice."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random

import psutil
import pytest
from confluent_kafka import Producer

from broker import presencekit
from doorkit import Door, at, event, name, number
from fuma.contracts.codec import decode
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.facts import decode_person
from fuma.contracts.genesis import read_world
from fuma.contracts.topics import DECISIONS, INCIDENTS, NOTICES, PERSON, partition_for, spec
from fuma.domain.codes.events import Effective, FactKind, Noted, Refused
from fuma.domain.codes.inputs import MatchFact
from fuma.processor.codes import Codes
from fuma.processor.law import LawGate
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_replay import decide_again, first_records, per_key
from fuma.runtime.host_world import World
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer

PEOPLE = 300


class Line:
    """The door with a processor behind it."""

    def __init__(self) -> None:
        self.door = Door()
        from fuma.runtime.vault import VaultClient

        loader = VaultClient(self.door.home.path, "holders-loader")
        loader.load([(number(i), name(i)) for i in range(PEOPLE + 100)])
        loader.close()
        self.door.open()
        self.workers = [self.door.start("processor")]

    def kill(self) -> None:
        """SIGKILL one worker and start another."""
        worker = self.workers.pop(0)
        assert worker.poll() is None, self.door.log("processor")
        worker.kill()
        worker.wait()
        self.workers.append(self.door.start("processor"))

    def wait(self, done: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert self.workers[0].poll() is None, self.door.log("processor")
            assert time.monotonic() < deadline, self.door.log("processor")[-3_000:]
            time.sleep(0.2)

    def close(self) -> None:
        codes = [_stop(worker) for worker in self.workers]
        self.door.close()
        assert set(codes) == {0}, codes


def _stop(worker: subprocess.Popen[bytes]) -> int:
    worker.terminate()
    return worker.wait(40)


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def decided(line: Line) -> set[bytes]:
    good = [r for r in line.door.records(DECISIONS) if r.header("fuma-mac")]
    return {decode_ledger(r.value).cause.id for r in good}


def test_a_confirmed_case_is_red_and_told_why(line: Line) -> None:
    line.door.report([event(1)])
    line.wait(lambda: len(line.door.records(NOTICES)) == 1)
    (record,) = line.door.records(DECISIONS)
    ledger = decode_ledger(record.value)
    assert (ledger.seq, ledger.prev, ledger.at) == (1, bytes(32), at(9))
    (order,) = [e.order for e in ledger.events if isinstance(e, Effective)]
    assert order.ground == "confirmed"
    (notice,) = line.door.records(NOTICES)
    told = decode("notice", notice.value)
    assert (notice.key, told["kind"], told["colour"]) == (record.key, "effective", "red")
    assert told["until"] == order.end
    assert [reason["ground"] for reason in told["reasons"]] == ["confirmed"]
    assert told["reasons"][0]["rule"].endswith(f"#{order.law.row}")


def test_a_refused_report_is_on_the_ledger_with_who_asked(line: Line) -> None:
    before = len(decided(line))
    line.door.report([event(2, evidence=None)])
    line.wait(lambda: len(decided(line)) > before)
    found = [decode_ledger(r.value) for r in line.door.records(DECISIONS)]
    (refused,) = [e for record in found for e in record.events if isinstance(e, Refused)]
    assert refused.department == "health"


def test_nothing_listens(line: Line) -> None:
    process = psutil.Process(line.workers[0].pid)
    assert [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN] == []


def test_what_an_administrator_writes_is_a_dead_letter_and_an_incident(line: Line) -> None:
    before = len(decided(line))
    admin = Producer(kafka_config(line.door.home, "admin"))
    stolen = line.door.records(PERSON)[0]
    for topic in (PERSON, "fuma.feed.health", DECISIONS):
        value = stolen.value if topic == PERSON else b"forged"
        admin.produce(topic, value, stolen.key, partition_for(stolen.key or b"", 8))
    admin.flush(30)

    def seen() -> Counter[str]:
        found = [decode("incident", r.value) for r in line.door.records(INCIDENTS)]
        return Counter(one["detail"].split("/")[0] for one in found if "no-mac" in one["detail"])

    line.wait(lambda: {PERSON, "fuma.feed.health", DECISIONS} <= set(seen()))
    letters = line.door.records("fuma.dlq.person")
    assert [letter.header("fuma-reason") for letter in letters] == [b"no-mac"]
    assert letters[0].value == stolen.value
    assert len(decided(line)) == before


@pytest.mark.slow
def test_killed_again_and_again_it_decides_the_same_bytes(line: Line) -> None:
    before = len(decided(line))
    for start in range(10, 10 + PEOPLE, 60):
        line.door.report([event(i) for i in range(start, start + 60)])
        line.kill()
    line.wait(lambda: len(decided(line)) == before + PEOPLE, 90)

    home = line.door.home
    pinned = read_world(home.world)
    sealer = Sealer(pinned.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    reader = KafkaLogReader(kafka_config(home, "processor"))
    gate = LawGate(LawReader(reader, sealer, pinned), lambda error: pytest.fail(str(error)))
    gate.start()
    gate.close()
    stage = Codes(gate.law)
    world = World(sealer, True, {stage.dead_letter_topic: 1})
    intake = Intake(sealer, simulated=True, partition_of=partition_for, counts={PERSON: 8})
    for partition in range(spec(PERSON).partitions):
        bounds = reader.bounds(DECISIONS, partition)
        ledger = reader.read(DECISIONS, partition, bounds.start, bounds.end)
        said = per_key(first_records(stage, world, list(ledger)))
        chunk = partition * 13 + 1
        again = decide_again(stage, world, intake, reader, partition, chunk=chunk)
        assert said == per_key(iter(list(again)))
    reader.close()
    notices = {decode("notice", r.value)["id"]: r.value for r in line.door.records(NOTICES)}
    assert len({r.value for r in line.door.records(NOTICES)}) == len(notices)


def test_a_repeat_report_changes_nothing(line: Line) -> None:
    persons = len({decode_person(r.value).id for r in line.door.records(PERSON)})
    before = decided(line)
    line.door.report([event(1), event(PEOPLE + 50, ground="confirmed")])
    line.wait(lambda: len(decided(line)) == len(before) + 1)
    assert len({decode_person(r.value).id for r in line.door.records(PERSON)}) == persons + 1
    kinds = [decode_person(r.value).kind for r in line.door.records(PERSON)]
    assert set(kinds) == {FactKind.FINDING}
    assert not any(
        isinstance(e, Noted) for r in line.door.records(DECISIONS) for e in _events(r.value)
    )


def _events(value: bytes | None) -> tuple[object, ...]:
    try:
        return tuple(decode_ledger(value).events)
    except Exception:  # the forged record of above
        return ()


def test_who_met_a_case_is_what_comparing_all_with_all_gives_whatever_is_killed(
    line: Line,
) -> None:
    home = line.door.home
    sealer = Sealer(read_world(home.world).id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    line.door.report([event(PEOPLE + 60)])  # the law's clock goes with it
    told = presencekit.town(Random(20220614), at(9))
    told_records = list(presencekit.records(told, sealer, at(9)))
    appender = KafkaAppender(kafka_config(home, "processor"))
    for start in range(0, len(told_records), 150):
        appender.append(told_records[start : start + 150])
        time.sleep(1)
        line.kill()
    appender.close()
    expected = presencekit.met(told)
    assert len(expected) > 50

    def standing() -> set[presencekit.Met]:
        newest: dict[bytes, tuple[bytes, MatchFact]] = {}
        for record in line.door.records(PERSON):
            if not record.header("fuma-mac"):
                continue
            said = decode_person(record.value)
            if isinstance(said, MatchFact):
                assert said.identity == "matched"
                held = newest.get(said.match)
                if held is None or held[1].revision < said.revision:
                    newest[said.match] = record.key or b"", said
        return {(tag, m.place, m.since, m.until, m.case) for tag, m in newest.values() if m.stands}

    line.wait(lambda: standing() == expected)
    time.sleep(1)
    assert standing() == expected


def test_an_auditor_checks_a_match_and_the_vault_notes_why(line: Line) -> None:
    """Over the matches of the town above, whatever was killed while they were found."""
    home = line.door.home
    said = [
        (record.key or b"", item)
        for record in line.door.records(PERSON)
        if record.header("fuma-mac") and isinstance(item := decode_person(record.value), MatchFact)
    ]
    tag = Counter(key for key, _ in said).most_common(1)[0][0]
    words = [sys.executable, "-m", "fuma.cli.main", "match", "check", tag.hex(), "--json"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "FUMA_HOME": str(home.path)}
        return subprocess.run([*words, *more], capture_output=True, text=True, env=env, timeout=60)

    assert run().returncode == 2, "not without a purpose"
    done = run("--purpose", "complaint 17")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)["matches"]
    assert {one["match"] for one in told} == {m.match.hex() for key, m in said if key == tag}
    assert {one["verdict"] for one in told} == {"same"}
    others = {m.case.hex() for _, m in said} | {key.hex() for key, _ in said if key != tag}
    assert not [other for other in others if other in done.stdout]
    with closing(sqlite3.connect(home.path / "vault" / "vault.db")) as base:
        asked = "SELECT who, role, tag FROM access WHERE purpose = ?"
        assert base.execute(asked, ("complaint 17",)).fetchall() == [
            ("fuma match check", "auditor", tag)
        ]
    one = run(told[0]["match"], "--purpose", "once more")
    assert [found["match"] for found in json.loads(one.stdout)["matches"]] == [told[0]["match"]]
    assert run("00" * 16, "--purpose", "another's").returncode == 1
