"""What the ``watch`` stage hears (``Signal``) and what it says (``Incident``).

A signal says that something was asked, refused, done or undone, and who answers for it. It holds
no identity: a subject is a tag, a natural person who signs a keyed hash.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.quick import quick
from fuma.domain.time import Ms

#: The province of what names no place, or one that is none.
NOWHERE = "00"

#: What a signal can be of, and what its ``count`` counts.
KINDS: dict[str, str] = {
    "refused": "a report or a line that law or evidence does not bear: subjects",
    "held": "a report or a line that waits for a person: subjects",
    "effective": "an order took effect on a person: subjects",
    "noted": "recorded without effect on the colour: subjects",
    "lifted": "an order ended before its term: subjects",
    "annulled": "an order was never valid: subjects",
    "door": "rows that ended at the gateway's door, naming nobody: rows",
    "command-refused": "a signed command that may not be: lines of its order, else 1",
    "ordered": "an order left the chain for the persons' records: its lines",
    "order-ended": "an order was rejected, withdrawn or lapsed: its lines where known, else 1",
    "bulk-held": "the bulk gate holds an order: the sum",
    "exposed": "a match is on file and awaits an order: subjects",
    "disparity": "people of one trajectory, a ground held against some of them: those spared",
}


@quick
@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who had a part in it. What is not known is empty."""

    role: str  # "reporter", "department", "signer", or the step of the chain
    person: bytes = b""  # 16-byte reference of the natural person, over all accounts
    officer: str = ""
    office: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that happened, as oversight hears it."""

    id: bytes  # 16 bytes: of what it follows from
    at: Ms
    province: str  # two digits; ``NOWHERE``
    kind: str  # a word of ``KINDS``
    actor: str  # who asked: a department, an officer
    office: str  # an office's id; of a department, "<department> <division>"
    ground: str
    codes: tuple[str, ...]
    subject: bytes  # tag, or b"" where it is of many or of nobody
    count: int  # what ``KINDS`` says
    digest: bytes  # what is shared: root of evidence, file, trajectory, payload; b"" unknown
    detail: str  # for the reader; no identity
    colour: str = ""  # the person's colour from then on; "" where not said
    order: bytes = b""
    parties: tuple[Party, ...] = ()


def province_of(division: str) -> str:
    """The two digits that a signal is keyed by."""
    head = division[:2]
    return head if len(head) == 2 and head.isdigit() and head.isascii() else NOWHERE


@quick
@dataclass(frozen=True, slots=True)
class Incident:
    """A pattern that was met. Raised once for each window and count (``domain/law/oversight``)."""

    id: bytes  # of pattern, province, scope, count and period
    at: Ms  # T
    code: str  # the pattern's name
    severity: str
    province: str
    scope: str  # "<by>: <what>", as ``oversight.SCOPES``
    office: str
    ground: str
    since: Ms  # the window's first signal
    count: int
    threshold: int
    codes: tuple[str, ...]
    parties: tuple[Party, ...]  # everybody concerned, at most ``fold.MAX_PARTIES``
    subjects: tuple[bytes, ...]  # at most ``fold.SHOWN`` tags, sorted
    subjects_count: int
    subjects_digest: bytes  # SHA-256 over all tags of the window, sorted
    orders: tuple[bytes, ...]  # at most ``fold.SHOWN``
    law: str  # "<text>@<version>#<pattern>"
    zh: str
    en: str
