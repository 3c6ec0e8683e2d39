"""How the demo's customs write their day: CSV, GB 18030, their own columns and words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from fuma.cli.demo.planned import Report
from fuma.domain.time import iso

ENCODING = "gb18030"
_COLUMNS = (
    "流水号", "登记时间", "类别", "证件号码", "姓名", "现住地", "入境时间", "单证编号", "经办人",
)  # fmt: skip
_KINDS = {"finding": "入境隔离", "release": "解除隔离"}

#: The mapping file that goes with it (docs/formats/mapping.md).
MAPPING = """\
version: 1
encoding: gb18030
dates: ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
source: //customs.41.example
reports:
  - kind: finding
    when: {类别: {is: 入境隔离}}
    id: {column: 流水号}
    time: {column: 登记时间}
    data:
      id: {column: 证件号码}
      name: {column: 姓名}
      division: {column: 现住地}
      ground: inbound
      from: {column: 入境时间}
      evidence: {kind: border-record, number: {column: 单证编号}}
      reporter: {column: 经办人}
  - kind: release
    when: {类别: {is: 解除隔离}}
    id: {column: 流水号}
    time: {column: 登记时间}
    data:
      id: {column: 证件号码}
      name: {column: 姓名}
      division: {column: 现住地}
      ground: inbound
      from: {column: 入境时间}
      evidence: {kind: release-notice, number: {column: 单证编号}}
      reporter: {column: 经办人}
"""


def table(reports: Iterable[Report]) -> bytes:
    """The file, encoded."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for r in reports:
        writer.writerow(
            (
                r.event,
                iso(r.at)[:19].replace("T", " "),
                _KINDS[r.kind],
                r.number,
                r.name,
                r.division,
                iso(r.since)[:16].replace("T", " "),
                r.evidence_number,
                r.reporter,
            )
        )
    return out.getvalue().encode(ENCODING)
