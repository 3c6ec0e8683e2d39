"""What was said of an order, from its form to its end."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.actor import Actor
from fuma.domain.authority.commands import Draft, Line
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Drafted:
    draft: Draft
    step: str
    procedure: str
    by: Actor
    at: Ms
    lapses: Ms


@dataclass(frozen=True, slots=True)
class PageArrived:
    order: bytes
    number: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Completed:
    """All pages arrived and hash to the manifest's root."""

    order: bytes
    at: Ms


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of the chain was taken."""

    order: bytes
    step: str
    by: Actor
    at: Ms


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Whose turn it is, told in the same decision that made it so. ``due`` 0: no deadline."""

    order: bytes
    step: str
    offices: tuple[str, ...]
    keys: tuple[str, ...]  # of the officers who may take the step
    due: Ms
    at: Ms


@dataclass(frozen=True, slots=True)
class BulkHeld:
    """The bulk line is reached: waits for central release, with everything it is linked to.

    Where many are linked, several of these follow each other.
    """

    order: bytes
    sum: int
    linked: tuple[bytes, ...]
    effective: tuple[tuple[bytes, int], ...]  # (order, lines) already in effect, for the bureau


@dataclass(frozen=True, slots=True)
class BulkReleased:
    order: bytes
    by: Actor
    at: Ms


@dataclass(frozen=True, slots=True)
class Effected:
    """The order takes effect: ``codes`` is asked about every line not refused here."""

    order: bytes
    at: Ms
    until: Ms
    book: str
    book_version: int
    row: str
    procedure: str
    procedure_version: int
    chain: tuple[Actor, ...]
    lines: int  # how many of its lines go to ``codes``
    released: bool
    since: Ms = 0
    book_digest: bytes = bytes(32)
    procedure_digest: bytes = bytes(32)


@dataclass(frozen=True, slots=True)
class IssuedLine:
    """One line as ``codes`` is asked about it."""

    line: int
    subject: bytes
    division: str
    fact: bytes
    root: bytes
    reporter: bytes


@dataclass(frozen=True, slots=True)
class Issued:
    """Lines of an order that took effect, at most 200, with all that ``codes`` needs of it."""

    order: bytes
    division: str
    ground: str
    colour: int
    since: Ms
    until: Ms
    book: str
    book_version: int
    row: str
    procedure: str
    procedure_version: int
    chain: tuple[Actor, ...]
    steps: tuple[str, ...]  # what each of the chain did; "release" is a bulk's
    released: bool
    lines: tuple[IssuedLine, ...]


@dataclass(frozen=True, slots=True)
class LineRef:
    """A line and whose it is."""

    line: int
    subject: bytes


@dataclass(frozen=True, slots=True)
class LinesEnded:
    """Lines of an order in effect that end here, at most 200: their subjects are to be told.

    ``how``: lifted, annulled, withdrawn, or refused (nobody answered, or no fact came).
    """

    order: bytes
    how: str
    code: str
    at: Ms
    by: Actor
    lines: tuple[LineRef, ...]
    evidence: bytes = b""  # of a lifting


@dataclass(frozen=True, slots=True)
class Amended:
    """The law changed while the order is in effect: by which row it is now, and until when."""

    order: bytes
    at: Ms
    until: Ms
    book: str
    book_version: int
    row: str


@dataclass(frozen=True, slots=True)
class LineSettled:
    """A line's own outcome: refused here before effect, or what ``codes`` made of it."""

    order: bytes
    line: int
    status: str
    code: str
    at: Ms
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The order's end: rejected, withdrawn, lapsed, expired, lifted, annulled."""

    order: bytes
    how: str
    reason: str
    by: Actor
    at: Ms
