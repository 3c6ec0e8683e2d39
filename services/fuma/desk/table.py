"""The assignment form (赋码表) as a CSV file: its columns, its rows, one after another."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuma.contracts.cloudevents import moment
from fuma.contracts.errors import Refusal
from fuma.contracts.faults import Fault, fault

#: Column to the names that a header may give it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("number", "id", "身份证号", "身份证号码", "公民身份号码", "证件号码"),
    "name": ("name", "姓名"),
    "division": ("division", "区划", "行政区划", "所在区划"),
    "department": ("department", "报告部门"),
    "source": ("source", "报告来源"),
    "event": ("event", "报告编号"),
    "fact": ("fact", "证据编号"),
    "root": ("root", "关联证据"),
    "reporter": ("reporter", "报告人"),
    "venue": ("venue", "场所"),
    "seen": ("seen", "到场时间"),
}
_NEEDED = ("number", "name", "division")
_LONGEST = 500


def rows(path: Path, encoding: str = "utf-8-sig") -> Iterator[dict[str, Any] | tuple[int, Fault]]:
    """Each row as the exchange takes it (``row``: its line in a spreadsheet), or what is wrong.

    Raises ``Refusal`` where the file is not there or its header lacks a column.
    """
    csv.field_size_limit(65_536)
    try:
        file = path.open(encoding=encoding, errors="surrogateescape", newline="")
    except (OSError, LookupError) as error:
        raise Refusal(f"{path}: {error}") from error
    with file:
        reader = csv.reader(file)
        try:
            header = [cell.strip().lower() for cell in next(reader)]
        except (StopIteration, csv.Error) as error:
            raise Refusal(f"{path}: no header", "the first line names the columns") from error
        places = _places(path, header)
        number = 1
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield number, fault("", "bad-csv")
                continue
            if any(cells):
                yield _row(number, cells, header, places)


def _places(path: Path, header: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for column, names in COLUMNS.items():
        at = [i for i, name in enumerate(header) if name in names]
        if at:
            found[column] = at[0]
    missing = [column for column in _NEEDED if column not in found]
    if "event" not in found and "fact" not in found:
        missing.append("event or fact")
    if missing:
        raise Refusal(
            f"{path}: no column {', '.join(missing)}",
            f"columns are {', '.join(COLUMNS)}; it has {', '.join(header)[:200]}",
        )
    return found


def _row(
    number: int, cells: list[str], header: list[str], places: dict[str, int]
) -> dict[str, Any] | tuple[int, Fault]:
    if len(cells) != len(header):
        return number, fault("", "column-count")
    row: dict[str, Any] = {"row": number}
    for column, at in places.items():
        cell = cells[at].strip()
        if len(cell) > _LONGEST:
            return number, fault(column, "too-long", str(_LONGEST))
        if any("\udc80" <= c <= "\udcff" for c in cell):
            return number, fault(column, "bad-encoding")
        row[column] = cell
    seen = row.pop("seen", "")
    if seen:
        at_ms = moment(seen, end=False)
        if at_ms is None or at_ms < 0:
            return number, fault("seen", "bad-time")
        row["seen"] = at_ms
    return row
