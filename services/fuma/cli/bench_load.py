"""The reports that the bench sends: valid ones on made-up holders, most of them with an effect."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fuma.cli.demo.people import Person
from fuma.domain.ids import report_id
from fuma.domain.time import SECOND, Ms, iso

SOURCE = "//bench.example/cdc"
DEPARTMENT = "health"
_FINDINGS = (
    ("confirmed", "diagnosis-report"),
    ("close-contact", "isolation-record"),
    ("asymptomatic", "pcr-report"),
    ("unexplained-fever", "fever-clinic-record"),
)


def events(
    people: Sequence[Person], name: str, count: int, at: Ms, division: str
) -> list[tuple[bytes, bytes]]:
    """``count`` (report id, CloudEvent) pairs from log time ``at`` on, over ``people`` in turn."""
    made = []
    for index in range(count):
        person = people[index % len(people)]
        ground, evidence = _FINDINGS[(index + index // len(people)) % len(_FINDINGS)]
        event_id = f"{name}-{index}"
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": SOURCE,
            "type": "fuma.finding.v1",
            "time": iso(at + index * SECOND // 1_000),
            "data": {
                "id": person.number,
                "name": person.name,
                "division": division,
                "ground": ground,
                "from": iso(at),
                "evidence": {"kind": evidence, "number": f"{name}-{index}"},
                "reporter": "bench",
            },
        }
        line = json.dumps(event, ensure_ascii=False).encode()
        made.append((report_id(DEPARTMENT, SOURCE, event_id), line))
    return made
