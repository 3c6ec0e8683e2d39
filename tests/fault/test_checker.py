"""The checker finds what it is there for: each planted fault, and nothing where there is none."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from fastavro import schemaless_writer

from fault.checker import platform, raw
from fault.checker.check import Report
from fault.lived import DECISIONS, KEYS, Lived, live
from fuma.contracts import decisions
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.registry import registry
from fuma.contracts.topics import PERSON
from fuma.runtime.mac import Sealer


@pytest.fixture
def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lived:
    monkeypatch.setattr(decisions, "MAX_EVENTS", 1)  # so that there are decisions in parts
    return live(tmp_path)


def test_where_nothing_is_wrong_it_finds_nothing(lived: Lived) -> None:
    report = lived.report()
    assert report.faults == []
    assert report.counts["decisions on fuma.decisions"] > 100
    assert report.counts["repeats on fuma.decisions"] > 20
    assert report.counts["dead letters"] > 10
    assert set(report.reasons) >= {"no-mac", "bad-mac"}


def _drop(log: raw.Log, topic: str, wanted: Callable[[raw.Rec], bool], most: int = 1) -> None:
    """Take records out as if they had never been written; offsets close up."""
    for place, records in log.records.items():
        if place[0] != topic:
            continue
        kept = []
        for record in records:
            if most and wanted(record):
                most -= 1
                continue
            kept.append(replace(record, offset=len(kept)))
        log.records[place] = kept


def _edit(log: raw.Log, topic: str, change: Callable[[raw.Rec], raw.Rec | None]) -> None:
    """Change the first record for which ``change`` gives one."""
    for place, records in sorted(log.records.items()):
        for index, record in enumerate(records):
            if place[0] == topic and (made := change(record)) is not None:
                records[index] = made
                return
    raise AssertionError("nothing to change")


def _any(record: raw.Rec) -> bool:
    return record.header("fuma-mac") is not None


def _seal(record: raw.Rec, value: bytes) -> raw.Rec:
    """The record with another value that a service vouches for."""
    time = record.header("fuma-time")
    headers = Sealer(KEYS.world, KEYS.mac).headers(
        record.topic, record.key, value, time=time, origin=record.header("origin")
    )
    return replace(record, value=value, headers=headers)


def _seq(record: raw.Rec) -> int:
    body = raw.Schemas().read(record.value, "decision")
    return body["seq"] if body else 0


def kinds(report: Report) -> set[str]:
    return {fault.split(":")[0] for fault in report.faults}


def test_an_input_that_the_task_force_lost(lived: Lived) -> None:
    """Its record on ``person`` was never written: the feed's record came to nothing."""
    place = next(r for r in lived.log.of(PERSON) if _any(r)).header("origin")
    _drop(lived.log, PERSON, lambda r: r.header("origin") == place)
    assert "lost" in kinds(lived.report())


def test_an_input_without_its_decision(lived: Lived) -> None:
    """A whole subject's ledger, notices and codes are gone, as if never decided."""
    tag = next(r.key for r in lived.log.of(DECISIONS) if _any(r))
    _drop(lived.log, DECISIONS, lambda r: r.key == tag, 1_000)
    lived.shown.codes.pop(tag or b"")
    report = lived.report()
    assert any("has no effect" in fault for fault in report.faults)
    assert any("0 effects" in fault for fault in report.faults)


@pytest.mark.parametrize("topic", ["fuma.dlq.feed", "fuma.dlq.person"])
def test_a_dead_letter_that_was_never_written(lived: Lived, topic: str) -> None:
    _drop(lived.log, topic, lambda r: True)
    assert kinds(lived.report()) == {"lost"}


def test_an_effect_that_counts_twice(lived: Lived) -> None:
    """The last decision of a subject once more, under the next number, properly chained."""
    last = {r.key: r for r in sorted(lived.log.of(DECISIONS), key=_seq) if _any(r)}
    record = next(r for r in last.values() if r.value and len(r.value) < 2_000)
    body = raw.Schemas().read(record.value, "decision")
    assert body is not None
    body["seq"] += 1
    body["prev"] = hashlib.sha256(record.value or b"").digest()
    version = next(
        v for v in registry().by_id.values() if v.id == int.from_bytes((record.value or b"")[1:5])
    )
    out = BytesIO()
    schemaless_writer(out, version.parsed, body)
    value = struct.pack(">bI", 0, version.id) + out.getvalue()
    records = lived.log.records[DECISIONS, record.partition]
    records.append(replace(_seal(record, value), offset=len(records)))
    assert {"twice", "platform"} <= kinds(lived.report())


def test_a_chain_that_is_broken(lived: Lived) -> None:
    """An early record was exchanged for another that carries a good MAC."""

    def other(record: raw.Rec) -> raw.Rec | None:
        if not _any(record) or _seq(record) != 1:
            return None
        value = bytearray(record.value or b"")
        value[-1] ^= 1
        return _seal(record, bytes(value))

    _edit(lived.log, DECISIONS, other)
    assert kinds(lived.report()) & {"chain", "forked", "unreadable", "platform"}


def test_a_fork(lived: Lived) -> None:
    """A known number again, with other bytes."""
    record = next(r for r in lived.log.of(DECISIONS) if _any(r) and _seq(r) == 1)
    value = bytearray(record.value or b"")
    value[40] ^= 1
    records = lived.log.records[DECISIONS, record.partition]
    records.append(replace(_seal(record, bytes(value)), offset=len(records)))
    assert kinds(lived.report()) & {"forked", "unreadable"}


def test_a_part_that_is_missing(lived: Lived) -> None:
    many = raw.Schemas()

    def second(record: raw.Rec) -> bool:
        body = many.read(record.value, "decision")
        return body is not None and body["part"] == 1

    if not any(second(r) for r in lived.log.of(DECISIONS)):
        pytest.fail("the line made no decision in parts")
    _drop(lived.log, DECISIONS, second, 100)
    assert {"part"} <= kinds(lived.report())


def test_a_number_that_is_skipped(lived: Lived) -> None:
    _drop(lived.log, DECISIONS, lambda r: _any(r) and _seq(r) == 2, 100)
    assert {"gap", "chain"} <= kinds(lived.report())


def _set_aside(lived: Lived, record: raw.Rec, letters: str) -> None:
    """A dead letter of ``record``, as a stage would write it."""
    letter = next(iter(lived.log.of("fuma.dlq.person")))
    errors = {
        "__streams.errors.topic": record.topic.encode(),
        "__streams.errors.partition": str(record.partition).encode(),
        "__streams.errors.offset": str(record.offset).encode(),
        "fuma-original-time": struct.pack(">Q", record.time),
    }
    added = tuple((n, errors.get(n, c)) for n, c in letter.headers if n not in ("fuma-mac",))
    there = lived.log.records.setdefault((letters, 0), [])
    there.append(
        replace(
            letter, topic=letters, offset=len(there), key=record.key, value=record.value,
            headers=record.headers + added,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "letters"),
    [
        (PERSON, "fuma.dlq.person"),
        ("fuma.feed.health", "fuma.dlq.feed"),
        (DECISIONS, "fuma.dlq.decisions"),
        ("fuma.signals", "fuma.dlq.decisions"),
    ],
)
def test_a_dead_letter_of_what_was_done_all_the_same(
    lived: Lived, topic: str, letters: str
) -> None:
    """Or of what is as sound as can be: a decision, a signal."""
    record = next(r for r in lived.log.of(topic) if _any(r))
    _set_aside(lived, record, letters)
    assert kinds(lived.report(["fuma.signals"])) == {"twice"}


@pytest.mark.parametrize("what", ["value", "key", "header", "reason", "time"])
def test_a_dead_letter_that_is_not_what_stood_there(lived: Lived, what: str) -> None:
    def spoilt(letter: raw.Rec) -> raw.Rec:
        if what in ("value", "key"):
            return replace(letter, **{what: b"something else"})
        name = {"reason": "fuma-reason", "time": "fuma-original-time"}.get(what)
        headers = tuple((n, b"12345678" if n == name else c) for n, c in letter.headers)
        return replace(letter, headers=(("extra", b""), *headers) if what == "header" else headers)

    _edit(
        lived.log, "fuma.dlq.feed", lambda r: spoilt(r) if r.headers[0][0] == "fuma-mac" else None
    )
    assert "letter" in kinds(lived.report())


def test_oversight_that_is_not_told(lived: Lived) -> None:
    """One signal that is gone, and all of them."""
    _drop(lived.log, "fuma.signals", _any)
    assert kinds(lived.report()) == {"lost"}
    lived.log.records |= {place: [] for place in lived.log.records if place[0] == "fuma.signals"}
    assert kinds(lived.report()) == {"lost"}


def test_a_holder_who_is_not_told(lived: Lived) -> None:
    _drop(lived.log, "fuma.notices", lambda r: True)
    assert kinds(lived.report()) == {"lost"}


@pytest.mark.parametrize("what", ["gone", "older", "forged", "stranger", "behind"])
def test_a_platform_that_is_not_the_ledger(lived: Lived, what: str) -> None:
    tag = next(t for t, was in lived.shown.was.items() if was)
    match what:
        case "gone":
            del lived.shown.codes[tag]
        case "older":
            lived.shown.codes[tag] = lived.shown.was[tag].pop()
        case "forged":
            lived.shown.codes[tag] = lived.shown.codes[tag][:-1] + b"\0"
        case "stranger":
            lived.shown.codes[b"s" * 16] = lived.shown.codes[tag]
        case "behind":
            del lived.shown.positions[0]
    assert kinds(lived.report()) == {"platform"}


@pytest.mark.parametrize(("place", "what"), [(9, "segments"), (10, "orders"), (7, "since")])
def test_a_platform_that_shows_another_colour(lived: Lived, place: int, what: str) -> None:
    """Number and hash are the ledger's, and the sink's own MAC is good: a fault of the sink's."""
    opener = platform.Opener(KEYS.world, KEYS.platform)
    tag, code = next(
        (tag, code)
        for tag, value in lived.shown.codes.items()
        if (code := opener.open(b"code", tag, value)) and code[9]
    )
    match place:
        case 9:
            code[9][0][0] = 3 - code[9][0][0]  # red for yellow, yellow for red
        case 10:
            code[10][0][2] = "confirmed?"
        case _:
            code[place] += 1
    body = msgspec.msgpack.encode(code)
    lived.shown.codes[tag] = b"fp\x01" + PlatformSealer(KEYS.world, KEYS.platform)._mac(
        b"code", tag, body
    ) + body  # fmt: skip
    report = lived.report()
    assert kinds(report) == {"platform"}
    assert report.faults[0].endswith(f"shows another {what}")


def test_a_report_answered_at_the_door_that_has_an_effect(lived: Lived) -> None:
    lived.sent.append(replace(lived.sent[0], fate="door"))
    assert kinds(lived.report()) == {"twice"}


def test_a_report_that_nobody_ever_saw(lived: Lived) -> None:
    lived.sent.append(replace(lived.sent[0], event="never arrived"))
    assert kinds(lived.report()) == {"lost"}
