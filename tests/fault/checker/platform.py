"""Redis against the ledger: every subject's codes are its whole decisions, in order, no others."""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fault.checker.derived import plain
from fault.checker.ledgers import Ledger
from fault.checker.raw import Log


@dataclass
class Shown:
    """What Redis holds, raw."""

    codes: dict[bytes, bytes] = field(default_factory=dict)  # by tag
    was: dict[bytes, list[bytes]] = field(default_factory=dict)
    positions: dict[int, bytes] = field(default_factory=dict)


def read_redis(client: Any) -> Shown:
    """Everything of ours."""
    shown = Shown()
    for key in client.scan_iter(match="fuma:*", count=1000):
        parts = key.split(b":")
        if parts[1] == b"code":
            shown.codes[bytes.fromhex(parts[2].decode())] = client.get(key)
        elif parts[1] == b"was":
            shown.was[bytes.fromhex(parts[2].decode())] = client.lrange(key, 0, -1)
        elif parts[1] == b"sink":
            shown.positions[int(parts[2])] = client.get(key)
    return shown


class Opener:
    """Values of one world under its platform key."""

    def __init__(self, world: bytes, key: bytes) -> None:
        self._world, self._key = world, key

    def open(self, kind: bytes, name: bytes, data: bytes) -> list[Any] | None:
        """The body's fields; ``None`` where the MAC is wrong."""
        if data[:3] != b"fp\x01":
            return None
        message = b"".join(struct.pack(">I", len(p)) + p for p in (self._world, kind, name))
        message += b"\x01" + data[35:]
        if not hmac.compare_digest(
            hmac.new(self._key, message, hashlib.sha256).digest(), data[3:35]
        ):
            return None
        return list(msgspec.msgpack.decode(data[35:]))


_COLOURS = ("green", "yellow", "red")
#: Fields 5 to 10 of a code, as they are compared.
_FIELDS = ("recorded", "simulated", "since", "ended", "segments", "orders")


def _schedule(body: dict[str, Any]) -> list[Any]:
    """What a code shows of a decision, by its page: colours are numbers, orders are indices."""
    schedule = plain(body["schedule"])
    places = {order["id"]: index for index, order in enumerate(schedule["orders"])}
    segments = [
        [_COLOURS.index(s["colour"]), s["since"], s["until"], [places[id_] for id_ in s["orders"]]]
        for s in schedule["segments"]
    ]
    orders = [_order(order) for order in schedule["orders"]]
    return [body["at"], True, schedule["since"], schedule["ended"], segments, orders]


def _order(order: dict[str, Any]) -> list[Any]:
    law, source = order["law"], plain(order.get("source"))
    steps = [[_COLOURS.index(s["colour"]), s["since"], s["until"]] for s in order["steps"]]
    signed = None
    if source is not None:
        chain = [[actor["step"], actor["office"], actor["officer"]] for actor in source["chain"]]
        signed = [
            source["order"], source["line"], source["province"], chain, source["released"]
        ]  # fmt: skip
    return [
        order["id"], order["fact"], order["ground"], order["department"], order["division"],
        order["evidence_kind"], order["basis"], order["recorded"], steps, law["book"],
        law["version"], law["row"], law["procedure"], law["procedure_version"], signed,
    ]  # fmt: skip


def compare(
    shown: Shown, ledger: Ledger, log: Log, topic: str, count: int, opener: Opener
) -> list[str]:  # fmt: skip
    """What differs. ``count``: the declared partitions."""
    faults = []
    expected: dict[bytes, list[tuple[int, bytes]]] = {}
    schedules: dict[tuple[bytes, int], list[Any]] = {}
    for one in ledger.decided:
        record, body = one.last
        digest = hashlib.sha256(record.value or b"").digest()
        expected.setdefault(one.key, []).append((body["seq"], digest))
        schedules[one.key, body["seq"]] = _schedule(body)
    for tag, wanted in expected.items():
        values = [*shown.was.get(tag, []), *([shown.codes[tag]] if tag in shown.codes else [])]
        opened = [opener.open(b"code", tag, value) for value in values]
        if None in opened:
            faults.append(f"platform: {tag.hex()}: a record that the sink did not write")
            continue
        found = [(code[0], code[2]) for code in opened if code is not None]
        if found != wanted:
            faults.append(
                f"platform: {tag.hex()}: shows numbers {[s for s, _ in found]}, "
                f"the ledger says {[s for s, _ in wanted]}"
            )
        for code in opened:
            if code is None or (tag, code[0]) not in schedules:
                continue
            shown_as = zip(_FIELDS, code[5:11], schedules[tag, code[0]], strict=True)
            differ = [name for name, is_, must in shown_as if is_ != must]
            if differ:
                said = ", ".join(differ)
                faults.append(f"platform: {tag.hex()}: number {code[0]}: shows another {said}")
        if any(code is not None and len(code) > 11 and code[11] for code in opened):
            faults.append(f"platform: {tag.hex()}: held")
    for tag in shown.codes.keys() | shown.was.keys():
        if tag not in expected:
            faults.append(f"platform: {tag.hex()}: shown, and not on the ledger")
    for (name, partition), records in sorted(log.records.items()):
        value = shown.positions.get(partition)
        if name != topic or partition >= count or value is None:
            if name == topic and partition < count and records:
                faults.append(f"platform: no position of partition {partition}")
            continue
        position = opener.open(b"position", struct.pack(">I", partition), value)
        end = records[-1].offset if records else -1
        if position is None or position[1] != end:
            shows = "nothing genuine" if position is None else position[1]
            faults.append(f"platform: partition {partition} stands at {shows}, the ledger at {end}")
    return faults
