"""A stage's door: which records of an input topic are inputs at all.

Whatever is not an input is kept as a dead letter (``dead_letters.py``), and the stream goes on. A
dead letter never moves T.
"""

from __future__ import annotations

from collections.abc import Callable

from fuma.contracts.errors import Poison, Reason
from fuma.domain.time import Ms
from fuma.runtime.batch_reading import unread
from fuma.runtime.mac import MAC_HEADER, TIME_HEADER, Sealer, unpack_time
from fuma.runtime.records import LogRecord


class Intake:
    """Checks records of internal topics: MAC, key, value, partition, log time."""

    def __init__(
        self,
        sealer: Sealer,
        *,
        simulated: bool,
        partition_of: Callable[[bytes, int], int],
        counts: dict[str, int],
    ) -> None:
        """``counts``: declared number of partitions of each input topic."""
        self._sealer = sealer
        self._simulated = simulated
        self._partition_of = partition_of
        self._counts = counts

    def admit(self, raw: LogRecord) -> Ms:
        """The record's log time. Raises ``Poison`` where it is no input.

        The MAC comes first: of a record that nobody vouches for, nothing else is worth saying.
        """
        key, value = raw.key, raw.value
        mac = time = None
        for name, content in raw.headers:
            if name == MAC_HEADER:
                mac = content
            elif name == TIME_HEADER:
                time = content
        if mac is None:
            packed = unread(raw)
            if packed is not None:
                raise packed
            raise Poison(Reason.NO_MAC, "written by somebody without the service key")
        if not self._sealer.matches(mac, raw.topic, key, value, time):
            raise Poison(Reason.BAD_MAC, "the record is not what its writer vouched for")
        if key is None:
            raise Poison(Reason.NO_KEY)
        if value is None:
            raise Poison(Reason.NO_VALUE, "a tombstone, where nothing is ever deleted")
        if self._partition_of(key, self._counts[raw.topic]) != raw.partition:
            raise Poison(Reason.WRONG_PARTITION, "not the partition of its key")
        if not self._simulated:
            return raw.timestamp
        at = unpack_time(time)
        if at is None:
            raise Poison(Reason.NO_TIME, "a simulated world, and no log time on the record")
        return at
