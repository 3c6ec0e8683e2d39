"""What the holder is told of a decision: ground, rule, issuer, who took part, end, how to object.

Of a match the holder hears place and rule from nobody: only the ground, and that it was compared.
No third person is ever named.
"""

from __future__ import annotations

from fuma.contracts.codec import Wire, encode
from fuma.contracts.decisions import LedgerRecord
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.ids import derive
from fuma.domain.time import Ms

OBJECTION = (
    "向作出决定的部门申诉，或拨打 12345，二十四小时内答复。"
    "Object to the issuing department or call 12345; you are answered within 24 hours."
)
#: Of several events the holder is told the weightiest.
_KINDS = (
    (e.Ended, "ended"),
    (e.Effective, "effective"),
    (e.Annulled, "annulled"),
    (e.Lifted, "lifted"),
    (e.Amended, "amended"),
    (e.Refused, "refused"),
)


def kind_of(record: LedgerRecord) -> str | None:
    """What the record is to its holder; ``None`` where there is nothing to tell."""
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
    law, source = order.law, order.source
    return {
        "order": order.id,
        "ground": order.ground,
        "rule": f"{law.book}@{law.version}#{law.row}",
        "issuer": f"{order.department} {order.division}",
        "until": order.end,
        "source": None if source is None else source.order,
        "line": -1 if source is None else source.line,
        "procedure": f"{law.procedure}@{law.procedure_version}",
        "chain": _automatic(order) if source is None else _signed(order, source),
        "automatic": source is None,
    }


def _signed(order: e.Order, source: e.Source) -> list[Wire]:
    """The department whose evidence bears it, then the officers in the order of their steps."""
    reporter = {"step": "report", "office": f"{order.department} {order.division}", "officer": ""}
    return [
        reporter,
        *({"step": a.step, "office": a.office, "officer": a.officer} for a in source.chain),
    ]


def _automatic(order: e.Order) -> list[Wire]:
    """Who answers where nobody signs: department, task force, public security, publishers."""
    law = order.law
    texts = f"{law.book}@{law.version}, {law.procedure}@{law.procedure_version}"
    return [
        {"step": "report", "office": f"{order.department} {order.division}", "officer": ""},
        {"step": "collate", "office": "taskforce", "officer": "automatic"},
        {"step": "compare", "office": "public-security", "officer": "automatic"},
        {"step": "publish", "office": f"publishers of {texts}", "officer": ""},
    ]
