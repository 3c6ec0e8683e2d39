"""Every input has exactly one effect: on the next topic, on a ledger, or a dead letter, never both.

A transform's input is followed by the ``origin`` of what came of it; a ledger's by its cause. An
id that came several times counts once, and every one of its records must have come to that.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from fault.checker.ledgers import Ledger
from fault.checker.raw import ROOT, Declared, Log, Mac, Place, Rec, Schemas, murmur2

ERRORS = "__streams.errors."
ITINERARY = "fuma.itinerary"


def reasons() -> set[str]:
    """The closed list, as the source says it."""
    text = (ROOT / "services/fuma/contracts/errors.py").read_text("utf-8")
    return set(re.findall(r'^    [A-Z_]+ = "([a-z-]+)"', text, re.M))


@dataclass
class Letters:
    """The dead letters, by the place of what they keep."""

    by_place: dict[Place, list[Rec]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def read_letters(log: Log) -> Letters:
    """Every dead letter, compared with its original to the byte."""
    found, closed = Letters(), reasons()
    for topic in log.topics():
        if topic.startswith("fuma.dlq."):
            for letter in whole_letters(found, log.of(topic)):
                _letter(found, log, letter, closed)
    return found


def whole_letters(found: Letters, records: Iterable[Rec]) -> Iterator[Rec]:
    """Dead letters with the original's key, value and headers, those in parts put together.

    Parts may be repeated from the first one on, after a crash between them.
    """
    open_parts: dict[tuple[bytes | None, ...], dict[int, Rec]] = {}
    done: set[tuple[bytes | None, ...]] = set()
    for record in records:
        added = dict(record.headers[_added(record) :])
        if "fuma-part" not in added:
            yield record
            continue
        named = tuple(added.get(ERRORS + x) for x in ("topic", "partition", "offset"))
        named += (added.get("fuma-whole"),)
        parts = open_parts.setdefault(named, {})
        known = parts.setdefault(int(added["fuma-part"]), record)
        if known.value != record.value:
            found.faults.append("letter: {}/{}@{}: another part".format(*record.place))
        if len(parts) == int(added["fuma-parts"]) and named not in done:
            done.add(named)
            whole = b"".join(parts[n].value or b"" for n in sorted(parts))
            if hashlib.sha256(whole).digest() != added.get("fuma-whole"):
                found.faults.append("letter: {}/{}@{}: other parts".format(*record.place))
                continue
            key, value, headers = _unpacked(whole)
            yield replace(record, key=key, value=value, headers=(*headers, *added.items()))
    for named in open_parts.keys() - done:
        found.faults.append(f"letter: of {named[:3]}: a part is missing")


def _added(letter: Rec) -> int:
    """Where the headers begin that the original did not have."""
    names = [name for name, _ in letter.headers]
    first = ERRORS + "topic"
    return len(names) - 1 - names[::-1].index(first) if first in names else len(names)


def _unpacked(whole: bytes) -> tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]:
    stream = BytesIO(whole)

    def number() -> int:
        return int.from_bytes(stream.read(4), "big", signed=True)

    def sized() -> bytes | None:
        length = number()
        return None if length < 0 else stream.read(length)

    key, value = sized(), sized()
    headers = tuple([((sized() or b"").decode(), sized() or b"") for _ in range(number())])
    return key, value, headers


def _letter(found: Letters, log: Log, letter: Rec, closed: set[str]) -> None:
    where = f"{letter.topic}/{letter.partition}@{letter.offset}"
    try:
        place = (
            (letter.header(ERRORS + "topic") or b"").decode(),
            int(letter.header(ERRORS + "partition") or b"-"),
            int(letter.header(ERRORS + "offset") or b"-"),
        )
        (time,) = struct.unpack(">Q", letter.header("fuma-original-time") or b"")
    except (ValueError, struct.error):
        found.faults.append(f"letter: {where}: does not say where it comes from")
        return
    reason = (letter.header("fuma-reason") or b"").decode()
    if reason not in closed or not letter.header("fuma-app-version"):
        found.faults.append(f"letter: {where}: reason {reason!r}, or no version")
    original = log.at(place)
    if original is None:
        if (place[0], place[1]) in log.records:
            found.faults.append(f"letter: {where}: of {place}, which is not there")
    elif (letter.key, letter.value, time) != (original.key, original.value, original.time) or (
        original.named and letter.headers[: _added(letter)] != original.headers
    ):
        found.faults.append(f"letter: {where}: is not what stands at {place}")
    if place not in found.by_place:
        found.reasons[reason] += 1
    found.by_place.setdefault(place, []).append(letter)


def where(record: Rec) -> str:
    """Its place, for a person."""
    return "{}/{}@{}".format(*record.place)


@dataclass
class Effects:
    """Counts and faults over all inputs."""

    inputs: int = 0
    followed: int = 0
    dead: int = 0
    faults: list[str] = field(default_factory=list)

    def lost(self, record: Rec, why: str) -> None:
        self.faults.append("lost: {}/{}@{}: ".format(*record.place) + why)

    def both(self, record: Rec) -> None:
        place = "{}/{}@{}".format(*record.place)
        self.faults.append(f"twice: {place}: a dead letter, and an effect as well")


def is_input(record: Rec, mac: Mac, spec: Declared) -> bool:
    """Whether the record is vouched for and stands where its key belongs."""
    return (
        mac.good(record)
        and record.key is not None
        and record.value is not None
        and murmur2(record.key) % spec.partitions == record.partition
    )


def _origins(log: Log, topics: Iterable[str], mac: Mac) -> Iterator[tuple[Place, int, str]]:
    """Place (topic UUID in hex), ordinal, and on which topic; of what a service vouches for."""
    for topic in topics:
        for record in log.of(topic):
            origin = record.header("origin")
            if origin is not None and len(origin) == 32 and mac.good(record):
                uuid, partition, offset, ordinal = struct.unpack(">16sIQI", origin)
                yield (uuid.hex(), partition, offset), ordinal, topic


def origins(log: Log, topics: Iterable[str], mac: Mac) -> set[Place]:
    """Places that records on ``topics`` say they come from (topic UUID in hex)."""
    return {place for place, _, _ in _origins(log, topics, mac)}


def check_ordinals(effects: Effects, log: Log, mac: Mac) -> None:
    """What follows from one input is numbered from 0: a number that is skipped was lost.

    Limit: how many there were is nowhere said, so the last of them is missed by nobody here.
    """
    outputs = [t for t in log.topics() if not t.startswith(("fuma.dlq.", "fuma.in."))]
    names = {uuid.hex(): name for name, uuid in log.ids.items()}
    found: dict[Place, dict[int, str]] = {}
    for place, ordinal, topic in _origins(log, outputs, mac):
        found.setdefault(place, {})[ordinal] = topic
    for (uuid, partition, offset), made in found.items():
        if uuid not in names:
            continue  # of a topic that is none of these
        # The gateway numbers the feed's record 0: a row may go on as an itinerary alone.
        door = names[uuid].startswith("fuma.in.") and set(made.values()) == {ITINERARY}
        missing = sorted(set(range(int(door), max(made) + 1)) - set(made))
        if missing:
            effects.faults.append(
                f"lost: {names[uuid]}/{partition}@{offset}: of what follows from it, {missing} of "
                f"{sorted(made)} are missing"
            )


def check_hop(
    effects: Effects, log: Log, letters: Letters, topic: str, came: set[Place], mac: Mac,
    spec: Declared, rows: Mapping[Place, Any] | None = None,
) -> None:  # fmt: skip
    """Each input of ``topic`` is in ``came``, or a dead letter. ``rows``: what may stand for it."""
    uuid = log.ids[topic].hex()
    for record in log.of(topic):
        effects.inputs += 1
        here = (uuid, record.partition, record.offset)
        dead, followed = record.place in letters.by_place, here in came
        effects.dead += dead
        effects.followed += followed
        if dead and followed:
            effects.both(record)
        elif not dead and not followed and (rows is None or not _excused(rows, record, came, uuid)):
            known = "an input" if is_input(record, mac, spec) else "no input, and no dead letter"
            effects.lost(record, f"{known}; nothing came of it")


def _excused(rows: Mapping[Place, Any], record: Rec, came: set[Place], uuid: str) -> bool:
    """An end of a sending, or a row of a declared batch that came twice and was published once."""
    row = rows.get(record.place)
    if row is None:
        return False
    if row["kind"] == "end":
        return True
    return row["declared"] is not None and any(
        (uuid, place[1], place[2]) in came
        for place, other in rows.items()
        if place[0] == record.topic
        and (other["receipt"], other["row"]) == (row["receipt"], row["row"])
    )


def sealed_rows(log: Log, topic: str, schemas: Schemas) -> dict[Place, Any]:
    """The rows on a department's topic, decoded as far as they are not sealed."""
    found = {}
    for record in log.of(topic):
        body = schemas.read(record.value, "sealed-row")
        if body is not None:
            found[record.place] = body
    return found


def check_ledger(
    effects: Effects, log: Log, letters: Letters, topic: str, subject: str, ledger: Ledger,
    mac: Mac, spec: Declared, schemas: Schemas,
) -> None:  # fmt: skip
    """Each input of a ledger stage is a cause, or repeats one, or is a dead letter."""
    uuid = log.ids[topic].hex()
    causes = ledger.causes()
    known = {(d.key, d.cause["id"], d.cause["content"]) for d in ledger.decided}
    values = {(d.key, d.cause["digest"]) for d in ledger.decided}
    settled = _settled(ledger)
    for record in log.of(topic):
        effects.inputs += 1
        dead = record.place in letters.by_place
        effects.dead += dead
        decided = causes.get((uuid, record.partition, record.offset))
        digest = hashlib.sha256(record.value or b"").digest()
        if decided is not None:
            effects.followed += 1
            if decided.cause["digest"] != digest or decided.key != record.key:
                effects.faults.append("cause: {}/{}@{}: ".format(*record.place) + "other bytes")
            if dead:
                effects.both(record)
            continue
        if dead:
            continue
        body = _inner(schemas.read(record.value, subject))
        if not is_input(record, mac, spec) or body is None:
            effects.lost(record, "no input, and no dead letter")
            continue
        repeats = (record.key, digest) in values or (record.key, *_name(body)) in known
        if repeats or _silent(body) or _outcome(record.key, body) in settled:
            effects.followed += 1
        else:
            effects.lost(record, f"input {_hex(body.get('id'))} has no effect")
    for (named, partition, offset), decided in causes.items():
        if named != uuid or log.at((topic, partition, offset)) is None:
            where = "{}/{}@{}".format(*decided.records[0][0].place)
            effects.faults.append(f"cause: {where}: follows from what is not on {topic}")


def check_junk(
    effects: Effects, log: Log, letters: Letters, topic: str, mac: Mac, spec: Declared,
    schemas: Schemas,
) -> None:  # fmt: skip
    """What nobody vouches for, or nobody can read, is a dead letter; what is an input is none."""
    for record in log.of(topic):
        good = is_input(record, mac, spec) and schemas.read(record.value, spec.subject or "")
        dead = record.place in letters.by_place
        effects.inputs += 1
        effects.dead += dead
        effects.followed += not dead
        if not good and not dead:
            effects.lost(record, "no input, and no dead letter")
        if good and dead:
            effects.both(record)


def _inner(body: dict[str, Any] | None) -> dict[str, Any] | None:
    """The record in a union ``body``, with its name under ``""``."""
    if body is None or set(body) != {"body"}:
        return body
    found = body["body"]
    return {"": found[0], **found[1]} if isinstance(found, tuple) else found


def _name(body: dict[str, Any]) -> tuple[Any, Any]:
    return body.get("id"), body.get("content")


def _silent(body: dict[str, Any]) -> bool:
    """Ticks may pass without anything being due."""
    return str(body.get("", "")).endswith("Tick")


_Line = tuple[bytes | None, bytes, int, str, str]  # province, order, line, status, code


def _outcome(key: bytes | None, body: dict[str, Any]) -> _Line | None:
    if not str(body.get("", "")).endswith("Outcome"):
        return None
    return key, body["order"], body["line"], body["status"], body["code"]


def _settled(ledger: Ledger) -> set[_Line]:
    """How lines stand by the ledger: an outcome that says the same has nothing to add."""
    found: set[_Line] = set()
    for one in ledger.decided:
        for _, body in one.records:
            for name, said in body["events"]:
                if name.endswith("LineSettled"):
                    what = said["status"], said["code"]
                    found.add((one.key, said["order"], said["line"], *what))
                elif name.endswith("LinesEnded"):
                    what = said["how"], said["code"]
                    found |= {(one.key, said["order"], x["line"], *what) for x in said["lines"]}
    return found


def _hex(id_: Any) -> str:
    return id_.hex() if isinstance(id_, bytes) else str(id_)
