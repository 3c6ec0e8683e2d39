"""Reads one subject's records off the log, and checks each as it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fuma.audit.history import Break, DecisionRecord, FactRecord, Place
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.errors import Poison
from fuma.contracts.facts import decode_person
from fuma.contracts.genesis import World
from fuma.contracts.lawlog import LawLog
from fuma.contracts.sealing import open_subject
from fuma.contracts.topics import DECISIONS, PERSON, partition_for
from fuma.domain.codes.inputs import Fact
from fuma.runtime.declared import declared_count
from fuma.runtime.host_intake import Intake
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import LogReader, LogRecord


@dataclass(frozen=True, slots=True)
class Records:
    """What the log has of one subject. ``forged``: records under his key that nobody vouches
    for; they are shown and never counted."""

    facts: tuple[FactRecord, ...]
    decisions: tuple[DecisionRecord, ...]
    forged: tuple[Break, ...]


def read_subject(log: LogReader, sealer: Sealer, world: World, tag: bytes) -> Records:
    """Every record of ``tag`` on ``person`` and ``decisions``."""
    counts = {topic: declared_count(log, topic) for topic in (PERSON, DECISIONS)}
    intake = Intake(
        sealer, simulated=world.simulated, partition_of=partition_for, counts=counts
    )  # fmt: skip
    facts, decisions, forged = list[FactRecord](), list[DecisionRecord](), list[Break]()
    for topic, count in counts.items():
        for raw in _of(log, topic, partition_for(tag, count), tag):
            place = Place(raw.topic, raw.partition, raw.offset)
            try:
                recorded = intake.admit(raw)
                if topic == PERSON:
                    facts.append(FactRecord(place, recorded, decode_person(raw.value)))
                else:
                    value = raw.value or b""
                    decisions.append(DecisionRecord(place, value, decode_ledger(value)))
            except Poison as poison:
                forged.append(Break(place, f"{poison.reason.value}: {poison}"))
    return Records(tuple(facts), tuple(decisions), tuple(forged))


def _of(log: LogReader, topic: str, partition: int, tag: bytes) -> Iterable[LogRecord]:
    bounds = log.bounds(topic, partition)
    return (r for r in log.read(topic, partition, bounds.start, bounds.end) if r.key == tag)


def reporters(facts: Iterable[FactRecord], key: bytes | None) -> dict[bytes, str]:
    """Who reported, by fact id, where the subject's key opens it."""
    if key is None:
        return {}
    found = {}
    for fact in (one.fact for one in facts):
        if not isinstance(fact, Fact):
            continue
        try:
            found[fact.id] = str(open_subject(key, fact.sealed, fact.id)["reporter"])
        except (Poison, KeyError):
            continue
    return found


def publishers(law: LawLog) -> Mapping[tuple[str, int], str]:
    """Who published each text; a genesis's texts are its own, under both ceremony keys."""
    first = law.genesis.publishers[0].name if law.genesis and law.genesis.publishers else ""
    return {
        (p.text.name, p.text.version): (
            p.publisher.name if p.publisher else f"{first}（创世 genesis）"
        )
        for p in law.published
    }
