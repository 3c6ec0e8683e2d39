"""Places: what a presence is at, as bytes that are the same everywhere.

A place is a cell of the grid or a vehicle run (this train on this date). Its *spot* is the place
and a part number: a crowded place may be spread over several keys by the person's tag, and a case
is then told to every part.
"""

from __future__ import annotations

import struct
from datetime import date
from enum import StrEnum

from fuma.domain.comparison.grid import Cell, columns, neighbours

_CELL = struct.Struct(">cii")
_TOP = 90 * 139


class Vehicle(StrEnum):
    """Kinds of vehicle run."""

    FLIGHT = "flight"
    TRAIN = "train"
    COACH = "coach"
    SHIP = "ship"


def cell_place(cell: Cell) -> bytes:
    """``c``, row, column (each four bytes, big-endian, signed)."""
    return _CELL.pack(b"c", cell.row, cell.column)


def run_place(kind: Vehicle, number: str, day: date) -> bytes:
    """``v``, then kind, number and the date of departure. Raises ``ValueError`` on a bad number."""
    if not number.isascii() or not number.isalnum() or not 1 <= len(number) <= 16:
        raise ValueError("a run's number is one to sixteen letters and digits")
    return f"v{kind.value}/{number.upper()}/{day.isoformat()}".encode()


def check_place(place: bytes) -> bytes:
    """``place`` if it is well-formed. Raises ``ValueError``."""
    if place[:1] == b"c" and len(place) == _CELL.size:
        _, row, column = _CELL.unpack(place)
        if -_TOP <= row < _TOP and 0 <= column < columns(row):
            return place
    elif place[:1] == b"v":
        kind, _, rest = place[1:].decode("ascii", "replace").partition("/")
        number, _, day = rest.partition("/")
        if run_place(Vehicle(kind), number, date.fromisoformat(day)) == place:
            return place
    raise ValueError("no place")


def is_run(place: bytes) -> bool:
    return place[:1] == b"v"


def vehicle(place: bytes) -> Vehicle:
    """The kind of a run's vehicle."""
    return Vehicle(place[1:].split(b"/", 1)[0].decode())


def near(place: bytes) -> tuple[bytes, ...]:
    """The neighbouring cells of a cell; a run has none."""
    if is_run(place):
        return ()
    _, row, column = _CELL.unpack(place)
    return tuple(cell_place(cell) for cell in neighbours(Cell(row, column)))


def spot(place: bytes, tag: bytes, parts: int) -> bytes:
    """Where ``tag``'s presence at ``place`` is kept: the place and one byte, its part."""
    return place + bytes((tag[0] % parts,))


def spots(place: bytes, parts: int) -> tuple[bytes, ...]:
    """Every spot of ``place``."""
    return tuple(place + bytes((part,)) for part in range(parts))


def name(place: bytes) -> str:
    """A place as people write it: ``cell 4240/38911`` or ``train G1234 2022-06-14``."""
    if is_run(place):
        return place[1:].decode().replace("/", " ")
    _, row, column = _CELL.unpack(place)
    return f"cell {row}/{column}"
