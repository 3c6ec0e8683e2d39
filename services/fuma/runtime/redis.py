"""The code platform in Redis: ``platform_store``'s port over redis-py.

Writes are optimistic: WATCH what was read, then MULTI/EXEC; a batch that finds anything changed
writes nothing. All of them go over one connection, which asks Redis to be told of every key under
``fuma:`` that any *other* connection changes (CLIENT TRACKING, BCAST, NOLOOP): the sink is the only
writer, so whatever is told was written by a stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fuma.contracts.errors import Retryable
from fuma.runtime.embedded.connect import redis_client
from fuma.runtime.embedded.paths import Home
from fuma.runtime.platform_store import (
    ALIVE_KEY,
    EVERYTHING,
    Batch,
    Changed,
    Stranger,
    code_key,
    position_key,
    was_key,
)

_PAGE = 1_000
_INVALIDATED = "__redis__:invalidate"
P = ParamSpec("P")
R = TypeVar("R")


def _ask(
    method: Callable[Concatenate[Any, P], R],
) -> Callable[Concatenate[Any, P], R]:
    """Whatever Redis cannot do now may work later."""

    @wraps(method)
    def asked(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except (redis.RedisError, OSError) as error:
            raise Retryable(f"Redis: {type(error).__name__}: {error}") from error

    return asked


def _options(**more: Any) -> dict[str, Any]:
    # One try: redis-py's own retries would hide that a connection, and its tracking, was lost.
    return {"protocol": 2, "retry": Retry(NoBackoff(), 0), "socket_timeout": 10.0, **more}


class RedisReader:
    """``PlatformReader`` as user ``reader``."""

    def __init__(self, home: Home, user: str = "reader", **more: Any) -> None:
        self._redis: Any = redis_client(home, user, **_options(**more))

    @_ask
    def codes(self, tags: Sequence[bytes]) -> list[bytes | None]:
        found: list[bytes | None] = self._redis.mget([code_key(t) for t in tags]) if tags else []
        return found

    @_ask
    def latest(self, tag: bytes) -> tuple[bytes | None, bytes | None]:
        pipe = self._redis.pipeline()
        pipe.get(code_key(tag))
        pipe.lindex(was_key(tag), -1)
        now, was = pipe.execute()
        return now, was

    @_ask
    def all_of(self, tag: bytes) -> list[bytes]:
        pipe = self._redis.pipeline()
        pipe.lrange(was_key(tag), 0, -1)
        pipe.get(code_key(tag))
        was, now = pipe.execute()
        return [*was, now] if now is not None else list(was)

    @_ask
    def positions(self, partitions: int) -> list[bytes | None]:
        found: list[bytes | None] = self._redis.mget([position_key(p) for p in range(partitions)])
        return found

    @_ask
    def alive(self) -> bytes | None:
        found: bytes | None = self._redis.get(ALIVE_KEY)
        return found

    def close(self) -> None:
        self._redis.close()


class RedisStore(RedisReader):
    """``PlatformStore`` as user ``sink``. One thread."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, "sink", max_connections=1)
        self._listener: Any = redis_client(
            home, "sink", **_options(max_connections=1, client_name="fuma-sink-guard")
        )
        self._told: Any = None
        self._ids: set[str] = set()
        self._listen()

    @_ask
    def _listen(self) -> None:
        """Have ourselves told of what others change."""
        self._told = self._listener.pubsub()
        self._told.subscribe(_INVALIDATED)
        mine = [c for c in self._clients() if c["name"] == "fuma-sink-guard" and c["sub"] == "1"]
        to = max(int(c["id"]) for c in mine)
        self._ids = {str(to), str(self._redis.client_id())}
        self._redis.execute_command(
            "CLIENT", "TRACKING", "ON", "REDIRECT", to, "BCAST", "PREFIX", EVERYTHING, "NOLOOP"
        )

    def _clients(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._redis.client_list()
        return found

    @_ask
    def write(self, batch: Batch) -> bool:
        keys = [position_key(batch.partition), *(code_key(p.tag) for p in batch.puts)]
        expected = [batch.expected, *(p.expected for p in batch.puts)]
        changes: list[tuple[Any, ...]] = []
        values: list[bytes] = []
        for key, value in zip(keys, [batch.position, *(p.value for p in batch.puts)], strict=True):
            if value is not None:
                values += (key, value)
        for put in batch.puts:
            if put.reset:
                changes.append(("DEL", was_key(put.tag)))
            if put.was:
                changes.append(("RPUSH", was_key(put.tag), *put.was))
            if put.value is None:
                changes.append(("DEL", code_key(put.tag)))
        connection = self._redis.connection_pool.get_connection()
        try:
            # Two journeys: what is watched is read with the same, all else goes with EXEC.
            _, found = _said(connection, [("WATCH", *keys), ("MGET", *keys)])
            if found != expected:
                _said(connection, [("UNWATCH",)])
                return False
            done = _said(connection, [("MULTI",), *changes, ("MSET", *values), ("EXEC",)])[-1]
            return done is not None  # ``None``: a watched key was changed
        except BaseException:
            connection.disconnect()  # nothing may be left watched, queued or unread on it
            raise
        finally:
            self._redis.connection_pool.release(connection)

    @_ask
    def beat(self, value: bytes) -> None:
        self._redis.set(ALIVE_KEY, value)

    @_ask
    def _page(self, cursor: int, prefix: bytes) -> tuple[int, list[bytes]]:
        found: tuple[int, list[bytes]] = self._redis.scan(cursor, match=prefix + b"*", count=_PAGE)
        return found

    def scan(self, prefix: bytes) -> Iterator[list[bytes]]:
        cursor = 0
        while True:
            cursor, keys = self._page(cursor, prefix)
            yield keys
            if cursor == 0:
                return

    @_ask
    def changed(self) -> Changed | None:
        keys: set[bytes] = set()
        flushed = False
        while (message := self._told.get_message(timeout=0)) is not None:
            if message["type"] != "message":
                continue
            if message["data"] is None:
                flushed = True
            else:
                keys.update(message["data"])
        return Changed(tuple(sorted(keys)), flushed) if keys or flushed else None

    @_ask
    def strangers(self) -> list[Stranger]:
        return [
            Stranger(c["id"], c["user"], c["addr"], c["name"], c["cmd"])
            for c in self._clients()
            if c["user"] != "reader" and c["id"] not in self._ids and not _arriving(c)
        ]

    @_ask
    def drop(self) -> int:
        gone = 0
        for page in self.scan(EVERYTHING):
            if page:
                gone += self._redis.unlink(*page)
        return gone

    def close(self) -> None:
        if self._told is not None:
            self._told.close()
        self._listener.close()
        super().close()


def _said(connection: Any, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The replies to ``commands``, which are sent at once. Raises the first error among them."""
    connection.send_packed_command(connection.pack_commands(commands))
    replies, failure = [], None
    for _ in commands:
        try:
            replies.append(connection.read_response())
        except redis.ResponseError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    for one in replies[-1] if isinstance(replies[-1], list) else ():
        if isinstance(one, redis.ResponseError):
            raise one  # within EXEC
    return replies


def _arriving(client: dict[str, str]) -> bool:
    """Whether a connection has not said yet who it is, and so cannot have written anything."""
    return client["user"] == "default" and client["cmd"] in ("NULL", "auth", "hello")
