"""What a signed command costs the ``authority`` stage: ``python -m fuma.cli.bench_authority``.

In one process and thread: verify, decide, fold, encode, seal, append (to a log in memory), store
(RocksDB). CPU seconds, since other work on the machine should not count. Kafka is not in it.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import commandlog, commands, dsse
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.contracts.topics import COMMANDS, ORDERS, partition_for
from fuma.domain import merkle
from fuma.domain.authority import commands as c
from fuma.domain.ids import derive
from fuma.domain.law.reading import instant
from fuma.domain.time import HOUR, Ms
from fuma.processor.authority import Authority
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_resident import ResidentPartition
from fuma.runtime.host_resident_state import Residents
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import internal
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.store import RocksStore

_AT = instant("2022-06-14T12:00:00+08:00")
_WORLD = bytes(16)
#: Whose procedure is carried out, and the county that drafts.
PROVINCE, _COUNTY = "14", "141123"
_CEREMONY = (
    Ed25519PrivateKey.from_private_bytes(b"1" * 32),
    Ed25519PrivateKey.from_private_bytes(b"2" * 32),
)
#: Account, role, office; the chain of ``rules/141123`` in its order.
_CONTROL = c.Office("control", "control-office", "command", "county", _COUNTY, "x")
_CITY = c.Office("city", "health-commission", "health", "city", "1411", "y")
_PROVINCE = c.Office("province", "health-commission", "health", "province", "14", "z")
_CHAIN = (
    ("clerk", "staff", _CONTROL),
    ("head", "principal", _CONTROL),
    ("reviewer", "staff", _CITY),
    ("assigner", "staff", _PROVINCE),
)
_STEPS = ("compile", "sign", "review", "approve")


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@dataclass(frozen=True, slots=True)
class Desk:
    """Who signs in one world: its two ceremony keys, and officers with keys of their own. ``at``:
    when everything is issued."""

    world: bytes
    ceremony: tuple[Ed25519PrivateKey, Ed25519PrivateKey]
    at: Ms

    def founding(self) -> bytes:
        """The envelope that founds the province."""
        offices = {office.id: office for _, _, office in _CHAIN}
        officers = tuple(
            (
                c.Officer(name, office.id, role, derive(name.encode()), name),
                dsse.key_id(dsse.public_bytes(_key(name))),
            )
            for name, role, office in _CHAIN
        )
        payload = commands.payload(
            c.Found(tuple(offices.values()), officers), id=derive(b"founding"), world=self.world,
            province=PROVINCE, issued=self.at, expires=self.at + HOUR, key="",
        )  # fmt: skip
        return dsse.sign(commands.FOUNDING_TYPE, payload, *self.ceremony)

    def form(self, number: int, count: int) -> Iterator[bytes]:
        """The envelopes of one form of ``count`` lines through its whole chain."""
        order = derive(b"order", b"%d" % number)
        lines = [
            c.Line(derive(order, b"%d" % n), _COUNTY, derive(b"fact", order, b"%d" % n))
            for n in range(count)
        ]
        root_ = merkle.root([x.leaf() for x in lines])
        form = c.Draft(order, _COUNTY, "close-contact", 2, count, root_, self.at, None)
        bodies: list[tuple[str, c.Body]] = [("clerk", form)]
        for page, start in enumerate(range(0, count, c.PAGE_LINES)):
            part = tuple(lines[start : start + c.PAGE_LINES])
            bodies.append(("clerk", c.Page(order, page, part)))
        for (name, _, _), step in zip(_CHAIN[1:], _STEPS[1:], strict=True):
            bodies.append((name, c.Act(order, step, form.content())))
        for ordinal, (name, body) in enumerate(bodies):
            yield commands.sign_command(
                body, _key(name), id=derive(order, b"command", b"%d" % ordinal), world=self.world,
                province=PROVINCE, issued=self.at, expires=self.at + HOUR,
            )  # fmt: skip


def measure(forms: int, lines: int, folder: Path) -> dict[str, float]:
    """``forms`` forms of ``lines`` lines each, through the whole stage."""
    sealer = Sealer(_WORLD, bytes(32))
    law = law_of_texts(load_folder(root() / "rules"))
    public = (dsse.public_bytes(_CEREMONY[0]).hex(), dsse.public_bytes(_CEREMONY[1]).hex())
    stage = Authority(_WORLD, lambda: law, lambda: public)
    letters = stage.dead_letter_topic
    log = MemoryLog(dict.fromkeys((COMMANDS, ORDERS, letters), 1))
    when = pack_time(_AT)
    desk = Desk(_WORLD, _CEREMONY, _AT)
    for envelope in (desk.founding(), *(one for n in range(forms) for one in desk.form(n, lines))):
        value = commandlog.signed_value(envelope)
        log.append([internal(sealer, COMMANDS, PROVINCE.encode(), value, 0, when, None)])
    store = RocksStore(folder)
    engine = ResidentPartition(
        stage,
        World(sealer, True, {letters: 1}),
        Intake(sealer, simulated=True, partition_of=partition_for, counts={COMMANDS: 1}),
        store,
        Residents(stage, store),
        0,
        Position(log.topic_id(COMMANDS), log.topic_id(ORDERS)),
    )
    inputs = log.records[COMMANDS, 0]
    begun = time.process_time()
    while engine.next_offset < len(inputs):
        decided = engine.decide(inputs[engine.next_offset : engine.next_offset + 1_000], FOREVER)
        engine.take(decided, log.append(decided.outgoing))
    engine.close()
    taken = time.process_time() - begun
    written = log.records[ORDERS, 0]
    return {
        "commands": len(inputs),
        "lines": forms * lines,
        "ledger_records": len(written),
        "ledger_mib": round(sum(len(record.value or b"") for record in written) / (1 << 20), 1),
        "dead_letters": len(log.records[letters, 0]),
        "commands_per_cpu_second": round(len(inputs) / taken),
        "cpu_seconds": round(taken, 2),
    }


def main() -> None:
    """Everyday forms, then one form of the largest size."""
    for forms, lines in ((2_000, 1), (400, 50), (1, 100_000)):
        with tempfile.TemporaryDirectory(prefix="fuma-bench-") as folder:
            print(measure(forms, lines, Path(folder) / "store"), flush=True)


if __name__ == "__main__":
    main()
