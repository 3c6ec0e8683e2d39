"""``signals`` values, and what oversight hears of decisions, orders and refusals at the door.

Three pure functions, called by the two outboxes and the gateway. Each gives the same signals, with
the same ids, whenever it is asked about the same records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256

from fuma.contracts.codec import decoder, encoder
from fuma.contracts.decisions import LedgerRecord
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.shapes import Shapes, named
from fuma.domain.authority import events as a
from fuma.domain.codes import events as e
from fuma.domain.codes.matches import reference
from fuma.domain.colour import Colour
from fuma.domain.ids import derive
from fuma.domain.time import Ms
from fuma.domain.watch.events import KINDS, Party, Signal, province_of

#: Notes that say nothing to oversight: they are the daily business.
_QUIET = frozenset({"scan", "released", "release-pending", "no-colour", "same-evidence"})
_SHAPES = Shapes(named(Signal, Party), name="signal")
_write, _read = encoder("signal", None, _SHAPES), decoder("signal", _SHAPES)


def signal_key(signal: Signal) -> bytes:
    """The record's key: the province's two digits."""
    return signal.province.encode()


def encode_signal(signal: Signal) -> bytes:
    """A value of ``signals``."""
    return _write(signal)


def decode_signal(data: bytes | None) -> Signal:
    """A value of ``signals``. Raises ``Poison``."""
    signal: Signal = _read(data)
    if signal.kind not in KINDS:
        raise Poison(Reason.UNDECODABLE, f"a signal of kind {signal.kind!r}")
    if signal.count < 0:
        raise Poison(Reason.UNDECODABLE, "a signal that counts less than nothing")
    return signal


def signals_of_decision(key: bytes, record: LedgerRecord) -> list[Signal]:
    """What oversight hears of a record of ``decisions``; ``key`` is its subject's tag."""
    colour = _colour_now(record.schedule, record.at)
    found = []
    for ordinal, event in enumerate(record.events):
        ident = derive(b"signal", key, b"%d" % record.seq, b"%d" % ordinal)
        made = _of_event(ident, key, record, event, colour)
        if made is not None:
            found.append(made)
        if isinstance(event, e.Noted) and _is_match_on_file(event):
            found.append(_exposed(ident, key, record.at, event, colour))
    return found


def _is_match_on_file(event: e.Noted) -> bool:
    awaits = event.code == "awaits-order" and event.root != b""
    return awaits and event.evidence_ref == reference(event.fact)


def _exposed(ident: bytes, key: bytes, at: Ms, event: e.Noted, colour: str) -> Signal:
    """A match is on file; ``digest`` is what those share whom the same ground may be held against,
    ``detail`` the evidence, by which it is known when the match is withdrawn."""
    return Signal(
        derive(b"exposed", ident), at, province_of(event.division), "exposed", event.department,
        _desk(event.department, event.division), event.ground, (), key, 1,
        sha256(b"exposed" + event.root + event.ground.encode()).digest(),
        event.evidence_ref.hex(), colour, b"", _parties(event.department, event.division),
    )  # fmt: skip


def _of_event(
    ident: bytes,
    key: bytes,
    record: LedgerRecord,
    event: e.Event,
    colour: str,
) -> Signal | None:
    if isinstance(event, e.Effective):
        order = event.order
        return Signal(
            ident, record.at, province_of(order.division), "effective", order.department,
            _desk(order.department, order.division), order.ground, (), key, 1,
            order.evidence_ref, f"{order.law.book}@{order.law.version}#{order.law.row}", colour,
            order.source.order if order.source else order.id, _of_order(order),
        )  # fmt: skip
    if isinstance(event, e.Lifted | e.Annulled):
        kind = "lifted" if isinstance(event, e.Lifted) else "annulled"
        return Signal(
            ident, record.at, province_of(event.division), kind, "", "", event.ground,
            (event.code,), key, 1, b"", "", colour, event.order,
        )  # fmt: skip
    if isinstance(event, e.Answered) and event.status in ("refused", "held"):
        return Signal(
            ident, record.at, province_of(event.province), event.status, "", "", "", (event.code,),
            key, 1, b"", "line", colour, event.order,
        )  # fmt: skip
    if isinstance(event, e.Refused | e.Held):
        return Signal(
            ident, record.at, province_of(event.division),
            "refused" if isinstance(event, e.Refused) else "held", event.department,
            _desk(event.department, event.division), event.ground, event.codes, key, 1,
            event.evidence_ref, event.kind.value, colour, b"",
            _parties(event.department, event.division),
        )  # fmt: skip
    if isinstance(event, e.Noted) and event.code not in _QUIET:
        return Signal(
            ident, record.at, province_of(event.division), "noted", event.department,
            _desk(event.department, event.division), event.ground, (event.code,), key, 1,
            event.evidence_ref, event.kind.value, colour, b"",
            _parties(event.department, event.division),
        )  # fmt: skip
    return None


def _colour_now(schedule: e.Schedule | None, at: Ms) -> str:
    if schedule is None:
        return ""
    for segment in schedule.segments:
        if segment.since <= at < segment.until:
            return segment.colour.word
    return Colour.GREEN.word


def _desk(department: str, division: str) -> str:
    return f"{department} {division}".strip()


def _parties(department: str, division: str) -> tuple[Party, ...]:
    return (Party("department", office=_desk(department, division)),)


def _of_order(order: e.Order) -> tuple[Party, ...]:
    """The department that reported, and whoever took a step."""
    department = _parties(order.department, order.division)
    chain = order.source.chain if order.source else ()
    return department + tuple(
        Party(one.step or "signer", one.person, one.officer, one.office) for one in chain
    )


def signals_of_order(
    ledger: bytes, seq: int, province: str, at: Ms, events: Iterable[a.Event], part: int = 0
) -> list[Signal]:
    """What oversight hears of a record of ``orders``: key ``ledger``, number ``seq``, its events.

    Lines that were refused are one signal an order and code, with their number. Whoever annuls is
    not whom an annulment speaks against: such a signal takes the order's chain (``watch``).
    """
    found: list[Signal] = []

    def add(
        kind: str,
        actor: a.Actor,
        codes: tuple[str, ...],
        count: int,
        order: bytes,
        *,
        parties: tuple[Party, ...] = (),
        digest: bytes = b"",
        detail: str = "",
        ground: str = "",
    ) -> None:
        ident = derive(b"signal", ledger, b"%d" % seq, b"%d" % len(found))
        found.append(
            Signal(
                ident, at, province, kind, actor.officer, actor.office, ground, codes, b"", count,
                digest, detail, "", order, parties or _acting(actor),
            )
        )  # fmt: skip

    events = tuple(events)
    # What ``codes`` answered comes with its subject from the decisions: it is not told twice.
    # A decision in parts says in its first what it answers, and no answer of ``codes`` has parts.
    commanded = part > 0 or any(isinstance(event, a.Accepted) for event in events)
    lines: Counter[tuple[bytes, str, str]] = Counter()
    for event in events:
        match event:
            case a.Refused():
                add("command-refused", event.actor, event.codes, max(1, event.count), event.about,
                    digest=event.digest, detail=event.type, ground=event.ground)  # fmt: skip
            case a.Effected():
                signer = event.chain[0] if event.chain else a.NOBODY
                chain = tuple(party for c in event.chain for party in _acting(c))
                add("ordered", signer, (), event.lines, event.order, parties=chain,
                    detail=f"{event.book}@{event.book_version}#{event.row}")  # fmt: skip
            case a.Ended(how="rejected" | "withdrawn" | "lapsed"):
                add("order-ended", event.by, (event.how,), 1, event.order, detail=event.reason)
            case a.BulkHeld():
                add("bulk-held", a.NOBODY, (), event.sum, event.order)
            case a.LineSettled(status="refused") if commanded:
                lines[event.order, event.status, event.code] += 1
            case a.LinesEnded(how="refused" | "annulled"):
                lines[event.order, event.how, event.code] += len(event.lines)
    for (order, status, code), count in lines.items():
        add(status, a.NOBODY, (code,), count, order)
    return found


def _acting(actor: a.Actor) -> tuple[Party, ...]:
    if actor == a.NOBODY:
        return ()
    return (Party("signer", actor.person, actor.officer, actor.office),)


def signals_of_door(
    department: str, receipt: str, at: Ms, refused: Sequence[tuple[int, str, Sequence[str]]]
) -> list[Signal]:
    """What oversight hears of rows that ended at the gateway's door.

    ``refused``: row number, division ("" unknown) and codes of each. One signal a province, with
    the rows' number and each code once, in the order of how often it was given. No identity.
    """
    rows: dict[str, list[tuple[int, Sequence[str]]]] = {}
    for number, division, codes in refused:
        rows.setdefault(province_of(division), []).append((number, codes))
    found = []
    for province, those in rows.items():
        given = Counter(code for _, codes in those for code in dict.fromkeys(codes))
        ordered = sorted(given, key=lambda code: (-given[code], code))
        numbers = b",".join(b"%d" % number for number, _ in those)
        ident = derive(b"signal", department.encode(), receipt.encode(), province.encode(), numbers)
        counts = ", ".join(f"{code} {given[code]}" for code in ordered)
        found.append(
            Signal(
                ident, at, province, "door", department, department, "", tuple(ordered), b"",
                len(those), sha256(receipt.encode()).digest(), counts,
                parties=(Party("department", office=department),),
            )
        )  # fmt: skip
    return found
