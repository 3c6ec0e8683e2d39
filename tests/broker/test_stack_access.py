"""Who may do what, asked of the real broker and the real Redis."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AclOperation, ResourceType

from conftest import Stack
from fuma.contracts.errors import Fatal
from fuma.contracts.topics import topics
from fuma.runtime.embedded import acl, admin, authlog, topicsync
from fuma.runtime.embedded.connect import redis_client


def produce(stack: Stack, user: str, topic: str, **over: str) -> int | None:
    """Write one record; ``None`` if it was acknowledged, else the error's code."""
    said: list[KafkaError | None] = []
    producer = Producer(
        {**stack.kafka(user), "message.timeout.ms": "3000", "log_level": "0", **over}
    )
    producer.produce(topic, b"value", b"key", on_delivery=lambda error, _: said.append(error))
    producer.flush(6)
    assert said, "neither acknowledged nor refused"
    return None if said[0] is None else said[0].code()


DENIED = KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_department_writes_its_own_door(stack: Stack) -> None:
    assert produce(stack, "dept-customs", "fuma.in.customs") is None


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("dept-customs", "fuma.in.health"),
        ("dept-customs", "fuma.feed.customs"),
        ("dept-customs", "fuma.answers.customs"),
        ("dept-customs", "fuma.law"),
        ("processor", "fuma.feed.customs"),
        ("gateway", "fuma.person"),
        ("gateway", "fuma.decisions"),
        ("sink", "fuma.decisions"),
        ("law", "fuma.decisions"),
        ("auditor", "fuma.incidents"),
    ],
)
def test_nobody_writes_what_is_not_theirs(stack: Stack, user: str, topic: str) -> None:
    assert produce(stack, user, topic) == DENIED


def read_error(stack: Stack, user: str, topic: str) -> int | None:
    """What the broker says of the topic to ``user``: whoever may not see it cannot read it."""
    consumer = Consumer({**stack.kafka(user), "group.id": f"fuma.{user}", "log_level": "0"})
    try:
        error = consumer.list_topics(topic, timeout=10).topics[topic].error
        return None if error is None else error.code()
    finally:
        consumer.close()


def test_readers_see_what_they_read(stack: Stack) -> None:
    assert read_error(stack, "dept-customs", "fuma.answers.customs") is None
    assert read_error(stack, "auditor", "fuma.decisions") is None


def test_a_department_does_not_read_anothers_answers(stack: Stack) -> None:
    assert read_error(stack, "dept-customs", "fuma.answers.health") == DENIED


def test_the_auditor_does_not_read_sealed_rows(stack: Stack) -> None:
    assert read_error(stack, "auditor", "fuma.in.customs") == DENIED


@pytest.mark.parametrize("user", ["gateway", "processor", "sink", "dept-health", "auditor", "law"])
def test_nobody_deletes_or_creates(stack: Stack, user: str) -> None:
    client = admin.admin_client(stack.home, user)
    for future in client.delete_topics(["fuma.decisions"], request_timeout=10).values():
        with pytest.raises(KafkaException):
            future.result(10)
    deleted = client.delete_records([TopicPartition("fuma.decisions", 0, 0)], request_timeout=10)
    for future in deleted.values():
        with pytest.raises(KafkaException):
            future.result(10)
    assert "fuma.decisions" in admin.admin_client(stack.home).list_topics(timeout=10).topics


def test_wrong_passwords_and_no_handshake_are_kept_as_unauthenticated(stack: Stack) -> None:
    before = len(authlog.read(stack.home.authorizer_log))
    assert produce(stack, "admin", "fuma.person", **{"sasl.password": "guess"}) is not None
    plain = {"security.protocol": "PLAINTEXT"}
    assert produce(stack, "admin", "fuma.person", **plain) is not None
    events = authlog.read(stack.home.authorizer_log)[before:]
    unknown = [e for e in events if e.outcome == authlog.UNAUTHENTICATED]
    assert any("SCRAM-SHA-512" in e.detail for e in unknown)
    assert any("handshake" in e.detail for e in unknown)
    assert all(e.host == "127.0.0.1" and e.connection and e.time for e in unknown)


def test_the_controller_listener_takes_nobody(stack: Stack) -> None:
    text = stack.home.kafka_config.read_text(encoding="utf-8")
    port = text.split("CONTROLLER://127.0.0.1:")[1].split("\n")[0]
    for extra in (
        {"security.protocol": "PLAINTEXT"},
        {"sasl.mechanism": "PLAIN"},
        {"sasl.mechanism": "SCRAM-SHA-512"},
    ):
        over = {"bootstrap.servers": f"127.0.0.1:{port}", **extra}
        assert produce(stack, "admin", "fuma.person", **over) is not None


def test_denials_and_the_administrators_writes_name_their_actor(stack: Stack) -> None:
    before = len(authlog.read(stack.home.authorizer_log))
    assert produce(stack, "admin", "fuma.notices") is None
    assert produce(stack, "dept-transport", "fuma.person") == DENIED
    assert produce(stack, "dept-transport", "fuma.in.transport") is None
    events = authlog.read(stack.home.authorizer_log)[before:]
    written = [e for e in events if e.outcome == "allowed"]
    assert [(e.principal, e.operation, e.resource) for e in written] == [
        ("User:admin", "WRITE", "Topic:fuma.notices")
    ]
    denied = [e for e in events if e.outcome == "denied"]
    assert {(e.principal, e.resource) for e in denied} == {
        ("User:dept-transport", "Topic:fuma.person")
    }


def test_a_rule_that_somebody_added_is_taken_away_again(stack: Stack) -> None:
    client = admin.admin_client(stack.home)
    wanted = acl.kafka_rules(topics().values())
    hole = acl.Rule("gateway", "WRITE", "TOPIC", "LITERAL", "fuma.decisions")
    assert admin.ensure_rules(client, wanted | {hole}) == (1, 0)
    assert admin.ensure_rules(client, wanted) == (0, 1)
    assert produce(stack, "gateway", "fuma.decisions") == DENIED
    assert all(
        a.operation in (AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE)
        and a.restype in (ResourceType.TOPIC, ResourceType.GROUP)
        for a in admin.existing_rules(client)
    )


def test_topics_plan_sees_drift_apply_mends_it_and_refuses_partitions(stack: Stack) -> None:
    client, declared = admin.admin_client(stack.home), dict(topics())
    assert topicsync.plan(client, declared).differences == []
    law = declared["fuma.law"]
    shorter = replace(law, config={**law.config, "retention.ms": "1000"})
    drifted = {**declared, "fuma.law": shorter}
    topicsync.apply(client, drifted)
    (found,) = topicsync.plan(client, declared).differences
    assert (found.action, found.setting, found.actual) == ("alter", "retention.ms", "1000")
    topicsync.apply(client, declared)
    assert topicsync.plan(client, declared).differences == []
    wider = {**declared, "fuma.law": replace(law, partitions=2)}
    with pytest.raises(Fatal, match="never changed in place"):
        topicsync.apply(client, wider)
    # Some that were added cannot be taken back: nothing is refused for them.
    person = declared["fuma.person"]
    fewer = {**declared, "fuma.person": replace(person, partitions=person.partitions - 1)}
    (surplus,) = topicsync.apply(client, fewer).differences
    assert (surplus.action, surplus.topic) == ("surplus", "fuma.person")


def test_redis_users(stack: Stack) -> None:
    sink, reader = redis_client(stack.home, "sink"), redis_client(stack.home, "reader")
    assert sink.set("fuma:test", b"1")
    assert reader.get("fuma:test") == b"1"
    sink.delete("fuma:test")
    for refused in (
        lambda: reader.set("fuma:test", b"2"),
        lambda: reader.eval("return redis.call('SET', KEYS[1], 1)", 1, "fuma:test"),
        lambda: sink.set("other", b"1"),
        lambda: sink.flushall(),
        lambda: sink.config_get("*"),
        lambda: sink.acl_setuser("sink", enabled=True, commands=["+@all"]),
    ):
        with pytest.raises(redis.ResponseError):
            refused()
    port = sink.connection_pool.connection_kwargs["port"]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port).get("fuma:test")
