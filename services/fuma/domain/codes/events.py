"""What the ``codes`` stage hears (``Fact``) and what it says (the events and ``Decision``).

Events are facts about the past: ``evolve`` folds them and never raises. Names and shapes are those
of ``schemas/person`` and ``schemas/decision``; ``contracts.codec`` carries them over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fuma.domain.colour import Colour
from fuma.domain.time import Ms


class FactKind(StrEnum):
    """What a department says of a person (``<kind>`` of CloudEvents type ``fuma.<kind>.v1``)."""

    FINDING = "finding"  # a ground holds of the person
    RELEASE = "release"  # a ground's lifting condition is met: discharge, exclusion, ...
    DEATH = "death"  # the code ends
    SCAN = "scan"  # a venue code was scanned: weak evidence, never presence by itself


class Identity(StrEnum):
    """How number and name stood in the holder register when the gateway looked."""

    MATCHED = "matched"
    MISMATCHED = "mismatched"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Fact:
    """One report on one person, as the ``person`` topic carries it (no identity in it)."""

    id: bytes  # 16 bytes: of department, CloudEvents source and event id
    content: bytes  # 32 bytes: keyed digest of the whole report; same id, other content = conflict
    kind: FactKind
    department: str
    division: str  # GB/T 2260 digits, 2 to 12 of them: the place where it was established
    ground: str  # "" where the kind has none
    since: Ms  # `from`
    until: Ms | None
    evidence_kind: str  # "" where none was given
    evidence_ref: bytes  # 32 bytes, keyed HMAC of owner, kind and number; b"" where none
    identity: Identity
    breaches: tuple[str, ...]  # codes of what the gateway found wrong; codes checks again itself
    reported: Ms  # CloudEvents `time`
    sealed: bytes  # AES-SIV under the subject's key: number, reporter, source, note
    reporter: bytes = b""  # 16 bytes: the natural person who answers for it; b"" unknown
    root: bytes = b""  # 32 bytes, keyed HMAC of the evidence that many share; b"" where none


@dataclass(frozen=True, slots=True)
class Step:
    """A colour over ``[since, until)``."""

    colour: Colour
    since: Ms
    until: Ms


@dataclass(frozen=True, slots=True)
class LawRef:
    """The texts a decision was made under, by version and digest."""

    book: str
    version: int
    digest: bytes  # sha256 of the expanded canonical text
    procedure: str
    procedure_version: int
    procedure_digest: bytes
    row: str  # the rule's name within the book; "" where no row applied


@dataclass(frozen=True, slots=True)
class Order:
    """An order in force (or to come into force) on a person: why, by whom, until when."""

    id: bytes  # 16 bytes
    fact: bytes  # id of the fact that bears it
    ground: str
    department: str
    division: str
    evidence_kind: str
    evidence_ref: bytes
    basis: Ms  # the fact's `from`: the term counts from here
    recorded: Ms  # T of the decision: no colour before it
    steps: tuple[Step, ...]
    law: LawRef

    @property
    def end(self) -> Ms:
        """When the last step ends."""
        return self.steps[-1].until if self.steps else self.recorded


@dataclass(frozen=True, slots=True)
class Effective:
    """An order takes effect."""

    order: Order


@dataclass(frozen=True, slots=True)
class Lifted:
    """An order ends from now on, its lifting condition met (never: it was not valid)."""

    order: bytes
    by: bytes  # the release fact
    at: Ms
    code: str  # "released", "death"


@dataclass(frozen=True, slots=True)
class Noted:
    """Recorded, without effect on the colour. ``code`` says why (closed list: ``codes.words``)."""

    fact: bytes
    kind: FactKind
    ground: str
    since: Ms
    evidence_ref: bytes
    code: str
    # Who said it, where and on what: a release that came first is needed again later.
    department: str = ""
    division: str = ""
    evidence_kind: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not borne by law or evidence; with who asked."""

    fact: bytes
    kind: FactKind
    ground: str
    department: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Waits for a person; the previous colour stays."""

    fact: bytes
    kind: FactKind
    ground: str
    department: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The code ends (the holder died)."""

    by: bytes
    at: Ms


Event = Effective | Lifted | Noted | Refused | Held | Ended


@dataclass(frozen=True, slots=True)
class Segment:
    """The person's colour over ``[since, until)`` and the orders that make it so."""

    colour: Colour
    since: Ms
    until: Ms
    orders: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The code as a function of time from ``since`` on: segments in order, green where none is.

    ``ended`` is the instant from which there is no code any more, or ``None``.
    """

    since: Ms
    segments: tuple[Segment, ...]
    orders: tuple[Order, ...]  # each order that a segment names, or that is in force
    ended: Ms | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one accepted input gave: at least one event, and the schedule that follows."""

    at: Ms  # T
    fact: Fact
    law: LawRef | None
    events: tuple[Event, ...]
    schedule: Schedule
