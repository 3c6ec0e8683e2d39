"""Incremental fetches (KIP-227) under aiokafka's consumer.

aiokafka names every partition in every fetch and reads every one in the answer, in Python. With a
hundred partitions, of which a few have something new, that is most of what a small fetch costs. In
a session the broker remembers what was asked for: a request names what changed, an answer what is
new. aiokafka has one fetch under way for a node, so a session needs no lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest

#: The first version that knows sessions.
SESSIONS = 7
#: The next request goes so long after the last answer: partitions that are written together are
#: then read together, and not one by one.
GATHER_S = 0.005
_FIRST = 0  # epoch of a request that begins a session, and ends the one it names
_LAST = (1 << 31) - 1
_Asked = Mapping[tuple[str, int], tuple[int, int]]  # topic and partition to offset and bytes


class SessionFetch(FetchRequest):  # type: ignore[misc]  # aiokafka is not typed
    """``full`` as a part of a session: what changed since the last request, what is to go."""

    def __init__(self, full: FetchRequest, changed: _Asked, gone: _Asked, at: tuple[int, int]):
        """``at``: session and epoch."""
        topics: dict[str, list[tuple[int, int, int]]] = {}
        for (topic, partition), (offset, size) in changed.items():
            topics.setdefault(topic, []).append((partition, offset, size))
        super().__init__(
            full._max_wait_ms, full._min_bytes, full._max_bytes, full._isolation_level,
            list(topics.items()), full._rack_id,
        )  # fmt: skip
        self._full = full
        self._at = at
        self._gone: dict[str, list[int]] = {}
        for topic, partition in gone:
            self._gone.setdefault(topic, []).append(partition)

    def build(self, request_struct_class: Any) -> Any:
        if request_struct_class.API_VERSION < SESSIONS:
            return self._full.build(request_struct_class)
        made: Any = super().build(request_struct_class)
        made.session_id, made.session_epoch = self._at
        made.forgotten_topics_data = list(self._gone.items())
        return made


class Session:
    """What one broker remembers of our fetches."""

    def __init__(self) -> None:
        self._id = 0
        self._epoch = _FIRST
        self._known: _Asked = {}

    def request(self, full: FetchRequest) -> SessionFetch:
        """What is to be sent for ``full``."""
        known = self._known if self._epoch != _FIRST else {}
        wanted: dict[tuple[str, int], tuple[int, int]] = {}
        changed: dict[tuple[str, int], tuple[int, int]] = {}
        for topic, partitions in full.topics:
            for partition, offset, size in partitions:
                where, what = (topic, partition), (offset, size)
                wanted[where] = what
                if known.get(where) != what:
                    changed[where] = what
        gone = {where: known[where] for where in known.keys() - wanted.keys()}
        self._known = wanted
        return SessionFetch(full, changed, gone, (self._id, self._epoch))

    def answered(self, response: Any) -> None:
        """Go on from a good answer."""
        if response.API_VERSION < SESSIONS or response.session_id == 0:
            self._id, self._epoch = 0, _FIRST  # the broker has no room: everything each time
        else:
            self._id = response.session_id
            self._epoch = 1 if self._epoch == _LAST else self._epoch + 1

    def lost(self) -> None:
        """What the broker knows is not known: the next request begins anew, and ends this one."""
        self._epoch = _FIRST

    def forgotten(self) -> None:
        """The broker does not know it any more."""
        self._id, self._epoch = 0, _FIRST


class FetchSessions:
    """aiokafka's client, with every fetch as a part of its node's session."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._sessions: dict[int, Session] = {}
        self._answered: dict[int, float] = {}  # when, by the loop's clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any, **how: Any) -> Any:
        """As the client's. Raises ``KafkaError`` where the broker refuses the fetch whole."""
        if not isinstance(request, FetchRequest):
            return await self._client.send(node_id, request, **how)
        session = self._sessions.setdefault(node_id, Session())
        loop = asyncio.get_running_loop()
        if (wait := self._answered.get(node_id, 0.0) + GATHER_S - loop.time()) > 0:
            await asyncio.sleep(wait)
        for again in (True, False):
            try:
                response = await self._client.send(node_id, session.request(request), **how)
            except BaseException:  # a cancelled one may have reached the broker as well
                session.lost()
                raise
            code = response.error_code if response.API_VERSION >= SESSIONS else 0
            if not code:
                self._answered[node_id] = loop.time()
                session.answered(response)
                return response
            session.forgotten()
            if not again:
                raise for_code(code)()
        raise AssertionError("unreachable")
