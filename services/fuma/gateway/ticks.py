"""Minutes of the log, told to ``law``, to provinces with commands or officers, and to ``presence``.

Deadlines of orders, returns and appeals are kept by ``authority``, which has no clock, and the
comparison forgets what is too old: they learn from these records that time has passed. A minute
told twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from fuma.contracts.commandlog import tick_value
from fuma.contracts.presence import broadcast_keys, encode_presence
from fuma.contracts.presence import tick as presence_tick
from fuma.contracts.topics import COMMANDS, IN_COMMANDS, PRESENCE, partition_for, spec
from fuma.domain.law.inforce import Law
from fuma.domain.law.procedure import Procedure
from fuma.domain.time import MINUTE, Ms
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Appender, LogReader, Outgoing


class Ticker:
    """Writes each minute once to every province and partition that this worker is to tell.

    Which those are follows from the partitions of ``in.commands`` that it has: one worker each.
    """

    def __init__(
        self,
        sealer: Sealer,
        appender: Appender,
        law: Callable[[], Law],
        tick_law: Callable[[Ms], None],
        path: Path,
        *,
        simulated: bool,
    ) -> None:
        """``tick_law`` tells ``law``. ``path``: where the provinces with commands are kept."""
        self._sealer = sealer
        self._appender = appender
        self._law = law
        self.tick_law = tick_law
        self._path = path
        self._simulated = simulated
        self._known: set[str] | None = None
        self._latest: Ms = -1
        self._doors: set[int] = set()
        self._count = spec(IN_COMMANDS).partitions

    def begin(self, reader: LogReader) -> None:
        """Learn which provinces have commands: from the file; where it is lost, from the log."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
                raise ValueError("no list of provinces")
            for province in found:
                province.encode()  # it is a record's key
            self._known = set(found)
        except (OSError, ValueError, RecursionError):
            self._known = set()
            for partition in range(spec(COMMANDS).partitions):
                bounds = reader.bounds(COMMANDS, partition)
                for raw in reader.read(COMMANDS, partition, bounds.start, bounds.end):
                    # Anybody's key but ours is a dead letter there, and no province of ours.
                    if self._sealer.check(COMMANDS, raw.key, raw.value, raw.headers):
                        self._known.add((raw.key or b"").decode("ascii", "replace"))
            self._save()

    def take(self, partition: int) -> None:
        """This worker has a partition of ``in.commands`` now: its provinces are ours to tell."""
        self._doors.add(partition)

    def drop(self, partition: int) -> None:
        """Another worker has it."""
        self._doors.discard(partition)

    def know(self, provinces: Iterable[str]) -> None:
        """These have commands: from now on they are told the time, after a restart too."""
        assert self._known is not None, "begin first"
        fresh = set(provinces) - self._known
        if fresh:
            self._known |= fresh
            self._save()

    def tick(self, at: Ms) -> None:
        """Tell ``law``, our provinces and our partitions ``at``'s minute, where it is new."""
        self.tick_law(at)
        self._appender.append(self.due(at))

    def due(self, at: Ms) -> list[Outgoing]:
        """The records that tell ``at``'s minute but for the law's; it counts as told from here."""
        minute = at - at % MINUTE
        if minute <= self._latest:
            return []  # a province that is new is told the next minute
        self._latest = minute
        told = [
            self._record(COMMANDS, province.encode(), tick_value(province, minute), at)
            for province in sorted(self.provinces())
            if partition_for(province.encode(), self._count) in self._doors
        ]
        value = encode_presence(presence_tick(at))
        for partition, key in enumerate(broadcast_keys(spec(PRESENCE).partitions)):
            if partition % self._count in self._doors:
                told.append(self._record(PRESENCE, key, value, at))
        return told

    def provinces(self) -> set[str]:
        """Those that have commands, and those whose procedures need officers."""
        found = set(self._known or ())
        for published in self._law().texts:
            text = published.text
            if not isinstance(text, Procedure) or len(text.division) < 2:
                continue
            if text.chain or text.returns or text.accounts:
                found.add(text.division[:2])
        return found

    def _record(self, topic: str, key: bytes, value: bytes, at: Ms) -> Outgoing:
        stamp = pack_time(at) if self._simulated else None
        headers = self._sealer.headers(topic, key, value, time=stamp)
        return Outgoing(topic, partition_for(key, spec(topic).partitions), key, value, headers)

    def _save(self) -> None:
        draft = self._path.with_suffix(".draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(sorted(self._known or ())), encoding="utf-8")
        draft.replace(self._path)
