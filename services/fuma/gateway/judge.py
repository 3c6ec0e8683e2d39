"""One row, judged: what it says, whether it may be said, and the fact that goes on the feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.contracts.cloudevents import FOR_COMPARISON, Reading, Report, read
from fuma.contracts.faults import Fault, fault
from fuma.contracts.persons import reporter_ref, root_ref
from fuma.contracts.sealing import (
    content_digest,
    evidence_ref,
    open_row,
    row_info,
    seal_subject,
)
from fuma.domain.codes.check import Breach, check_fact
from fuma.domain.codes.events import Fact, FactKind, Identity
from fuma.domain.codes.words import WORDS as RULE_WORDS
from fuma.domain.codes.words import words
from fuma.domain.ids import report_id
from fuma.domain.law.comparison import Comparison
from fuma.domain.law.inforce import Law
from fuma.domain.law.rulebook import Rulebook
from fuma.gateway import itinerary
from fuma.gateway.intake import Row
from fuma.gateway.itinerary import Said
from fuma.runtime.ports import SubjectKey


@dataclass(frozen=True, slots=True)
class Opened:
    """A row and what could be read of it. Holds identity: lives within one chunk only."""

    row: Row
    reading: Reading

    @property
    def person(self) -> tuple[str, str] | None:
        """(number, name) for the vault, or ``None`` where nobody is named."""
        if not self.reading.names_holder:
            return None
        report = self.reading.report
        assert report is not None
        return report.number, report.name


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a row. Without ``fact`` and ``said`` it ends at the door.

    ``said``: what the comparison is to hear of it, with the key it has on the itinerary topic.
    """

    opened: Opened
    faults: tuple[Fault, ...]
    fact: Fact | None
    tag: bytes
    said: tuple[Said, ...] = ()

    @property
    def ends(self) -> tuple[str, ...]:
        """Codes of why it ends at the door; empty where something of it goes on.

        A case under a name that is not its number's ends there without a fault: the door tells
        nobody who is registered under which name.
        """
        if self.fact is not None or self.said:
            return ()
        return tuple(one.code for one in self.faults) or ("name-mismatch",)


class Judge:
    """Opens, reads and judges rows. Pure but for the keys that it holds."""

    def __init__(self, gateway: X25519PrivateKey, evidence_key: bytes) -> None:
        self._gateway = gateway
        self._evidence = evidence_key

    def open(self, row: Row) -> Opened:
        """Unseal and read. Raises ``Poison`` where it was not sealed to us."""
        info = row_info(row.department, row.receipt, row.number)
        return Opened(row, read(open_row(self._gateway, row.enc, row.sealed, info)))

    def judge(self, opened: Opened, subject: SubjectKey | None, law: Law) -> Judged:
        """With the subject that the vault gave, where a holder is named."""
        reading, at = opened.reading, opened.row.at
        report, department = reading.report, opened.row.department
        if report is None or (subject is None and report.kind is not FactKind.AREA):
            return Judged(opened, reading.faults or (fault("", "not-json"),), None, b"")
        fact = self._fact(department, reading, report, subject)
        compared = law.comparison(fact.division, at)
        book: Rulebook | Comparison | None = compared
        if report.kind not in FOR_COMPARISON:
            found = law.in_force(fact.division, at, fact.ground)
            book = found.book if found else None
        faults = reading.faults
        faults += _told(itinerary.breaches(report, compared, department, at), faults)
        faults += _told(check_fact(fact, book, at), faults)
        said: tuple[Said, ...] = ()
        if not faults:
            said = itinerary.said(report, fact, compared, subject)
        if report.kind in FOR_COMPARISON:
            return Judged(opened, faults, None, b"", said)
        if faults:
            fact = replace(fact, breaches=tuple(dict.fromkeys(f.code for f in faults)))
        return Judged(opened, faults, fact, subject.tag if subject else b"", said)

    def _fact(
        self, department: str, reading: Reading, report: Report, subject: SubjectKey | None
    ) -> Fact:
        ident = report_id(department, report.source, report.event_id)
        # Of what is compared only the itinerary goes on: nothing of it needs the subject's key.
        key = subject.key if subject and report.kind not in FOR_COMPARISON else None
        private = {
            "evidence": report.evidence_number,
            "reporter": report.reporter,
            "source": report.source,
            "event": report.event_id,
            "note": report.note,
            **({"root": report.evidence_root} if report.evidence_root else {}),
        }
        ref = evidence_ref(self._evidence, department, report.evidence_kind, report.evidence_number)
        return Fact(
            ident,
            content_digest(self._evidence, reading.canonical),
            report.kind,
            department,
            report.division,
            report.ground,
            report.since,
            report.until,
            report.evidence_kind,
            ref,
            Identity(subject.identity) if subject else Identity.UNREGISTERED,
            (),
            report.time,
            seal_subject(key, private, ident) if key else b"",
            reporter_ref(self._evidence, department, report.reporter),
            root_ref(self._evidence, report.evidence_root),
        )


def _told(breaches: Iterable[Breach], known: Sequence[Fault]) -> tuple[Fault, ...]:
    """Breaches in words. A field that could not be read is not said to be wrong as well."""
    places = {one.field for one in known if one.field}
    faults = []
    for field, code in breaches:
        if not any(place.startswith(field) or field.startswith(place) for place in places):
            told = words(code) if code in RULE_WORDS else None
            faults.append(Fault(field, code, told.zh, told.en) if told else fault(field, code))
    return tuple(faults)
