"""What officers signed, what they were answered, and the texts on ``law``.

Every record of ``in.commands`` goes on or is a dead letter. Every command has one effect on the
ledger, and its replies are one reply. On ``law`` a record is the genesis, a tick, a text that
stands once, or a dead letter.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fault.checker import effects
from fault.checker.ledgers import Ledger, came_late
from fault.checker.raw import Log, Mac, Rec, Schemas

DOOR, COMMANDS, REPLIES, LAW = "fuma.in.commands", "fuma.commands", "fuma.replies", "fuma.law"
TEXT_TYPE = "application/vnd.fuma.law+json"


@dataclass(frozen=True)
class Signed:
    """A command that the driver sent. ``id``: as the ledger names it, of what was signed."""

    id: bytes
    command: bytes  # the id that its signer chose
    what: str

    def __str__(self) -> str:
        return f"command {self.id.hex()} ({self.what})"


def check_door(found: effects.Effects, log: Log, letters: effects.Letters, mac: Mac) -> None:
    """Each record of the officers' door is forwarded, or kept."""
    if DOOR not in log.ids:
        return
    uuid, came = log.ids[DOOR].hex(), effects.origins(log, [COMMANDS], mac)
    for record in log.of(DOOR):
        dead = record.place in letters.by_place
        followed = (uuid, record.partition, record.offset) in came
        found.inputs += 1
        found.dead += dead
        found.followed += followed
        if dead and followed:
            found.both(record)
        elif not dead and not followed:
            found.lost(record, "neither forwarded nor a dead letter")


def check_signed(ledger: Ledger, signed: Iterable[Signed]) -> list[str]:
    """Each has one effect on the ledger. Sent again after its time it is refused, as often."""
    count: dict[bytes, int] = {}
    late: set[bytes] = set()
    for one in ledger.decided:
        if came_late(one):
            late.add(one.cause["id"])
        else:
            count[one.cause["id"]] = count.get(one.cause["id"], 0) + 1
    count |= {id_: 1 for id_ in late if id_ not in count}
    return [
        f"{'twice' if count.get(sent.id) else 'lost'}: {sent}: {count.get(sent.id, 0)} effects"
        for sent in signed
        if count.get(sent.id) != 1
    ]


def check_replies(log: Log, mac: Mac, schemas: Schemas, signed: Iterable[Signed]) -> list[str]:
    """One reply is one wording; whoever sent a command was told what became of it, once."""
    faults: list[str] = []
    wordings: dict[bytes, bytes] = {}
    told: dict[bytes, set[bytes]] = {}
    late: dict[bytes, set[bytes]] = {}  # of commands that came after their time
    for record in log.of(REPLIES):
        body = schemas.read(record.value, "reply")
        if body is None or not mac.good(record):
            continue
        if wordings.setdefault(body["id"], record.value or b"") != record.value:
            faults.append("twice: {}/{}@{}: ".format(*record.place) + "a reply in other words")
        if body["status"] in ("accepted", "refused"):
            to = late if body["codes"] == ["expired"] else told
            to.setdefault(body["command"], set()).add(body["id"])
    for sent in signed:
        count = len(told.get(sent.id, set()) | told.get(sent.command, set()))
        if not count:
            count = min(1, len(late.get(sent.id, set()) | late.get(sent.command, set())))
        if count != 1:
            faults.append(f"{'twice' if count else 'lost'}: {sent}: {count} replies")
    return faults


def check_law(
    found: effects.Effects, log: Log, letters: effects.Letters, mac: Mac, schemas: Schemas,
    texts: Iterable[tuple[str, int]],
) -> None:  # fmt: skip
    """``texts``: name and version of each that the driver published."""
    standing: dict[tuple[str, int], int] = {}
    for record in log.of(LAW):
        found.inputs += 1
        dead = record.place in letters.by_place
        text = _text(record, schemas)
        tick = text is None and _tick(record, mac, schemas)
        good = record.offset == 0 or text is not None or tick
        found.dead += dead
        found.followed += good and not dead
        if text is not None and not dead:
            standing[text] = standing.get(text, 0) + 1
        if not good and not dead:
            found.lost(record, "no genesis, tick or text, and no dead letter")
        if (record.offset == 0 or tick) and dead:
            found.both(record)
    for (name, version), count in standing.items():
        if count > 1:
            found.faults.append(f"twice: {name} v{version} stands {count} times on law")
    for wanted in texts:
        if not standing.get(wanted):
            found.faults.append(f"lost: {wanted[0]} v{wanted[1]} does not stand on law")


def _tick(record: Rec, mac: Mac, schemas: Schemas) -> bool:
    body = schemas.read(record.value, "law")
    return body is not None and body["kind"] == "tick" and mac.good(record)


def _text(record: Rec, schemas: Schemas) -> tuple[str, int] | None:
    """Name and version of a text, signed or not."""
    body = schemas.read(record.value, "law")
    if body is None or body["kind"] != "text":
        return None
    try:
        envelope: Any = json.loads(body["envelope"])
        if envelope["payloadType"] != TEXT_TYPE:
            return None
        text = json.loads(base64.b64decode(envelope["payload"]))
        return str(text["name"]), int(text["version"])
    except (ValueError, KeyError, TypeError):
        return None
