"""The 800 m grid: a cell for every point of the earth, by integer arithmetic alone.

``docs/formats/places.md`` is normative. A degree of latitude has 139 rows (799.96 m on the mean
sphere). All rows of one degree share a number of columns round the earth, read from a published
table, so that columns of a degree line up and no machine's cosine has a say. Cells are half-open:
a cell holds its southern and western edge.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import NamedTuple

#: Coordinates are integers in units of 1e-7 degree.
UNIT = 10_000_000
ROWS = 139
#: Columns round the earth in the rows of each degree of latitude, from the equator to a pole:
#: ``round(360 * 139 * cos(degree + 1/2))``, written out because the numbers are the definition.
COLUMNS = (
    50038, 50023, 49992, 49947, 49886, 49810, 49718, 49612, 49490, 49354, 49202, 49035,
    48854, 48657, 48446, 48220, 47979, 47724, 47454, 47170, 46871, 46558, 46231, 45890,
    45534, 45165, 44783, 44386, 43976, 43553, 43116, 42666, 42203, 41728, 41239, 40738,
    40225, 39699, 39162, 38612, 38051, 37478, 36893, 36298, 35691, 35073, 34445, 33807,
    33158, 32498, 31829, 31151, 30462, 29765, 29058, 28343, 27619, 26886, 26146, 25397,
    24641, 23877, 23106, 22328, 21543, 20751, 19953, 19149, 18340, 17524, 16704, 15878,
    15047, 14212, 13373, 12529, 11682, 10831, 9976, 9119, 8259, 7396, 6532, 5665,
    4796, 3926, 3055, 2183, 1310, 437,
)  # fmt: skip
_TOP = 90 * ROWS


class Cell(NamedTuple):
    """Row from the equator (negative in the south), column eastward from 180° W."""

    row: int
    column: int


def columns(row: int) -> int:
    """How many columns ``row`` has."""
    degree = row // ROWS
    return COLUMNS[degree if degree >= 0 else -degree - 1]


def fixed(degrees: str | int | float | Decimal) -> int:
    """Degrees as an integer of 1e-7 degree, rounded down. A float counts as it is written.

    Raises ``ValueError`` for what is no finite number.
    """
    try:
        value = Decimal(repr(degrees) if isinstance(degrees, float) else degrees)
    except InvalidOperation as error:
        raise ValueError(f"{degrees!r} is no number of degrees") from error
    if not value.is_finite():
        raise ValueError(f"{degrees!r} is no number of degrees")
    return int((value * UNIT).to_integral_value(ROUND_FLOOR))


def cell_at(latitude: int, longitude: int) -> Cell:
    """The cell that holds a point, in 1e-7 degree. 180° E is 180° W; there is no cell at 90° N.

    Raises ``ValueError`` outside [-90°, 90°) and [-180°, 180°].
    """
    if not -90 * UNIT <= latitude < 90 * UNIT:
        raise ValueError("latitude outside [-90, 90)")
    if not -180 * UNIT <= longitude <= 180 * UNIT:
        raise ValueError("longitude outside [-180, 180]")
    row = latitude * ROWS // UNIT
    count = columns(row)
    return Cell(row, (longitude + 180 * UNIT) * count // (360 * UNIT) % count)


def neighbours(cell: Cell) -> tuple[Cell, ...]:
    """The other cells that share an edge or a corner with ``cell``, sorted. Symmetric."""
    row, column = cell
    count = columns(row)
    found: set[Cell] = set()
    for near in (row - 1, row, row + 1):
        if not -_TOP <= near < _TOP:
            continue
        there = columns(near)
        first = -(-column * there // count) - 1
        last = (column + 1) * there // count
        found.update(Cell(near, k % there) for k in range(first, last + 1))
    found.discard(cell)
    return tuple(sorted(found))
