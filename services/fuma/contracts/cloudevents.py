"""A report: CloudEvents 1.0 JSON, one a line (docs/formats/report.md, normative).

``read`` is total: whatever the bytes, it gives a ``Reading`` and never raises. Where enough could
be read to know which event and which number it speaks of, ``report`` is there although faults were
found, so that the refusal can go on the log of the person it names.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from fuma.contracts import divisions
from fuma.contracts.faults import Fault, fault
from fuma.contracts.persons import reporter_number
from fuma.domain.codes.events import FactKind
from fuma.domain.time import DAY, Ms, day_start, sayable, to_ms

#: Bytes in a line, at most.
MAX_EVENT = 16_384
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_KINDS = {f"fuma.{kind.value}.v1": kind for kind in FactKind}
_ENVELOPE = {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}
_DATA = {"id", "name", "division", "ground", "from", "until", "evidence", "reporter", "note"}
#: Kinds that state a ground.
WITH_GROUND = frozenset({FactKind.FINDING, FactKind.RELEASE})
_LENGTH = {
    "id": 128,
    "source": 256,
    "data.id": 18,
    "data.name": 64,
    "data.division": 12,
    "data.ground": 64,
    "data.reporter": 128,
    "data.note": 500,
    "data.evidence.kind": 64,
    "data.evidence.number": 128,
    "data.evidence.root": 128,
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Report:
    """One report as its department wrote it. Holds identity: never log it."""

    event_id: str
    source: str
    time: Ms
    kind: FactKind
    number: str
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


def number_fault(number: str) -> str | None:
    """Code of what is wrong with a resident identity number (GB 11643), or ``None``."""
    if len(number) != 18 or not number.isascii() or not number[:17].isdigit():
        return "id-form"
    if not (number[17].isdigit() or number[17] == "X"):
        return "id-form"
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "id-birth-date"
    total = sum(w * (ord(c) - 48) for w, c in zip(_WEIGHTS, number, strict=False))
    return None if "10X98765432"[total % 11] == number[17] else "id-checksum"


def instant(text: str) -> Ms | None:
    """An RFC 3339 instant, or ``None``."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        found = to_ms(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        return None
    return found if sayable(found) else None


def moment(text: str, *, end: bool) -> Ms | None:
    """An instant, or a date as its whole day: its first instant, or (``end``) that of the next."""
    if _DATE.fullmatch(text):
        try:
            found = day_start(date.fromisoformat(text)) + (DAY if end else 0)
        except (ValueError, OverflowError):
            return None
        return found if sayable(found) else None
    return instant(text)


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


def _visible(text: str) -> bool:
    """Whether anything of it can be seen. A control character counts: it is bad, not missing."""
    kinds = {unicodedata.category(c) for c in text}
    return "Cc" in kinds or any(kind[0] not in "CMZ" for kind in kinds)


class _Reader:
    """Collects faults while it takes an object apart."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.faults: list[Fault] = []

    def say(self, field: str, code: str, detail: str = "") -> None:
        self.faults.append(fault(field, code, detail))

    def text(self, holder: dict[str, Any], path: str, *, needed: bool = True) -> str:
        """The text at the path's last name; ``""`` and a fault where there is none."""
        value = holder.get(path.rpartition(".")[2])
        if isinstance(value, str):
            value = value.strip()
        if value is None or (isinstance(value, str) and not _visible(value)):
            if needed:
                self.say(path, "missing")
            return ""
        if not isinstance(value, str):
            self.say(path, "not-text")
            return ""
        if len(value) > _LENGTH[path]:
            self.say(path, "too-long", f"{_LENGTH[path]}")
            return ""
        if not value.isprintable() and any(unicodedata.category(c) == "Cc" for c in value):
            self.say(path, "bad-text")
            return ""
        return value

    def unknown(self, holder: dict[str, Any], known: set[str], prefix: str) -> None:
        for name in holder:
            if name not in known:
                # a sender's own field name may hold anything: only its place is told
                shown = name if re.fullmatch(r"[a-z]{1,32}", name) else "?"
                self.say(prefix + shown, "unknown-field")

    def part(self, holder: dict[str, Any], path: str) -> dict[str, Any]:
        value = holder.get(path.rpartition(".")[2])
        if isinstance(value, dict):
            return value
        self.say(path, "missing" if value is None else "not-object")
        return {}

    def when(self, holder: dict[str, Any], path: str, *, end: bool, needed: bool) -> Ms | None:
        value = holder.get(path.rpartition(".")[2])
        if value is None:
            if needed:
                self.say(path, "missing")
            return None
        found = moment(value, end=end) if isinstance(value, str) and len(value) <= 40 else None
        if found is None:
            self.say(path, "bad-date")
        return found

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
        self.unknown(data, _DATA, "data.")
        number = self.text(data, "data.id").upper()
        wrong = number_fault(number) if number else None
        if wrong is not None:
            self.say("data.id", wrong)
        name = self.text(data, "data.name")
        division = self.division(data)
        grounded = kind is None or kind in WITH_GROUND
        ground = self.text(data, "data.ground", needed=grounded)
        if ground and not grounded:
            self.say("data.ground", "not-for-kind")
        since = self.when(data, "data.from", end=False, needed=True)
        until = self.when(data, "data.until", end=True, needed=False)
        if since is not None and until is not None and until <= since:
            self.say("data.until", "until-before-from")
            until = None
        evidence = self.part(data, "data.evidence")
        self.unknown(evidence, {"kind", "number", "root"}, "data.evidence.")
        evidence_kind = self.text(evidence, "data.evidence.kind") if evidence else ""
        evidence_number = self.text(evidence, "data.evidence.number") if evidence else ""
        evidence_root = self.text(evidence, "data.evidence.root", needed=False) if evidence else ""
        reporter = self.reporter(data)
        note = self.text(data, "data.note", needed=False)
        if not (event_id and source and number) or kind is None or time is None:
            return None
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
            evidence_root,
            reporter,
            note,
        )

    def reporter(self, data: dict[str, Any]) -> str:
        reporter = self.text(data, "data.reporter")
        number = reporter_number(reporter)
        wrong = number_fault(number) if number is not None else None
        if wrong is not None:
            self.say("data.reporter", wrong)
        return reporter

    def division(self, data: dict[str, Any]) -> str:
        text = self.text(data, "data.division")
        if not text:
            return ""
        code = divisions.normal(text)
        if code is None:
            self.say("data.division", "division-form")
            return ""
        if not divisions.exists(code):
            self.say("data.division", "division-unknown")
        return code
