"""One planned row of a department's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fuma.domain.time import Ms

#: What the gateway answers to a row.
ACCEPTED = "accepted"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Report:
    """One row of a department's file. ``verdict``: what the gateway has to answer.

    ``raw`` stands in place of everything else where the row is not even an event.
    """

    department: str
    at: Ms  # CloudEvents time: when it was reported
    event: str
    kind: str
    number: str
    name: str
    division: str
    ground: str
    since: Ms
    until: Ms | None
    evidence: str  # kind; "" for none
    evidence_number: str
    reporter: str
    verdict: str = ACCEPTED
    mistake: str = ""
    raw: str = ""
    more: Mapping[str, object] = field(default_factory=dict)  # of ``data``: places, cases, areas
