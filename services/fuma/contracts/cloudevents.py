"""A report: CloudEvents 1.0 JSON, one a line (docs/formats/report.md, normative).

``read`` is total: whatever the bytes, it gives a ``Reading`` and never raises. Where enough could
be read to know which event and which number it speaks of, ``report`` is there although faults were
found, so that the refusal can go on the log of the person it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from fuma.contracts.eventreader import EventReader, instant, moment, number_fault
from fuma.contracts.faults import Fault, fault
from fuma.contracts.itineraryparts import (
    AreaPart,
    CasePart,
    StayPart,
    area_part,
    case_part,
    stay_part,
)
from fuma.contracts.persons import reporter_number
from fuma.domain.codes.events import FactKind
from fuma.domain.time import Ms

__all__ = [
    "MAX_EVENT", "WITH_GROUND", "Reading", "Report", "instant", "moment", "number_fault", "read",
]  # fmt: skip

#: Bytes in a line, at most.
MAX_EVENT = 16_384
_KINDS = {f"fuma.{kind.value}.v1": kind for kind in FactKind}
_ENVELOPE = {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}
_COMMON = {"division", "evidence", "reporter", "note"}
_PERSON = _COMMON | {"id", "name"}
_CASE = {"onset", "sampled", "isolated"}
_REVISED = {"revision", "withdrawn"}
_FACT = _PERSON | {"ground", "from", "until"}
#: Names in ``data``, by kind. ``None``: the kind could not be read.
_DATA: dict[FactKind | None, set[str]] = {
    None: _FACT | _CASE | _REVISED | {"place", "was", "cells", "divisions", "periods"},
    FactKind.FINDING: _FACT | _CASE,
    FactKind.RELEASE: _FACT,
    FactKind.DEATH: _FACT,
    FactKind.SCAN: _FACT,
    FactKind.PRESENCE: _PERSON | _REVISED | {"from", "until", "place", "was"},
    FactKind.CASE: _PERSON | _REVISED | _CASE | {"ground"},
    FactKind.AREA: _COMMON | _REVISED | {"from", "until", "cells", "divisions", "periods"},
}
#: Kinds that state a ground.
WITH_GROUND = frozenset({FactKind.FINDING, FactKind.RELEASE, FactKind.CASE})
#: Kinds that end in the comparison and give no colour by themselves.
FOR_COMPARISON = frozenset({FactKind.PRESENCE, FactKind.CASE, FactKind.AREA})


@dataclass(frozen=True, slots=True)
class Report:
    """One report as its department wrote it. Holds identity: never log it."""

    event_id: str
    source: str
    time: Ms
    kind: FactKind
    number: str  # "" of an area
    name: str
    division: str
    ground: str
    since: Ms
    until: Ms | None
    evidence_kind: str
    evidence_number: str
    evidence_root: str
    reporter: str
    note: str
    revision: int = 0
    withdrawn: bool = False
    stay: StayPart | None = None
    case: CasePart | None = None
    area: AreaPart | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a line. ``canonical`` are the bytes the content digest is over."""

    report: Report | None
    faults: tuple[Fault, ...]
    canonical: bytes

    @property
    def names_holder(self) -> bool:
        """Whether a person can be told: a number whose check digit is right."""
        return self.report is not None and number_fault(self.report.number) is None


def read(line: bytes) -> Reading:
    """Read one event. Never raises."""
    if len(line) > MAX_EVENT:
        return Reading(None, (fault("", "too-long", f"{MAX_EVENT} bytes"),), b"")
    try:
        body: Any = orjson.loads(line)
    except (ValueError, RecursionError):
        return Reading(None, (fault("", "not-json"),), b"")
    if not isinstance(body, dict):
        return Reading(None, (fault("", "not-object"),), b"")
    try:
        canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):
        return Reading(None, (fault("", "not-json"),), b"")
    return _Reader(body).reading(canonical)


class _Reader(EventReader):
    """Reads one event's body."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self.body = body

    def reading(self, canonical: bytes) -> Reading:
        body = self.body
        self.unknown(body, _ENVELOPE, "")
        if body.get("specversion") != "1.0":
            self.say("specversion", "bad-specversion")
        if body.get("datacontenttype", "application/json") != "application/json":
            self.say("datacontenttype", "bad-content-type")
        event_id = self.text(body, "id")
        source = self.text(body, "source")
        kind = _KINDS.get(body["type"]) if isinstance(body.get("type"), str) else None
        if kind is None:
            self.say("type", "missing" if body.get("type") is None else "bad-type")
        raw = body.get("time")
        time = instant(raw) if isinstance(raw, str) and len(raw) <= 40 else None
        if time is None or time < 0:
            time = None
            self.say("time", "missing" if raw is None else "bad-time")
        report = self.data(self.part(body, "data"), event_id, source, kind, time)
        return Reading(report, tuple(self.faults), canonical)

    def data(
        self,
        data: dict[str, Any],
        event_id: str,
        source: str,
        kind: FactKind | None,
        time: Ms | None,
    ) -> Report | None:
        self.unknown(data, _DATA[kind], "data.")
        number = name = ""
        if kind is not FactKind.AREA:
            number, name = self.person(data)
        division = self.division(data)
        ground = self.ground(data, kind)
        since, until = self.interval(data, kind)
        stay = stay_part(self, data) if kind is FactKind.PRESENCE else None
        case = None
        if kind in (FactKind.FINDING, FactKind.CASE):
            case = case_part(self, data, needed=kind is FactKind.CASE)
        area = area_part(self, data, division) if kind is FactKind.AREA else None
        evidence = self.part(data, "data.evidence")
        self.unknown(evidence, {"kind", "number", "root"}, "data.evidence.")
        evidence_kind = self.text(evidence, "data.evidence.kind") if evidence else ""
        evidence_number = self.text(evidence, "data.evidence.number") if evidence else ""
        root = self.text(evidence, "data.evidence.root", needed=False) if evidence else ""
        reporter = self.reporter(data)
        note = self.text(data, "data.note", needed=False)
        revision, withdrawn = self.revision(data, kind)
        if not (event_id and source) or kind is None or time is None:
            return None
        if not number and kind is not FactKind.AREA:
            return None
        if case is not None and kind is FactKind.CASE:
            since = case.first_day
        if area is not None:
            since = area.periods[0][0]
        return Report(
            event_id,
            source,
            time,
            kind,
            number,
            name,
            division,
            ground,
            time if since is None else since,
            until,
            evidence_kind,
            evidence_number,
            root,
            reporter,
            note,
            revision,
            withdrawn,
            stay,
            case,
            area,
        )

    def person(self, data: dict[str, Any]) -> tuple[str, str]:
        number = self.text(data, "data.id").upper()
        wrong = number_fault(number) if number else None
        if wrong is not None:
            self.say("data.id", wrong)
        return number, self.text(data, "data.name")

    def ground(self, data: dict[str, Any], kind: FactKind | None) -> str:
        grounded = kind is None or kind in WITH_GROUND
        ground = self.text(data, "data.ground", needed=grounded and kind is not None)
        if ground and not grounded and "ground" in _DATA[kind]:
            self.say("data.ground", "not-for-kind")
        return ground

    def interval(self, data: dict[str, Any], kind: FactKind | None) -> tuple[Ms | None, Ms | None]:
        """``from`` and ``until``; a presence needs both, of a case and an area nothing is asked."""
        if kind in (FactKind.CASE, FactKind.AREA):
            return None, None
        since = self.when(data, "data.from", end=False, needed=True)
        until = self.when(data, "data.until", end=True, needed=kind is FactKind.PRESENCE)
        if since is not None and until is not None and until <= since:
            self.say("data.until", "until-before-from")
            until = None
        return since, until

    def reporter(self, data: dict[str, Any]) -> str:
        reporter = self.text(data, "data.reporter")
        number = reporter_number(reporter)
        wrong = number_fault(number) if number is not None else None
        if wrong is not None:
            self.say("data.reporter", wrong)
        return reporter

    def revision(self, data: dict[str, Any], kind: FactKind | None) -> tuple[int, bool]:
        if kind not in FOR_COMPARISON:
            return 0, False
        revision = self.count(data, "data.revision")
        withdrawn = self.flag(data, "data.withdrawn")
        if withdrawn and not revision:
            self.say("data.withdrawn", "withdrawn-needs-revision")
        return revision, withdrawn
