"""The code platform in Redis: ``platform_store``'s port over redis-py.

Writes are optimistic: WATCH what was read, then MULTI/EXEC; a batch that finds anything changed
writes nothing. All of them go over one connection, which asks Redis to be told of every key under
``fuma:`` that any *other* connection changes (CLIENT TRACKING, BCAST, NOLOOP): the sink is the only
writer, so whatever is told was written by a stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fuma.contracts.errors import Retryable
from fuma.runtime.embedded.connect import redis_client
from fuma.runtime.embedded.paths import Home
from fuma.runtime.platform_store import Changed, Look, Stranger
from fuma.runtime.platform_writes import (
    EVERYTHING,
    Batch,
    alive_key,
    changes,
    code_key,
    look_keys,
    position_key,
    was_key,
)
from fuma.runtime.redis_lane import Asked, Lane

_PAGE = 250
_INVALIDATED = "__redis__:invalidate"
P = ParamSpec("P")
R = TypeVar("R")


def _ask(
    method: Callable[Concatenate[Any, P], R],
) -> Callable[Concatenate[Any, P], R]:
    """What is under way is answered first. Whatever Redis cannot do now may work later."""

    @wraps(method)
    def asked(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with _later():
            self._settle()
            return method(self, *args, **kwargs)

    return asked


@contextmanager
def _later() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise Retryable(f"Redis: {type(error).__name__}: {error}") from error


def _options(**more: Any) -> dict[str, Any]:
    # One try: redis-py's own retries would hide that a connection, and its tracking, was lost.
    return {"protocol": 2, "retry": Retry(NoBackoff(), 0), "socket_timeout": 10.0, **more}


class RedisReader:
    """``PlatformReader`` as user ``reader``."""

    def __init__(self, home: Home, user: str = "reader", **more: Any) -> None:
        self._redis: Any = redis_client(home, user, **_options(**more))

    def _settle(self) -> None:
        """Nothing is ever under way."""

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
    def alive(self, partitions: int) -> list[bytes | None]:
        found: list[bytes | None] = self._redis.mget([alive_key(p) for p in range(partitions)])
        return found

    def close(self) -> None:
        self._redis.close()


class _Look:
    def __init__(self, asked: Asked, positions: int) -> None:
        self._asked = asked
        self._positions = positions

    def found(self) -> tuple[list[bytes | None], list[bytes | None]]:
        with _later():
            values = self._asked.answered()[1]
        return values[: self._positions], values[self._positions :]


class _Written:
    def __init__(self, asked: Asked | None) -> None:
        self._asked = asked

    def done(self) -> bool:
        if self._asked is None:
            return False
        with _later():
            return self._asked.answered()[-1] is not None  # ``None``: a watched key was changed


class RedisStore(RedisReader):
    """``PlatformStore`` as user ``sink``. One thread."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, "sink", max_connections=1)
        self._lane = Lane(self._redis)
        self._looked: _Look | None = None
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

    def _settle(self) -> None:
        self._lane.settle()

    def look(self, partitions: Sequence[int], tags: Sequence[bytes]) -> _Look:
        keys = look_keys(partitions, tags)
        with _later():
            # What is watched is read with the same.
            asked = self._lane.send([(b"WATCH", *keys), (b"MGET", *keys)])
        self._looked = _Look(asked, len(partitions))
        return self._looked

    def put(self, look: Look, batches: Sequence[Batch]) -> _Written:
        mine, self._looked = self._looked is look, None
        if not mine:
            return _Written(None)
        with _later():
            return _Written(self._lane.send([(b"MULTI",), *changes(batches), (b"EXEC",)]))

    @_ask
    def write(self, batch: Batch) -> bool:
        look = self.look([batch.partition], [put.tag for put in batch.puts])
        positions, codes = look.found()
        if [*positions, *codes] != [batch.expected, *(put.expected for put in batch.puts)]:
            self._looked = None
            self._redis.execute_command("UNWATCH")
            return False
        return self.put(look, [batch]).done()

    @property
    def connections(self) -> tuple[str, ...]:
        return tuple(sorted(self._ids))

    @_ask
    def beat(self, value: bytes, partition: int = 0) -> None:
        self._redis.set(alive_key(partition), value)

    @_ask
    def hush(self, partitions: Sequence[int]) -> None:
        if partitions:
            self._redis.delete(*map(alive_key, partitions))

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

    def changed(self) -> Changed | None:
        keys: set[bytes] = set()
        flushed = False
        with _later():  # another connection: what is under way on ours is not waited for
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


def _arriving(client: dict[str, str]) -> bool:
    """Whether a connection has not said yet who it is, and so cannot have written anything."""
    return client["user"] == "default" and client["cmd"] in ("NULL", "auth", "hello")
