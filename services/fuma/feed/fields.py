"""Which fields a report of each kind has, as a mapping names them, and which it must have."""

from __future__ import annotations

from collections.abc import Mapping

from fuma.domain.codes.events import FactKind

_EVENT = {"id": True, "source": True, "time": True}
_SAID = {
    "data.division": True,
    "data.evidence.kind": True,
    "data.evidence.number": True,
    "data.evidence.root": False,
    "data.reporter": True,
    "data.note": False,
}
_PERSON = {**_EVENT, "data.id": True, "data.name": True, **_SAID}
_FACT = {**_PERSON, "data.from": True, "data.until": False}
_REVISED = {"data.revision": False, "data.withdrawn": False}
_CASE = {"data.onset": False, "data.sampled": False, "data.isolated": False}
_PLACE_NAMES = ("cell", "latitude", "longitude", "vehicle", "number", "date")
_PLACE = {f"data.place.{name}": False for name in (*_PLACE_NAMES, "carriage", "row", "seat")}
_WAS = {f"data.was.{name}": False for name in _PLACE_NAMES}

#: A ground of a finding, a release or a case may be a column that is empty only by mistake: it is
#: needed, but the row says which.
FIELDS: dict[FactKind, Mapping[str, bool]] = {
    FactKind.FINDING: {**_FACT, "data.ground": True, **_CASE},
    FactKind.RELEASE: {**_FACT, "data.ground": True},
    FactKind.DEATH: _FACT,
    FactKind.SCAN: _FACT,
    FactKind.PRESENCE: {
        **_PERSON, "data.from": True, "data.until": True, **_PLACE, **_WAS, **_REVISED,
    },
    FactKind.CASE: {**_PERSON, "data.ground": True, **_CASE, "data.isolated": True, **_REVISED},
    FactKind.AREA: {
        **_EVENT, **_SAID, "data.from": True, "data.until": False, "data.cells": False,
        "data.divisions": False, **_REVISED,
    },
}  # fmt: skip
#: Fields that hold a date or an instant.
DATED = frozenset(
    {"time", "data.from", "data.until", "data.onset", "data.sampled", "data.isolated"}
)
#: Fields that hold a date and nothing else: a departure.
DAYS = frozenset({"data.place.date", "data.was.date"})
#: Objects within ``data``.
GROUPS = frozenset({"evidence", "place", "was"})


def names(kind: FactKind, prefix: str) -> set[str]:
    """The names directly under ``prefix`` (such as ``data.``) in a report of ``kind``."""
    return {
        path[len(prefix) :].partition(".")[0] for path in FIELDS[kind] if path.startswith(prefix)
    }
