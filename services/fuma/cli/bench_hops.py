"""Where a report's time went, by the broker's own clock: nothing is measured beside the line.

Each topic carries the broker's append time; a record's ``origin`` header, and a ledger record's
cause, say which record it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from fuma.contracts.decisions import decode_ledger
from fuma.contracts.topics import DECISIONS, PERSON
from fuma.domain.time import Ms
from fuma.runtime.mac import ORIGIN_HEADER, unpack_origin
from fuma.runtime.ports import LogReader

Ends = Mapping[str, Mapping[int, int]]
_Place = tuple[int, int]  # partition, offset


def hops(
    log: LogReader, names: Sequence[str], before: Ends, after: Ends, ids: Set[bytes]
) -> dict[str, tuple[float, float]]:
    """(median, 99th percentile) in ms of each hop along ``names``, the last of which is the
    ledger, for the decisions whose cause is one of ``ids``."""
    times: list[dict[_Place, tuple[Ms, _Place | None]]] = []
    for name in names[:-1]:
        found: dict[_Place, tuple[Ms, _Place | None]] = {}
        for partition, end in after[name].items():
            for raw in log.read(name, partition, before[name][partition], end):
                origin = raw.header(ORIGIN_HEADER)
                source = None if origin is None else unpack_origin(origin)[1:3]
                found[partition, raw.offset] = raw.timestamp, source
        times.append(found)
    spans: dict[str, list[float]] = {}
    for partition, end in after[DECISIONS].items():
        for raw in log.read(DECISIONS, partition, before[DECISIONS][partition], end):
            cause = decode_ledger(raw.value).cause
            if cause.id not in ids:
                continue
            at: Ms = raw.timestamp
            place: _Place | None = (cause.partition, cause.offset)
            for number in range(len(times) - 1, -1, -1):
                known = times[number].get(place) if place is not None else None
                if known is None:
                    break
                spans.setdefault(_title(names, number), []).append(at - known[0])
                at, place = known
    return {name: _marks(values) for name, values in reversed(spans.items())}


def _title(names: Sequence[str], number: int) -> str:
    short = {PERSON: "person", DECISIONS: "decisions"}
    one, other = (short.get(n, n.split(".")[1]) for n in names[number : number + 2])
    return f"{one} → {other}"


def _marks(values: list[float]) -> tuple[float, float]:
    values.sort()
    return values[len(values) // 2], values[min(len(values) - 1, len(values) * 99 // 100)]
