"""Minutes of the log, told to ``law`` and to every province that has commands or officers.

Deadlines of orders, returns and appeals are kept by ``authority``, which has no clock: it learns
from these records that time has passed. A minute told twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from fuma.contracts.commandlog import tick_value
from fuma.contracts.topics import COMMANDS, IN_COMMANDS, partition_for, spec
from fuma.domain.law.inforce import Law
from fuma.domain.law.procedure import Procedure
from fuma.domain.time import MINUTE, Ms
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Appender, LogReader, Outgoing


class Ticker:
    """Writes each minute once to every province that this worker is to tell.

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
            self._known = set(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
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
        """Tell ``law`` and our provinces ``at``'s minute, where it is new to them."""
        self.tick_law(at)
        self._appender.append(self.due(at))

    def due(self, at: Ms) -> list[Outgoing]:
        """The records that tell our provinces ``at``'s minute; it counts as told from here on."""
        minute = at - at % MINUTE
        if minute <= self._latest:
            return []  # a province that is new is told the next minute
        self._latest = minute
        return [
            self._record(province, minute, at)
            for province in sorted(self.provinces())
            if partition_for(province.encode(), self._count) in self._doors
        ]

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

    def _record(self, province: str, minute: Ms, at: Ms) -> Outgoing:
        key = province.encode()
        value = tick_value(province, minute)
        stamp = pack_time(at) if self._simulated else None
        headers = self._sealer.headers(COMMANDS, key, value, time=stamp)
        return Outgoing(
            COMMANDS, partition_for(key, spec(COMMANDS).partitions), key, value, headers
        )

    def _save(self) -> None:
        draft = self._path.with_suffix(".draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(sorted(self._known or ())), encoding="utf-8")
        draft.replace(self._path)
