"""Commands about an order, up to its effect: the form, its pages, the steps of its chain."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain import merkle
from fuma.domain.ids import digest
from fuma.domain.time import Ms

#: A page of a form holds at most so many lines (its bytes are the door's to measure: 48 KiB).
PAGE_LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One subject of a form."""

    subject: bytes  # 16-byte tag
    division: str  # the subject's place
    fact: bytes  # 16-byte id of the fact that bears it; b"" where none is cited
    root: bytes = b""  # shared evidence: index case, place-run or document; b"" where unknown
    reporter: bytes = b""  # person who reported the fact
    venue: str = ""  # office id of the key venue where the subject was seen
    seen: Ms = 0

    def leaf(self) -> bytes:
        """The leaf hash that the manifest's root covers: every field, each with its length."""
        parts = (
            self.subject, self.division.encode(), self.fact, self.root, self.reporter,
            self.venue.encode(), b"%d" % self.seen,
        )  # fmt: skip
        return merkle.leaf_hash(b"".join(len(p).to_bytes(4, "big") + p for p in parts))


@dataclass(frozen=True, slots=True)
class Draft:
    """A form's manifest. ``root`` is the Merkle root over its lines in order."""

    order: bytes
    division: str
    ground: str
    colour: int
    count: int
    root: bytes
    since: Ms  # not before it is recorded
    until: Ms | None  # at most the rule's term; None: the rule's term
    papers: tuple[tuple[str, str], ...] = ()  # statements, document number and text, by word

    def content(self) -> bytes:
        """Digest of what is signed: it is frozen by the first signature."""
        until = b"" if self.until is None else b"%d" % self.until
        papers = [text.encode() for paper in self.papers for text in paper]
        return digest(
            self.order, self.division.encode(), self.ground.encode(), b"%d" % self.colour,
            b"%d" % self.count, self.root, b"%d" % self.since, until, *papers,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    order: bytes
    number: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """The next step of an order, by name, over exactly that content."""

    order: bytes
    step: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reject:
    order: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    order: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseBulk:
    """Central handling of an order that the bulk gate holds."""

    order: bytes
    content: bytes
