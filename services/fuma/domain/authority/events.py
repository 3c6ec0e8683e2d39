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


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command counts; its id is remembered until it has expired for certain."""

    command: bytes
    digest: bytes
    until: Ms
    actor: Actor


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
class BulkHeld:
    """The bulk line is reached: waits for central release, with everything it is linked to."""

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


@dataclass(frozen=True, slots=True)
class LineSettled:
    """A line's own outcome: effective, held, refused, lifted or annulled."""

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


@dataclass(frozen=True, slots=True)
class CaseAssigned:
    case: bytes
    decider: str
    by: Actor
    at: Ms


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


@dataclass(frozen=True, slots=True)
class CaseClosed:
    case: bytes
    outcome: str
    reason: str
    by: Actor
    at: Ms


Event = (
    Refused | Accepted | Ticked | OfficeOpened | OfficeClosed | Applied | ApplicationRefused
    | AccountOpened | AccountClosed | KeyRegistered | KeyEnded | Invited | Joined | Drafted
    | PageArrived | Completed | Stepped | BulkHeld | BulkReleased | Effected | LineSettled
    | Ended | Overdue | Recalled | RecallAcknowledged | ItemPushed | ReturnReceived
    | ReturnMissing | CaseFiled | CaseAssigned | CaseEscalated | LineSuspended | CaseClosed
)  # fmt: skip
