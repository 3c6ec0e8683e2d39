"""Whether rows make a decision table: no overlap, no gap, nothing unreachable, nothing too long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fuma.domain.codes.events import FactKind
from fuma.domain.colour import Colour
from fuma.domain.law.rulebook import Row, Span
from fuma.domain.law.vocabulary import MAX_RED, limit


def table_faults(rows: Sequence[Row]) -> list[str]:
    """Everything that keeps ``rows`` from being one; empty where they are."""
    return [*_overlaps(rows), *_gaps(rows), *_unreachable(rows), *_beyond(rows)]


def _overlaps(rows: Iterable[Row]) -> Iterable[str]:
    names: set[str] = set()
    taken: dict[tuple[FactKind, str, str], str] = {}
    for row in rows:
        if row.name in names:
            yield f"row {row.name}: its name is used twice"
        names.add(row.name)
        for evidence in row.evidence:
            other = taken.setdefault((row.kind, row.ground, evidence), row.name)
            if other != row.name:
                yield f"rows {other} and {row.name} overlap: {row.kind.value} {evidence}"


def _gaps(rows: Sequence[Row]) -> Iterable[str]:
    released = {row.ground for row in rows if row.kind is FactKind.RELEASE}
    for row in rows:
        if row.kind is FactKind.FINDING and row.spans and row.ground not in released:
            yield f"row {row.name}: gap, nothing releases from {row.ground}"
    for kind in (FactKind.DEATH, FactKind.SCAN):
        if not any(row.kind is kind for row in rows):
            yield f"gap: no row for a {kind.value}"


def _unreachable(rows: Sequence[Row]) -> Iterable[str]:
    found = {row.ground for row in rows if row.kind is FactKind.FINDING}
    for row in rows:
        if not row.evidence:
            yield f"row {row.name}: unreachable, it accepts no evidence"
        if not row.owners:
            yield f"row {row.name}: unreachable, nobody may say it"
        if row.kind is FactKind.RELEASE and row.ground not in found:
            yield f"row {row.name}: unreachable, no row finds {row.ground}"
        if row.then and row.then.ground not in found:
            yield f"row {row.name}: followed by {row.then.ground!r}, which the book does not know"


def _beyond(rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        yield from _too_much(row.name, row.ground, row.spans)
        if row.then:
            yield from _too_much(row.name, row.then.ground, row.then.spans)
        if row.ends != "term" and not row.spans:
            yield f"row {row.name}: without colours there is nothing to end"


def _too_much(name: str, ground: str, spans: Sequence[Span]) -> Iterable[str]:
    most = limit(ground)
    if any(span.colour > most.worst for span in spans):
        yield f"row {name}: {ground} may be {most.worst.word} at worst"
    if sum(span.lasts for span in spans) > most.term:
        yield f"row {name}: {ground} may not last that long"
    if sum(span.lasts for span in spans if span.colour is Colour.RED) > MAX_RED:
        yield f"row {name}: red for more than 30 days"
