"""A rulebook: a decision table with hit policy UNIQUE, compiled to dict lookups.

What is asked of it is a report: its kind (finding, release, death, scan), its ground and the kind
of its one piece of evidence. At most one row answers; ``law.reading`` refuses a book in which two
could. The circumstance that decides between rows of a ground is the kind of evidence: a link to a
case is one thing, a record that the contact is in isolation is another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fuma.domain.codes.events import FactKind
from fuma.domain.colour import Colour
from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may say it: a department, and within it the kind of office ("" for any)."""

    department: str
    office: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A colour for so long."""

    colour: Colour
    lasts: Ms


@dataclass(frozen=True, slots=True)
class Follow:
    """What a release is followed by: a ground, and its colours from the release's ``from`` on."""

    ground: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One rule. A finding's row has ``spans`` (none: recorded, no colour), a release's ``then``."""

    name: str
    kind: FactKind
    ground: str  # "" where the kind has none
    evidence: tuple[str, ...]
    owners: tuple[Owner, ...]
    spans: tuple[Span, ...]
    ends: str  # "term", "discharge", "release" or "review": what ends it, at the latest its term
    then: Follow | None
    basis: Words
    mark: str  # S: the newspaper report, O: official text, A: assumption
    infectious: Ms = 0  # of a case's row: how long before the first day its stays count
    departments: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "departments", frozenset(owner.department for owner in self.owners)
        )

    @property
    def term(self) -> Ms:
        """The whole length of its colours."""
        return sum(span.lasts for span in self.spans)


Question = tuple[FactKind, str, str]


def tabled(
    rows: Iterable[Row],
) -> tuple[dict[Question, Row], dict[tuple[FactKind, str], frozenset[str]]]:
    """Each question's row, and who may say anything of a kind and ground."""
    table: dict[Question, Row] = {}
    owners: dict[tuple[FactKind, str], frozenset[str]] = {}
    for row in rows:
        for evidence in row.evidence:
            table[row.kind, row.ground, evidence] = row
        subject = (row.kind, row.ground)
        owners[subject] = owners.get(subject, frozenset()) | row.departments
    return table, owners


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A version of a book, as it is in force. Equal texts are equal books."""

    name: str
    version: int
    division: str  # GB/T 2260 prefix; "" is the nation
    begins: Ms
    until: Ms | None
    digest: bytes
    title: Words
    publisher: Words
    basis: Words
    rows: tuple[Row, ...]
    table: dict[Question, Row] = field(init=False, compare=False, repr=False)
    owners: dict[tuple[FactKind, str], frozenset[str]] = field(
        init=False, compare=False, repr=False
    )
    by_name: dict[str, Row] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        table, owners = tabled(self.rows)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "owners", owners)
        object.__setattr__(self, "by_name", {row.name: row for row in self.rows})

    def row(self, kind: FactKind, ground: str, evidence_kind: str) -> Row | None:
        """The one row that answers, or ``None``."""
        return self.table.get((kind, ground, evidence_kind))

    def knows(self, ground: str) -> bool:
        """Whether a finding of ``ground`` is lawful here at all."""
        return (FactKind.FINDING, ground) in self.owners
