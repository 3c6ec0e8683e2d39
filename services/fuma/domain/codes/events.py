"""What the ``codes`` stage says: the events and ``Decision``.

Events are facts about the past: ``evolve`` folds them and never raises. Names and shapes are those
of ``schemas/person`` and ``schemas/decision``; ``contracts.codec`` carries them over.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.codes.inputs import PERSONAL as PERSONAL
from fuma.domain.codes.inputs import Actor as Actor
from fuma.domain.codes.inputs import Amend as Amend
from fuma.domain.codes.inputs import End as End
from fuma.domain.codes.inputs import Fact as Fact
from fuma.domain.codes.inputs import FactKind as FactKind
from fuma.domain.codes.inputs import Identity as Identity
from fuma.domain.codes.inputs import Input as Input
from fuma.domain.codes.inputs import Line as Line
from fuma.domain.codes.inputs import LineEnd as LineEnd
from fuma.domain.codes.inputs import MatchFact as MatchFact
from fuma.domain.colour import Colour
from fuma.domain.quick import quick
from fuma.domain.time import Ms


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """A colour over ``[since, until)``."""

    colour: Colour
    since: Ms
    until: Ms


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Source:
    """The officers' order that an order on a person is a line of, and who took its steps."""

    order: bytes
    line: int
    province: str
    chain: tuple[Actor, ...]
    released: bool  # by the body that handles bulk centrally


@quick
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
    source: Source | None = None  # ``None``: the automatic procedure's, or what follows a release

    @property
    def end(self) -> Ms:
        """When the last step ends."""
        return self.steps[-1].until if self.steps else self.recorded


@quick
@dataclass(frozen=True, slots=True)
class Effective:
    """An order takes effect."""

    order: Order


@quick
@dataclass(frozen=True, slots=True)
class Lifted:
    """An order ends from now on, its lifting condition met (never: it was not valid)."""

    order: bytes
    by: bytes  # the release fact
    at: Ms
    code: str  # "released", "death"
    ground: str = ""  # the order's, with its place: oversight must not have to look it up
    division: str = ""


@quick
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
    # Of a finding that an order may cite.
    until: Ms | None = None
    reporter: bytes = b""
    root: bytes = b""


@quick
@dataclass(frozen=True, slots=True)
class Refused:
    """Not borne by law or evidence; with who asked."""

    fact: bytes
    kind: FactKind
    ground: str
    department: str
    codes: tuple[str, ...]
    division: str = ""
    evidence_ref: bytes = b""


@quick
@dataclass(frozen=True, slots=True)
class Held:
    """Waits for a person; the previous colour stays."""

    fact: bytes
    kind: FactKind
    ground: str
    department: str
    codes: tuple[str, ...]
    division: str = ""
    evidence_ref: bytes = b""


@quick
@dataclass(frozen=True, slots=True)
class Ended:
    """The code ends (the holder died)."""

    by: bytes
    at: Ms


@quick
@dataclass(frozen=True, slots=True)
class Answered:
    """What becomes of a line of an order: the answer to the line, and every later change."""

    order: bytes
    line: int
    province: str
    status: str  # effective | held | refused; later lifted | annulled | suspended | amended | ended
    code: str  # closed list: ``codes.words``
    claim: Line | None = None  # what was asked, where it waits


@quick
@dataclass(frozen=True, slots=True)
class Annulled:
    """An order was never valid: its colour is gone from now on, and history says both."""

    order: bytes
    by: bytes  # the input that says so
    at: Ms
    code: str
    ground: str = ""
    division: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Amended:
    """A newer law shortens an order or makes it milder. No steps: it ends now."""

    order: bytes
    by: bytes  # the input at which it was seen
    at: Ms
    code: str  # "term-shortened", "ground-removed"
    steps: tuple[Step, ...]
    law: LawRef
    ground: str = ""
    division: str = ""


Event = (
    Effective | Lifted | Noted | Refused | Held | Ended | Answered | Annulled | Amended
)  # fmt: skip


@quick
@dataclass(frozen=True, slots=True)
class Segment:
    """The person's colour over ``[since, until)`` and the orders that make it so."""

    colour: Colour
    since: Ms
    until: Ms
    orders: tuple[bytes, ...]


@quick
@dataclass(frozen=True, slots=True)
class Schedule:
    """The code as a function of time from ``since`` on: segments in order, green where none is.

    ``ended`` is the instant from which there is no code any more, or ``None``.
    """

    since: Ms
    segments: tuple[Segment, ...]
    orders: tuple[Order, ...]  # each order that a segment names, or that is in force
    ended: Ms | None


@quick
@dataclass(frozen=True, slots=True)
class Decision:
    """What one accepted input gave: at least one event, and the schedule that follows."""

    at: Ms  # T
    fact: Input
    law: LawRef | None
    events: tuple[Event, ...]
    schedule: Schedule
