"""What a report says for the comparison: where somebody was, who is a case, which area is at risk.

docs/formats/itinerary.md is normative. Read with the same total reader as the rest of an event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fuma.contracts.eventreader import EventReader, day
from fuma.domain.comparison.grid import Cell, cell_at, columns, fixed
from fuma.domain.comparison.place import Vehicle, cell_place, run_place
from fuma.domain.time import Ms

#: Of an area: more would not fit a line, or make one report cost what a thousand do.
MAX_PLACES, MAX_PERIODS = 500, 20
_CELL = re.compile(r"(-?[0-9]{1,5})/([0-9]{1,5})")
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,15})?")
_NUMBER = re.compile(r"[A-Za-z0-9]{1,16}")
_ROWS = 90 * 139
_SEATING = {"carriage", "row", "seat"}
#: As on a ticket (12F, 012F号). Without a letter seats are counted through, which tells no row.
_SEAT = re.compile(r"([0-9]{1,3})([A-Za-z]?)号?")
_FORMS = {"cell", "latitude", "longitude", "vehicle", "number", "date"}
_COORDINATES = {"latitude", "longitude"}
_RUN = {"vehicle", "number", "date"}


@dataclass(frozen=True, slots=True)
class StayPart:
    """Where a presence was. ``was``: where an earlier revision had it; ``b""``: at the same."""

    place: bytes
    carriage: int = 0
    row: int = 0
    was: bytes = b""


@dataclass(frozen=True, slots=True)
class CasePart:
    """When a case began (day of onset, or of sampling) and when the person was isolated."""

    first_day: Ms
    isolated: Ms


@dataclass(frozen=True, slots=True)
class AreaPart:
    """Cells and divisions, and the periods in which they were high-risk."""

    places: tuple[bytes, ...]
    divisions: tuple[str, ...]
    periods: tuple[tuple[Ms, Ms | None], ...]


def stay_part(r: EventReader, data: dict[str, Any]) -> StayPart | None:
    """``data.place`` and ``data.was``; ``None`` where no place can be told."""
    place = r.part(data, "data.place")
    found = _place(r, place, "data.place") if isinstance(data.get("place"), dict) else b""
    carriage, row = r.count(place, "data.place.carriage"), _row(r, place)
    was = b""
    if data.get("was") is not None:
        before = r.part(data, "data.was")
        was = _place(r, before, "data.was") if isinstance(data["was"], dict) else b""
    return StayPart(found, carriage, row, was) if found else None


def case_part(r: EventReader, data: dict[str, Any], *, needed: bool) -> CasePart | None:
    """``onset``, ``sampled`` and ``isolated``; onset counts before sampling."""
    if not needed and not any(data.get(n) is not None for n in ("onset", "sampled", "isolated")):
        return None
    onset = r.when(data, "data.onset", end=False, needed=False)
    sampled = r.when(data, "data.sampled", end=False, needed=False)
    if data.get("onset") is None and data.get("sampled") is None:
        r.say("data.onset", "missing")
    isolated = r.when(data, "data.isolated", end=True, needed=True)
    first = onset if onset is not None else sampled
    return None if first is None or isolated is None else CasePart(first, isolated)


def area_part(r: EventReader, data: dict[str, Any], division: str) -> AreaPart | None:
    """``cells``, ``divisions``, and ``periods`` or one period as ``from`` and ``until``."""
    places = [_cell_of(r, one) for one in _listed(r, data, "data.cells")]
    named = [
        r.as_division(r.as_text(one, "data.divisions"), "data.divisions")
        for one in _listed(r, data, "data.divisions")
    ]
    if any(code and not code.startswith(division) for code in named):
        r.say("data.divisions", "division-not-within")
    if data.get("cells") is None and data.get("divisions") is None:
        r.say("data.cells", "missing")
    periods = _periods(r, data)
    sound = tuple(sorted({p for p in places if p})), tuple(sorted({c for c in named if c}))
    return AreaPart(*sound, periods) if any(sound) and periods else None


def _place(r: EventReader, data: dict[str, Any], path: str) -> bytes:
    """A cell, the cell of coordinates, or a vehicle run; ``b""`` and a fault where it is none."""
    r.unknown(data, _FORMS | _SEATING if path == "data.place" else _FORMS, f"{path}.")
    said = {name for name in _FORMS if data.get(name) is not None}
    if said == {"cell"}:
        return _cell(r, r.text(data, f"{path}.cell"), f"{path}.cell")
    if said == _COORDINATES:
        return _at(r, data, path)
    if said == _RUN:
        return _run(r, data, path)
    r.say(path, "place-form")
    return b""


def _row(r: EventReader, place: dict[str, Any]) -> int:
    """``row``, or that of the ``seat``; 0 where neither is known. No law asks for a seat's letter,
    so nothing of it is kept."""
    row = r.count(place, "data.place.row")
    text = r.text(place, "data.place.seat", needed=False)
    if not text:
        return row
    seat = _SEAT.fullmatch(text)
    if seat is None or int(seat[1]) == 0:
        r.say("data.place.seat", "bad-seat")
        return row
    if not seat[2]:
        return row
    if row not in (0, int(seat[1])):
        r.say("data.place.seat", "seat-not-in-row", f"{row}")
    return int(seat[1])


def _cell(r: EventReader, text: str, path: str) -> bytes:
    found = _CELL.fullmatch(text)
    if found:
        row, column = int(found[1]), int(found[2])
        if -_ROWS <= row < _ROWS and column < columns(row):
            return cell_place(Cell(row, column))
    if text:
        r.say(path, "bad-cell")
    return b""


def _at(r: EventReader, data: dict[str, Any], path: str) -> bytes:
    degrees = []
    for name in ("latitude", "longitude"):
        text = r.text(data, f"{path}.{name}")
        if not _DEGREES.fullmatch(text):
            if text:
                r.say(f"{path}.{name}", "bad-coordinate")
            return b""
        degrees.append(fixed(text))
    try:
        return cell_place(cell_at(*degrees))
    except ValueError:
        r.say(path, "bad-coordinate")
        return b""


def _run(r: EventReader, data: dict[str, Any], path: str) -> bytes:
    kind = r.text(data, f"{path}.vehicle")
    number = r.text(data, f"{path}.number")
    text = r.text(data, f"{path}.date")
    departed = day(text)
    if kind and kind not in set(Vehicle):
        r.say(f"{path}.vehicle", "bad-vehicle")
        kind = ""
    if number and not _NUMBER.fullmatch(number):
        r.say(f"{path}.number", "bad-run-number")
        number = ""
    if text and departed is None:
        r.say(f"{path}.date", "bad-date")
    if not (kind and number and departed):
        return b""
    return run_place(Vehicle(kind), number, departed)


def _cell_of(r: EventReader, one: Any) -> bytes:
    if isinstance(one, dict):
        r.unknown(one, _COORDINATES, "data.cells.")
        return _at(r, one, "data.cells")
    return _cell(r, r.as_text(one, "data.cells"), "data.cells")


def _listed(r: EventReader, data: dict[str, Any], path: str) -> list[Any]:
    """A list, or a text of words between blanks; at most ``MAX_PLACES``."""
    value = data.get(path.rpartition(".")[2])
    if value is None:
        return []
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, list):
        r.say(path, "not-list")
        return []
    if len(value) > MAX_PLACES:
        r.say(path, "too-many", f"{MAX_PLACES}")
        return []
    if not value:
        r.say(path, "missing")
    return value


def _periods(r: EventReader, data: dict[str, Any]) -> tuple[tuple[Ms, Ms | None], ...]:
    if data.get("periods") is None:
        one = _period(r, data, "data.")
        return () if one is None else (one,)
    for name in ("from", "until"):
        if data.get(name) is not None:
            r.say(f"data.{name}", "not-beside-periods")
    listed = data["periods"]
    if not isinstance(listed, list):
        r.say("data.periods", "not-list")
        return ()
    if not 1 <= len(listed) <= MAX_PERIODS:
        r.say("data.periods", "too-many" if listed else "missing", f"{MAX_PERIODS}")
        return ()
    found = []
    for value in listed:
        if not isinstance(value, dict):
            r.say("data.periods", "not-object")
            continue
        r.unknown(value, {"from", "until"}, "data.periods.")
        one = _period(r, value, "data.periods.")
        if one is not None:
            found.append(one)
    return tuple(sorted(found, key=lambda p: (p[0], p[1] is None, p[1] or 0)))


def _period(r: EventReader, holder: dict[str, Any], prefix: str) -> tuple[Ms, Ms | None] | None:
    since = r.when(holder, f"{prefix}from", end=False, needed=True)
    until = r.when(holder, f"{prefix}until", end=True, needed=False)
    if since is not None and until is not None and until <= since:
        r.say(f"{prefix}until", "until-before-from")
        return None
    return None if since is None else (since, until)
