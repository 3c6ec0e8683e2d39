"""Recovery of a partition whose states are resident: from the last snapshot, then the ledger."""

from __future__ import annotations

from typing import Any, cast

from fuma.runtime.host_recovery import Alarm, Recovery
from fuma.runtime.host_resident_state import (
    D,
    I,
    R,
    Residents,
    ResidentStage,
    S,
    write_snapshot,
)
from fuma.runtime.host_state import KeyState
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.ports import LogReader, Store


class ResidentRecovery(Recovery[S, I, D, R]):
    """Recovery into memory: from the last snapshot, then the ledger."""

    def __init__(
        self,
        stage: ResidentStage[S, I, D, R],
        world: World,
        store: Store,
        reader: LogReader,
        partition: int,
        alarm: Alarm,
    ) -> None:
        super().__init__(cast("Any", stage), world, store, reader, partition, alarm)
        self.residents = Residents(stage, store)

    def _known(self, key: bytes) -> KeyState[S]:
        return self.residents.get(key)

    def _put(self, key: bytes, state: KeyState[S]) -> None:
        self.residents.put(key, state)

    def _flush(self, position: Position) -> None:
        puts = self.residents.snapshot()
        write_snapshot(self._store, self._stage.shape, puts, position)
