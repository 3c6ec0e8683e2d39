"""The decisions' outbox: what holders, the authority, oversight and other
provinces hear, from the ledger record alone.

Stateless: after a crash everything is written again, the same ids, the same bytes. What it
remembers (the newest number of the keys it met last) only saves repeats.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

from fuma.contracts.decisions import decode_ledger
from fuma.contracts.provinces import exchanged
from fuma.contracts.signals import encode_signal, signal_key, signals_of_decision
from fuma.contracts.topics import DECISIONS, NOTICES, SIGNALS
from fuma.domain.law.inforce import Law
from fuma.processor.notices import kind_of, notice
from fuma.processor.outcomes import outcomes
from fuma.runtime.host_types import Emit, Raw

_REMEMBERED = 20_000  # keys a partition
Alarm = Callable[[str, str], None]


class Outbox:
    """``decisions`` to ``commands``, ``notices``, ``signals`` and ``exchange.<province>``."""

    name = "outbox"
    input_topics: tuple[str, ...] = (DECISIONS,)
    dead_letter_topic = "fuma.dlq.decisions"

    def __init__(self, alarm: Alarm, law: Callable[[], Law] = lambda: Law(())) -> None:
        """``law``: says which provinces hear of a decision; by none, no province does."""
        self._alarm = alarm
        self._law = law
        self._newest: dict[int, OrderedDict[bytes, tuple[int, bytes]]] = {}

    def opened(self, topic: str, partition: int) -> None:
        # Another worker may have had it meanwhile: a gap in what we saw is none in the ledger.
        self._newest[partition] = OrderedDict()

    def transform(self, raw: Raw) -> Sequence[Emit]:
        record = decode_ledger(raw.value)
        key = raw.key or b""
        if self._repeat(key, record.seq, raw):
            return ()
        made = [
            Emit(SIGNALS, signal_key(one), encode_signal(one))
            for one in signals_of_decision(key, record)
        ]
        law = self._law()
        made += outcomes(key, record, law)
        made += [Emit(one.topic, key, one.value) for one in exchanged(key, record, law)]
        kind = kind_of(record) if record.schedule is not None else None
        if kind is not None and record.schedule is not None:
            made.append(Emit(NOTICES, key, notice(key, record, record.schedule, kind)))
        return made

    def _repeat(self, key: bytes, seq: int, raw: Raw) -> bool:
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
