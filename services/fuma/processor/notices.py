"""What the holder is told of a decision: ground, rule, issuer, who took part, end, how to object.

Of a match the holder hears place and rule from nobody: only the ground, and that it was compared.
No third person is ever named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fuma.contracts.decisions import LedgerRecord
from fuma.contracts.noticed import Notice, Reason, Signer
from fuma.contracts.notices import encode_notice
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.ids import derive
from fuma.domain.quick import quick
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
_RANKS: Final[dict[type, int]] = {event: rank for rank, (event, _) in enumerate(_KINDS)}
_WORDS: Final = tuple([word for _, word in _KINDS])


def kind_of(record: LedgerRecord) -> str | None:
    """What the record is to its holder; ``None`` where there is nothing to tell."""
    if record.parts > 1:  # earlier parts are not at hand, and their bytes must not matter
        return "effective" if record.schedule and record.schedule.segments else "lifted"
    least = len(_WORDS)
    for event in record.events:
        least = min(least, _RANKS.get(type(event), least))
    return _WORDS[least] if least < len(_WORDS) else None


def notice(key: bytes, record: LedgerRecord, schedule: e.Schedule, kind: str) -> bytes:
    """The notice that follows from a decision."""
    now, after = _now_and_after(schedule, record.at)
    orders = {order.id: order for order in schedule.orders}
    reasons = [_reason(orders[id_]) for id_ in (now.orders if now else ()) if id_ in orders]
    return encode_notice(
        Notice(
            derive(b"notice", key, record.seq.to_bytes(8, "big")), record.seq, record.at, kind,
            now.colour if now else Colour.GREEN, now.until if now else None, after,
            tuple(reasons), OBJECTION,
        )
    )  # fmt: skip


def _now_and_after(schedule: e.Schedule, at: Ms) -> tuple[e.Segment | None, Colour | None]:
    for index, segment in enumerate(schedule.segments):
        if segment.since <= at < segment.until:
            rest = schedule.segments[index + 1 :]
            joined = bool(rest) and rest[0].since == segment.until
            return segment, rest[0].colour if joined else Colour.GREEN
    return None, None


def _reason(order: e.Order) -> Reason:
    source = order.source
    words = _words(order)
    return Reason(
        order.id, order.ground, words.rule, words.issuer, order.end,
        None if source is None else source.order, -1 if source is None else source.line,
        words.procedure, words.chain if source is None else _signed(words.issuer, source),
        source is None,
    )  # fmt: skip


@quick
@dataclass(frozen=True, slots=True)
class _Words:
    """What is said alike of every order of one department, by one rule."""

    rule: str
    issuer: str
    procedure: str
    chain: tuple[Signer, ...]  # where nobody signed


_MOST: Final = 4_096
_known: Final[dict[tuple[str, int, str, str, int, str, str], _Words]] = {}


def _words(order: e.Order) -> _Words:
    law = order.law
    key = (
        law.book, law.version, law.row, law.procedure, law.procedure_version, order.department,
        order.division,
    )  # fmt: skip
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST:
            _known.clear()
        found = _known[key] = _worded(order)
    return found


def _worded(order: e.Order) -> _Words:
    law = order.law
    book, procedure = f"{law.book}@{law.version}", f"{law.procedure}@{law.procedure_version}"
    issuer = f"{order.department} {order.division}"
    # Who answers where nobody signs: department, task force, public security, publishers.
    automatic = (
        Signer("report", issuer, ""),
        Signer("collate", "taskforce", "automatic"),
        Signer("compare", "public-security", "automatic"),
        Signer("publish", f"publishers of {book}, {procedure}", ""),
    )
    return _Words(f"{book}#{law.row}", issuer, procedure, automatic)


def _signed(issuer: str, source: e.Source) -> tuple[Signer, ...]:
    """The department whose evidence bears it, then the officers in the order of their steps."""
    officers = [Signer(a.step, a.office, a.officer) for a in source.chain]
    return (Signer("report", issuer, ""), *officers)
