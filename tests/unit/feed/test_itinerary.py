"""Presences, cases and areas as their departments write them: what is read, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doorkit import area, case, event, presence, ride
from fuma.contracts.cloudevents import Report, read
from fuma.domain.comparison.place import name
from fuma.domain.time import DAY, HOUR

LAT = "data.place.latitude"
PLACE = {"latitude": "34.7466", "longitude": "113.6254"}
RUN = {"vehicle": "train", "number": "G1", "date": "2022-06-14"}


def reported(made: dict[str, Any]) -> Report:
    found = read(json.dumps(made).encode())
    assert found.faults == ()
    assert found.report is not None
    return found.report


def codes(made: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f.field, f.code) for f in read(json.dumps(made).encode()).faults}


def test_a_cell_by_its_coordinates_and_by_its_name_are_one() -> None:
    here = reported(presence(1)).stay
    assert here is not None
    row, column = name(here.place).removeprefix("cell ").split("/")
    by_name = reported(presence(1, place={"cell": f"{row}/{column}"})).stay
    assert by_name == here
    assert (here.carriage, here.row, here.was) == (0, 0, b"")


def test_a_ride() -> None:
    stay = reported(ride(1)).stay
    assert stay is not None
    assert name(stay.place) == "train G1234 2022-06-14"
    assert (stay.carriage, stay.row) == (3, 12)


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ({"seat": "12F"}, 12),
        ({"seat": " 012f号 "}, 12),
        ({"seat": "12F", "row": 12}, 12),
        ({"seat": "12F", "row": 0}, 12),
        ({"seat": "118"}, 0),  # counted through the carriage
        ({"seat": "118", "row": "9"}, 9),
        ({"seat": ""}, 0),
    ],
)
def test_a_seat_tells_its_row(said: dict[str, Any], row: int) -> None:
    stay = reported(presence(1, place={**RUN, "carriage": 3, **said})).stay
    assert stay is not None
    assert (stay.carriage, stay.row) == (3, row)


def test_a_case_counts_onset_before_sampling() -> None:
    both = reported(case(1, sampled="2022-06-10T11:00:00+08:00")).case
    assert both == reported(case(1)).case
    assert both is not None
    alone = reported(case(1, onset=None, sampled="2022-06-10T11:00:00+08:00")).case
    assert alone is not None
    assert both.first_day - alone.first_day == DAY + 13 * HOUR
    assert reported(event(1, onset="2022-06-12", isolated="2022-06-14")).case is not None
    assert reported(event(1)).case is None


def test_an_area_by_one_period_or_by_several() -> None:
    one = reported(area(1))
    assert one.area is not None
    assert not one.number
    assert one.area.divisions == ("410105",)
    spans = [{"from": "2022-06-14T00:00:00+08:00"}]
    assert reported(area(1, **{"from": None}, periods=spans)).area == one.area
    risen = [{"from": "2022-06-10", "until": "2022-06-11"}, {"from": "2022-06-14"}]
    two = reported(area(1, **{"from": None}, periods=risen, cells="4829/40876 4829/40877"))
    assert two.area is not None
    assert len(two.area.periods) == len(two.area.places) == 2
    assert two.area.periods[0][1] == two.area.periods[0][0] + 2 * DAY
    assert two.area.periods[1] == one.area.periods[0]


def test_revisions() -> None:
    assert (reported(presence(1)).revision, reported(presence(1)).withdrawn) == (0, False)
    for revision, gone in ((3, True), ("3", "true")):
        found = reported(presence(1, revision=revision, withdrawn=gone))
        assert (found.revision, found.withdrawn) == (3, True)
    moved = reported(presence(1, revision=1, was=RUN)).stay
    assert moved is not None
    assert name(moved.was) == "train G1 2022-06-14"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (presence(1, place=None), ("data.place", "missing")),
        (presence(1, place={}), ("data.place", "place-form")),
        (presence(1, place="4829/40876"), ("data.place", "not-object")),
        (presence(1, place={**PLACE, "cell": "4829/40876"}), ("data.place", "place-form")),
        (presence(1, place={"latitude": "34.7"}), ("data.place", "place-form")),
        (presence(1, place={**RUN, "latitude": "1"}), ("data.place", "place-form")),
        (presence(1, place={"latitude": 34.7, "longitude": "1"}), (LAT, "not-text")),
        (presence(1, place={**PLACE, "latitude": "NaN"}), (LAT, "bad-coordinate")),
        (presence(1, place={**PLACE, "latitude": "1e1"}), (LAT, "bad-coordinate")),
        (presence(1, place={**PLACE, "latitude": "90"}), ("data.place", "bad-coordinate")),
        (presence(1, place={**PLACE, "longitude": "181"}), ("data.place", "bad-coordinate")),
        (presence(1, place={"cell": "4829"}), ("data.place.cell", "bad-cell")),
        (presence(1, place={"cell": "4829/99999"}), ("data.place.cell", "bad-cell")),
        (presence(1, place={"cell": "12510/0"}), ("data.place.cell", "bad-cell")),
        (presence(1, place={"cell": "４８２９/1"}), ("data.place.cell", "bad-cell")),
        (presence(1, place={**RUN, "vehicle": "rocket"}), ("data.place.vehicle", "bad-vehicle")),
        (presence(1, place={**RUN, "number": "G-1"}), ("data.place.number", "bad-run-number")),
        (presence(1, place={**RUN, "date": "2022-06-31"}), ("data.place.date", "bad-date")),
        (presence(1, place={**RUN, "date": "20220614"}), ("data.place.date", "bad-date")),
        (presence(1, place={**RUN, "row": -1}), ("data.place.row", "bad-count")),
        (presence(1, place={**RUN, "row": True}), ("data.place.row", "bad-count")),
        (presence(1, place={**RUN, "row": 10**9}), ("data.place.row", "bad-count")),
        (presence(1, place={**RUN, "seat": "A"}), ("data.place.seat", "bad-seat")),
        (presence(1, place={**RUN, "seat": "0A"}), ("data.place.seat", "bad-seat")),
        (presence(1, place={**RUN, "seat": "12FF"}), ("data.place.seat", "bad-seat")),
        (presence(1, place={**RUN, "seat": "１２F"}), ("data.place.seat", "bad-seat")),
        (presence(1, place={**RUN, "seat": 12}), ("data.place.seat", "not-text")),
        (presence(1, place={**RUN, "row": 3, "seat": "4A"}),
         ("data.place.seat", "seat-not-in-row")),
        (presence(1, was={**RUN, "seat": "4A"}), ("data.was.seat", "unknown-field")),
        (presence(1, was={**RUN, "row": 1}), ("data.was.row", "unknown-field")),
        (presence(1, was={}), ("data.was", "place-form")),
        (presence(1, until=None), ("data.until", "missing")),
        (presence(1, ground="confirmed"), ("data.ground", "unknown-field")),
        (presence(1, withdrawn=True), ("data.withdrawn", "withdrawn-needs-revision")),
        (presence(1, revision=1, withdrawn="yes"), ("data.withdrawn", "bad-flag")),
        (presence(1, revision=1.5), ("data.revision", "bad-count")),
        (presence(1, revision="01"), ("data.revision", "bad-count")),
        (case(1, onset=None), ("data.onset", "missing")),
        (case(1, isolated=None), ("data.isolated", "missing")),
        (case(1, ground=None), ("data.ground", "missing")),
        (case(1, onset="12 June"), ("data.onset", "bad-date")),
        (event(1, onset="2022-06-12"), ("data.isolated", "missing")),
        (event(1, revision=1), ("data.revision", "unknown-field")),
        (area(1, cells=None, divisions=None), ("data.cells", "missing")),
        (area(1, cells=[]), ("data.cells", "missing")),
        (area(1, cells={}), ("data.cells", "not-list")),
        (area(1, cells=[None]), ("data.cells", "missing")),
        (area(1, cells=["1/1"] * 501), ("data.cells", "too-many")),
        (area(1, divisions=["4102"]), ("data.divisions", "division-not-within")),
        (area(1, divisions=["41019"]), ("data.divisions", "division-form")),
        (area(1, periods=[]), ("data.periods", "missing")),
        (area(1, periods=[{"from": "2022-06-14"}]), ("data.from", "not-beside-periods")),
        (area(1, **{"from": None}, periods=[1]), ("data.periods", "not-object")),
        (area(1, **{"from": None}, periods=[{}]), ("data.periods.from", "missing")),
        (area(1, until="2022-06-13"), ("data.until", "until-before-from")),
        (area(1, id="11010519491231002X"), ("data.id", "unknown-field")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(made: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in codes(made)
