"""Both doors of the gateway behind one consumer: departments' rows, officers' commands."""

from __future__ import annotations

from collections.abc import Sequence

from fuma.contracts.topics import IN_COMMANDS
from fuma.domain.time import Ms
from fuma.gateway.batches import Place
from fuma.gateway.commands import CommandDoor
from fuma.gateway.intake import Intake
from fuma.gateway.service import Gateway
from fuma.gateway.ticks import Ticker
from fuma.runtime.marks import Committed
from fuma.runtime.ports import LogRecord


class Doors:
    """Routes by topic. In a simulated world the two share the time that either has seen."""

    def __init__(
        self,
        intake: Intake,
        gateway: Gateway,
        officers: CommandDoor,
        ticker: Ticker,
        *,
        simulated: bool,
    ) -> None:
        self._intake = intake
        self._gateway = gateway
        self._officers = officers
        self._ticker = ticker
        self._simulated = simulated

    def topics(self) -> list[str]:
        """Everything that is written to the gateway."""
        return [*self._intake.topics(), IN_COMMANDS]

    def assigned(self, topic: str, partition: int, committed: Committed | None) -> int:
        """Take a partition over; the offset to read from."""
        if topic != IN_COMMANDS:
            return self._gateway.assigned(topic, partition, committed)
        self._ticker.take(partition)
        return self._gateway.resume(topic, partition, committed)

    def committed(self, records: Sequence[LogRecord]) -> dict[Place, Committed]:
        """What the group shall say once ``records`` are done."""
        return self._gateway.committed(records)

    def revoked(self, topic: str, partition: int) -> None:
        """Another worker has it now."""
        if topic == IN_COMMANDS:
            self._ticker.drop(partition)
        else:
            self._gateway.revoked(topic, partition)

    def settle(self) -> None:
        """End the last chunk: its answers are durable, what is staged is saved."""
        self._gateway.settle()

    def handle(self, records: Sequence[LogRecord], now: Ms) -> None:
        """One chunk, up to its answers; ``settle`` ends it. ``now``: wall clock."""
        rows = [raw for raw in records if raw.topic != IN_COMMANDS]
        commands = [raw for raw in records if raw.topic == IN_COMMANDS]
        # Rows first: an order may cite what a department sent before it.
        self._gateway.handle(rows, now)
        if self._simulated and rows and self._gateway.time >= 0:
            self._ticker.tick(self._gateway.time)
        if commands:
            seen = self._officers.handle(commands, self._gateway.time)
            if self._simulated:
                self._gateway.time = max(self._gateway.time, seen)
