"""What the group was last told of a ledger, as a second witness beside the store.

A store knows where its ledger ended, but it may be gone, or another worker's. The mark of each
commit names the last ledger record by offset and hash; a ledger that no longer holds it has lost
its tail. Nothing is ever gone by that offset, so nobody can make a stage skip with it.
"""

from __future__ import annotations

import struct
from typing import NoReturn

from fuma.contracts.errors import Fatal
from fuma.runtime.host_types import Position
from fuma.runtime.mac import Sealer
from fuma.runtime.marks import REPAIR, Committed, Marker, differs
from fuma.runtime.ports import LogReader

_OFFSET = struct.Struct(">q")


class Witness:
    """One partition of a ledger stage."""

    def __init__(
        self,
        sealer: Sealer,
        reader: LogReader,
        stage: str,
        topics: tuple[str, str],
        partition: int,
    ) -> None:
        """``topics``: input and ledger."""
        self._inputs, self._ledger = topics
        self._reader = reader
        self._partition = partition
        uuid = reader.topic_id(self._ledger)
        self._marker = Marker(sealer, stage, self._ledger, uuid, partition)

    def committed(self, position: Position) -> Committed:
        """For the group, once ``position`` is in the store."""
        last = _OFFSET.pack(position.ledger_offset) + position.ledger_hash
        return self._marker.committed(position.applied + 1, last)

    def check(self, committed: Committed | None) -> None:
        """Raises ``Fatal`` where input or ledger ends before what was committed by us."""
        last = None if committed is None else self._marker.digest_of(committed)
        if committed is None or last is None:
            return
        (offset,), digest = _OFFSET.unpack_from(last), last[_OFFSET.size :]
        end = self._reader.bounds(self._inputs, self._partition).end
        if committed.offset > end:
            self._stop(self._inputs, f"{committed.offset} is done, the log ends at {end}")
        bounds = self._reader.bounds(self._ledger, self._partition)
        if offset >= bounds.end:
            self._stop(self._ledger, f"{offset} was written, the log ends at {bounds.end}")
        if offset < bounds.start:
            return
        if differs(self._reader, self._ledger, self._partition, offset, digest):
            self._stop(self._ledger, f"another value stands at {offset} than was written")

    def _stop(self, topic: str, what: str) -> NoReturn:
        raise Fatal(f"{topic}/{self._partition}: {what}: it has lost its tail", REPAIR)
