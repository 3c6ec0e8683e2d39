"""The decisions' outbox: what holders, the authority, oversight and other
provinces hear, from the ledger record alone.

Stateless: after a crash everything is written again, the same ids, the same bytes. What it
remembers (the newest number of the keys it met last) only saves repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuma.contracts.decisions import decode_ledger
from fuma.contracts.provinces import exchanged
from fuma.contracts.signals import encode_signal, signal_key, signals_of_decision
from fuma.contracts.topics import DECISIONS, NOTICES, SIGNALS
from fuma.domain.law.inforce import Law
from fuma.processor.notices import kind_of, notice
from fuma.processor.outcomes import outcomes
from fuma.processor.repeats import Alarm, Repeats
from fuma.runtime.host_types import Emit
from fuma.runtime.records import LogRecord


class Outbox:
    """``decisions`` to ``commands``, ``notices``, ``signals`` and ``exchange.<province>``."""

    name = "outbox"
    input_topics: tuple[str, ...] = (DECISIONS,)
    dead_letter_topic = "fuma.dlq.decisions"

    def __init__(self, alarm: Alarm, law: Callable[[], Law] = lambda: Law(())) -> None:
        """``law``: says which provinces hear of a decision; by none, no province does."""
        self._repeats = Repeats(alarm)
        self._law = law

    def opened(self, topic: str, partition: int) -> None:
        self._repeats.opened(partition)

    def transform(self, raw: LogRecord) -> Sequence[Emit]:
        record = decode_ledger(raw.value)
        key = raw.key or b""
        if self._repeats.seen(key, record.seq, raw):
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
