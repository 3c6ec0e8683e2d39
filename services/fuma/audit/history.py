"""A person's history from the log alone: every fact, decision, refusal, hold and note.

Pure over the records that it is given: authentic, decoded ledger records and facts of one subject.
The chain of the ledger is followed as it is read; a break is part of what is told, and nothing
behind it is believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fuma.contracts.decisions import FIRST, LedgerRecord
from fuma.domain.codes.events import (
    Effective,
    Ended,
    Event,
    Fact,
    Held,
    LawRef,
    Lifted,
    Noted,
    Order,
    Refused,
    Schedule,
)
from fuma.domain.codes.schedule import colour_at as schedule_colour
from fuma.domain.codes.sentences import Also, event_sentence, fact_sentence
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
    """A fact as it stands on ``person``; ``recorded`` is its log time."""

    place: Place
    recorded: Ms
    fact: Fact


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A ledger record as it stands on ``decisions``."""

    place: Place
    value: bytes
    record: LedgerRecord


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did what: ``role`` in a word, ``name`` where it is known, else "sealed"."""

    role: str  # reporter | task-force | public-security | law-publisher
    name: str
    words: Words


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a history."""

    kind: str  # fact | effective | lifted | noted | refused | held | ended
    happened: Ms
    recorded: Ms
    places: tuple[Place, ...]
    seq: int | None  # of the ledger record; ``None``: a fact that no decision names yet
    sentence: Words
    actors: tuple[Actor, ...]
    law: LawRef | None
    event: Event | Fact


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


class Names:
    """Who stands behind facts and law; what the reader may not open stays "sealed"."""

    def __init__(
        self,
        reporters: Mapping[bytes, str] | None = None,
        publishers: Mapping[tuple[str, int], str] | None = None,
    ) -> None:
        """``reporters``: by fact id; ``publishers``: by name and version of the text."""
        self._reporters = reporters or {}
        self._publishers = publishers or {}

    def actors(self, fact: Fact | None, law: LawRef | None) -> tuple[Actor, ...]:
        """The chain of an automatic decision (DOMAIN.md, system 5)."""
        told = []
        if fact is not None:
            name = self._reporters.get(fact.id, "sealed")
            told.append(Actor("reporter", name, Words(f"报告人{_zh(name)}", f"reporter {name}")))
        told.append(
            Actor("task-force", "automatic", Words("大数据专班（自动）", "task force (automatic)"))
        )
        told.append(
            Actor(
                "public-security",
                "automatic",
                Words("公安比对推送（自动）", "public-security push (automatic)"),
            )
        )
        if law is not None:
            pairs = ((law.book, law.version), (law.procedure, law.procedure_version))
            named = list(dict.fromkeys(self._publishers.get(p, "unknown") for p in pairs))
            for one in named:
                told.append(
                    Actor(
                        "law-publisher", one, Words(f"规则发布人{one}", f"law published by {one}")
                    )
                )
        return tuple(told)


def _zh(name: str) -> str:
    return "（密封）" if name == "sealed" else name


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
            source = known.get(record.cause.id)
            entries.append(_event_entry(event, one_decision, source, orders, names, also))
        if record.schedule is not None:
            schedules.append((record.at, record.schedule))
    for fact in known.values():
        if fact.fact.id not in decided and fact.recorded <= limit:
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
    reporter = names.actors(one.fact, None)[:1]
    places = (one.place,) if decision is None else (one.place, decision.place)
    seq = None if decision is None else decision.record.seq
    return Entry(
        "fact", one.fact.since, one.recorded, places, seq, fact_sentence(one.fact), reporter,
        None, one.fact,
    )  # fmt: skip


_KINDS: dict[type, str] = {
    Effective: "effective", Lifted: "lifted", Noted: "noted", Refused: "refused", Held: "held",
    Ended: "ended",
}  # fmt: skip


def _event_entry(
    event: Event, one: DecisionRecord, source: FactRecord | None,
    orders: Mapping[bytes, Order], names: Names, also: Also | None,
) -> Entry:  # fmt: skip
    record = one.record
    happened = record.at
    if isinstance(event, Effective):
        happened = event.order.basis
    elif isinstance(event, Lifted | Ended):
        happened = event.at
    elif isinstance(event, Noted):
        happened = event.since
    elif source is not None:
        happened = source.fact.since
    law = event.order.law if isinstance(event, Effective) else record.law
    places = (one.place,) if source is None else (one.place, source.place)
    return Entry(
        _KINDS[type(event)], happened, record.at, places, record.seq,
        event_sentence(event, record.at, orders, also),
        names.actors(None if source is None else source.fact, law), law, event,
    )  # fmt: skip


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
