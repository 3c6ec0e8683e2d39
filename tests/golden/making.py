"""A golden history: a day's facts as bytes, the law they met, and the ledger bytes that followed.

``<name>.inputs.jsonl`` holds the texts of the law by digest and the values of ``person`` with their
log time; ``<name>.ledger.jsonl`` what ``codes`` made of them, with the key and in order. One pair a
release, committed, never edited by hand.

Usage::

    python tests/golden/making.py            # decide the committed inputs anew, write the ledgers
    python tests/golden/making.py NAME       # a new pair, from the demo's day

Inputs are never made anew: an old release's records have to be read for ever. A ledger that has to
be made anew says that the core's behaviour changed, which the log itself must then choose.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.cli.demo.day import Planner
from fuma.cli.demo.files import event
from fuma.cli.demo.planned import Report
from fuma.cli.demo.province import settle
from fuma.contracts.cloudevents import read
from fuma.contracts.facts import encode_person
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text, law_of_texts, load_folder
from fuma.contracts.topics import DECISIONS, PERSON, partition_for, spec
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, Ms
from fuma.gateway.intake import Row
from fuma.gateway.judge import Judge, Opened
from fuma.processor.codes import Codes
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import World
from fuma.runtime.host_replay import decide_again
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.memory import MemoryVault
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.ports import LogRecord, Outgoing

FOLDER = Path(__file__).parent
DAY_START: Ms = 1_655_136_000_000  # 14 June 2022, 00:00 in Asia/Shanghai
SEED = 7
#: Of every kind of report, with every mistake, so many people are kept.
_EACH = 3
#: As many days later the 9th edition is in force (28 June 2022).
_LATER = 20 * DAY
_SEALER = Sealer(bytes(16), bytes(32))


@dataclass(frozen=True, slots=True)
class Input:
    """One record of ``person``. ``at``: its log time."""

    at: Ms
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Golden:
    """One pair of files. ``law``: (name, version) to digest. ``ledger``: (key, value) in order."""

    name: str
    law: dict[tuple[str, int], str]
    inputs: tuple[Input, ...]
    ledger: tuple[tuple[bytes, bytes], ...]


def texts() -> list[Text]:
    """Every text of the tree."""
    return load_folder(root() / "rules")


def law_by_digest(wanted: dict[tuple[str, int], str]) -> Law:
    """The law of exactly these texts. Raises ``LookupError`` where the tree no longer has one."""
    known = {(t.name, t.version): t for t in texts()}
    for (name, version), digest in wanted.items():
        found = known.get((name, version))
        if found is None or found.law.digest.hex() != digest:
            said = "is gone" if found is None else f"has digest {found.law.digest.hex()}"
            raise LookupError(
                f"{name} v{version} {said}, a golden history was decided under {digest}: a "
                "published text is never edited, only followed by its next version"
            )
    return law_of_texts(known[key] for key in wanted)


def ledger_of(inputs: Sequence[Input], law: Law, chunk: int) -> Iterator[tuple[bytes, bytes]]:
    """The ledger, partition by partition, decided ``chunk`` records at a time."""
    count = spec(PERSON).partitions
    log = MemoryLog({PERSON: count, DECISIONS: count})
    for one in inputs:
        headers = _SEALER.headers(PERSON, one.key, one.value, time=pack_time(one.at))
        log.append([Outgoing(PERSON, partition_for(one.key, count), one.key, one.value, headers)])
    stage = Codes(lambda: law)
    world = World(_SEALER, True, {stage.dead_letter_topic: 1})
    counts = {PERSON: count}
    intake = Intake(_SEALER, simulated=True, partition_of=partition_for, counts=counts)
    for partition in range(count):
        yield from decide_again(stage, world, intake, log, partition, chunk=chunk)


def names() -> list[str]:
    """The committed ones."""
    return sorted(path.name.removesuffix(".inputs.jsonl") for path in FOLDER.glob("*.inputs.jsonl"))


def load(name: str) -> Golden:
    """A committed pair; an absent ledger is an empty one."""
    lines = (FOLDER / f"{name}.inputs.jsonl").read_text("utf-8").splitlines()
    law = {(t["name"], t["version"]): t["digest"] for t in json.loads(lines[0])["law"]}
    rows = [json.loads(line) for line in lines[1:]]
    inputs = [Input(r["at"], bytes.fromhex(r["key"]), bytes.fromhex(r["value"])) for r in rows]
    path = FOLDER / f"{name}.ledger.jsonl"
    ledger = (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    )
    pairs = [(bytes.fromhex(r["key"]), bytes.fromhex(r["value"])) for r in ledger]
    return Golden(name, law, tuple(inputs), tuple(pairs))


def save_ledger(golden: Golden) -> None:
    """Write what the inputs give now."""
    decided = ledger_of(golden.inputs, law_by_digest(golden.law), 100)
    _write(
        FOLDER / f"{golden.name}.ledger.jsonl",
        [{"key": key.hex(), "value": value.hex()} for key, value in decided],
    )


def make(name: str) -> None:
    """A new pair."""
    chosen = [t for t in texts() if t.name.startswith("cn/")]
    law = law_of_texts(chosen)
    head = [{"name": t.name, "version": t.version, "digest": t.law.digest.hex()} for t in chosen]
    inputs = [{"at": one.at, "key": one.key.hex(), "value": one.value.hex()} for one in _facts(law)]
    _write(FOLDER / f"{name}.inputs.jsonl", [{"law": head}, *inputs])
    save_ledger(load(name))


def _write(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _facts(law: Law) -> Iterator[Input]:
    """The day through the gateway's own judgement, some of it told twice, and a later day."""
    province = settle(2_000, SEED)
    vault = MemoryVault()
    vault.load([(p.number, p.name) for p in province.people])
    judge = Judge(X25519PrivateKey.from_private_bytes(b"g" * 32), b"e" * 32)
    day = _sample(Planner(province.people, DAY_START, SEED).reports())
    later = [
        replace(r, at=r.at + _LATER, since=r.since + _LATER, event=f"{r.event}-later")
        for r in day
        if not r.mistake
    ]
    for number, report in enumerate([*day, *later]):
        if report.raw:
            continue
        reading = read(json.dumps(event(report), ensure_ascii=False).encode())
        if not reading.names_holder or reading.report is None:
            continue
        (subject,) = vault.subjects([(reading.report.number, reading.report.name)])
        judged = judge.judge(Opened(_row(report), reading), subject, law)
        if judged.fact is None:
            continue  # it is compared, and says nothing to a person's record
        value = encode_person(judged.fact)
        yield Input(report.at, judged.tag, value)
        if number % 9 == 0:  # as after a crash of the task force
            yield Input(report.at, judged.tag, value)


def _row(report: Report) -> Row:
    raw = LogRecord("", 0, 0, report.at, b"", None, ())
    return Row(raw, report.department, "", b"", 1, None, False, report.at, b"", b"")


def _sample(reports: Sequence[Report]) -> list[Report]:
    kept: Counter[tuple[str, ...]] = Counter()
    people: set[str] = set()
    for r in sorted(reports, key=lambda r: not r.mistake):
        kind = r.kind, r.ground, r.mistake
        if r.number in people or kept[kind] < _EACH:
            kept[kind] += 1
            people.add(r.number)
    return [r for r in reports if r.number in people]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make(sys.argv[1])
    for each in names():
        save_ledger(load(each))
