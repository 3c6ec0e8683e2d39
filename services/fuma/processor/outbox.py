"""The decisions' outbox: what the holder is told, and what oversight hears, from the ledger record.

Stateless: after a crash a notice or a signal is written again, the same id, the same bytes. What it
remembers (the newest number of the keys it met last) only saves repeats.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

from fuma.contracts.codec import Wire, encode
from fuma.contracts.decisions import LedgerRecord, decode_ledger
from fuma.contracts.signals import encode_signal, signal_key, signals_of_decision
from fuma.contracts.topics import DECISIONS, NOTICES, SIGNALS
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.ids import derive
from fuma.domain.time import Ms
from fuma.runtime.host_types import Emit, Raw

OBJECTION = (
    "向作出决定的部门申诉，或拨打 12345，二十四小时内答复。"
    "Object to the issuing department or call 12345; you are answered within 24 hours."
)
_REMEMBERED = 20_000  # keys a partition
#: Of several events the holder is told the weightiest.
_KINDS = (
    (e.Ended, "ended"),
    (e.Effective, "effective"),
    (e.Lifted, "lifted"),
    (e.Refused, "refused"),
)
Alarm = Callable[[str, str], None]


class Outbox:
    """``decisions`` to ``notices`` and ``signals``."""

    name = "outbox"
    input_topics: tuple[str, ...] = (DECISIONS,)
    dead_letter_topic = "fuma.dlq.decisions"

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
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
        kind = _kind(record) if record.schedule is not None else None
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


def _kind(record: LedgerRecord) -> str | None:
    if record.parts > 1:  # earlier parts are not at hand, and their bytes must not matter
        return "effective" if record.schedule and record.schedule.segments else "lifted"
    for event, kind in _KINDS:
        if any(isinstance(one, event) for one in record.events):
            return kind
    return None


def notice(key: bytes, record: LedgerRecord, schedule: e.Schedule, kind: str) -> bytes:
    """The notice that follows from a decision."""
    now, after = _now_and_after(schedule, record.at)
    orders = {order.id: order for order in schedule.orders}
    reasons = [_reason(orders[id_]) for id_ in (now.orders if now else ()) if id_ in orders]
    return encode(
        "notice",
        {
            "id": derive(b"notice", key, record.seq.to_bytes(8, "big")),
            "seq": record.seq,
            "at": record.at,
            "kind": kind,
            "colour": (now.colour if now else Colour.GREEN).word,
            "until": now.until if now else None,
            "next": after.word if after is not None else None,
            "reasons": reasons,
            "objection": OBJECTION,
        },
    )


def _now_and_after(schedule: e.Schedule, at: Ms) -> tuple[e.Segment | None, Colour | None]:
    for index, segment in enumerate(schedule.segments):
        if segment.since <= at < segment.until:
            rest = schedule.segments[index + 1 :]
            joined = bool(rest) and rest[0].since == segment.until
            return segment, rest[0].colour if joined else Colour.GREEN
    return None, None


def _reason(order: e.Order) -> Wire:
    law = order.law
    return {
        "order": order.id,
        "ground": order.ground,
        "rule": f"{law.book}@{law.version}#{law.row}",
        "issuer": f"{order.department} {order.division}",
        "until": order.end,
    }
