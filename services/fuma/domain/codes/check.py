"""What is wrong with a report by the law in force: one place, asked by the door and by ``codes``.

The door asks so that the department hears it at once, ``codes`` so that nobody needs to have
asked. Identity is no matter of law: ``identity_hold`` says what waits for a person.
"""

from __future__ import annotations

from typing import NamedTuple

from fuma.domain.codes.events import Fact, FactKind, Identity
from fuma.domain.law.comparison import Comparison
from fuma.domain.law.rulebook import Rulebook
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS
from fuma.domain.time import DAY, HOUR, ID_HORIZON, Ms

_OFFSET = 8 * HOUR
_HOLDS = {
    Identity.MISMATCHED: "name-mismatch",
    Identity.UNREGISTERED: "not-in-register",
}


class Breach(NamedTuple):
    """One rule broken: the field (a path in the report) and the code (``codes.words``)."""

    field: str
    code: str


def day_end(at: Ms) -> Ms:
    """First instant after the Shanghai day that ``at`` is in."""
    return at - (at + _OFFSET) % DAY + DAY


def check_fact(fact: Fact, book: Rulebook | Comparison | None, at: Ms) -> tuple[Breach, ...]:
    """Everything that keeps ``fact`` from counting at ``at``; empty where nothing does.

    ``book`` is the one in force for the fact's division, ``None`` where there is none. What the
    gateway found besides (``fact.breaches``) is not repeated here.
    """
    found: list[Breach] = []
    if fact.until is not None and fact.until <= fact.since:
        found.append(Breach("data.until", "until-before-from"))
    tomorrow = day_end(at)
    if fact.since >= tomorrow:
        found.append(Breach("data.from", "from-in-future"))
    if fact.reported >= tomorrow:
        found.append(Breach("time", "reported-in-future"))
    elif fact.reported < at - ID_HORIZON:
        found.append(Breach("time", "too-old"))
    if book is None:
        found.append(Breach("data.division", "no-law"))
        return tuple(found)
    if not fact.division.startswith(book.division):
        found.append(Breach("data.division", "division-outside"))
    row = book.table.get((fact.kind, fact.ground, fact.evidence_kind))
    if row is None or fact.department not in row.departments or not fact.evidence_ref:
        found += _not_borne(fact, book)
    return tuple(found)


def _not_borne(fact: Fact, book: Rulebook | Comparison) -> list[Breach]:
    """Why no row answers to ``fact``: the ground, the owner, the evidence, in that order."""
    found: list[Breach] = []
    if fact.department not in DEPARTMENTS:
        found.append(Breach("department", "department-unknown"))
    owners = book.owners.get((fact.kind, fact.ground))
    if owners is None:
        found.append(Breach("data.ground", _bad_ground(fact)))
    elif fact.department not in owners:
        found.append(Breach("data.ground", "not-owner"))
    row = book.table.get((fact.kind, fact.ground, fact.evidence_kind))
    if not fact.evidence_kind:
        found.append(Breach("data.evidence", "no-evidence"))
    elif fact.evidence_kind not in EVIDENCE:
        found.append(Breach("data.evidence.kind", "evidence-unknown"))
    elif row is None and owners is not None:
        found.append(Breach("data.evidence.kind", "evidence-not-of-ground"))
    elif row is not None and owners and fact.department in owners - row.departments:
        found.append(Breach("data.evidence.kind", "not-owner"))
    if fact.evidence_kind and not fact.evidence_ref:
        found.append(Breach("data.evidence.number", "no-evidence"))
    return found


def _bad_ground(fact: Fact) -> str:
    if fact.ground and fact.kind in (FactKind.DEATH, FactKind.SCAN):
        return "ground-not-for-kind"
    return "ground-not-in-force" if fact.ground in GROUNDS else "ground-unknown"


def identity_hold(fact: Fact) -> str | None:
    """The code under which ``fact`` waits because number and name do not stand together."""
    return _HOLDS.get(fact.identity)
