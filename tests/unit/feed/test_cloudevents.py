"""The report format: what is read, what is refused, and that nothing else ever happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorkit import area, case, event, number, presence, ride, wrong_number
from fuma.contracts import divisions
from fuma.contracts.cloudevents import (
    MAX_EVENT,
    instant,
    moment,
    number_fault,
    read,
)
from fuma.contracts.faults import WORDS
from fuma.domain.codes.events import FactKind
from fuma.domain.ids import report_id
from fuma.domain.time import DAY


def line(change: Any = None, **data: Any) -> bytes:
    made = event(1, **data)
    for name, value in (change or {}).items():
        if value is None:
            made.pop(name)
        else:
            made[name] = value
    return json.dumps(made).encode()


def codes(data: bytes) -> set[tuple[str, str]]:
    return {(f.field, f.code) for f in read(data).faults}


def test_a_whole_report() -> None:
    found = read(line(until="2022-06-20", note="n"))
    assert found.faults == ()
    report = found.report
    assert report is not None
    assert report.kind is FactKind.FINDING
    assert report.since == 1_655_136_000_000  # 2022-06-14T00:00+08:00
    assert report.until == report.since + 7 * DAY  # the 20th is in it, whole
    assert found.names_holder


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("", "not-json")),
        (b"{", ("", "not-json")),
        (b"[]", ("", "not-object")),
        (b'"x"', ("", "not-object")),
        (b"[" * 16_000, ("", "not-json")),
        (b'{"a":' * 3_000, ("", "not-json")),
        (b"\xff\xfe", ("", "not-json")),
        (b'{"x":NaN}', ("", "not-json")),
        (b" " * (MAX_EVENT + 1), ("", "too-long")),
        (line({"specversion": "0.3"}), ("specversion", "bad-specversion")),
        (line({"type": "fuma.finding.v2"}), ("type", "bad-type")),
        (line({"type": 7}), ("type", "bad-type")),
        (line({"type": None}), ("type", "missing")),
        (line({"id": ""}), ("id", "missing")),
        (line({"id": 5}), ("id", "not-text")),
        (line({"source": "s" * 257}), ("source", "too-long")),
        (line({"time": "2022-06-14"}), ("time", "bad-time")),
        (line({"time": "2022-06-14T09:00:00"}), ("time", "bad-time")),
        (line({"time": "1969-01-01T00:00:00Z"}), ("time", "bad-time")),
        (line({"time": None}), ("time", "missing")),
        (line({"extra": 1}), ("extra", "unknown-field")),
        (line({"datacontenttype": "text/xml"}), ("datacontenttype", "bad-content-type")),
        (line({"data": None}), ("data", "missing")),
        (line({"data": []}), ("data", "not-object")),
        (line(id=number(1)[:17]), ("data.id", "id-form")),
        (line(id="１" * 18), ("data.id", "id-form")),
        (line(id="110105194913310029"), ("data.id", "id-birth-date")),
        (line(id=wrong_number(1)), ("data.id", "id-checksum")),
        (line(id=None), ("data.id", "missing")),
        (line(name="  "), ("data.name", "missing")),
        (line(name="a\nb"), ("data.name", "bad-text")),
        (line(division="4101055"), ("data.division", "division-form")),
        (line(division="99"), ("data.division", "division-unknown")),
        (line(**{"from": "14/06/2022"}), ("data.from", "bad-date")),
        (line(**{"from": "2022-02-30"}), ("data.from", "bad-date")),
        (line(**{"from": "0001-01-01T00:00:00+23:59"}), ("data.from", "bad-date")),
        (line(**{"from": "9999-12-31T23:59:59-12:00"}), ("data.from", "bad-date")),
        (line(until="9999-12-31"), ("data.until", "bad-date")),
        (line({"time": "9999-12-31T23:59:59-12:00"}), ("time", "bad-time")),
        (line(name="\u200b"), ("data.name", "missing")),
        (line(**{"from": 20220614}), ("data.from", "bad-date")),
        (line(until="2022-06-13"), ("data.until", "until-before-from")),
        (line(evidence="DX-1"), ("data.evidence", "not-object")),
        (line(evidence={"kind": "pcr-pair"}), ("data.evidence.number", "missing")),
        (line(evidence={"kind": "k", "number": "1", "page": 2}),
         ("data.evidence.page", "unknown-field")),
        (line(reporter=None), ("data.reporter", "missing")),
        (line(reporter=f"id:{wrong_number(1)}"), ("data.reporter", "id-checksum")),
        (line(reporter="id:"), ("data.reporter", "id-form")),
        (
            line(evidence={"kind": "k", "number": "n", "root": 7}),
            ("data.evidence.root", "not-text"),
        ),
        (line(身份=1), ("data.?", "unknown-field")),
        (line({"type": "fuma.death.v1"}), ("data.ground", "not-for-kind")),
        (line(ground=None), ("data.ground", "missing")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(data: bytes, expected: tuple[str, str]) -> None:
    assert expected in codes(data)


def test_every_fault_has_its_words() -> None:
    found = read(line({"type": "x"}, id="1", **{"from": "x"}))
    assert all(f.code in WORDS and f.zh and f.en for f in found.faults)


def test_a_fault_repeats_nothing_of_the_person() -> None:
    number_, name = wrong_number(1), "验试甲乙1"
    for fault in read(line(id=number_, name=name + "\n", **{"from": number_})).faults:
        assert number_ not in fault.zh + fault.en + fault.field
        assert name not in fault.zh + fault.en


def test_a_broken_rule_still_names_its_person() -> None:
    assert read(line(division="99", name=None)).names_holder
    assert not read(line(id=wrong_number(1))).names_holder
    assert not read(line({"time": None})).names_holder


def test_canonical_is_blind_to_order_and_blanks_only() -> None:
    made = event(1)
    turned = json.dumps(dict(reversed(made.items())), indent=3, ensure_ascii=False).encode()
    assert read(turned).canonical == read(line()).canonical
    assert read(line(note="x")).canonical != read(line()).canonical


def test_ids_do_not_run_into_each_other() -> None:
    assert report_id("health", "a", "bc") != report_id("health", "ab", "c")
    assert len(report_id("health", "a", "b")) == 16


def test_an_identity_number() -> None:
    assert number_fault("11010519491231002X") is None
    assert number_fault("11010519491231002x") == "id-form"  # read() makes it a capital
    assert read(line(id="11010519491231002x")).names_holder


def test_moments() -> None:
    assert moment("2022-06-14", end=True) == moment("2022-06-15", end=False)
    assert instant("2022-06-14T00:00:00+08:00") == moment("2022-06-14", end=False)
    assert instant("2022-06-13T16:00:00.000Z") == moment("2022-06-14", end=False)
    for bad in ("2022-06-14T24:00:00Z", "2022-W24-2", "20220614", "2022-06-14T09:00Z", ""):
        assert moment(bad, end=False) is None


def test_divisions() -> None:
    assert divisions.normal("410100") == "4101"
    assert divisions.normal("410000000000") == "41"
    assert divisions.normal("441900003000") == "441900003"
    assert divisions.exists("441900003")
    assert divisions.exists("410105001002")
    assert not divisions.exists("410199")
    assert divisions.full_name("410105") == "河南省郑州市金水区"
    assert divisions.normal("4101051") is None
    assert divisions.normal("４１") is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_names = [
    "specversion", "id", "source", "type", "time", "data", "name", "division", "ground", "from",
    "until", "evidence", "kind", "number", "root", "reporter", "note", "place", "was", "cell",
    "latitude", "longitude", "vehicle", "date", "carriage", "row", "seat", "revision", "withdrawn",
    "onset", "sampled", "isolated", "cells", "divisions", "periods",
]  # fmt: skip


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(data: bytes) -> None:
    found = read(data)
    assert found.faults or found.report


@settings(max_examples=300)
@given(
    st.sampled_from([event(1), presence(1), ride(1), case(1), area(1)]),
    st.dictionaries(st.sampled_from(_names), _json, max_size=8),
    st.dictionaries(st.sampled_from(_names), _json, max_size=8),
)
def test_any_json_in_any_place_is_answered(
    whole: dict[str, Any], top: dict[str, Any], data: dict[str, Any]
) -> None:
    made = {**whole, "data": dict(whole["data"])}
    made["data"].update(data)
    made.update(top)
    found = read(json.dumps(made).encode())
    assert found.faults or found.report
    assert all(f.code in WORDS for f in found.faults)
    # a row without a fault says something: none is lost between the door and the comparison
    if not found.faults and found.report is not None:
        kind, parts = found.report.kind, found.report
        assert kind is not FactKind.PRESENCE or parts.stay is not None
        assert kind is not FactKind.CASE or parts.case is not None
        assert kind is not FactKind.AREA or parts.area is not None
