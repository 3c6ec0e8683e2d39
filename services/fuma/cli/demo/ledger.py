"""What the log says of the day: decisions counted, and how long each report took to get there.

Everything is read from the topics, nothing is remembered from the sending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from fuma.contracts import topics
from fuma.contracts.decisions import LedgerRecord, decode_ledger
from fuma.domain.codes import events as e
from fuma.domain.time import Ms
from fuma.runtime.mac import ORIGIN_HEADER, Sealer, unpack_origin
from fuma.runtime.ports import LogReader, LogRecord

#: A place on the log: topic, partition, offset.
Place = tuple[str, int, int]


@dataclass(slots=True)
class Tally:
    """Counts over the ledger. ``coloured``: orders by first colour and ground."""

    decisions: int = 0
    coloured: Counter[tuple[str, str]] = field(default_factory=Counter)
    lifted: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # code, department
    held: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    people: int = 0

    def add(self, record: LedgerRecord) -> None:
        """Count one ledger record."""
        self.decisions += record.part == 0
        for event in record.events:
            match event:
                case e.Effective(order):
                    self.coloured[order.steps[0].colour.word, order.ground] += 1
                case e.Lifted():
                    self.lifted[event.code] += 1
                case e.Noted():
                    self.noted[event.code] += 1
                case e.Refused():
                    for code in event.codes:
                        self.refused[code, event.department] += 1
                case e.Held():
                    for code in event.codes:
                        self.held[code] += 1
                case e.Ended():
                    self.ended += 1


def whole(reader: LogReader, topic: str) -> Iterator[LogRecord]:
    """Every record that the topic has now, partition by partition."""
    for partition in range(reader.partitions(topic)):
        bounds = reader.bounds(topic, partition)
        yield from reader.read(topic, partition, bounds.start, bounds.end)


def ledger(reader: LogReader, sealer: Sealer) -> Iterator[tuple[LogRecord, LedgerRecord]]:
    """The decisions ledger without its repeats: the first of each key and seq.

    What no service wrote (its MAC fails) is passed over and never counts as first.
    """
    seen: dict[bytes, int] = {}
    for raw in whole(reader, topics.DECISIONS):
        if raw.key is None or not sealer.check(raw.topic, raw.key, raw.value, raw.headers):
            continue
        record = decode_ledger(raw.value)
        if record.seq == seen.get(raw.key, 0) + 1:
            seen[raw.key] = record.seq
            yield raw, record


def tally(reader: LogReader, sealer: Sealer) -> Tally:
    """The whole ledger, counted."""
    found = Tally()
    people: set[bytes | None] = set()
    for raw, record in ledger(reader, sealer):
        found.add(record)
        people.add(raw.key)
    found.people = len(people)
    return found


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds from the broker's append at the door to its append of the decision."""

    values: tuple[int, ...]  # sorted

    def percentile(self, share: float) -> int:
        """The value that ``share`` (0 to 1) of the reports did not exceed."""
        if not self.values:
            return 0
        return self.values[min(len(self.values) - 1, int(share * len(self.values)))]


class Lineage:
    """Follows ``origin`` headers back, from a decision's cause to the department's own record."""

    def __init__(self, reader: LogReader, sealer: Sealer) -> None:
        self._sealer = sealer
        names = (topics.PERSON, *(topics.feed_topic(d) for d in topics.DEPARTMENTS))
        names += tuple(topics.in_topic(d) for d in topics.DEPARTMENTS)
        self._names = {reader.topic_id(name): name for name in names}
        self._reader = reader

    def _origins(self, names: Iterator[str]) -> Iterator[tuple[Place, Place, Ms]]:
        for name in names:
            for raw in whole(self._reader, name):
                origin = raw.header(ORIGIN_HEADER)
                if origin is None:
                    continue
                topic_id, partition, offset, _ = unpack_origin(origin)
                source = (self._names.get(topic_id, ""), partition, offset)
                yield (raw.topic, raw.partition, raw.offset), source, raw.timestamp

    def latencies(self, since: Ms = 0) -> Latencies:
        """Of every decision whose report came in at ``since`` (wall clock) or later."""
        came_in = {
            (raw.topic, raw.partition, raw.offset): raw.timestamp
            for d in topics.DEPARTMENTS
            for raw in whole(self._reader, topics.in_topic(d))
        }
        fed: dict[Place, Ms] = {}
        for place, source, _ in self._origins(topics.feed_topic(d) for d in topics.DEPARTMENTS):
            if source in came_in:
                fed[place] = came_in[source]
        del came_in
        person: dict[Place, Ms] = {}
        for place, source, _ in self._origins(iter((topics.PERSON,))):
            if source in fed:
                person[place] = fed[source]
        del fed
        values = []
        for raw, record in ledger(self._reader, self._sealer):
            at = person.get((topics.PERSON, record.cause.partition, record.cause.offset))
            if at is not None and at >= since:
                values.append(raw.timestamp - at)
        return Latencies(tuple(sorted(values)))
