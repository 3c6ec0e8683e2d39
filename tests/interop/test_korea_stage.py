"""The real routes through the line: table, mapping, sealed rows, gateway, task force, comparison.

In memory, day by day, with the law as a text. The number of matches, and who met whom on which day,
are the reference's. Two tables are made of the source's: a row a day of each route, a row a case.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.toy import SEALER
from fuma.contracts.presence import FRAME, decode_presence
from fuma.contracts.rulesfile import Text, canonical, law_of_texts, parse_text
from fuma.contracts.topics import ITINERARY, PRESENCE, partition_for, spec
from fuma.domain.ids import case_id, report_id
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, day_start
from fuma.feed.mapping import Mapping, parse_mapping
from fuma.feed.table import table_lines
from fuma.processor.itinerary import Itinerary
from fuma.runtime.host_transform import internal
from fuma.runtime.mac import TIME_HEADER, unpack_time
from fuma.runtime.store import StoreRoot
from gatewaykit import Small
from interop import korea_routes as korea
from interop.korea import Patient, patients
from interop.test_korea_routes import reference
from unit.processor.comparison_rig import Rig

FOUND = korea.folder()
pytestmark = pytest.mark.skipif(FOUND is None, reason="the Korean routes are not here")
SOURCE = "//korea.example"
ROUTES = parse_mapping("""
version: 1
dates: ["%Y-%m-%d"]
source: //korea.example
reports:
  - kind: presence
    id: "route-{row}-{day}"
    time: {column: day, at: "23:59:59"}
    data:
      id: {column: number}
      name: {column: name}
      division: "110105"
      from: {column: day}
      until: {column: day}
      place: {latitude: "{latitude}", longitude: "{longitude}"}
      evidence: {kind: signal-record, number: "{row}"}
      reporter: desk
""")
CASES = parse_mapping("""
version: 1
dates: ["%Y-%m-%d"]
source: //korea.example
reports:
  - kind: case
    id: "case-{who}"
    time: {column: day, at: "23:59:59"}
    data:
      id: {column: number}
      name: {column: name}
      division: "110105"
      ground: confirmed
      sampled: {column: day}
      isolated: {column: day}
      evidence: {kind: diagnosis-report, number: "{who}"}
      reporter: desk
""")


def law() -> Text:
    """The companion of the press's figure; infectious from two days before confirmation (A)."""
    words = {"zh": "测试", "en": "test"}

    def row(name: str, evidence: str, department: str, **more: str) -> dict[str, Any]:
        owners = [{"department": department}]
        made = {"name": name, "evidence": [evidence], "owners": owners, "basis": words, "mark": "A"}
        return {**made, **more}

    text = {
        "kind": "comparison", "name": "cn/korea", "version": 1, "division": "",
        "in_force": {"from": "2020-01-01"}, "title": words, "publisher": words, "basis": words,
        "companion": {
            "grounds": ["spatiotemporal-companion"], "evidence": "grid-match", "minimum": "10m",
        },
        "rows": [
            row("stay", "signal-record", "communications", kind="presence"),
            row("case", "diagnosis-report", "health", kind="case", ground="confirmed",
                infectious="2d"),
        ],
    }  # fmt: skip
    return parse_text(canonical(text))


def events(mapping: Mapping, rows: Iterable[dict[str, str]]) -> list[dict[str, Any]]:
    """What the department's client makes of a table."""
    out = io.StringIO()
    table = list(rows)
    writer = csv.DictWriter(out, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    lines = list(table_lines(io.BytesIO(out.getvalue().encode()), mapping))
    assert all(line.event is not None for line in lines)
    return [json.loads(line.event or b"") for line in lines]


def tables(
    folder: Path, people: dict[str, Patient]
) -> tuple[dict[date, list[dict[str, str]]], dict[date, list[dict[str, str]]]]:
    """By day: a row for each usable row of a route, a row for each case confirmed."""
    stays: dict[date, list[dict[str, str]]] = defaultdict(list)
    cases: dict[date, list[dict[str, str]]] = defaultdict(list)
    with (folder / "routes.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            first, last = korea.parse(row["start"]), korea.parse(row["end"] or row["start"])
            if not row["latitude"] or not row["longitude"] or row["global_id"] not in people:
                continue
            if first is None or last is None or last < first:
                continue
            person = people[row["global_id"]]
            for day in (first + timedelta(n) for n in range((last - first).days + 1)):
                stays[day].append(
                    {"row": str(number), "day": f"{day}", "number": person.number,
                     "name": person.name, "latitude": row["latitude"],
                     "longitude": row["longitude"]}
                )  # fmt: skip
    for who, day in korea.patients(folder).confirmed.items():
        person = people[who]
        cases[day].append(
            {"who": who, "day": f"{day}", "number": person.number, "name": person.name}
        )
    return stays, cases


def test_the_line_finds_what_the_reference_finds(tmp_path: Path) -> None:
    assert FOUND is not None
    people = {p.global_id: p for p in patients(FOUND / "patients.csv")}
    routes, known = korea.routes(FOUND), korea.patients(FOUND)
    stays, cases = tables(FOUND, people)
    days = sorted(stays.keys() | cases.keys())
    small = Small(tmp_path, [law()], day_start(days[0]))
    small.vault.load([(p.number, p.name) for p in people.values()])
    stores = StoreRoot(tmp_path / "stores")
    rig = Rig(_law(), FRAME, spec(PRESENCE).partitions, stores)
    stage, done = Itinerary(), dict.fromkeys(range(spec(ITINERARY).partitions), 0)
    for day in days:
        at = day_start(day) + DAY
        for mapping, table, department in (
            (ROUTES, stays.get(day), "communications"),
            (CASES, cases.get(day), "health"),
        ):
            if table:
                made = events(mapping, table)
                small.send(f"R-{day}", made, len(made), department, at=at)
        assert not small.live(0, False)
        _forward(small, rig, stage, done)
        rig.run()
    assert not small.all("fuma.dlq.in")
    tag = {small.vault._tag(p.number): who for who, p in people.items()}
    case = {}
    for who in known.confirmed:
        report = report_id("health", SOURCE, f"case-{who}")
        case[case_id(report, small.vault._tag(people[who].number))] = who
    met = Counter(
        (case[m.case], tag[key], days[0] + timedelta((m.since - day_start(days[0])) // DAY))
        for (key, m), count in rig.standing().items()
        for _ in range(count)
    )
    expected = reference(routes, known, 14)
    assert met == expected
    assert met.total() == sum(expected.values()) > 0


def _law() -> Law:
    return law_of_texts([law()])


def _forward(small: Small, rig: Rig, stage: Itinerary, done: dict[int, int]) -> None:
    """What is new on the itinerary topic, through the task force."""
    for partition, offset in done.items():
        records = small.log.records[ITINERARY, partition]
        for raw in records[offset:]:
            assert decode_presence(raw.value)
            time = raw.header(TIME_HEADER)
            assert unpack_time(time)
            for emit in stage.transform(raw):
                where = partition_for(emit.key, rig.partitions)
                rig.log.append(
                    [internal(SEALER, PRESENCE, emit.key, emit.value, where, time, None)]
                )
        done[partition] = len(records)
