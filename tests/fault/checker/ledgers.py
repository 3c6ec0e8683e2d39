"""The protocol of a ledger: first of each (key, seq), chain, whole decisions, one a cause."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fault.checker.raw import Log, Mac, Place, Rec, Schemas

FIELDS = {"seq", "prev", "part", "parts", "cause"}


@dataclass
class Decided:
    """One decision: its records in order."""

    key: bytes
    records: list[tuple[Rec, dict[str, Any]]]

    @property
    def cause(self) -> dict[str, Any]:
        return self.records[0][1]["cause"]  # type: ignore[no-any-return]

    @property
    def last(self) -> tuple[Rec, dict[str, Any]]:
        return self.records[-1]


@dataclass
class Ledger:
    """What a ledger says, and what is wrong with it."""

    decided: list[Decided] = field(default_factory=list)
    repeats: int = 0
    strangers: int = 0
    faults: list[str] = field(default_factory=list)

    def causes(self) -> dict[Place, Decided]:
        """By where the input stands: partition and offset, under the topic's UUID in hex."""
        return {
            (d.cause["topic"].hex(), d.cause["partition"], d.cause["offset"]): d
            for d in self.decided
        }


def read_ledger(
    log: Log, topic: str, subject: str, mac: Mac, schemas: Schemas, declared: int = 1 << 30
) -> Ledger:
    """Every partition of ``topic``. On one beyond the ``declared`` count nothing is a ledger's."""
    found = Ledger()
    for name, partition in sorted(log.records):
        if name != topic:
            continue
        if partition < declared:
            _partition(found, log.records[name, partition], subject, mac, schemas)
        else:
            found.strangers += len(list(log.records[name, partition]))
    _one_a_cause(found)
    return found


def _partition(
    found: Ledger, records: Iterable[Rec], subject: str, mac: Mac, schemas: Schemas
) -> None:
    taken: dict[tuple[bytes, int], bytes] = {}
    ends: dict[bytes, tuple[int, bytes]] = {}
    open_: dict[bytes, Decided] = {}
    at = cause_offset = -1
    for record in records:
        where = f"{record.topic}/{record.partition}@{record.offset}"
        if record.key is None or not mac.good(record):
            found.strangers += 1
            continue
        body = schemas.read(record.value, subject)
        if body is None or record.value is None:
            found.faults.append(f"unreadable: {where}: vouched for, and no {subject}")
            continue
        key, seq, digest = record.key, body["seq"], hashlib.sha256(record.value).digest()
        if (key, seq) in taken:
            found.repeats += 1
            if taken[key, seq] != digest:
                found.faults.append(f"forked: {where}: number {seq} again, with other bytes")
            continue
        taken[key, seq] = digest
        before, last = ends.get(key, (0, bytes(32)))
        if seq != before + 1:
            found.faults.append(f"gap: {where}: number {seq} follows {before}")
        if body["prev"] != last:
            found.faults.append(f"chain: {where}: number {seq} does not name the one before it")
        ends[key] = seq, digest
        if body["at"] < at:
            found.faults.append(f"time: {where}: T goes back from {at} to {body['at']}")
        at = max(at, body["at"])
        if body["cause"]["offset"] < cause_offset:
            found.faults.append(f"order: {where}: follows an earlier input than the one before")
        cause_offset = max(cause_offset, body["cause"]["offset"])
        decided = open_.pop(key, None) or Decided(key, [])
        if body["part"] != len(decided.records) or (
            decided.records and decided.cause != body["cause"]
        ):
            found.faults.append(
                f"part: {where}: part {body['part']} of {body['parts']} is misplaced"
            )
        decided.records.append((record, body))
        if body["part"] + 1 < body["parts"]:
            open_[key] = decided
        else:
            found.decided.append(decided)
    for key, decided in open_.items():
        where = "{}/{}@{}".format(*decided.last[0].place)
        found.faults.append(f"part: {where}: {key.hex()}: the last parts are missing")


def came_late(one: Decided) -> bool:
    """Whether all it says is that a command came after its time: ids are kept until then."""
    events = one.records[0][1]["events"]
    first = events[0] if events else ("", {})
    return first[0].endswith("Refused") and first[1].get("codes") == ["expired"]


def _one_a_cause(found: Ledger) -> None:
    seen: dict[tuple[bytes, bytes, bytes], Decided] = {}
    for one in found.decided:
        cause = one.cause
        name = one.key, cause["id"], cause["content"]
        other = seen.setdefault(name, one)
        if other is not one and not came_late(one):
            found.faults.append(
                "twice: {}/{}@{}: ".format(*one.records[0][0].place)
                + f"input {cause['id'].hex()} has an effect at offset "
                + f"{other.records[0][0].offset} already"
            )
