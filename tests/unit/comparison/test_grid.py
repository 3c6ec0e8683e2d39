"""The grid against its definition in exact fractions and a cosine of many digits."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuma.domain.comparison.grid import (
    COLUMNS,
    ROWS,
    UNIT,
    Cell,
    cell_at,
    columns,
    fixed,
    neighbours,
)

DOCS = Path(__file__).resolve().parents[3] / "docs" / "formats" / "places.md"
LATITUDES = st.integers(-90 * UNIT, 90 * UNIT - 1)
LONGITUDES = st.integers(-180 * UNIT, 180 * UNIT - 1)


def test_columns_are_the_published_ones() -> None:
    assert tuple(round(360 * ROWS * math.cos(math.radians(d + 0.5))) for d in range(90)) == COLUMNS
    table = re.findall(r"^    ([ \d]+)$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert tuple(int(n) for line in table for n in line.split()) == COLUMNS


@given(LATITUDES, LONGITUDES)
def test_a_cell_holds_its_point(latitude: int, longitude: int) -> None:
    row, column = cell_at(latitude, longitude)
    assert Fraction(row, ROWS) <= Fraction(latitude, UNIT) < Fraction(row + 1, ROWS)
    east = Fraction(longitude, UNIT) + 180
    width = Fraction(360, columns(row))
    assert column * width <= east < (column + 1) * width


@given(LATITUDES, LONGITUDES)
def test_neighbours_are_mutual_and_touch(latitude: int, longitude: int) -> None:
    cell = cell_at(latitude, longitude)
    around = neighbours(cell)
    assert cell not in around
    assert all(cell in neighbours(other) for other in around)
    assert all(0 <= other.column < columns(other.row) for other in around)


@given(LATITUDES, LONGITUDES, st.integers(-1, 1), st.integers(-1, 1))
def test_whoever_is_a_metre_away_is_here_or_next_door(
    latitude: int, longitude: int, north: int, east: int
) -> None:
    cell = cell_at(latitude, longitude)
    near = cell_at(
        max(-90 * UNIT, min(90 * UNIT - 1, latitude + 90 * north)),
        (longitude + 90 * east + 180 * UNIT) % (360 * UNIT) - 180 * UNIT,
    )
    assert near == cell or near in neighbours(cell)


@pytest.mark.parametrize(
    ("latitude", "longitude", "cell"),
    [
        ("0", "-180", Cell(0, 0)),
        ("0", "180", Cell(0, 0)),
        ("-0.0000001", "0", Cell(-1, 25019)),
        ("34.7466", "113.6254", Cell(4829, 33635)),
        ("-90", "0", Cell(-12510, 218)),
    ],
)
def test_vectors(latitude: str, longitude: str, cell: Cell) -> None:
    assert cell_at(fixed(latitude), fixed(longitude)) == cell


def test_numbers_are_read_exactly() -> None:
    assert fixed("34.74669999") == 347466999
    assert fixed("-0.00000001") == -1
    assert fixed(0.1) == 1_000_000
    for bad in ("north", "nan", "inf", ""):
        with pytest.raises(ValueError, match="no number"):
            fixed(bad)
    for outside in ((90 * UNIT, 0), (0, 181 * UNIT)):
        with pytest.raises(ValueError, match="outside"):
            cell_at(*outside)
