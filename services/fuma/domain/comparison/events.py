"""What the comparison hears (inputs), what it says (outputs), and what it folds (events).

Everything that can be corrected has an id and a revision; the highest revision of an id counts,
and ``gone`` withdraws. A stay that moved to another place is withdrawn at the old place and stated
at the new one, both with the new revision. Tuples, because a worker makes 50,000 a second.
"""

from __future__ import annotations

from typing import NamedTuple

from fuma.domain.time import Ms

#: Kinds of report of a presence. A scan shows that a picture of a code was at hand, and no more.
SIGNAL, TICKET, SCAN = "signal", "ticket", "scan"
#: How a person whose number and name are not in the register together stands; never red on it.
UNREGISTERED = "unregistered"


class Presence(NamedTuple):
    """Input, keyed by spot: a person's stay at a place over ``[since, until)``."""

    id: bytes  # 16 bytes, of the report
    revision: int
    tag: bytes
    place: bytes
    division: str  # where it was, as the report says
    since: Ms
    until: Ms
    kind: str = SIGNAL
    carriage: int = 0  # 0: not known
    row: int = 0
    gone: bool = False
    identity: str = UNREGISTERED
    department: str = ""


#: All but the first byte of the tag of a withdrawal where it is not known whose stay it was.
ANYBODY = bytes(15)


class Case(NamedTuple):
    """Input, told to every partition: whose presence counts, and when.

    ``depth`` 0 is a case; a contact whose own contacts the law asks for is a case of depth 1.
    """

    id: bytes  # 16 bytes, of the report and the person: a revision never changes whose case it is
    revision: int
    tag: bytes
    since: Ms
    until: Ms
    issued: Ms  # of this revision, never before an earlier one's: it counts ``keep`` from then
    gone: bool = False
    root: bytes = b""  # id of the case that it began with; empty for the case itself
    depth: int = 0
    mark: bytes = b""  # tells the person it began with from others, without naming them


class Area(NamedTuple):
    """Input, told to every partition: cells and divisions, and when they were high-risk."""

    id: bytes
    revision: int
    places: tuple[bytes, ...]
    divisions: tuple[str, ...]  # prefixes
    periods: tuple[tuple[Ms, Ms | None], ...]
    issued: Ms  # as a case's
    gone: bool = False


class Exposure(NamedTuple):
    """An infectious stay, or an area's risk, at one spot or division."""

    key: bytes
    spot: bytes  # a spot; for an area a place, or ``d`` and a division prefix
    family: str  # "cell", "near", "run", "area"
    since: Ms
    until: Ms
    source: bytes  # the root case, or the area
    depth: int
    tag: bytes  # who does not meet themselves; empty for an area
    mark: bytes
    carriage: int
    row: int
    digest: bytes  # 32 bytes, of the interval and what it was derived from
    revision: int
    at: Ms  # T at which the later of its two records was taken
    dies: Ms  # from then on it is as if it had never been


class Spread(NamedTuple):
    """Output to another spot, and the input that it becomes there."""

    exposure: Exposure
    gone: bool


class Contact(NamedTuple):
    """Output to the person's tag, and the input that it becomes there: a match that may make its
    person a case of the next depth, or does so no longer."""

    id: bytes  # of the match
    revision: int
    stands: bool
    tag: bytes
    division: str
    since: Ms  # the overlap
    until: Ms
    case: bytes  # id of the root case
    depth: int
    mark: bytes


class Tick(NamedTuple):
    """Input: time goes on."""

    minute: Ms = 0


Input = Presence | Case | Area | Spread | Contact | Tick


class Stay(NamedTuple):
    """A presence as it is held. ``gone``: only its id and revision are."""

    key: bytes  # spot and id
    spot: bytes
    id: bytes
    revision: int
    tag: bytes
    division: str
    since: Ms
    until: Ms
    carriage: int
    row: int
    gone: bool
    at: Ms  # T at which it was taken
    identity: str
    department: str

    @property
    def place(self) -> bytes:
        return self.spot[:-1]


class Match(NamedTuple):
    """Evidence that a person was where an infectious person was. It names no third person."""

    id: bytes  # 16 bytes, of both intervals and the rule
    tag: bytes
    place: bytes
    division: str
    rule: str
    rule_id: bytes
    ground: str
    evidence: str
    since: Ms  # the overlap
    until: Ms
    stay: tuple[Ms, Ms]
    stay_digest: bytes
    source: tuple[Ms, Ms]
    source_digest: bytes
    case: bytes  # id of the root case, or the area
    depth: int
    mark: bytes
    identity: str  # matched | mismatched | unregistered, of the report of the stay
    department: str  # that reported the stay


class Said(NamedTuple):
    """Output to the person's record: the match stands, or stands no longer."""

    match: Match
    stands: bool
    revision: int  # grows with each statement on one match


class Remembered(NamedTuple):
    """That a match stands, kept longer than what it follows from: so that its case, or a report of
    either stay, when it is withdrawn late, can take it back. ``match`` has neither place nor times.
    """

    said: Said
    at: Ms
    #: ``meet.named``: of the person's stay, the infectious one, and a derived case, if any.
    stays: tuple[bytes, ...] = ()


class Brief(NamedTuple):
    """A match that is too short by itself (``briefs``)."""

    spot: bytes
    case: bytes  # id of the case, or derived case, whose stay it was
    match: Match
    stays: tuple[bytes, ...]  # as ``Remembered``
    minimum: Ms  # that it needs, with what it touches
    dies: Ms


class Brushed(NamedTuple):
    """A brief one is there, or no longer: then only ``last`` counts of it."""

    brief: Brief
    gone: bool
    last: Ms  # the highest revision that was given to what it is joined with


class Passed(NamedTuple):
    """Nothing follows, and why (closed list in ``decide``)."""

    code: str


class Linked(NamedTuple):
    """A contact is known at the person's tag, and the derived case to tell (``None``: nothing new).

    ``reach``: how long contacts count from it on; 0: withdrawn, or the law does not ask for them.
    """

    contact: Contact
    reach: Ms
    told: Case | None
    at: Ms


class StayTaken(NamedTuple):
    stay: Stay


class CaseTaken(NamedTuple):
    case: Case
    at: Ms


class AreaTaken(NamedTuple):
    area: Area
    at: Ms


class Exposed(NamedTuple):
    """An exposure is in force at this state; ``gone`` ends it."""

    exposure: Exposure
    gone: bool
    foreign: bool  # it was told to us by another spot: its revision is remembered


class Advanced(NamedTuple):
    """T went on; what has become too old goes."""

    at: Ms


Taken = StayTaken | CaseTaken | AreaTaken | Exposed | Linked | Remembered | Brushed | Advanced
Event = Taken | Said | Spread | Contact | Passed
