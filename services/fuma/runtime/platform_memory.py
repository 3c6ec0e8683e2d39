"""The platform's fake, in memory; held to the same contract suite as Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fuma.contracts.errors import Retryable
from fuma.runtime.platform_store import Changed, Look, Stranger
from fuma.runtime.platform_writes import (
    EVERYTHING,
    Batch,
    alive_key,
    code_key,
    position_key,
    was_key,
)


@dataclass(slots=True, eq=False)
class _Look:
    positions: int
    keys: list[bytes]
    values: list[bytes | None]

    def found(self) -> tuple[list[bytes | None], list[bytes | None]]:
        return self.values[: self.positions], self.values[self.positions :]


@dataclass(frozen=True, slots=True)
class _Written:
    answer: Callable[[], bool] | bool

    def done(self) -> bool:
        return self.answer if isinstance(self.answer, bool) else self.answer()


class MemoryPlatform:
    """``PlatformStore`` over dictionaries. A test breaks it by ``down``, tampers by ``intrude``."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.lists: dict[bytes, list[bytes]] = {}
        self.down = False
        self.lose_answer = False  # the next write happens, and says that it failed
        self.connected: list[Stranger] = []
        self._touched: set[bytes] = set()
        self._flushed = False
        self._looked: _Look | None = None

    def _up(self) -> None:
        if self.down:
            raise Retryable("the platform is down")

    def intrude(self, key: bytes, value: bytes | None) -> None:
        """Write past the sink; ``None`` deletes."""
        if value is None:
            self.values.pop(key, None)
            self.lists.pop(key, None)
        else:
            self.values[key] = value
        self._touched.add(key)

    def flush(self) -> None:
        """Everything gone, as by an administrator."""
        self.values.clear()
        self.lists.clear()
        self._flushed = True

    def codes(self, tags: Sequence[bytes]) -> list[bytes | None]:
        self._up()
        return [self.values.get(code_key(t)) for t in tags]

    def latest(self, tag: bytes) -> tuple[bytes | None, bytes | None]:
        self._up()
        was = self.lists.get(was_key(tag))
        return self.values.get(code_key(tag)), was[-1] if was else None

    def all_of(self, tag: bytes) -> list[bytes]:
        self._up()
        now = self.values.get(code_key(tag))
        return [*self.lists.get(was_key(tag), ()), *(() if now is None else (now,))]

    def positions(self, partitions: int) -> list[bytes | None]:
        self._up()
        return [self.values.get(position_key(p)) for p in range(partitions)]

    def alive(self, partitions: int) -> list[bytes | None]:
        self._up()
        return [self.values.get(alive_key(p)) for p in range(partitions)]

    def write(self, batch: Batch) -> bool:
        self._up()
        place = position_key(batch.partition)
        if self.values.get(place) != batch.expected:
            return False
        if any(self.values.get(code_key(p.tag)) != p.expected for p in batch.puts):
            return False
        self._looked = None
        self._apply(batch)
        return self._answered()

    def look(self, partitions: Sequence[int], tags: Sequence[bytes]) -> _Look:
        self._up()
        keys = [*(position_key(p) for p in partitions), *(code_key(t) for t in tags)]
        self._looked = _Look(len(partitions), keys, [self.values.get(key) for key in keys])
        return self._looked

    def put(self, look: Look, batches: Sequence[Batch]) -> _Written:
        self._up()
        mine, self._looked = self._looked is look, None
        assert isinstance(look, _Look)
        if not mine or [self.values.get(key) for key in look.keys] != look.values:
            return _Written(False)
        for batch in batches:
            self._apply(batch)
        return _Written(self._answered)

    def _answered(self) -> bool:
        if self.lose_answer:
            self.lose_answer = False
            raise Retryable("no answer")
        return True

    def _apply(self, batch: Batch) -> None:
        for put in batch.puts:
            if put.reset:
                self.lists.pop(was_key(put.tag), None)
            if put.was:
                self.lists.setdefault(was_key(put.tag), []).extend(put.was)
            if put.value is None:
                self.values.pop(code_key(put.tag), None)
            else:
                self.values[code_key(put.tag)] = put.value
        self.values[position_key(batch.partition)] = batch.position

    @property
    def connections(self) -> tuple[str, ...]:
        return ("1",)

    def beat(self, value: bytes, partition: int = 0) -> None:
        self._up()
        self.values[alive_key(partition)] = value

    def hush(self, partitions: Sequence[int]) -> None:
        self._up()
        for number in partitions:
            self.values.pop(alive_key(number), None)

    def scan(self, prefix: bytes) -> Iterator[list[bytes]]:
        self._up()
        yield [k for k in (*self.values, *self.lists) if k.startswith(prefix)]

    def changed(self) -> Changed | None:
        self._up()
        if not self._touched and not self._flushed:
            return None
        found = Changed(tuple(sorted(self._touched)), self._flushed)
        self._touched, self._flushed = set(), False
        return found

    def strangers(self) -> list[Stranger]:
        self._up()
        return self.connected

    def drop(self) -> int:
        self._up()
        gone = sum(key.startswith(EVERYTHING) for key in (*self.values, *self.lists))
        self.values.clear()
        self.lists.clear()
        return gone

    def close(self) -> None:
        """Nothing is open."""
