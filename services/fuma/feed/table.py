"""CSV rows through a mapping: each gives no, one or several reports, or a fault that says why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO

import orjson

from fuma.contracts.errors import Refusal
from fuma.contracts.faults import Fault, fault
from fuma.feed.fields import DATED, DAYS, FIELDS
from fuma.feed.lines import Line
from fuma.feed.mapping import Condition, Mapping, Section, Source

_MAX_CELL = 8_192


class _Bad(Exception):
    """A field that the row cannot give."""

    def __init__(self, column: str, code: str) -> None:
        self.fault = fault(column, code)


def table_lines(file: BinaryIO, mapping: Mapping) -> Iterator[Line]:
    """The reports of a CSV file with a header. Row numbers as a spreadsheet shows them.

    Raises ``Refusal`` where the header lacks a column that the mapping names.
    """
    # Bytes that are not of the encoding become lone surrogates, and a fault of their row only.
    text = io.TextIOWrapper(file, encoding=mapping.encoding, errors="surrogateescape", newline="")
    try:
        csv.field_size_limit(_MAX_CELL)
        reader = csv.reader(text, delimiter=mapping.delimiter)
        header = _header(reader, mapping)
        yield from _rows(reader, header, mapping)
    finally:
        text.detach()


def _header(reader: Any, mapping: Mapping) -> list[str]:
    try:
        header = [cell.strip() for cell in next(reader)]
    except StopIteration:
        raise Refusal("the file is empty: a header with column names is needed") from None
    except csv.Error as error:
        raise Refusal(f"the header cannot be read: {error}") from error
    missing = sorted(mapping.columns() - set(header))
    if missing:
        raise Refusal(
            f"the file has no column {', '.join(missing)}", f"its columns: {', '.join(header)}"
        )
    twice = sorted({name for name in header if header.count(name) > 1} & mapping.columns())
    if twice:
        raise Refusal(f"the file has column {', '.join(twice)} twice")
    return header


def _rows(reader: Any, header: list[str], mapping: Mapping) -> Iterator[Line]:
    row = 1
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Line(row, None, (fault("", "bad-csv"),))
            continue
        if not any(cells):
            continue
        if len(cells) != len(header):
            yield Line(row, None, (fault("", "column-count"),))
            continue
        yield from _reports(row, dict(zip(header, cells, strict=True)), mapping)


def _reports(row: int, raw: dict[str, str], mapping: Mapping) -> Iterator[Line]:
    values: dict[str, str | None] = {}
    for column, cell in raw.items():
        cell = cell.strip()
        values[column] = None if cell in mapping.nulls or not cell else cell
    for section in mapping.sections:
        if not all(_holds(one, values) for one in section.when):
            continue
        faults: list[Fault] = []
        event = _event(section, values, mapping, faults)
        if faults:
            yield Line(row, None, tuple(faults))
        else:
            yield Line(row, orjson.dumps(event))


def _holds(condition: Condition, values: dict[str, str | None]) -> bool:
    value = values[condition.column]
    if condition.test == "present":
        return value is not None
    if condition.test == "absent":
        return value is None
    return (value in condition.values) == (condition.test == "in")


def _event(
    section: Section, values: dict[str, str | None], mapping: Mapping, faults: list[Fault]
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "type": f"fuma.{section.kind.value}.v1",
        "data": {"evidence": {}},
    }
    for path, source in section.fields.items():
        try:
            value = _value(path, source, values, mapping, needed=FIELDS[section.kind][path])
        except _Bad as bad:
            faults.append(bad.fault)
            continue
        if value is None:
            continue
        holder = event
        *parents, last = path.split(".")
        for parent in parents:
            holder = holder.setdefault(parent, {})
        holder[last] = value
    return event


def _value(
    path: str,
    source: Source,
    values: dict[str, str | None],
    mapping: Mapping,
    *,
    needed: bool,
) -> str | None:
    parts: list[str] = []
    column = next(source.columns, path)
    for is_column, text in source.pieces:
        part = values[text] if is_column else text
        if part is None:
            if source.default is not None:
                return source.default
            if needed:
                raise _Bad(text, "empty-cell")
            return None
        parts.append(part)
    value = "".join(parts)
    if any("\udc80" <= c <= "\udcff" for c in value):
        raise _Bad(column, "bad-encoding")
    if source.words:
        known = mapping.words[source.words].get(value, source.default)
        if known is None:
            raise _Bad(column, "unknown-word")
        value = known
    if path in DATED and any(is_column for is_column, _ in source.pieces):
        dated = _dated(value, mapping.dates, source.at, mapping.zone)
        if dated is None:
            raise _Bad(column, "bad-date-cell")
        value = dated
    if path in DAYS and any(is_column for is_column, _ in source.pieces):
        dated = _dated(value, mapping.dates, "", mapping.zone)
        if dated is None:
            raise _Bad(column, "bad-date-cell")
        value = dated[:10]
    return value


@lru_cache(maxsize=10_000)
def _dated(text: str, forms: tuple[str, ...], at: str, zone: str) -> str | None:
    """A date, or an instant where form or ``at`` has a time; ``None``: no form fits."""
    for form in forms:
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        if "%H" in form:
            return found.isoformat(timespec="seconds") + zone
        day = found.date().isoformat()
        return f"{day}T{at}{zone}" if at else day
    return None
