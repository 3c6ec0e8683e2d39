"""What the ``authority`` stage says. Facts about the past; ``fold.evolve`` never raises on one."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.commands import Draft, Line, Office, Officer
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: natural person, account, office, key."""

    person: bytes
    officer: str
    office: str
    key: str


NOBODY = Actor(b"", "", "", "")


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that may not be. ``type`` is its body's name, ``about`` the order or case."""

    command: bytes
    type: str
    actor: Actor
    about: bytes
    codes: tuple[str, ...]
    digest: bytes
    until: Ms
    ground: str = ""  # of the order that it is about
    count: int = 0  # lines of that order


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command counts; its id is remembered until it has expired for certain."""

    command: bytes
    digest: bytes
    until: Ms
    actor: Actor
    type: str = ""
    about: bytes = b""


@dataclass(frozen=True, slots=True)
class Ticked:
    """A minute of the log; what can no longer matter is forgotten with it."""

    minute: Ms


@dataclass(frozen=True, slots=True)
class OfficeOpened:
    office: Office


@dataclass(frozen=True, slots=True)
class OfficeClosed:
    office: str
    reason: str


@dataclass(frozen=True, slots=True)
class Applied:
    application: bytes
    officer: Officer
    key: str
    need: str


@dataclass(frozen=True, slots=True)
class ApplicationRefused:
    application: bytes
    reason: str
    by: Actor


@dataclass(frozen=True, slots=True)
class AccountOpened:
    application: bytes
    officer: Officer
    key: str
    by: Actor


@dataclass(frozen=True, slots=True)
class AccountClosed:
    officer: str
    reason: str
    by: Actor


@dataclass(frozen=True, slots=True)
class KeyRegistered:
    officer: str
    key: str


@dataclass(frozen=True, slots=True)
class KeyEnded:
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Invited:
    officer: str
    code: bytes
    by: Actor


@dataclass(frozen=True, slots=True)
class Joined:
    officer: str


@dataclass(frozen=True, slots=True)
class SealSet:
    officer: str
    seal: bytes


@dataclass(frozen=True, slots=True)
class ListPosted:
    list: bytes
    division: str
    count: int
    pieces: int
    digest: bytes
    recipients: tuple[str, ...]
    by: Actor
    at: Ms


@dataclass(frozen=True, slots=True)
class ListRead:
    """A member was given the key of a list: recorded before it was given."""

    list: bytes
    by: Actor
    at: Ms


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


@dataclass(frozen=True, slots=True)
class Overdue:
    """A step, a return or a case is late. ``level``: whom it is brought to."""

    what: str  # "step", "return", "case"
    about: bytes
    name: str
    level: str
    at: Ms
    keys: tuple[str, ...] = ()  # of the officers who are told: who waits, or who is late


@dataclass(frozen=True, slots=True)
class Recalled:
    order: bytes
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecallAcknowledged:
    order: bytes
    recipient: str


@dataclass(frozen=True, slots=True)
class ItemPushed:
    """``status``: "whole", "nil", or "quarantined" where declared and arrived differ."""

    city: str
    department: str
    day: int
    declared: int
    arrived: int
    digest: bytes
    status: str
    corrected: bool
    by: Actor
    at: Ms
    late: bool = False


@dataclass(frozen=True, slots=True)
class ItemMissing:
    """A department of a city pushed nothing by the hour: a missing list is not an empty one."""

    city: str
    department: str
    day: int
    at: Ms


@dataclass(frozen=True, slots=True)
class ReturnReceived:
    """``status``: "in-time" or "late"; ``missing`` are departments that pushed nothing."""

    city: str
    day: int
    status: str
    corrected: bool
    items: tuple[tuple[str, bytes], ...]
    missing: tuple[str, ...]
    by: Actor
    at: Ms


@dataclass(frozen=True, slots=True)
class ReturnMissing:
    city: str
    day: int
    at: Ms


@dataclass(frozen=True, slots=True)
class CaseFiled:
    case: bytes
    kind: str
    order: bytes
    line: int
    division: str
    concerns: str
    by: Actor
    at: Ms
    due: Ms
    text: bytes = b""  # digest of what was said


@dataclass(frozen=True, slots=True)
class CaseAssigned:
    case: bytes
    decider: str
    by: Actor
    at: Ms
    keys: tuple[str, ...] = ()  # the decider's


@dataclass(frozen=True, slots=True)
class CaseEscalated:
    case: bytes
    level: str
    due: Ms
    at: Ms


@dataclass(frozen=True, slots=True)
class LineSuspended:
    """No evidence is on file while an appeal is overdue: the line's colour rests."""

    order: bytes
    line: int
    case: bytes
    at: Ms
    subject: bytes = bytes(16)


@dataclass(frozen=True, slots=True)
class CaseClosed:
    case: bytes
    outcome: str
    reason: str
    by: Actor
    at: Ms


Event = (
    Refused | Accepted | Ticked | OfficeOpened | OfficeClosed | Applied | ApplicationRefused
    | AccountOpened | AccountClosed | KeyRegistered | KeyEnded | Invited | Joined | SealSet
    | ListPosted | ListRead | Drafted
    | PageArrived | Completed | Stepped | Forwarded | BulkHeld | BulkReleased | Effected | Issued
    | LineSettled | LinesEnded | Amended | Ended | Overdue | Recalled | RecallAcknowledged
    | ItemPushed | ItemMissing | ReturnReceived | ReturnMissing | CaseFiled | CaseAssigned
    | CaseEscalated | LineSuspended | CaseClosed
)  # fmt: skip
