"""One connection to Redis on which the next commands may be sent before the last are answered.

Redis works on what was sent while we prepare what comes next. Answers come in the order in which
they were asked for; whoever asks for a later one reads those before it too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import redis

from fuma.runtime.resp import first_of, packed


class Asked:
    """Commands that were sent. ``replies`` are theirs, once they are there."""

    __slots__ = ("_count", "_lane", "replies")

    def __init__(self, lane: Lane, count: int) -> None:
        self._lane = lane
        self._count = count
        self.replies: list[Any] | None = None

    def answered(self) -> list[Any]:
        """The replies. Raises the first error among them, or within ``EXEC``."""
        while self.replies is None:
            self._lane.read()
        if (error := first_of(redis.ResponseError, self.replies)) is not None:
            raise error
        return self.replies

    def read(self, connection: Any) -> None:
        """Take the replies off the connection."""
        replies: list[Any] = []
        for _ in range(self._count):
            try:
                replies.append(connection.read_response())
            except redis.ResponseError as error:
                replies.append(error)
        self.replies = replies


class Lane:
    """The one connection of a client's pool, while commands on it are unanswered.

    Everybody else who uses the client calls :meth:`settle` first.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._pool: Any = client.connection_pool
        self._connection: Any = None
        self._asked: deque[Asked] = deque()

    def send(self, commands: Sequence[Sequence[bytes]]) -> Asked:
        """Send, and do not wait."""
        if self._connection is None:
            self._connection = self._pool.get_connection()
        asked = Asked(self, len(commands))
        try:
            self._connection.send_packed_command([packed(commands)])
        except BaseException:
            self._break()
            raise
        self._asked.append(asked)
        return asked

    def read(self) -> None:
        """Wait for the oldest answer that is due."""
        if not self._asked:
            raise redis.ConnectionError("the connection was lost with the answer")
        try:
            self._asked[0].read(self._connection)
        except BaseException:
            self._break()
            raise
        self._asked.popleft()
        if not self._asked:
            self._release()

    def settle(self) -> None:
        """Wait for every answer; whoever asked has it then, errors too."""
        while self._asked:
            self.read()

    def _break(self) -> None:
        """Nothing may be left watched, queued or unread on it."""
        self._asked.clear()
        self._connection.disconnect()
        self._release()

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        self._pool.release(connection)
