"""The authority stage on the in-memory log: officers with real keys, one partition, one store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import commandlog, dsse
from fuma.contracts import commands as wire
from fuma.contracts.topics import COMMANDS, ORDERS, partition_for
from fuma.domain import merkle
from fuma.domain.authority import commands as c
from fuma.domain.authority.state import State
from fuma.domain.law.inforce import Law
from fuma.domain.time import HOUR, Ms
from fuma.processor.authority import Authority
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_replay import Entry, first_records
from fuma.runtime.host_resident import ResidentPartition, ResidentRecovery
from fuma.runtime.host_resident_state import Residents
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import internal
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.memory_log import MemoryLog, MemoryStore
from fuma.runtime.ports import LogRecord
from unit.authority.making import NOON, WORLD, h, law, office

SEALER = Sealer(WORLD, b"k" * 32)
CEREMONY = tuple(Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"1", b"2"))
PUBLIC = (dsse.public_bytes(CEREMONY[0]).hex(), dsse.public_bytes(CEREMONY[1]).hex())
DLQ = Authority.dead_letter_topic


@cache
def key_of(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def key_id(name: str) -> str:
    return dsse.key_id(dsse.public_bytes(key_of(name)))


def founding(
    province: str,
    offices: Sequence[c.Office],
    people: Sequence[tuple[str, str, str, str]],
    at: Ms = NOON,
    keys: Sequence[Ed25519PrivateKey] = CEREMONY,
    world: bytes = WORLD,
) -> bytes:
    """The envelope. ``people`` is (officer, person, role, office)."""
    officers = tuple(
        (c.Officer(name, where, role, h(person), name), key_id(name))
        for name, person, role, where in people
    )
    payload = wire.payload(
        c.Found(tuple(offices), officers),
        id=h("founding"), world=world, province=province, issued=at, expires=at + HOUR, key="",
    )  # fmt: skip
    return dsse.sign(wire.FOUNDING_TYPE, payload, *keys)


def xing_founding(
    at: Ms = NOON,
    world: bytes = WORLD,
    keys: Sequence[Ed25519PrivateKey] = CEREMONY,
    more: Sequence[tuple[str, str, str, str]] = (),
) -> bytes:
    """Xing County's chain, in one envelope."""
    return founding(
        "14",
        [
            office("xing-control", "control-office", "141123"),
            office("lvliang-health", "health-commission", "1411", "health"),
            office("shanxi-health", "health-commission", "14", "health"),
            office("xing-admin", "division-administration", "141123"),
        ],
        [
            ("clerk", "Zhang", "staff", "xing-control"),
            ("head", "Wang", "principal", "xing-control"),
            ("reviewer", "Li", "staff", "lvliang-health"),
            ("assigner", "Zhao", "staff", "shanxi-health"),
            *more,
        ],
        at,
        keys,
        world,
    )


class Signer:
    """Signs commands as officers do; ids follow from a count, so runs repeat."""

    def __init__(self, province: str, at: Ms = NOON, world: bytes = WORLD) -> None:
        self.province = province
        self.at = at
        self.world = world
        self.count = 0

    def sign(self, officer: str, body: c.Body, **fields: Any) -> bytes:
        self.count += 1
        made: dict[str, Any] = {
            "id": h(f"command {self.count}"), "world": self.world, "province": self.province,
            "issued": self.at, "expires": self.at + HOUR,
        }  # fmt: skip
        return wire.sign_command(body, key_of(officer), **(made | fields))

    def form(
        self, officer: str, name: str, lines: Sequence[c.Line], division: str,
        ground: str = "close-contact", colour: int = 2,
    ) -> tuple[c.Draft, list[bytes]]:  # fmt: skip
        """The manifest, and the envelopes of it and of its pages."""
        root = merkle.root([one.leaf() for one in lines])
        form = c.Draft(h(name), division, ground, colour, len(lines), root, self.at, None)
        pages = (
            c.Page(form.order, number, tuple(lines[start : start + c.PAGE_LINES]))
            for number, start in enumerate(range(0, len(lines), c.PAGE_LINES))
        )
        return form, [self.sign(officer, body) for body in (form, *pages)]


class Rig:
    """One partition of ``commands`` and ``orders``, and a store that may be lost."""

    def __init__(self, province: str = "14", rules: Law | None = None) -> None:
        self.key = province.encode()
        self.at = NOON
        self.stage = Authority(WORLD, lambda: rules or law(), lambda: PUBLIC)
        self.log = MemoryLog(dict.fromkeys((COMMANDS, ORDERS, DLQ), 1))
        self.store = MemoryStore()
        self.world = World(SEALER, True, {DLQ: 1})
        self.intake = Intake(
            SEALER, simulated=True, partition_of=partition_for, counts={COMMANDS: 1}
        )
        self.alarms: list[str] = []
        self.snapshot_records = 20_000

    def write(self, *values: bytes, at: Ms | None = None, key: bytes | None = None) -> None:
        """Append values of ``commands``."""
        when = pack_time(self.at if at is None else at)
        self.log.append(
            [internal(SEALER, COMMANDS, key or self.key, v, 0, when, None) for v in values]
        )

    def signed(self, *envelopes: bytes, at: Ms | None = None) -> None:
        self.write(*(commandlog.signed_value(one) for one in envelopes), at=at)

    def open(self) -> ResidentPartition[Any, Any, Any, Any]:
        """Recover, as on assignment."""
        recovery = ResidentRecovery(
            self.stage, self.world, self.store, self.log, 0,
            lambda kind, what: self.alarms.append(kind),
        )  # fmt: skip
        position = recovery.run()
        return self.engine(self.store, recovery.residents, position)

    def engine(
        self, store: MemoryStore, residents: Any, position: Position
    ) -> ResidentPartition[Any, Any, Any, Any]:
        return ResidentPartition(
            self.stage, self.world, self.intake, store, residents, 0, position,
            snapshot_records=self.snapshot_records,
        )  # fmt: skip

    def inputs(self, start: int = 0, end: int | None = None) -> list[LogRecord]:
        return self.log.records[COMMANDS, 0][start:end]

    def run(self, engine: ResidentPartition[Any, Any, Any, Any], chunk: int = 100) -> None:
        """Everything that is there."""
        while records := self.inputs(engine.next_offset, engine.next_offset + chunk):
            decided = engine.decide(records, FOREVER)
            engine.take(decided, self.log.append(decided.outgoing))

    def state(self, engine: ResidentPartition[Any, Any, Any, Any]) -> State:
        found = engine._residents.get(self.key).state
        assert isinstance(found, State)
        return found

    def said(self) -> list[Entry]:
        """The ledger without repeats."""
        return list(first_records(self.stage, self.world, self.log.records[ORDERS, 0]))  # type: ignore[arg-type]

    def expected(self, chunk: int = 7) -> list[Entry]:
        """What the inputs give when nothing ever fails."""
        store = MemoryStore()
        residents = Residents(self.stage, store)
        first = Position(self.log.topic_id(COMMANDS), self.log.topic_id(ORDERS))
        engine = self.engine(store, residents, first)
        found: list[Entry] = []
        while records := self.inputs(engine.next_offset, engine.next_offset + chunk):
            decided = engine.decide(records, FOREVER)
            found += [(r.key or b"", r.value or b"") for r in decided.outgoing if r.topic == ORDERS]
            engine.take(decided, [0] * len(decided.outgoing))
        return found
