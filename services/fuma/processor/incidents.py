"""Records that nobody vouches for: beside the dead letter, an incident for the overseers."""

from __future__ import annotations

from fuma.contracts.codec import encode
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.topics import INCIDENTS, partition_for
from fuma.domain.ids import derive
from fuma.domain.time import iso
from fuma.runtime.host_transform import internal
from fuma.runtime.host_types import Raw
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

_UNVOUCHED = (Reason.NO_MAC, Reason.BAD_MAC)


class Incidents:
    """What stands beside a dead letter (``World.beside``)."""

    def __init__(self, sealer: Sealer, partitions: int, *, simulated: bool) -> None:
        self._sealer = sealer
        self._partitions = partitions
        self._simulated = simulated

    def beside(self, raw: Raw, poison: Poison) -> list[Outgoing]:
        """An incident where the record came from somebody without the service key."""
        if poison.reason not in _UNVOUCHED:
            return []
        where = f"{raw.topic}/{raw.partition}@{raw.offset}"
        at = max(raw.timestamp, 0)
        value = encode(
            "incident",
            {
                # Told again after a crash, it is the same incident.
                "id": derive(b"incident", where.encode(), at.to_bytes(8, "big")),
                "at": at,
                "code": "forged-record",
                "actor": "unauthenticated",
                "connection": f"appended {iso(at)} by the broker's clock",
                "subject": raw.key.hex() if raw.key and len(raw.key) == 16 else "",
                "detail": f"{where}: {poison.reason.value}",
            },
        )
        key = raw.topic.encode()
        partition = partition_for(key, self._partitions)
        # The broker's clock: there is no log time to trust on a record that nobody vouches for.
        time = pack_time(at) if self._simulated else None
        return [internal(self._sealer, INCIDENTS, key, value, partition, time, None)]
