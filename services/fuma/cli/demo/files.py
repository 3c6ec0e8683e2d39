"""The departments' report files: CloudEvents, one a line; for customs a CSV in its own words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fuma.cli.demo import customs
from fuma.cli.demo.planned import Report
from fuma.domain.time import iso

CSV_DEPARTMENT = "customs"


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
    if report.kind == "area":
        del data["id"], data["name"]
    data |= report.more
    return {
        "specversion": "1.0",
        "type": f"fuma.{report.kind}.v1",
        "source": f"//{report.department}.41.example",
        "id": report.event,
        "time": iso(report.at),
        "data": data,
    }


def write(
    folder: Path, name: str, department: str, reports: Iterable[Report], as_events: bool = False
) -> tuple[Path, Path | None]:
    """The file that ``department`` sends, and the mapping that it needs, if any."""
    if department == CSV_DEPARTMENT and not as_events:
        path, mapping = folder / f"{name}.csv", folder / f"{department}.yaml"
        path.write_bytes(customs.table(reports))
        mapping.write_text(customs.MAPPING, encoding="utf-8")
        return path, mapping
    path = folder / f"{name}.jsonl"
    lines = (r.raw or json.dumps(event(r), ensure_ascii=False) for r in reports)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path, None
