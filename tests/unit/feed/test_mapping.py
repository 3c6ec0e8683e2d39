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
