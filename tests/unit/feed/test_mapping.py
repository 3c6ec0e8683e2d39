"""Mapping files and the rows that go through them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fuma.contracts.cloudevents import read
from fuma.contracts.errors import Refusal
from fuma.feed.lines import Line
from fuma.feed.mapping import Mapping, load_mapping, parse_mapping
from fuma.feed.table import table_lines

GOOD = """
version: 1
nulls: ["", "无"]
dates: ["%Y/%m/%d", "%Y年%m月%d日"]
source: //test
words:
  place: {金水: "410105"}
reports:
  - kind: finding
    when: {confirmed: present}
    id: "c-{no}"
    time: {column: confirmed, at: "09:00"}
    data:
      id: {column: no}
      name: {column: name}
      division: {column: where, words: place}
      ground: confirmed
      from: {column: confirmed}
      evidence: {kind: diagnosis-report, number: "DX {no}"}
      reporter: desk
      note: {column: note}
  - kind: release
    when: {released: present, note: {not: [stay]}}
    id: "r-{no}"
    time: {column: released, at: "18:30:00"}
    data:
      id: {column: no}
      name: {column: name}
      division: {column: where, words: place, default: "41"}
      ground: confirmed
      from: {column: released}
      evidence: {kind: discharge-notice, number: "X {no}"}
      reporter: desk
"""
HEADER = "no,name,where,confirmed,released,note\n"


def rows(text: str | bytes, mapping: Mapping | None = None) -> list[Line]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(table_lines(io.BytesIO(data), mapping or parse_mapping(GOOD)))


def changed(**top: Any) -> str:
    body = yaml.load(GOOD, yaml.BaseLoader)
    body.update(top)
    return yaml.safe_dump(body, allow_unicode=True)


def section(**change: Any) -> str:
    body = yaml.load(GOOD, yaml.BaseLoader)
    body["reports"][0].update(change)
    return yaml.safe_dump(body, allow_unicode=True)


def test_a_row_gives_no_one_or_two_reports() -> None:
    found = rows(
        HEADER
        + "11010519491231002X,张三,金水,2022/6/14,,\n"
        + "11010519491231002X,张三,金水,2022年6月1日,2022/6/14,hi\n"
        + "11010519491231002X,张三,金水,无,,\n\n"
        + "11010519491231002X,张三,金水,,2022/6/14,stay\n"
    )
    assert [line.row for line in found] == [2, 3, 3]
    first, second, third = (json.loads(line.event or b"") for line in found)
    assert first["time"] == "2022-06-14T09:00:00+08:00"
    assert first["data"]["from"] == "2022-06-14"
    assert "note" not in first["data"]
    assert second["data"]["from"] == "2022-06-01"
    assert third["type"] == "fuma.release.v1"
    assert all(not read(line.event or b"").faults for line in found)


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("n,张三,金水,14.6.2022,,", "confirmed", "bad-date-cell"),
        ("n,张三,金水,2022/2/30,,", "confirmed", "bad-date-cell"),
        ("n,张三,银水,2022/6/14,,", "where", "unknown-word"),
        ("n,,金水,2022/6/14,,", "name", "empty-cell"),
        ("n,无,金水,2022/6/14,,", "name", "empty-cell"),
        ("n,张三,金水,2022/6/14", "", "column-count"),
        ("n,张三,金水,2022/6/14,,,", "", "column-count"),
        (f"n,{'x' * 9_000},金水,2022/6/14,,", "", "bad-csv"),
    ],
)
def test_a_row_that_cannot_be_mapped_is_said(row: str, field: str, code: str) -> None:
    good = "11010519491231002X,张三,金水,2022/6/14,,\n"
    found = rows(HEADER + row + "\n" + good)
    assert (found[0].row, found[0].event) == (2, None)
    assert (field, code) in {(f.field, f.code) for f in found[0].faults}
    assert found[-1].event is not None, "the rest proceeds"


def test_bytes_of_another_encoding_are_their_rows_fault_only() -> None:
    data = HEADER.encode() + "n,张三,金水,2022/6/14,,\n".encode("gb18030")
    data += "n,张三,金水,2022/6/14,,\n".encode()
    found = rows(data)
    assert {f.code for f in found[0].faults} <= {"bad-encoding", "unknown-word"}
    assert found[1].event is not None


def test_gb18030_and_a_byte_order_mark() -> None:
    text = HEADER + "n,张三,金水,2022/6/14,,\n"
    assert rows(b"\xef\xbb\xbf" + text.encode())[0].event is not None
    gb = parse_mapping(changed(encoding="gb18030"))
    assert rows(text.encode("gb18030"), gb)[0].event is not None


def test_a_quote_that_never_closes_does_not_eat_memory() -> None:
    endless = HEADER + 'n,"张三,金水,2022/6/14,,\n' + "n,张三,金水,2022/6/14,,\n" * 5_000
    found = rows(endless)
    assert found[0].faults[0].code == "bad-csv"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: [", "not YAML"),
        ("- x", "the file"),
        ("", "the file"),
        (changed(version=2), "version"),
        (changed(encoding="latin-1"), "encoding"),
        (changed(delimiter=";;"), "delimiter"),
        (changed(dates=["%B %d"]), "dates"),
        (changed(dates=["%H:%M"]), "dates"),
        (changed(zone="Asia/Shanghai"), "zone"),
        (changed(reports=[]), "reports"),
        (changed(colour="red"), "`colour` is not known"),
        (changed(words=[1]), "words"),
        (section(kind="order"), "reports[1].kind"),
        (section(when={"confirmed": "maybe"}), "reports[1].when.confirmed"),
        (section(id="c-{no"), "brace"),
        (section(id="c-{}"), "names no column"),
        (section(id=[]), "reports[1].id"),
        (section(time={"column": "confirmed"}), "say `at`"),
        (section(time={"column": "confirmed", "at": "9"}), ".at"),
        (section(data={"id": "x"}), "reports[1].data.name: missing"),
        (section(data={"id": {"column": "no", "template": "x"}}), "either"),
        (section(data={"id": {"column": "no", "words": "none"}}), "no table"),
        (section(data={"colour": "red"}), "colour"),
    ],
)
def test_a_mapping_that_is_wrong_is_one_clear_line(text: str, part: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_mapping(text)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_text_is_what_is_written() -> None:
    """YAML 1.1 would read these as a number in base 60, false and a date."""
    found = parse_mapping(
        GOOD.replace('"18:30:00"', "18:30:00").replace('["", "无"]', "2022-06-14")
    )
    assert found.sections[1].fields["time"].at == "18:30:00"
    assert found.nulls == {"2022-06-14"}
    assert "no" in found.columns()


def test_the_header_must_have_the_columns() -> None:
    with pytest.raises(Refusal, match="no column where"):
        rows("no,name,confirmed,released,note\n")
    with pytest.raises(Refusal, match="empty"):
        rows("")
    with pytest.raises(Refusal, match="twice"):
        rows("no,no,name,where,confirmed,released,note\n")


def test_no_such_mapping_file(tmp_path: Any) -> None:
    with pytest.raises(Refusal, match=r"none\.yaml"):
        load_mapping(tmp_path / "none.yaml")


@given(st.text(max_size=200))
def test_any_text_is_a_mapping_or_a_refusal(text: str) -> None:
    try:
        parse_mapping(text)
    except Refusal:
        pass


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_faults(data: bytes) -> None:
    for line in rows(HEADER.encode() + data):
        assert (line.event is None) == bool(line.faults)


ITINERARY = """
version: 1
dates: ["%Y-%m-%d %H:%M", "%Y-%m-%d"]
source: //test
reports:
  - kind: presence
    when: {车次: present}
    id: "p-{no}"
    time: {column: sent, at: "12:00"}
    data:
      id: {column: no}
      name: {column: name}
      division: "410105"
      from: {column: from}
      until: {column: until}
      place:
        vehicle: train
        number: "{车次}"
        date: {column: day}
        carriage: "{车厢}"
        seat: "{座}"
      evidence: {kind: ticket-record, number: "T {no}"}
      reporter: desk
      revision: {column: rev, default: "0"}
      withdrawn: {column: gone}
  - kind: presence
    when: {纬度: present}
    id: "p-{no}"
    time: {column: sent, at: "12:00"}
    data:
      id: {column: no}
      name: {column: name}
      division: "410105"
      from: {column: from}
      until: {column: until}
      place: {latitude: "{纬度}", longitude: "{经度}"}
      was: {cell: "{旧网格}"}
      evidence: {kind: signal-record, number: "S {no}"}
      reporter: desk
      revision: {column: rev, default: "0"}
"""
ITINERARY_HEADER = "no,name,sent,from,until,车次,day,车厢,座,纬度,经度,旧网格,rev,gone\n"
_STAY = "11010519491231002X,张三,2022-06-14 12:00,2022-06-14 08:00,2022-06-14 10:00"
ITINERARY_ROWS = "".join(
    f"{_STAY},{rest}\n"
    for rest in (
        "G1,2022-06-14,3,12F,,,,1,",
        ",,,,34.7,113.6,,,",
        ",,,,34.7,113.6,1/1,2,",
        "G1,14.6.,,,,,,,",
    )
)


def test_a_table_of_itineraries() -> None:
    found = rows(ITINERARY_HEADER + ITINERARY_ROWS, parse_mapping(ITINERARY))
    assert [line.row for line in found] == [2, 3, 4, 5]
    assert [(f.field, f.code) for f in found[3].faults] == [("day", "bad-date-cell")]
    reports = []
    for line in found[:3]:
        assert line.event is not None
        reading = read(line.event)
        assert reading.faults == ()
        assert reading.report is not None
        reports.append(reading.report)
    train, cell, moved = (report.stay for report in reports)
    assert train is not None
    assert cell is not None
    assert moved is not None
    assert (train.carriage, train.row, reports[0].revision) == (3, 12, 1)
    assert (moved.place, moved.was != b"") == (cell.place, True)
    assert (cell.was, reports[1].revision, reports[2].revision) == (b"", 0, 2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("      until: {column: until}\n", "", "data.until: missing"),
        ("kind: presence", "kind: case", "not known here"),
        ("place: {latitude", "place: {altitude", "altitude"),
        ("was: {cell", "was: {row", "row"),
        ("date: {column: day}", "date: {column: day, at: '09:00'}", "may hold an instant"),
        ("      revision:", "      ground: confirmed\n      revision:", "not for this kind"),
    ],
)
def test_a_mapping_of_itineraries_that_is_none(old: str, new: str, said: str) -> None:
    assert old in ITINERARY
    with pytest.raises(Refusal, match=said):
        parse_mapping(ITINERARY.replace(old, new, 1))


def test_a_table_of_cases_and_areas() -> None:
    mapping = parse_mapping("""
version: 1
source: //test
reports:
  - kind: case
    id: "c-{no}"
    time: {column: day, at: "20:00"}
    data:
      id: {column: no}
      name: {column: name}
      division: "410105"
      ground: {column: ground}
      onset: {column: onset}
      sampled: {column: sampled}
      isolated: {column: day, at: "19:00"}
      evidence: {kind: diagnosis-report, number: "D {no}", root: "{no}"}
      reporter: "id:{no}"
  - kind: area
    id: "a-{no}"
    time: {column: day, at: "20:00"}
    data:
      division: "4101"
      cells: {column: cells}
      divisions: {column: under}
      from: {column: day}
      evidence: {kind: command-document, number: "17"}
      reporter: desk
""")
    text = (
        "no,name,ground,onset,sampled,day,cells,under\n"
        "11010519491231002X,张三,confirmed,,2022-06-13,2022-06-14,1/1 1/2,410105\n"
        "11010519491231002X,张三,,2022-06-13,,2022-06-14,1/1,\n"
    )
    first, area, empty, other = rows(text, mapping)
    for line in (first, area, other):
        assert line.event is not None
        assert read(line.event).faults == ()
    assert [f.code for f in empty.faults] == ["empty-cell"]
    assert area.event is not None
    found = read(area.event).report
    assert found is not None
    assert found.area is not None
    assert (len(found.area.places), found.area.divisions) == (2, ("410105",))
