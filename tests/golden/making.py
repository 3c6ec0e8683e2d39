"""A golden history: facts, lines and matches as bytes, their law, and the ledger that followed.

``<name>.inputs.jsonl`` holds the texts of the law by digest and the values of ``person`` with their
log time; ``<name>.ledger.jsonl`` what ``codes`` made of them, with the key and in order. One pair a
release, committed, never edited by hand. ``<name>.commands.jsonl`` and ``<name>.orders.jsonl`` are
the same of ``commands`` and what ``authority`` made of them. ``golden.anew`` writes them.

Inputs are never made anew: an old release's records have to be read for ever. A ledger that has to
be made anew says that the core's behaviour changed, which the log itself must then choose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text, law_of_texts, load_folder
from fuma.contracts.topics import DECISIONS, PERSON, partition_for, spec
from fuma.domain.law.inforce import Law
from fuma.domain.time import Ms
from fuma.processor.codes import Codes
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_replay import decide_again
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.ports import Outgoing

FOLDER = Path(__file__).parent
DAY_START: Ms = 1_655_136_000_000  # 14 June 2022, 00:00 in Asia/Shanghai
Pair = tuple[str, str]  # the words of its files' names: inputs, ledger
PERSONS: Pair = ("inputs", "ledger")  # ``person`` to ``decisions``
ORDERS: Pair = ("commands", "orders")
SEALER = Sealer(bytes(16), bytes(32))


@dataclass(frozen=True, slots=True)
class Input:
    """One record of ``person``. ``at``: its log time."""

    at: Ms
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Golden:
    """One pair of files. ``law``: (name, version) to digest. ``ledger``: (key, value) in order.

    ``world``: what else the stage was told, where it is told more than law.
    """

    name: str
    law: dict[tuple[str, int], str]
    inputs: tuple[Input, ...]
    ledger: tuple[tuple[bytes, bytes], ...]
    world: dict[str, Any]


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
        headers = SEALER.headers(PERSON, one.key, one.value, time=pack_time(one.at))
        log.append([Outgoing(PERSON, partition_for(one.key, count), one.key, one.value, headers)])
    stage = Codes(lambda: law)
    world = World(SEALER, True, {stage.dead_letter_topic: 1})
    counts = {PERSON: count}
    intake = Intake(SEALER, simulated=True, partition_of=partition_for, counts=counts)
    for partition in range(count):
        yield from decide_again(stage, world, intake, log, partition, chunk=chunk)


def names(pair: Pair = PERSONS) -> list[str]:
    """The committed ones."""
    return sorted(
        path.name.removesuffix(f".{pair[0]}.jsonl") for path in FOLDER.glob(f"*.{pair[0]}.jsonl")
    )


def load(name: str, pair: Pair = PERSONS) -> Golden:
    """A committed pair; an absent ledger is an empty one."""
    first, *rows = _read(FOLDER / f"{name}.{pair[0]}.jsonl")
    law = {(t["name"], t["version"]): t["digest"] for t in first.pop("law")}
    inputs = [Input(r["at"], bytes.fromhex(r["key"]), bytes.fromhex(r["value"])) for r in rows]
    path = FOLDER / f"{name}.{pair[1]}.jsonl"
    ledger = _read(path) if path.exists() else []
    pairs = [(bytes.fromhex(r["key"]), bytes.fromhex(r["value"])) for r in ledger]
    return Golden(name, law, tuple(inputs), tuple(pairs), first)


def save_inputs(
    name: str, pair: Pair, chosen: Sequence[Text], inputs: Sequence[Input], **world: Any
) -> None:
    """Write a new history's inputs. Raises ``FileExistsError``."""
    law = [{"name": t.name, "version": t.version, "digest": t.law.digest.hex()} for t in chosen]
    rows = [{"at": one.at, "key": one.key.hex(), "value": one.value.hex()} for one in inputs]
    with (FOLDER / f"{name}.{pair[0]}.jsonl").open("x", encoding="utf-8") as file:
        file.write(_lines([{"law": law, **world}, *rows]))


def save_ledger(name: str, pair: Pair, decided: Iterable[tuple[bytes, bytes]]) -> None:
    """Write what the inputs give now."""
    rows = [{"key": key.hex(), "value": value.hex()} for key, value in decided]
    (FOLDER / f"{name}.{pair[1]}.jsonl").write_text(_lines(rows), encoding="utf-8")


def _lines(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
