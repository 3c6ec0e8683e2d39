"""What reaches a person, and so what the ``codes`` stage hears: ``Input``.

``Fact`` is a department's report; ``Line`` and ``LineEnd`` are an order's, from the orders' outbox;
``MatchFact`` is the comparison's; ``Amend`` says that the law has changed. Shapes are those of
``schemas/person``. Ids are 16 bytes and digests 32 throughout; ``id`` and ``content`` of every
input tell a repeat (same id, same content) from a conflict (same id, another content).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fuma.domain.colour import Colour
from fuma.domain.quick import quick
from fuma.domain.time import Ms

#: Which side of the core's own changes an input asks for. The log chooses it: it follows from the
#: version of the schema that the input was written in, so an old log gives its old ledger again.
FIRST_RELEASE, NEWEST = 1, 2


class FactKind(StrEnum):
    """What a department says of a person (``<kind>`` of CloudEvents type ``fuma.<kind>.v1``)."""

    FINDING = "finding"  # a ground holds of the person
    RELEASE = "release"  # a ground's lifting condition is met: discharge, exclusion, ...
    DEATH = "death"  # the code ends
    SCAN = "scan"  # a venue code was scanned: weak evidence, never presence by itself
    # for the comparison: these never reach a person's own record
    PRESENCE = "presence"  # somebody was at a place
    CASE = "case"  # whose stays count, and from when
    AREA = "area"  # cells and divisions that were high-risk

    __hash__ = str.__hash__  # an enum's own is interpreted, and these are keys of every lookup


#: Kinds that reach a person's own record.
PERSONAL = (FactKind.FINDING, FactKind.RELEASE, FactKind.DEATH, FactKind.SCAN)


class Identity(StrEnum):
    """How number and name stood in the holder register when the gateway looked."""

    MATCHED = "matched"
    MISMATCHED = "mismatched"
    UNREGISTERED = "unregistered"

    __hash__ = str.__hash__


class End(StrEnum):
    """How a line ends before its term."""

    LIFTED = "lifted"  # its lifting condition is met: from now on
    ANNULLED = "annulled"  # it was never valid
    SUSPENDED = "suspended"  # an appeal is overdue and no evidence is on file
    WITHDRAWN = "withdrawn"  # by whoever drafted or signed it, before it had effect
    REFUSED = "refused"  # the authority stopped waiting for its fact


@quick
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
    reporter: bytes = b""  # 16 bytes, the natural person who reported; b"" where unknown
    root: bytes = b""  # 32 bytes, keyed HMAC of evidence that others share; b"" where none
    behaviour: int = NEWEST  # not on the wire: of the schema version that it came in


@quick
@dataclass(frozen=True, slots=True)
class Actor:
    """Who took a step of an order's chain: natural person, account, office, key, and the step."""

    person: bytes
    officer: str
    office: str
    key: str
    step: str = ""  # a word of ``procedure.STEP_NAMES``, or "release" for a bulk's; "": not said


@quick
@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order that went through its whole chain, asking for a colour."""

    id: bytes  # derive(b"line", province, order, line, subject)
    content: bytes
    order: bytes
    line: int
    province: str  # two digits: whose ``authority`` partition is answered
    division: str  # the subject's place
    ground: str
    colour: Colour
    fact: bytes  # 16 bytes: the fact that it cites
    root: bytes  # as the fact's must be
    reporter: bytes  # as the fact's must be
    since: Ms
    until: Ms
    book: str  # what the order was decided under; ``codes`` asks the law in force itself
    book_version: int
    row: str
    procedure: str
    procedure_version: int
    chain: tuple[Actor, ...]
    released: bool  # by the body that handles bulk centrally


@quick
@dataclass(frozen=True, slots=True)
class LineEnd:
    """A line ends before its term, or is no longer waited for."""

    id: bytes
    content: bytes
    order: bytes
    line: int
    province: str
    how: End
    code: str  # why, in the authority's words
    at: Ms  # T of the authority's decision
    by: Actor


@quick
@dataclass(frozen=True, slots=True)
class MatchFact:
    """The comparison says that a match stands, or that it stands no longer. No third person."""

    id: bytes  # of match and revision
    content: bytes
    match: bytes  # 16 bytes, of both intervals and the rule: what a line cites as its fact
    revision: int
    stands: bool
    division: str
    ground: str
    evidence_kind: str
    rule: str
    rule_id: bytes
    since: Ms  # the overlap
    until: Ms
    place: bytes
    stay: tuple[Ms, Ms]
    stay_digest: bytes
    source: tuple[Ms, Ms]
    source_digest: bytes
    case: bytes  # id of the root case's report, or of the area
    depth: int
    mark: bytes
    department: str  # whose evidence a match is: public security's
    identity: Identity
    root: bytes = b""  # as a fact's


@quick
@dataclass(frozen=True, slots=True)
class Amend:
    """A text of law has begun: orders in force are looked at again."""

    id: bytes  # derive(b"amend", digest, subject)
    content: bytes
    book: str
    version: int
    digest: bytes
    at: Ms  # when the text begins


Input = Fact | Line | LineEnd | MatchFact | Amend
