"""A person's history from the log alone: every fact, decision, refusal, hold and note.

Pure over the records that it is given: authentic, decoded ledger records and facts of one subject.
The chain of the ledger is followed as it is read; a break is part of what is told, and nothing
behind it is believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fuma.audit.names import Actor, Actors, Names
from fuma.contracts.decisions import FIRST, LedgerRecord
from fuma.domain.codes.events import (
    Amend,
    Amended,
    Annulled,
    Answered,
    Effective,
    Ended,
    Event,
    Fact,
    Held,
    Input,
    LawRef,
    Lifted,
    Line,
    LineEnd,
    MatchFact,
    Noted,
    Order,
    Refused,
    Schedule,
)
from fuma.domain.codes.heard import happened, input_sentence
from fuma.domain.codes.schedule import colour_at as schedule_colour
from fuma.domain.codes.sentences import Also, event_sentence
from fuma.domain.colour import Colour
from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands on the log."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic.removeprefix('fuma.')}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class FactRecord:
    """An input as it stands on ``person``; ``recorded`` is its log time."""

    place: Place
    recorded: Ms
    fact: Input


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A ledger record as it stands on ``decisions``."""

    place: Place
    value: bytes
    record: LedgerRecord


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a history."""

    kind: str  # fact | line | line-end | match | amend, or an event's: effective | lifted | ...
    happened: Ms
    recorded: Ms
    places: tuple[Place, ...]
    seq: int | None  # of the ledger record; ``None``: an input that no decision names
    sentence: Words
    actors: tuple[Actor, ...]
    law: LawRef | None
    event: Event | Input


@dataclass(frozen=True, slots=True)
class Span:
    """The colour over ``[since, until)``; ``None``: no code any more, or no end."""

    colour: Colour | None
    since: Ms
    until: Ms | None


@dataclass(frozen=True, slots=True)
class Break:
    """Where the log contradicts itself, or does not authenticate."""

    place: Place
    what: str


@dataclass(slots=True)
class History:
    """What is known of one subject. ``records`` counts the authentic ones that were read."""

    tag: bytes
    entries: tuple[Entry, ...]
    schedules: tuple[tuple[Ms, Schedule], ...]  # (recorded, schedule), in the order of seq
    breaks: tuple[Break, ...]
    records: int
    digest: bytes  # of the last ledger record: what its next one must name
    spans: tuple[Span, ...] = field(default=())

    @property
    def intact(self) -> bool:
        """Every record authentic, and the chain whole."""
        return not self.breaks


def history(
    tag: bytes,
    facts: Iterable[FactRecord],
    decisions: Iterable[DecisionRecord],
    names: Names,
    *,
    breaks: Sequence[Break] = (),
    at: Ms | None = None,
    also: Also | None = None,
) -> History:
    """Everything that touched the subject; with ``at``, as it stood then (recorded by then)."""
    limit = at if at is not None else (1 << 62)
    known: dict[bytes, FactRecord] = {}
    for one in facts:
        known.setdefault(one.fact.id, one)
    chain, broken = _chain(decisions)
    entries: list[Entry] = []
    schedules: list[tuple[Ms, Schedule]] = []
    orders: dict[bytes, Order] = {}
    decided: set[bytes] = set()
    digest, count = FIRST, 0
    for one_decision in chain:
        record = one_decision.record
        if record.at > limit:
            break
        decided.add(record.cause.id)
        digest, count = hashlib.sha256(one_decision.value).digest(), count + 1
        if record.part == 0 and record.cause.id in known:
            entries.append(_fact_entry(known[record.cause.id], one_decision, names))
        for event in record.events:
            if isinstance(event, Effective):
                orders[event.order.id] = event.order
            entries.append(_event_entry(event, one_decision, known, orders, names, also))
        if record.schedule is not None:
            schedules.append((record.at, record.schedule))
    for fact in known.values():
        # What a change of law left as it was is no part of anybody's history.
        idle = fact.fact.id in decided or isinstance(fact.fact, Amend)
        if not idle and fact.recorded <= limit:
            entries.append(_fact_entry(fact, None, names))
    found = History(
        tag, tuple(entries), tuple(schedules), (*breaks, *broken), count + len(known), digest
    )
    found.spans = tuple(_spans(found, at))
    return found


def _chain(decisions: Iterable[DecisionRecord]) -> tuple[list[DecisionRecord], list[Break]]:
    """The first record of each seq as far as the chain holds; whole decisions only."""
    taken: list[DecisionRecord] = []
    digests: list[bytes] = [FIRST]
    for one in decisions:
        record, digest = one.record, hashlib.sha256(one.value).digest()
        if record.seq < len(digests):
            if digests[record.seq] != digest:
                return _whole(taken), [Break(one.place, f"another record with seq {record.seq}")]
            continue
        if record.seq > len(digests):
            what = f"seq {record.seq} follows {len(digests) - 1}"
            return _whole(taken), [Break(one.place, what)]
        if record.prev != digests[-1]:
            return _whole(taken), [Break(one.place, "does not name the record before it")]
        digests.append(digest)
        taken.append(one)
    return _whole(taken), []


def _whole(taken: list[DecisionRecord]) -> list[DecisionRecord]:
    """Without a decision whose last part is not there yet."""
    while taken and taken[-1].record.part < taken[-1].record.parts - 1:
        taken.pop()
    return taken


def _fact_entry(one: FactRecord, decision: DecisionRecord | None, names: Names) -> Entry:
    item = one.fact
    places = (one.place,) if decision is None else (one.place, decision.place)
    seq = None if decision is None else decision.record.seq
    actors: Sequence[Actor] = ()
    if isinstance(item, Fact):
        actors = names.reporter(item)
    elif isinstance(item, Line):
        actors = names.signed(None, item.chain, None)
    elif isinstance(item, LineEnd) and item.by.officer:
        actors = names.signed(None, (item.by,), None)
    return Entry(
        _INPUTS[type(item)], happened(item), one.recorded, places, seq, input_sentence(item),
        tuple(actors), None, item,
    )  # fmt: skip


_INPUTS: dict[type, str] = {
    Fact: "fact", Line: "line", LineEnd: "line-end", MatchFact: "match", Amend: "amend",
}  # fmt: skip
_KINDS: dict[type, str] = {
    Effective: "effective", Lifted: "lifted", Noted: "noted", Refused: "refused", Held: "held",
    Ended: "ended", Answered: "answered", Annulled: "annulled", Amended: "amended",
}  # fmt: skip


def _event_entry(
    event: Event, one: DecisionRecord, known: Mapping[bytes, FactRecord],
    orders: Mapping[bytes, Order], names: Names, also: Also | None,
) -> Entry:  # fmt: skip
    record = one.record
    source = known.get(record.cause.id)
    when = record.at
    if isinstance(event, Effective):
        when = event.order.basis
    elif isinstance(event, Lifted | Ended | Annulled | Amended):
        when = event.at
    elif isinstance(event, Noted):
        when = event.since
    elif source is not None:
        when = happened(source.fact)
    law = event.order.law if isinstance(event, Effective) else record.law
    places = (one.place,) if source is None else (one.place, source.place)
    return Entry(
        _KINDS[type(event)], when, record.at, places, record.seq,
        event_sentence(event, record.at, orders, also),
        _actors(event, source, known, orders, names, law), law, event,
    )  # fmt: skip


def _actors(
    event: Event, source: FactRecord | None, known: Mapping[bytes, FactRecord],
    orders: Mapping[bytes, Order], names: Names, law: LawRef | None,
) -> Actors:  # fmt: skip
    """Who answers for an event: the officers' chain where it is of their order, else the rule's."""
    item = None if source is None else source.fact
    order = event.order if isinstance(event, Effective) else None
    if order is not None and order.source is not None:
        cited = known.get(order.fact)
        fact = cited.fact if cited is not None and isinstance(cited.fact, Fact) else None
        return names.signed(fact, order.source.chain, law)
    if isinstance(item, Line):
        return names.signed(None, item.chain, law)
    if isinstance(item, LineEnd):
        return names.signed(None, (item.by,) if item.by.officer else (), law)
    return names.actors(item if isinstance(item, Fact) else None, law)


def colour_at(found: History, at: Ms) -> Colour | None:
    """The colour that was answered at ``at``: from what had been recorded by then.

    Green before anything was recorded; ``None`` once the code had ended.
    """
    known = [schedule for recorded, schedule in found.schedules if recorded <= at]
    return schedule_colour(known[-1], at) if known else Colour.GREEN


def _spans(found: History, at: Ms | None) -> Iterable[Span]:
    """The colour over time, from the first record on; what lies ahead as it is scheduled."""
    if not found.schedules:
        return
    edges = {recorded for recorded, _ in found.schedules}
    for _, schedule in found.schedules:
        edges.update(e for s in schedule.segments for e in (s.since, s.until))
        if schedule.ended is not None:
            edges.add(schedule.ended)
    first = found.schedules[0][0]
    merged: list[tuple[Ms, Colour | None]] = []
    for edge in sorted(e for e in edges if e >= first):
        colour = colour_at(found, edge)
        if not merged or merged[-1][1] is not colour:
            merged.append((edge, colour))
    for index, (since, colour) in enumerate(merged):
        until = merged[index + 1][0] if index + 1 < len(merged) else None
        yield Span(colour, since, until)
