"""What the comparison is to hear of a report: who was where, who is a case, what is at risk.

It goes to ``fuma.itinerary``, which keeps 15 days. A report for the comparison that breaks a rule
ends at the door: it bears no colour, so nothing of it belongs on a record that is kept for good.
"""

from __future__ import annotations

from typing import NamedTuple

from fuma.contracts.cloudevents import Report
from fuma.contracts.presence import FRAME
from fuma.domain.codes.check import Breach
from fuma.domain.codes.events import Fact, FactKind, Identity
from fuma.domain.comparison.check import check_case, check_issue, check_stay
from fuma.domain.comparison.events import SIGNAL, TICKET, Area, Case, Presence
from fuma.domain.comparison.place import is_run
from fuma.domain.comparison.settings import Infectious, infectious
from fuma.domain.ids import case_id
from fuma.domain.law.comparison import Comparison
from fuma.domain.law.rulebook import Row
from fuma.domain.time import Ms, whole_day
from fuma.runtime.ports import SubjectKey


class Said(NamedTuple):
    """One record for ``fuma.itinerary``. ``key``: the tag, or an area's id."""

    key: bytes
    item: Presence | Case | Area


def breaches(report: Report, text: Comparison | None, department: str, at: Ms) -> list[Breach]:
    """What keeps it from being compared, beyond what ``check_fact`` says."""
    gone = report.withdrawn
    if report.stay is not None and report.until is not None:
        return check_stay(
            report.stay.place, report.evidence_kind, report.since, report.until, at,
            withdrawn=gone, frame=FRAME,
        )  # fmt: skip
    if report.case is not None:
        found = check_case(report.time, report.case.isolated, at, withdrawn=gone, frame=FRAME)
        if report.kind is FactKind.FINDING:
            row = text.case(report.ground, report.evidence_kind) if text else None
            if row is None or department not in row.departments:
                found.append(Breach("data.onset", "not-traced"))
        return found
    return check_issue(report.time, at, FRAME) if report.area is not None else []


def said(
    report: Report, fact: Fact, text: Comparison | None, subject: SubjectKey | None
) -> tuple[Said, ...]:
    """Of a report in which nothing is wrong; nothing of a case under a name that is not its own."""
    if report.area is not None:
        return (Said(fact.id, _area(report, fact)),)
    if subject is None:
        return ()
    if report.stay is not None:
        return tuple(Said(subject.tag, one) for one in _stays(report, fact, subject))
    row = text.case(report.ground, report.evidence_kind) if text else None
    # A number under another name may be somebody else's: whom they met is not asked.
    known = subject.identity != Identity.MISMATCHED.value
    if report.case is not None and row is not None and known:
        return (Said(subject.tag, _case(report, fact, row, subject.tag)),)
    return ()


def _stays(report: Report, fact: Fact, subject: SubjectKey) -> list[Presence]:
    """The stay; where it moved, the one that it replaces is taken back first."""
    stay, until = report.stay, report.until
    assert stay is not None
    assert until is not None
    here = Presence(
        fact.id, report.revision, subject.tag, stay.place, report.division, report.since, until,
        TICKET if is_run(stay.place) else SIGNAL, stay.carriage, stay.row, report.withdrawn,
        subject.identity, fact.department,
    )  # fmt: skip
    if stay.was in (b"", stay.place):
        return [here]
    there = here._replace(
        place=stay.was, kind=TICKET if is_run(stay.was) else SIGNAL, carriage=0, row=0, gone=True
    )
    return [there, here]


def _case(report: Report, fact: Fact, row: Row, tag: bytes) -> Case:
    part = report.case
    assert part is not None
    since, until = infectious(Infectious(row.infectious), whole_day(part.first_day), part.isolated)
    return Case(
        case_id(fact.id, tag), report.revision, tag, since, until, report.time, report.withdrawn
    )


def _area(report: Report, fact: Fact) -> Area:
    part = report.area
    assert part is not None
    return Area(
        fact.id, report.revision, part.places, part.divisions, part.periods, report.time,
        report.withdrawn,
    )  # fmt: skip
