"""A stage's door: which records of an input topic are inputs at all, and what becomes of the rest.

Whatever is not an input is kept as a dead letter with its original key, value and headers, and the
stream goes on. A dead letter never moves T. The added headers follow Kafka's KIP-1034
(``__streams.errors.*``, values as text), so that ordinary tools show them, and ours say why.
"""

from __future__ import annotations

from collections.abc import Callable

from fuma import __version__
from fuma.contracts.errors import Poison, Reason
from fuma.domain.time import Ms
from fuma.runtime.host_types import Raw
from fuma.runtime.mac import MAC_HEADER, TIME_HEADER, Sealer, pack_time, unpack_time
from fuma.runtime.ports import Outgoing

REASON_HEADER = "fuma-reason"
VERSION_HEADER = "fuma-app-version"
ORIGINAL_TIME_HEADER = "fuma-original-time"
_ERRORS = "__streams.errors."


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

    def admit(self, raw: Raw) -> Ms:
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


def dead_letter(raw: Raw, poison: Poison, topic: str, partitions: int) -> Outgoing:
    """``raw`` as it was, for ``topic``, with what was wrong and where it stood."""
    added = (
        (_ERRORS + "topic", raw.topic.encode()),
        (_ERRORS + "partition", str(raw.partition).encode()),
        (_ERRORS + "offset", str(raw.offset).encode()),
        (_ERRORS + "exception", type(poison).__name__.encode()),
        (_ERRORS + "message", str(poison).encode()),
        (REASON_HEADER, poison.reason.value.encode()),
        (VERSION_HEADER, __version__.encode()),
        (ORIGINAL_TIME_HEADER, pack_time(max(raw.timestamp, 0))),
    )
    original = tuple((name, content or b"") for name, content in raw.headers)
    return Outgoing(topic, raw.partition % partitions, raw.key, raw.value, original + added)
