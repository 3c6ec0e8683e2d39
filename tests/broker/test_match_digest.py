"""``fuma match digest`` against a match on the log: the vault finds the persons, and notes why."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from doorkit import Door, at, lines_of, number, presence
from fuma.cli.match_digest import presence_of, read_report
from fuma.contracts.facts import encode_person
from fuma.contracts.genesis import read_world
from fuma.contracts.topics import PERSON, partition_for, spec
from fuma.domain.comparison.events import Case, Said
from fuma.domain.comparison.settings import Settings
from fuma.domain.time import DAY
from fuma.processor.comparison_partition import match_fact
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.host_transform import internal
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.vault import VaultClient
from unit.comparison.making import COMPANION, Law, matches, tell

pytestmark = pytest.mark.slow
WORDS = ("--department", "communications", "--source-department", "communications")


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


def test_two_reports_bear_a_match_on_the_record(door: Door, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine.json", tmp_path / "theirs.json"
    mine.write_bytes(lines_of([presence(2)]))
    theirs.write_bytes(lines_of([presence(1)]))
    home = door.home
    vault = VaultClient(home.path, "gateway")
    case, person = (s.tag for s in vault.subjects([(number(1), "甲"), (number(2), "乙")]))
    vault.close()
    stays = [presence_of(read_report(path), "communications", who)
             for path, who in ((theirs, case), (mine, person))]  # fmt: skip
    ill = Case(bytes(16), 0, case, at(0) - DAY, at(8), at(9))
    law = Law(Settings(companion=COMPANION))
    (match,) = matches(tell(*stays, ill, law=law, at=at(10)))
    world = read_world(home.world)
    sealer = Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    partition = partition_for(person, spec(PERSON).partitions)
    value = encode_person(match_fact(Said(match, True, 0)))
    appender = KafkaAppender(kafka_config(home, "processor"))
    appender.append([internal(sealer, PERSON, person, value, partition, pack_time(at(10)), None)])
    appender.close()

    # Nothing of them is on presence, as after 15 days: the check says so, and sends here.
    left = door.fuma("match", "check", person.hex(), "--purpose", "complaint 17", "--json")
    assert left.returncode == 1, left.stderr
    (gone,) = json.loads(left.stdout)["matches"]
    assert (gone["match"], gone["verdict"], gone["stay"]) == (match.id.hex(), "absent", "absent")
    assert gone["stay_digest"] == match.stay_digest.hex()

    words = ("match", "digest", str(mine), "--source", str(theirs), *WORDS,
             "--of", f"id:{number(2)}", "--match", match.id.hex(), "--json")  # fmt: skip
    assert door.fuma(*words).returncode == 2, "not without a purpose"
    # without --since and --until: over what the match says that the two had in common
    done = door.fuma(*words, "--purpose", "complaint 17")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["stay"]["same"], told["same_source"]) == (True, True)
    assert case.hex() not in done.stdout
    with closing(sqlite3.connect(home.path / "vault" / "vault.db")) as base:
        asked = base.execute("SELECT role, tag FROM access WHERE purpose = ?", ("complaint 17",))
        assert set(asked.fetchall()) == {("auditor", person), ("auditor", case)}

    mine.write_bytes(lines_of([presence(2, until="2022-06-14T07:59:00+08:00")]))
    done = door.fuma(*words, "--purpose", "complaint 17")
    assert done.returncode == 1
    assert json.loads(done.stdout)["stay"]["same"] is False
    other = door.fuma(*words[:-3], "--match", "00" * 16, "--purpose", "complaint 17")
    assert (other.returncode, "no such match" in other.stderr) == (1, True)
