"""The round appender: its broker is cut off, stands still, refuses, is not there."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from fuma.contracts.errors import Fatal
from fuma.runtime.embedded.supervisor.stack import status
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.ports import Outgoing
from fuma.runtime.round_appender import NEW_TOPIC_S, RoundAppender

PARTITIONS = 4
Create = Callable[..., str]


@pytest.fixture
def create(stack: Any) -> Iterator[Create]:
    """Makes a topic of its own; they are gone afterwards."""
    admin = AdminClient(stack.kafka("admin"))
    made = []

    def topic(**config: str) -> str:
        name = f"rounds.{uuid.uuid4().hex[:8]}"
        asked = NewTopic(name, PARTITIONS, 1, config=config)
        admin.create_topics([asked])[name].result(30)
        made.append(name)
        return name

    yield topic
    for name in made:
        admin.delete_topics([name])[name].result(30)


def values(stack: Any, topic: str) -> list[list[bytes]]:
    """What is there, by partition."""
    reader = KafkaLogReader(stack.kafka("admin"))
    try:
        return [
            [raw.value or b"" for raw in reader.read(topic, p, 0, reader.bounds(topic, p).end)]
            for p in range(PARTITIONS)
        ]
    finally:
        reader.close()


def batch(topic: str, number: int) -> list[Outgoing]:
    """Eight records over all partitions, of the batch ``number``."""
    return [
        Outgoing(topic, index % PARTITIONS, b"k", b"%d.%d" % (number, index)) for index in range(8)
    ]


def expected(count: int) -> list[list[bytes]]:
    return [
        [b"%d.%d" % (n, i) for n in range(count) for i in (p, p + PARTITIONS)]
        for p in range(PARTITIONS)
    ]


def cut(appender: RoundAppender) -> None:
    """Break every connection that it has, as a network does: what is under way is not known of."""
    nodes = appender._nodes
    assert nodes is not None

    def broken() -> None:
        for connection in list(nodes._client._conns.values()):
            if connection._writer is not None:
                connection._writer.transport.abort()

    appender._loop.call_soon_threadsafe(broken)


def test_connections_cut_at_any_moment_lose_and_repeat_nothing(stack: Any, create: Create) -> None:
    topic, count = create(), 600
    appender = RoundAppender(stack.kafka("admin"))
    stop = threading.Event()
    cuts = 0
    appender.append(batch(topic, 0))

    def cutting() -> None:
        nonlocal cuts
        while not stop.wait(0.05):
            cut(appender)
            cuts += 1

    cutter = threading.Thread(target=cutting)
    cutter.start()
    futures = []
    for number in range(1, count):
        futures.append(appender.submit(batch(topic, number)))
        time.sleep(0.004)
    for number, future in enumerate(futures, 1):
        assert future.result(60) == [2 * number] * PARTITIONS + [2 * number + 1] * PARTITIONS
    stop.set()
    cutter.join()
    appender.close()
    assert cuts > 20
    assert values(stack, topic) == expected(count)


def test_a_broker_that_stands_still_gets_everything_once(stack: Any, create: Create) -> None:
    topic = create()
    appender = RoundAppender(stack.kafka("admin"), request_s=1.0)
    appender.append(batch(topic, 0))
    pid = status(stack.home).kafka_pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        futures = [appender.submit(batch(topic, number)) for number in range(1, 40)]
        time.sleep(3.5)  # some time-outs
        assert not any(future.done() for future in futures)
    finally:
        os.kill(pid, signal.SIGCONT)
    for future in futures:
        future.result(60)
    appender.close()
    assert values(stack, topic) == expected(40)


def test_a_topic_is_not_missing_while_nobody_can_be_asked(stack: Any, create: Create) -> None:
    appender = RoundAppender(stack.kafka("admin"), request_s=1.0)
    appender.append(batch(create(), 0))
    later = create()
    pid = status(stack.home).kafka_pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        waits = appender.submit(batch(later, 0))  # nothing is known of it yet
        time.sleep(NEW_TOPIC_S + 2.5)
        assert not waits.done()
    finally:
        os.kill(pid, signal.SIGCONT)
    waits.result(60)
    appender.close()
    assert values(stack, later) == expected(1)


def test_a_record_that_is_refused_ends_it(stack: Any, create: Create) -> None:
    small, large = create(**{"max.message.bytes": "200"}), create()
    appender = RoundAppender(stack.kafka("admin"))
    appender.append(batch(large, 0))
    refused = appender.submit([*batch(large, 1), Outgoing(small, 0, b"k", os.urandom(500))])
    with pytest.raises(Fatal, match="MessageSizeTooLargeError"):
        refused.result(30)
    with pytest.raises(Fatal):
        appender.append(batch(large, 2))
    appender.close()
    assert values(stack, small) == [[]] * PARTITIONS
    # Its company was taken, or not; nothing that came later was.
    assert values(stack, large) in (expected(1), expected(2))


def test_no_right_to_write_ends_it(stack: Any, create: Create) -> None:
    topic = create()
    appender = RoundAppender(stack.kafka("gateway"))
    with pytest.raises(Fatal, match=topic):
        appender.append(batch(topic, 0))
    appender.close()
    assert values(stack, topic) == [[]] * PARTITIONS


def test_a_right_that_is_taken_away_ends_it(stack: Any, create: Create) -> None:
    topic = create()
    admin = AdminClient(stack.kafka("admin"))
    rule = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:gateway", "*")
    given = AclBinding(*rule, AclOperation.WRITE, AclPermissionType.ALLOW)
    for future in admin.create_acls([given]).values():
        future.result(30)
    appender = RoundAppender(stack.kafka("gateway"))
    appender.append(batch(topic, 0))
    wanted = AclBindingFilter(*rule, AclOperation.ANY, AclPermissionType.ANY)
    for removed in admin.delete_acls([wanted]).values():
        removed.result(30)

    def on_and_on() -> None:
        for number in range(1, 1_000):  # until the broker has heard of it
            appender.append(batch(topic, number))
            time.sleep(0.01)

    with pytest.raises(Fatal, match=f"{topic}.*TopicAuthorizationFailed"):
        on_and_on()
    appender.close()


def test_a_topic_that_is_nowhere_ends_it_and_one_that_comes_late_does_not(
    stack: Any, create: Create
) -> None:
    appender = RoundAppender(stack.kafka("admin"))
    begun = time.monotonic()
    with pytest.raises(Fatal, match="no such partition"):
        appender.append(batch("rounds.nowhere", 0))
    assert time.monotonic() - begun >= NEW_TOPIC_S
    appender.close()
    late = RoundAppender(stack.kafka("admin"))
    name = f"rounds.{uuid.uuid4().hex[:8]}"
    first = late.submit(batch(name, 0))
    time.sleep(1.0)
    admin = AdminClient(stack.kafka("admin"))
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(30)
    assert first.result(30)[0] == 0
    late.close()
    admin.delete_topics([name])[name].result(30)


def test_no_broker_is_waited_for_so_long_and_no_longer(stack: Any) -> None:
    nobody = {**stack.kafka("admin"), "bootstrap.servers": "127.0.0.1:1"}
    appender = RoundAppender(nobody, stall_s=1.5)
    waits = appender.submit([Outgoing("t", 0, None, b"x")])
    with pytest.raises(Fatal, match="nothing was acknowledged"):
        appender.append([Outgoing("t", 0, None, b"y")])
    with pytest.raises(Fatal):
        waits.result(5)
    with pytest.raises(Fatal):
        appender.submit([Outgoing("t", 0, None, b"z")])
    appender.close()


def test_large_submits_are_cut_to_what_a_broker_takes(stack: Any, create: Create) -> None:
    topic = create()
    appender = RoundAppender(stack.kafka("admin"))
    whole = [
        Outgoing(topic, number % 2, b"%d" % number, os.urandom(300_000)) for number in range(24)
    ]
    assert appender.append(whole) == [number // 2 for number in range(24)]
    appender.close()
    there = values(stack, topic)
    assert there[0] == [record.value for record in whole[0::2]]
    assert there[1] == [record.value for record in whole[1::2]]


def test_threads_share_it(stack: Any, create: Create) -> None:
    topic = create()
    appender = RoundAppender(stack.kafka("admin"))
    found: list[int] = []

    def one(partition: int) -> None:
        for number in range(200):
            offsets = appender.append([Outgoing(topic, partition, None, b"%d" % number)])
            found.append(offsets[0] - number)

    threads = [threading.Thread(target=one, args=(p,)) for p in range(PARTITIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    appender.close()
    assert found == [0] * 200 * PARTITIONS
    assert values(stack, topic) == [[b"%d" % n for n in range(200)]] * PARTITIONS


def test_closing_waits_for_what_is_under_way(stack: Any, create: Create) -> None:
    topic = create()
    appender = RoundAppender(stack.kafka("admin"))
    for number in range(50):
        appender.submit(batch(topic, number))
    appender.close()
    assert values(stack, topic) == expected(50)
    with pytest.raises(Fatal, match="closed"):
        appender.submit(batch(topic, 50))
