"""The fields that only a comparison text has, read and checked as ``reading`` does the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from fuma.domain.codes.events import FactKind
from fuma.domain.comparison.place import Vehicle
from fuma.domain.comparison.settings import Rule, Seating, Settings
from fuma.domain.law.rulebook import Row
from fuma.domain.law.vocabulary import EVIDENCE, GROUNDS
from fuma.domain.time import DAY, MINUTE, Ms

if TYPE_CHECKING:
    from fuma.domain.law.reading import _Reader

FIELDS = {"rows", "companion", "ride", "sojourn", "chain"}
KINDS = frozenset({FactKind.PRESENCE, FactKind.CASE, FactKind.AREA})
_RULE = {"grounds", "evidence", "minimum"}
#: What the comparison keeps: no window of a text reaches further back.
_KEEP: Ms = 14 * DAY


def read_settings(r: _Reader, data: Mapping[str, Any], digest: bytes) -> Settings:
    """The rules of a match. A rule that is left out makes no match."""
    companion = _rule(r, data, "companion", {"neighbours"}, digest)
    ride = _rule(r, data, "ride", {"seating"}, digest)
    sojourn = _rule(r, data, "sojourn", {"lookback"}, digest)
    neighbours = _part(data, "companion").get("neighbours", False)
    if not isinstance(neighbours, bool):
        r.fault("companion.neighbours", "must be true or false")
    if sojourn is not None and len(sojourn.grounds) != 1:
        r.fault("sojourn.grounds", "an area has no contacts: one ground")
    return Settings(
        companion,
        neighbours is True,
        ride,
        _seating(r, _part(data, "ride").get("seating", {})),
        sojourn,
        _window(r, "sojourn.lookback", _part(data, "sojourn").get("lookback", "14d")),
        _window(r, "chain", data.get("chain", "14d")),
    )


def row_faults(rows: Sequence[Row]) -> list[str]:
    """What keeps rows from being those of a comparison text."""
    faults = []
    for row in rows:
        if row.kind not in KINDS:
            faults.append(f"row {row.name}: a {row.kind.value} is a rulebook's")
        if not row.evidence or not row.owners:
            faults.append(f"row {row.name}: unreachable, without evidence or owners")
    names = [row.name for row in rows]
    faults += [f"row {n}: its name is used twice" for n in set(names) if names.count(n) > 1]
    asked = [(row.kind, row.ground, kind) for row in rows for kind in row.evidence]
    faults += [
        f"rows overlap: {kind.value} {ground} {evidence}".replace("  ", " ")
        for kind, ground, evidence in sorted(set(asked))
        if asked.count((kind, ground, evidence)) > 1
    ]
    return faults


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def _rule(
    r: _Reader, data: Mapping[str, Any], name: str, more: set[str], digest: bytes
) -> Rule | None:
    if name not in data:
        return None
    part = r.mapping(name, data[name])
    r.only(name, part, _RULE | more)
    grounds = r.listed(f"{name}.grounds", part.get("grounds"), GROUNDS)
    if not grounds:
        r.fault(f"{name}.grounds", "at least one, by distance from the case")
    evidence = r.text(f"{name}.evidence", part.get("evidence"))
    if evidence not in EVIDENCE:
        r.fault(f"{name}.evidence", f"unknown word {evidence!r}")
    minimum = r.duration(f"{name}.minimum", part.get("minimum"))
    return Rule(name, sha256(digest + name.encode()).digest()[:16], grounds, evidence, minimum)


def _window(r: _Reader, where: str, value: Any) -> Ms:
    found = r.duration(where, value)
    if found > _KEEP:
        r.fault(where, "presence is kept 14 days: it cannot reach further")
    return max(found, MINUTE)


def _seating(r: _Reader, value: Any) -> dict[Vehicle, Seating]:
    found = {}
    for kind, said in r.mapping("ride.seating", value).items():
        where = f"ride.seating.{kind}"
        if kind not in set(Vehicle):
            r.fault(where, "none of flight, train, coach, ship")
            continue
        part = r.mapping(where, said)
        r.only(where, part, {"carriage", "rows"})
        carriage, rows = part.get("carriage", False), part.get("rows")
        if not isinstance(carriage, bool):
            r.fault(f"{where}.carriage", "must be true or false")
        if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 0):
            r.fault(f"{where}.rows", "must be a whole number from 0")
            rows = None
        found[Vehicle(kind)] = Seating(carriage is True, rows)
    return found
