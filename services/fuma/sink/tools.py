"""What all partitions of a sink share."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.contracts.errors import Poison
from fuma.contracts.platform import PlatformSealer
from fuma.runtime.host_intake import Intake
from fuma.runtime.platform_store import PlatformStore, Stranger
from fuma.runtime.ports import Clock, LogReader
from fuma.sink.incidents import Incidents

#: A sink that has said nothing for so long may be gone.
_ALIVE_MS = 10_000


@dataclass(slots=True)
class Tools:
    """The ports, keys and settings of one sink."""

    store: PlatformStore
    sealer: PlatformSealer
    intake: Intake
    ledger: LogReader
    incidents: Incidents
    clock: Clock
    simulated: bool
    partitions: int  # of the ledger, whoever writes them
    topic_id: bytes

    def strangers(self) -> list[Stranger]:
        """Connections that are no sink's and no reader's. Another sink says under the platform key
        which are its own; what is older than its sign of life may not be."""
        since, known = self.clock.now() - _ALIVE_MS, set[str]()
        for number, value in enumerate(self.store.alive(self.partitions)):
            try:
                alive = self.sealer.open_alive(value, number) if value is not None else None
            except Poison:
                continue
            if alive is not None and alive.at >= since:
                known.update(alive.connections)
        return [one for one in self.store.strangers() if one.id not in known]
