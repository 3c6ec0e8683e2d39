"""The topics folder, held both ways: against the schemas, the users, the dead letters, Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from fuma.contracts import topics
from fuma.contracts.errors import Fatal
from fuma.contracts.registry import registry
from fuma.contracts.resources import root
from fuma.runtime.embedded.acl import kafka_rules
from fuma.runtime.embedded.credentials import KAFKA_USERS

SPECS = topics.load(root() / "topics")
DAY = 86_400_000


def test_one_file_a_topic_named_like_it() -> None:
    for spec in SPECS.values():
        assert spec.file.name == f"{spec.name}.yaml"
        assert spec.name.startswith("fuma.")


def test_every_schema_subject_has_a_topic_and_every_topic_a_subject() -> None:
    used = {s.schema for s in SPECS.values() if s.schema}
    assert used == set(registry().subjects())
    assert all(s.is_dead_letter == (s.schema is None) for s in SPECS.values())


def test_dead_letters_have_a_source_and_sources_have_dead_letters() -> None:
    named = {s.dead_letter for s in SPECS.values() if s.dead_letter}
    assert named == {s.name for s in SPECS.values() if s.is_dead_letter}
    for spec in SPECS.values():
        if spec.is_dead_letter or spec.dead_letter is None:
            continue
        writers = set(SPECS[spec.dead_letter].producers)
        assert writers & set(spec.consumers), f"no reader of {spec.name} may write its dead letters"


def test_users_of_topics_exist_and_every_service_user_is_used() -> None:
    assert topics.all_principals(SPECS.values()) == set(KAFKA_USERS) - {"admin"}


def test_departments_have_their_three_topics_and_nothing_else() -> None:
    for department in topics.DEPARTMENTS:
        user = f"dept-{department}"
        writes = {s.name for s in SPECS.values() if user in s.producers}
        reads = {s.name for s in SPECS.values() if user in s.consumers}
        assert writes == {topics.in_topic(department)}
        assert reads == {topics.answers_topic(department)}
        assert SPECS[topics.feed_topic(department)].producers == ("gateway",)


@pytest.mark.parametrize("name", [topics.PERSON, topics.DECISIONS, topics.NOTICES, topics.ORDERS])
def test_only_the_processor_writes_ledgers(name: str) -> None:
    assert SPECS[name].producers == ("processor",)


def test_no_rule_allows_more_than_reading_and_writing() -> None:
    operations = {r.operation for r in kafka_rules(SPECS.values())}
    assert operations == {"READ", "WRITE", "DESCRIBE"}


def test_retention() -> None:
    permanent = (topics.LAW, topics.PERSON, topics.DECISIONS, topics.INCIDENTS)
    for name in (*permanent, topics.COMMANDS, topics.ORDERS):
        assert SPECS[name].permanent
        assert SPECS[name].config["cleanup.policy"] == "delete"
    for department in topics.DEPARTMENTS:
        kept = SPECS[topics.in_topic(department)].config["retention.ms"]
        assert int(kept) >= 3 * DAY
        assert SPECS[topics.feed_topic(department)].config["retention.ms"] == str(30 * DAY)
    for name in (topics.ITINERARY, topics.PRESENCE):
        # who was where is kept no longer than it can be compared; what was refused of it neither
        for kept in (name, SPECS[name].dead_letter, "fuma.dlq.in"):
            assert kept is not None
            assert SPECS[kept].config["retention.ms"] == str(15 * DAY)
    assert all(s.config["message.timestamp.type"] == "LogAppendTime" for s in SPECS.values())


# Vectors of Kafka's own UtilsTest.testMurmur2, as signed 32-bit numbers there.
@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_kafkas(key: bytes, value: int) -> None:
    assert topics.murmur2(key) == value & 0xFFFFFFFF


@given(st.binary(max_size=70), st.integers(1, 512))
def test_partition_is_the_default_partitioners(key: bytes, count: int) -> None:
    assert topics.partition_for(key, count) == (reference(key) & 0x7FFFFFFF) % count


def _broken(folder: Path, old: str, new: str) -> Path:
    text = SPECS[topics.LAW].file.read_text(encoding="utf-8")
    assert old in text
    (folder / "fuma.law.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kafka.strimzi.io/v1", "kafka.strimzi.io/v9"),
        ("partitions: 1", "partitions: many"),
        ("fuma.example/owner", "fuma.example/owned"),
        ("spec:", "spec: ["),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(Fatal, match=r"fuma\.law\.yaml"):
        topics.load(_broken(tmp_path, old, new))


def test_a_topic_declared_twice_is_refused(tmp_path: Path) -> None:
    _broken(tmp_path, "partitions: 1", "partitions: 2")
    (tmp_path / "again.yaml").write_text((tmp_path / "fuma.law.yaml").read_text("utf-8"), "utf-8")
    with pytest.raises(Fatal, match=r"fuma\.law is also in"):
        topics.load(tmp_path)
