"""The newest record of the keys that an outbox met last: it saves repeats, nothing hangs on it.

A gap or another value under a known number is told; whoever reads what the outbox wrote drops
repeats by their ids all the same.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

from fuma.runtime.records import LogRecord

#: Keys a partition. What comes again lies a few chunks back, where an owner died in its midst.
_REMEMBERED = 4_000
Alarm = Callable[[str, str], None]


class Repeats:
    """Per partition: each key's newest number, and the hash of its value."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._newest: dict[int, OrderedDict[bytes, tuple[int, bytes]]] = {}

    def opened(self, partition: int) -> None:
        """Another worker may have had it meanwhile: a gap in what we saw is none in the ledger."""
        self._newest[partition] = OrderedDict()

    def seen(self, key: bytes, seq: int, raw: LogRecord) -> bool:
        """Whether the record was met before; it is remembered from now on."""
        digest = hashlib.sha256(raw.value or b"").digest()
        known = self._newest[raw.partition]
        newest = known.get(key)
        if newest is not None and seq <= newest[0]:
            if seq == newest[0] and digest != newest[1]:
                self._alarm(
                    "forked", f"{raw.topic}/{raw.partition}@{raw.offset}: number {seq} again"
                )
            return True
        if newest is not None and seq != newest[0] + 1:
            self._alarm("skipped", f"{raw.topic}/{raw.partition}@{raw.offset}: number {seq}")
        known[key] = seq, digest
        known.move_to_end(key)
        if len(known) > _REMEMBERED:
            known.popitem(last=False)
        return False
