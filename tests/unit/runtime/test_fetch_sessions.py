"""Incremental fetches against a broker of a few lines, which forgets, refuses and disconnects."""

from __future__ import annotations

import asyncio
import random
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11

from fuma.runtime.fetch_sessions import FetchSessions

_UNKNOWN, _EPOCH = 70, 71


def full(offsets: dict[tuple[str, int], int]) -> FetchRequest:
    topics: dict[str, list[tuple[int, int, int]]] = {}
    for (topic, partition), offset in offsets.items():
        topics.setdefault(topic, []).append((partition, offset, 1_000))
    return FetchRequest(100, 1, 10_000, 0, list(topics.items()))


class Broker:
    """Sessions as KIP-227 says; partitions hold as many records as ``ends`` says."""

    def __init__(self, version: Any = FetchRequest_v11, room: bool = True) -> None:
        self.ends: dict[tuple[str, int], int] = {}
        self.sessions: dict[int, tuple[int, dict[tuple[str, int], int]]] = {}
        self.named: list[int] = []  # partitions named in each request
        self.fail: BaseException | None = None
        self.refuse = 0
        self._version = version
        self._room = room
        self._last = 100

    async def send(self, node_id: int, request: Any, **_: Any) -> Any:
        made = request.build(self._version)
        asked = {
            (topic, one[0]): one[2] if self._version is FetchRequest_v11 else one[1]
            for topic, partitions in made.topics
            for one in partitions
        }
        self.named.append(len(asked))
        if self._version is FetchRequest_v4:
            return self._answer(asked, 0, 4)
        if self.refuse:
            return SimpleNamespace(API_VERSION=11, error_code=self.refuse, session_id=0, topics=[])
        if made.session_epoch == 0:
            self.sessions.pop(made.session_id, None)
            self._last += 1
            known = dict(asked)
            if self._room:
                self.sessions[self._last] = (1, known)
        else:
            if made.session_id not in self.sessions:
                return SimpleNamespace(API_VERSION=11, error_code=_UNKNOWN, session_id=0, topics=[])
            epoch, known = self.sessions[made.session_id]
            if epoch != made.session_epoch:
                return SimpleNamespace(API_VERSION=11, error_code=_EPOCH, session_id=0, topics=[])
            known.update(asked)
            for topic, partitions in made.forgotten_topics_data:
                for partition in partitions:
                    del known[topic, partition]
            self.sessions[made.session_id] = (epoch + 1, known)
            self._last = made.session_id
        if self.fail is not None:  # after the broker took it in: the client cannot know
            error, self.fail = self.fail, None
            raise error
        return self._answer(known, self._last if self._room else 0, 11)

    def _answer(self, known: dict[tuple[str, int], int], session: int, version: int) -> Any:
        found: dict[str, list[tuple[int, int, int]]] = {}
        for (topic, partition), offset in known.items():
            if (end := self.ends.get((topic, partition), 0)) > offset:
                found.setdefault(topic, []).append((partition, 0, end))
        return SimpleNamespace(
            API_VERSION=version, error_code=0, session_id=session, topics=list(found.items())
        )

    def beside(self) -> str:
        return "the client's own"


def new(response: Any) -> dict[tuple[str, int], int]:
    return {(topic, one[0]): one[2] for topic, found in response.topics for one in found}


def fetch(sessions: FetchSessions, offsets: dict[tuple[str, int], int]) -> dict[Any, int]:
    return new(asyncio.run(sessions.send(0, full(offsets))))


MANY = {("t", n): 0 for n in range(100)}


def test_only_what_changed_is_named_and_only_what_is_new_comes() -> None:
    broker = Broker()
    sessions = FetchSessions(broker)
    assert fetch(sessions, MANY) == {}
    broker.ends["t", 7] = 3
    assert fetch(sessions, MANY) == {("t", 7): 3}
    assert fetch(sessions, MANY) == {("t", 7): 3}  # not taken yet: it comes again
    assert fetch(sessions, {**MANY, ("t", 7): 3}) == {}
    assert broker.named == [100, 0, 0, 1]


def test_what_is_left_out_is_not_sent_and_comes_back_with_its_offset() -> None:
    broker = Broker()
    sessions = FetchSessions(broker)
    fetch(sessions, MANY)
    broker.ends["t", 7] = 3
    fewer = {where: offset for where, offset in MANY.items() if where != ("t", 7)}
    assert fetch(sessions, fewer) == {}
    assert fetch(sessions, {**fewer, ("t", 7): 1}) == {("t", 7): 3}
    assert broker.named == [100, 0, 1]


def test_a_session_that_the_broker_forgot_is_begun_anew_at_once() -> None:
    broker = Broker()
    sessions = FetchSessions(broker)
    fetch(sessions, MANY)
    broker.sessions.clear()
    broker.ends["t", 1] = 1
    assert fetch(sessions, MANY) == {("t", 1): 1}
    assert broker.named == [100, 0, 100]


@pytest.mark.parametrize("error", [KafkaConnectionError(), asyncio.CancelledError()])
def test_after_a_failure_everything_is_named_again_and_the_old_session_ends(
    error: BaseException,
) -> None:
    broker = Broker()
    sessions = FetchSessions(broker)
    fetch(sessions, MANY)
    broker.fail = error
    with pytest.raises(type(error)):
        fetch(sessions, MANY)
    broker.ends["t", 2] = 2
    assert fetch(sessions, MANY) == {("t", 2): 2}
    assert broker.named == [100, 0, 100]
    assert len(broker.sessions) == 1


def test_a_fetch_that_is_refused_whole_is_an_error_and_no_empty_answer() -> None:
    broker = Broker()
    broker.refuse = -1
    with pytest.raises(KafkaError):
        fetch(FetchSessions(broker), MANY)


def test_without_room_or_without_sessions_everything_is_named_each_time() -> None:
    for broker in (Broker(room=False), Broker(FetchRequest_v4)):
        sessions = FetchSessions(broker)
        broker.ends["t", 1] = 1
        for _ in range(3):
            assert fetch(sessions, MANY) == {("t", 1): 1}
        assert broker.named == [100, 100, 100]


def test_everything_else_is_the_clients() -> None:
    sessions = FetchSessions(Broker())
    assert sessions.beside() == "the client's own"


def test_any_course_of_events_gives_what_a_client_without_sessions_gets() -> None:
    chance = random.Random(227)
    for _ in range(200):
        broker, plain = Broker(), Broker(FetchRequest_v4)
        sessions = FetchSessions(broker)
        offsets = {("t", n): 0 for n in range(5)} | {("u", n): 0 for n in range(3)}
        for _ in range(40):
            where = chance.choice(list(offsets))
            plain.ends[where] = broker.ends[where] = broker.ends.get(where, 0) + chance.randint(
                0, 2
            )
            if chance.random() < 0.1:
                broker.sessions.clear()
            if chance.random() < 0.1:
                broker.fail = KafkaConnectionError()
            asked = {tp: at for tp, at in offsets.items() if chance.random() < 0.8}
            try:
                found = fetch(sessions, asked)
            except KafkaConnectionError:
                continue
            assert found == new(asyncio.run(plain.send(0, full(asked))))
            offsets |= {tp: end for tp, end in found.items() if chance.random() < 0.7}
