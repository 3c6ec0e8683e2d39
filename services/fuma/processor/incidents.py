"""Records that nobody vouches for: beside the dead letter, an incident for the overseers."""

from __future__ import annotations

from fuma.contracts.codec import Wire, encode
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.topics import INCIDENTS, partition_for
from fuma.domain.ids import derive
from fuma.domain.time import Ms, iso
from fuma.runtime.batch_reading import Packed
from fuma.runtime.clock import SystemClock
from fuma.runtime.host_transform import internal
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Appender, Outgoing
from fuma.runtime.records import LogRecord

_UNVOUCHED = (Reason.NO_MAC, Reason.BAD_MAC)


class Incidents:
    """What stands beside a dead letter (``World.beside``)."""

    def __init__(self, sealer: Sealer, partitions: int, *, simulated: bool) -> None:
        self._sealer = sealer
        self._partitions = partitions
        self._simulated = simulated

    def beside(self, raw: LogRecord, poison: Poison) -> list[Outgoing]:
        """An incident where the record came from somebody without the service key."""
        packed = isinstance(raw.headers, Packed)
        # Of a batch that stayed packed nobody can say who wrote it: one incident for all of it.
        if (raw.value is None) if packed else (poison.reason not in _UNVOUCHED):
            return []
        where = f"{raw.topic}/{raw.partition}@{raw.offset}"
        at = max(raw.timestamp, 0)
        body = {
            # Told again after a crash, it is the same incident.
            "id": derive(b"incident", where.encode(), at.to_bytes(8, "big")),
            "at": at,
            "code": "forged-record",
            "actor": "unauthenticated",
            "connection": f"appended {iso(at)} by the broker's clock",
            "subject": raw.key.hex() if raw.key and len(raw.key) == 16 else "",
            "detail": f"{where}: {poison.reason.value}",
        }
        return [self._incident(raw.topic.encode(), body, at)]

    def alarm(self, appender: Appender, kind: str, what: str) -> None:
        """An incident that no record gave (``World.alarm``): told again, it is the same one."""
        at = SystemClock().now()
        body = {
            "id": derive(b"incident", kind.encode(), what.encode()),
            "at": at,
            "code": kind,
            "actor": "",
            "connection": "",
            "subject": "",
            "detail": what,
        }
        appender.submit([self._incident(kind.encode(), body, at)])

    def _incident(self, key: bytes, body: Wire, at: Ms) -> Outgoing:
        value = encode("incident", body)
        partition = partition_for(key, self._partitions)
        # The broker's clock: there is no log time to trust on a record that nobody vouches for.
        time = pack_time(at) if self._simulated else None
        return internal(self._sealer, INCIDENTS, key, value, partition, time, None)
