"""The whole check of one home, and its report."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fault.checker import (
    derived,
    effects,
    itineraries,
    ledgers,
    matches,
    officers,
    outboxes,
    platform,
    raw,
)
from fault.checker.effects import ITINERARY


@dataclass(frozen=True)
class Sent:
    """A report that the driver knows it sent: ``decided`` or answered at the ``door``."""

    department: str
    source: str
    event: str
    fate: str

    @property
    def id(self) -> bytes:
        """As the formats' page derives it."""
        parts = (self.department, self.source, self.event)
        sized = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
        return hashlib.sha256(sized).digest()[:16]


@dataclass
class Report:
    """What was compared, and what is wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        said = [f"{count:>9,}  {name}" for name, count in self.counts.items()]
        said += [f"{count:>9,}  dead letters {why}" for why, count in sorted(self.reasons.items())]
        kinds = sorted({fault.split(":")[0] for fault in self.faults})
        said.append(f"{len(self.faults):>9,}  differences {', '.join(kinds)}")
        return said + [f"    {fault}" for fault in self.faults[:40]]


#: Ledger to its input topic, where both are there; the subject is the topic's.
LEDGERS = {"fuma.decisions": "fuma.person", "fuma.orders": "fuma.commands"}


@dataclass
class Known:
    """What the driver knows of what it did."""

    sent: Iterable[Sent] = ()
    met: Iterable[matches.Met] = ()
    signed: Collection[officers.Signed] = ()
    texts: Iterable[tuple[str, int]] = ()  # of law: name and version


@dataclass
class Keys:
    """The secrets that the protocol's checks need."""

    world: bytes
    mac: bytes
    platform: bytes

    @classmethod
    def of(cls, home: Path) -> Keys:
        world = json.loads((home / "world.json").read_text("utf-8"))
        keys = home / "keys"
        return cls(
            bytes.fromhex(world["world"]),
            (keys / "mac.key").read_bytes(),
            (keys / "platform.key").read_bytes(),
        )

    def department(self, name: str) -> bytes:
        text = b"fuma department v1\0" + name.encode()
        return hmac.new(self.mac, text, hashlib.sha256).digest()


def check(
    log: raw.Log, shown: platform.Shown | None, keys: Keys, known: Known | None = None,
    read: Container[str] = (), specs: Mapping[str, raw.Declared] | None = None,
) -> Report:  # fmt: skip
    """Compare everything with everything. ``read``: topics that some stage goes through."""
    report, schemas, known = Report(), raw.Schemas(), known or Known()
    specs = specs or raw.declared()
    mac = raw.Mac(keys.world, keys.mac)
    letters = effects.read_letters(log)
    report.faults += letters.faults
    report.reasons = dict(letters.reasons)
    found, near = effects.Effects(), derived.neighbours(log, schemas)
    _doors(found, log, letters, keys, mac, schemas, specs)
    for name, input_topic in LEDGERS.items():
        if name not in log.ids or input_topic not in log.ids:
            continue
        declared = specs[name].partitions
        ledger = ledgers.read_ledger(log, name, specs[name].subject or "", mac, schemas, declared)
        report.faults += ledger.faults
        report.counts[f"decisions on {name}"] = len(ledger.decided)
        report.counts[f"repeats on {name}"] = ledger.repeats
        effects.check_ledger(
            found, log, letters, input_topic, specs[input_topic].subject or "", ledger, mac,
            specs[input_topic], schemas,
        )  # fmt: skip
        if name == "fuma.decisions":
            outboxes.check_notices(found, log, ledger, mac, schemas)
            report.faults += _sent(known.sent, ledger)
            if shown is not None:
                opener = platform.Opener(keys.world, keys.platform)
                report.faults += platform.compare(
                    shown, ledger, log, name, specs[name].partitions, opener
                )
                report.counts["subjects on the platform"] = len(shown.codes)
        else:
            report.faults += officers.check_signed(ledger, known.signed)
        for record in log.of(name):
            dead = record.place in letters.by_place
            if not mac.good(record) and not dead:
                found.lost(record, "nobody vouches for it, and it is no dead letter")
            sound = dead and effects.is_input(record, mac, specs[name])
            if sound and schemas.read(record.value, specs[name].subject or ""):
                found.both(record)
        followed = outboxes.check_outbox(found, log, ledger, name, near, mac, schemas)
        report.counts[f"that follow from {name}"] = followed
    effects.check_ordinals(found, log, mac)
    officers.check_door(found, log, letters, mac)
    officers.check_law(found, log, letters, mac, schemas, known.texts)
    report.faults += officers.check_replies(log, mac, schemas, known.signed)
    report.faults += matches.check_matches(log, mac, schemas, known.met)
    checked = {name for name in log.ids if name.startswith(("fuma.feed.", "fuma.in."))}
    checked |= {*LEDGERS.values(), *LEDGERS, officers.LAW, ITINERARY}
    for name in log.topics():
        if name in checked:
            continue
        if specs[name].dead_letter is not None and name in read:
            effects.check_junk(found, log, letters, name, mac, specs[name], schemas)
    report.counts |= {
        "inputs": found.inputs, "with an effect": found.followed, "dead letters": found.dead,
    }  # fmt: skip
    report.faults += found.faults
    return report


def _doors(
    found: effects.Effects, log: raw.Log, letters: effects.Letters, keys: Keys, mac: raw.Mac,
    schemas: raw.Schemas, specs: Mapping[str, raw.Declared],
) -> None:  # fmt: skip
    """From the departments' topics to the feeds, from the feeds to what the task force writes."""
    for name in log.topics():
        if name.startswith("fuma.feed."):
            department = name.removeprefix("fuma.feed.")
            entry = f"fuma.in.{department}"
            if entry in log.ids:
                rows = effects.sealed_rows(log, entry, schemas)
                theirs = mac.of(keys.department(department))
                came = effects.origins(log, [t for t in (name, ITINERARY) if t in log.ids], mac)
                effects.check_hop(found, log, letters, entry, came, theirs, specs[entry], rows)
            outputs = [t for t in ("fuma.person", "fuma.presence") if t in log.ids]
            came = effects.origins(log, outputs, mac)
            effects.check_hop(found, log, letters, name, came, mac, specs[name])
    if ITINERARY in log.ids:
        came = effects.origins(log, ["fuma.presence"], mac)
        effects.check_hop(found, log, letters, ITINERARY, came, mac, specs[ITINERARY])
        count = specs["fuma.presence"].partitions
        itineraries.check_itineraries(
            found, log, letters, mac, schemas, specs[ITINERARY], count
        )  # fmt: skip


def _sent(sent: Iterable[Sent], ledger: ledgers.Ledger) -> list[str]:
    """What the driver knows of each report, against the ledger."""
    effects_of: dict[bytes, int] = {}
    for one in ledger.decided:
        effects_of[one.cause["id"]] = effects_of.get(one.cause["id"], 0) + 1
    faults = []
    for report in sent:
        count = effects_of.get(report.id, 0)
        if report.fate == "decided" and count != 1:
            kind = "lost" if not count else "twice"
            faults.append(f"{kind}: report {report.event}: {count} effects on the ledger")
        elif report.fate == "door" and count:
            faults.append(f"twice: report {report.event}: answered at the door, and decided")
    return faults
