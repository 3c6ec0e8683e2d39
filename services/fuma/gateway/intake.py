"""From a record of ``in.<department>`` to a row that can be opened, or a dead letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fuma.contracts.codec import decode
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.sealing import department_key
from fuma.contracts.topics import DEPARTMENTS, in_topic, partition_for, spec
from fuma.domain.time import Ms
from fuma.runtime.mac import MAC_HEADER, TIME_HEADER, Sealer, unpack_time
from fuma.runtime.ports import LogRecord

RUN_HEADER = "fuma-run"
_MAX_RUN = 16


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it arrived, still sealed. ``at``: its log time. ``end``: nothing follows."""

    raw: LogRecord
    department: str
    receipt: str
    run: bytes
    number: int
    declared: int | None
    end: bool
    at: Ms
    enc: bytes
    sealed: bytes

    @property
    def sending(self) -> tuple[str, str, bytes]:
        """Which sending of which file it belongs to."""
        return self.department, self.receipt, self.run


class Intake:
    """Who wrote it, and is it a row? Holds each department's key for ``fuma-mac``."""

    def __init__(self, world: bytes, mac_key: bytes, *, simulated: bool) -> None:
        self._simulated = simulated
        self.sealers: Mapping[str, Sealer] = {
            d: Sealer(world, department_key(mac_key, d)) for d in DEPARTMENTS
        }
        self._departments = {in_topic(d): d for d in DEPARTMENTS}
        self._counts = {topic: spec(topic).partitions for topic in self._departments}

    def topics(self) -> list[str]:
        """Every topic that departments write."""
        return list(self._departments)

    def take(self, raw: LogRecord) -> Row:
        """The row. Raises ``Poison``; the MAC comes first, of a forgery nothing else is said."""
        department = self._departments[raw.topic]
        if raw.header(MAC_HEADER) is None:
            raise Poison(Reason.NO_MAC, "written without the department's key")
        if not self.sealers[department].check(raw.topic, raw.key, raw.value, raw.headers):
            raise Poison(Reason.BAD_MAC, "not what the department vouched for")
        if raw.key is None:
            raise Poison(Reason.NO_KEY)
        wire = decode("sealed-row", raw.value)
        receipt = wire["receipt"]
        if receipt.encode() != raw.key or not 1 <= len(receipt) <= 64:
            raise Poison(Reason.BAD_KEY, "the key is not the receipt")
        if partition_for(raw.key, self._counts[raw.topic]) != raw.partition:
            raise Poison(Reason.WRONG_PARTITION, "not the partition of its receipt")
        at: Ms | None = raw.timestamp
        if self._simulated:
            at = unpack_time(raw.header(TIME_HEADER))
        if at is None:
            raise Poison(Reason.NO_TIME, "a simulated world, and no log time on the record")
        if wire["row"] < 0:
            raise Poison(Reason.UNDECODABLE, "rows are counted from 1")
        return Row(
            raw,
            department,
            receipt,
            (raw.header(RUN_HEADER) or b"")[:_MAX_RUN],
            wire["row"],
            wire["declared"],
            wire["kind"] == "end",
            at,
            wire["enc"],
            wire["sealed"],
        )
