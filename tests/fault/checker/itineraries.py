"""From ``itinerary`` to ``presence``: a stay to its place, a case or an area to every partition."""

from __future__ import annotations

import struct
from typing import Any

from fault.checker.derived import word
from fault.checker.effects import ITINERARY, Effects, Letters, is_input, where
from fault.checker.raw import Declared, Log, Mac, Schemas

PRESENCE = "fuma.presence"


def check_itineraries(
    effects: Effects, log: Log, letters: Letters, mac: Mac, schemas: Schemas, spec: Declared,
    partitions: int,
) -> None:  # fmt: skip
    """Everybody who must hear of a record of ``itinerary`` has it, in its own bytes.

    ``spec``: of ``itinerary``; ``partitions``: of ``presence``.
    """
    heard: dict[tuple[int, int], dict[int, set[bytes | None]]] = {}
    for record in log.of(PRESENCE):
        origin = record.header("origin")
        if origin is None or len(origin) != 32 or not mac.good(record):
            continue
        uuid, partition, offset, _ = struct.unpack(">16sIQI", origin)
        if uuid == log.ids[ITINERARY]:
            there = heard.setdefault((partition, offset), {})
            there.setdefault(record.partition, set()).add(record.value)
    for record in log.of(ITINERARY):
        body = schemas.read(record.value, "presence")
        if record.place in letters.by_place or body is None or not is_input(record, mac, spec):
            continue
        found = heard.get((record.partition, record.offset), {})
        said = word(body["body"][0])
        wanted = partitions if said in ("Case", "Area") else 1
        if len(found) < wanted:
            what = f"{said} reached {len(found)} of {wanted} partitions"
            effects.faults.append(f"lost: {where(record)}: {what}")
        values = {value for there in found.values() for value in there}
        told = fields(body)
        strange = [
            other
            for other in values - {record.value}
            if not told.get("revision") or not _withdraws(schemas.read(other, "presence"), told)
        ]
        if strange:
            effects.faults.append(f"other: {where(record)}: {said} went on in other bytes")
        elif values and record.value not in values:
            effects.faults.append(f"lost: {where(record)}: {said} did not go on as it is")


def fields(body: dict[str, Any]) -> dict[str, Any]:
    """What stands in the union's branch."""
    found = body["body"][1]
    assert isinstance(found, dict)
    return found


def _withdraws(body: dict[str, Any] | None, told: dict[str, Any]) -> bool:
    """Whether it takes back at another spot whatever an earlier revision of a stay said there."""
    if body is None:
        return False
    there = fields(body)
    same = ("id", "revision", "place")
    return bool(there.get("gone")) and all(there.get(name) == told.get(name) for name in same)
