"""The departments' report files: CloudEvents, one a line; for customs a CSV in its own words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fuma.cli.demo.day import Report
from fuma.domain.time import iso

#: The department whose system writes CSV, GB 18030, with its own column names and words.
CSV_DEPARTMENT = "customs"
CSV_COLUMNS = (
    "流水号",
    "登记时间",
    "类别",
    "证件号码",
    "姓名",
    "现住地",
    "入境时间",
    "单证类别",
    "单证编号",
    "经办人",
)
_CSV_KIND = {"finding": "入境隔离", "release": "解除隔离"}
_CSV_EVIDENCE = {"border-record": "入境登记", "release-notice": "解除通知", "": ""}


def event(report: Report) -> dict[str, Any]:
    """The report as a CloudEvent (docs/formats/report.md)."""
    data: dict[str, Any] = {
        "id": report.number,
        "name": report.name,
        "division": report.division,
        "from": iso(report.since),
        "reporter": report.reporter,
    }
    if report.ground:
        data["ground"] = report.ground
    if report.until is not None:
        data["until"] = iso(report.until)
    if report.evidence:
        data["evidence"] = {"kind": report.evidence, "number": report.evidence_number}
    return {
        "specversion": "1.0",
        "type": f"fuma.{report.kind}.v1",
        "source": f"//{report.department}.41.example",
        "id": report.event,
        "time": iso(report.at),
        "data": data,
    }


def write(folder: Path, name: str, department: str, reports: Iterable[Report]) -> Path:
    """The file that ``department`` sends: ``.jsonl``, or ``.csv`` where its system writes that."""
    if department == CSV_DEPARTMENT:
        path = folder / f"{name}.csv"
        path.write_bytes(_csv(reports).encode("gb18030"))
    else:
        path = folder / f"{name}.jsonl"
        lines = (r.raw or json.dumps(event(r), ensure_ascii=False) for r in reports)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _csv(reports: Iterable[Report]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for r in reports:
        writer.writerow(
            (
                r.event,
                iso(r.at)[:19].replace("T", " "),
                _CSV_KIND[r.kind],
                r.number,
                r.name,
                r.division,
                iso(r.since)[:16].replace("T", " "),
                _CSV_EVIDENCE[r.evidence],
                r.evidence_number,
                r.reporter,
            )
        )
    return out.getvalue()
