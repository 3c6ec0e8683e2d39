"""What the ``authority`` stage hears: signed commands, ticks, and outcomes from ``codes``.

Ids of offices and officers are words that their opener chose; orders and applications have 16-byte
ids; a person is a 16-byte tag, the same for every account of one natural person.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain import merkle
from fuma.domain.ids import digest
from fuma.domain.time import HOUR, Ms

#: A page of a form holds at most so many lines (its bytes are the door's to measure: 48 KiB).
PAGE_LINES = 200
#: A command may be good for at most so long; ids need remembering no longer.
MAX_VALIDITY: Ms = 72 * HOUR


@dataclass(frozen=True, slots=True)
class Office:
    """An office: where it stands and for which division prefix."""

    id: str
    kind: str  # a word of ``procedure.OFFICES``
    department: str
    level: str  # a word of ``procedure.LEVELS``
    division: str
    name: str


@dataclass(frozen=True, slots=True)
class Officer:
    """An account: one role, in one office, of one natural person."""

    id: str
    office: str
    role: str  # a word of ``procedure.ROLES``
    person: bytes
    name: str


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
class Found:
    """The bootstrap ceremony: first offices, officers and keys, from the genesis."""

    offices: tuple[Office, ...]
    officers: tuple[tuple[Officer, str], ...]  # with key id


@dataclass(frozen=True, slots=True)
class OpenOffice:
    office: Office


@dataclass(frozen=True, slots=True)
class CloseOffice:
    office: str
    reason: str


@dataclass(frozen=True, slots=True)
class Apply:
    """Asks for an account; signed by the key that is to be registered."""

    application: bytes
    officer: Officer
    need: str


@dataclass(frozen=True, slots=True)
class ReviewApplication:
    application: bytes
    grant: bool
    reason: str


@dataclass(frozen=True, slots=True)
class CloseAccount:
    officer: str
    reason: str


@dataclass(frozen=True, slots=True)
class RotateKey:
    """The signer's next key; the one that signs ends with this record."""

    key: str


@dataclass(frozen=True, slots=True)
class RevokeKey:
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Invite:
    """Admission to the encrypted channel, by the digest of an issued code."""

    code: bytes
    officer: str


@dataclass(frozen=True, slots=True)
class Join:
    """The invited officer shows the code itself."""

    code: bytes


@dataclass(frozen=True, slots=True)
class SetSeal:
    """The key (X25519, 32 bytes) to which lists are encrypted for this member from now on."""

    seal: bytes


@dataclass(frozen=True, slots=True)
class PostList:
    """A list was put into the channel, encrypted to these members and to nobody else."""

    list: bytes  # 16 bytes
    division: str
    count: int  # rows
    pieces: int
    digest: bytes  # 32 bytes, over the encrypted pieces in order
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadList:
    """Asks for a list: the record comes first, the key that opens it after."""

    list: bytes


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


@dataclass(frozen=True, slots=True)
class Lift:
    """The lifting condition is met: from now on. ``lines`` empty: all."""

    order: bytes
    lines: tuple[int, ...]
    evidence: bytes


@dataclass(frozen=True, slots=True)
class Annul:
    """It was never valid. ``lines`` empty: all."""

    order: bytes
    lines: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class AcknowledgeRecall:
    """A recipient confirms that it undid an annulled line."""

    order: bytes
    recipient: str


@dataclass(frozen=True, slots=True)
class PushItem:
    """A department's own list of the day: declared against arrived; 0 declared is a nil return."""

    department: str
    day: int  # days since 1970-01-01, Asia/Shanghai
    declared: int
    arrived: int
    digest: bytes
    corrects: bool = False


@dataclass(frozen=True, slots=True)
class CityReturn:
    """The city's one report of the day: each department's digest, as it was pushed."""

    day: int
    items: tuple[tuple[str, bytes], ...]
    corrects: bool = False


@dataclass(frozen=True, slots=True)
class FileCase:
    """An appeal against an order's line, or a complaint (12345) about a department."""

    case: bytes
    kind: str  # "appeal" or "complaint"
    order: bytes  # b"" where a complaint names none
    line: int
    division: str
    concerns: str  # the department concerned
    text: bytes  # digest


@dataclass(frozen=True, slots=True)
class AssignCase:
    """Acknowledged, and given to a decider."""

    case: bytes
    decider: str


@dataclass(frozen=True, slots=True)
class DecideCase:
    case: bytes
    outcome: str  # "upheld" or "overturned"; a complaint: "founded" or "unfounded"
    reason: str


Body = (
    Found | OpenOffice | CloseOffice | Apply | ReviewApplication | CloseAccount | RotateKey
    | RevokeKey | Invite | Join | SetSeal | PostList | ReadList | Draft | Page | Act | Reject
    | Withdraw | ReleaseBulk | Lift
    | Annul | AcknowledgeRecall | PushItem | CityReturn | FileCase | AssignCase | DecideCase
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """A signed command whose signature by ``key`` is good; whether the key counts is asked here."""

    id: bytes  # 16 bytes, chosen by the signer
    digest: bytes  # 32 bytes, of the signed payload
    world: bytes
    province: str
    issued: Ms
    expires: Ms
    key: str  # id of the signing key
    body: Body


@dataclass(frozen=True, slots=True)
class Forged:
    """A command that no signature bears: altered, or never signed. Recorded, with who is named."""

    id: bytes
    digest: bytes
    key: str
    code: str
    province: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A minute of the log has passed."""

    minute: Ms


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ``codes`` made of a line."""

    order: bytes
    line: int
    status: str  # "effective", "held", "refused"; later "lifted", "annulled"
    code: str
    recipients: tuple[str, ...] = ()  # who got the decision
    id: bytes = b""  # 16 bytes; an outcome told again changes nothing


Input = Command | Forged | Tick | Outcome
