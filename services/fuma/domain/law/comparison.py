"""A comparison text: who may say where somebody was, and when two intervals make a match.

Its rows are of the kinds presence, case and area and bear no colour; what a match does is a
rulebook's. It is chosen as a book is: the longest division prefix wins whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fuma.domain.codes.events import FactKind
from fuma.domain.comparison.settings import Settings
from fuma.domain.law.rulebook import Question, Row, tabled
from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version of a text, as it is in force. Equal texts are equal."""

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
    settings: Settings
    table: dict[Question, Row] = field(init=False, compare=False, repr=False)
    owners: dict[tuple[FactKind, str], frozenset[str]] = field(
        init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        table, owners = tabled(self.rows)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "owners", owners)

    def case(self, ground: str, evidence_kind: str) -> Row | None:
        """The row by which a person of ``ground`` is a case, or ``None``."""
        return self.table.get((FactKind.CASE, ground, evidence_kind))
