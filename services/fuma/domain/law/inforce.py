"""Which texts are in force where and when.

The longest division prefix wins whole; among texts of the same prefix the one that began last. A
text that was published later than 24 hours before its beginning begins when its notice has passed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fuma.domain.codes.events import LawRef
from fuma.domain.colour import Colour
from fuma.domain.comparison.settings import Settings
from fuma.domain.law.comparison import Comparison
from fuma.domain.law.exchange import Exchange
from fuma.domain.law.oversight import Oversight
from fuma.domain.law.procedure import Procedure
from fuma.domain.law.publication import NOTICE
from fuma.domain.law.rulebook import Rulebook
from fuma.domain.time import Ms

LawText = Rulebook | Procedure | Comparison | Oversight | Exchange
#: Answers remembered at once. Divisions are few; a flood of invented ones must not fill memory.
_MEMO = 50_000


@dataclass(frozen=True, slots=True)
class PublishedText:
    """A text and when it stood on the log. The genesis's hold without notice."""

    text: LawText
    published_at: Ms
    genesis: bool

    @property
    def begins(self) -> Ms:
        """The first instant at which it can be in force."""
        if self.genesis:
            return self.text.begins
        return max(self.text.begins, self.published_at + NOTICE)


class InForce(NamedTuple):
    """The book and the procedure that hold together."""

    book: Rulebook
    procedure: Procedure


class Law:
    """All published texts. Immutable; what it was asked before it answers from a table."""

    __slots__ = (
        "_books",
        "_bounds",
        "_compared",
        "_comparisons",
        "_memo",
        "_procedures",
        "_refs",
        "texts",
    )

    def __init__(self, texts: Iterable[PublishedText]) -> None:
        self.texts = tuple(texts)
        self._books = tuple(p for p in self.texts if isinstance(p.text, Rulebook))
        self._procedures = tuple(p for p in self.texts if isinstance(p.text, Procedure))
        self._comparisons = tuple(p for p in self.texts if isinstance(p.text, Comparison))
        self._compared: dict[tuple[str, int], Comparison | None] = {}
        marks = {p.begins for p in self.texts} | {
            p.text.until for p in self.texts if p.text.until is not None
        }
        self._bounds = sorted(marks)
        self._memo: dict[tuple[str, str, int], InForce | None] = {}
        self._refs: dict[tuple[int, int, str], LawRef] = {}

    def in_force(self, division: str, at: Ms, ground: str = "") -> InForce | None:
        """What holds in ``division`` at ``at`` for ``ground``; ``None`` where there is no law."""
        key = (division, ground, bisect_right(self._bounds, at))
        try:
            return self._memo[key]
        except KeyError:
            pass
        book = _choose(self._books, division, at)
        procedure = _choose([p for p in self._procedures if _covers(p.text, ground)], division, at)
        found = None
        if isinstance(book, Rulebook) and isinstance(procedure, Procedure):
            found = InForce(book, procedure)
        if len(self._memo) >= _MEMO:
            self._memo.clear()
        self._memo[key] = found
        return found

    def comparison(self, division: str, at: Ms) -> Comparison | None:
        """The comparison text that holds in ``division``; ``None``: nothing is compared there."""
        key = (division, bisect_right(self._bounds, at))
        if key not in self._compared:
            if len(self._compared) >= _MEMO:
                self._compared.clear()
            found = _choose(self._comparisons, division, at)
            self._compared[key] = found if isinstance(found, Comparison) else None
        return self._compared[key]

    def settings(self, division: str, at: Ms) -> Settings | None:
        """What the comparison asks of the law (``domain.comparison.settings.Law``)."""
        found = self.comparison(division, at)
        return found.settings if found else None

    def changed(self, at: Ms) -> Ms:
        """The last instant up to ``at`` at which some text began or ended; 0 where none did."""
        index = bisect_right(self._bounds, at)
        return self._bounds[index - 1] if index else 0

    def procedure_named(self, name: str, version: int) -> PublishedText | None:
        """A procedure by name and version, whether or not it is in force."""
        for p in self._procedures:
            if p.text.name == name and p.text.version == version:
                return p
        return None

    def procedure(self, division: str, at: Ms, ground: str = "") -> Procedure | None:
        """The procedure that holds in ``division``, whether or not a book does."""
        candidates = [p for p in self._procedures if _covers(p.text, ground)]
        found = _choose(candidates, division, at)
        return found if isinstance(found, Procedure) else None

    def oversight(self, division: str, at: Ms) -> Oversight | None:
        """What oversight looks for in ``division``; of a place that is none, the nation's."""
        found = _choose([p for p in self.texts if isinstance(p.text, Oversight)], division, at)
        return found if isinstance(found, Oversight) else None

    def recipients(self, division: str, at: Ms, colour: Colour) -> tuple[str, ...]:
        """The provinces that get a decision of ``colour`` there now (two digits, sorted)."""
        found = _choose([p for p in self.texts if isinstance(p.text, Exchange)], division, at)
        return found.hears(colour) if isinstance(found, Exchange) else ()

    def ever_recipients(self, division: str, at: Ms) -> tuple[str, ...]:
        """Every province that may have got a decision there up to ``at``.

        ``division`` "" is a place that is not known: then every province that got any.
        """
        found = {
            one.province
            for p in self.texts
            if isinstance(p.text, Exchange) and p.begins <= at
            for one in p.text.recipients
            if division.startswith(p.text.division) or not division
        }
        return tuple(sorted(one for one in found if not division.startswith(one)))

    def ref(self, pair: InForce, row: str) -> LawRef:
        """How a decision cites ``pair`` and ``row``; one object however often it is asked."""
        key = (id(pair.book), id(pair.procedure), row)
        found = self._refs.get(key)
        if found is None:
            found = self._refs[key] = law_ref(pair, row)
        return found


def law_ref(pair: InForce, row: str) -> LawRef:
    """The texts by version and digest, as a decision cites them."""
    book, procedure = pair
    return LawRef(
        book.name,
        book.version,
        book.digest,
        procedure.name,
        procedure.version,
        procedure.digest,
        row,
    )


def _covers(text: LawText, ground: str) -> bool:
    return isinstance(text, Procedure) and text.covers(ground)


def _choose(candidates: Iterable[PublishedText], division: str, at: Ms) -> LawText | None:
    best: PublishedText | None = None
    rank: tuple[int, Ms, Ms, str, int] = (-1, 0, 0, "", 0)
    for p in candidates:
        text = p.text
        if not division.startswith(text.division) or at < p.begins:
            continue
        if text.until is not None and at >= text.until:
            continue
        mine = (len(text.division), p.begins, p.published_at, text.name, text.version)
        if mine > rank:
            best, rank = p, mine
    return best.text if best else None
