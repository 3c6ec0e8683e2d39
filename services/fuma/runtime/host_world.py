"""What all partitions of all stages of a process share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fuma.contracts.errors import Poison
from fuma.runtime.dead_letters import dead_letters
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import Outgoing
from fuma.runtime.records import LogRecord


@dataclass(frozen=True, slots=True)
class World:
    """Keys, settings, and who hears of what went wrong."""

    sealer: Sealer
    simulated: bool
    dead_letter_partitions: dict[str, int]
    #: What else is to be appended beside a dead letter: an incident, or nothing.
    beside: Callable[[LogRecord, Poison], list[Outgoing]] = lambda raw, poison: []
    #: Who is told what no record gave: kind and sentence.
    alarm: Callable[[str, str], None] = lambda kind, what: None

    def letters(self, raw: LogRecord, poison: Poison, topic: str) -> list[Outgoing]:
        """The dead letter of ``raw``, in parts if need be, and what stands beside it."""
        letters = dead_letters(raw, poison, topic, self.dead_letter_partitions[topic])
        return [*letters, *self.beside(raw, poison)]
