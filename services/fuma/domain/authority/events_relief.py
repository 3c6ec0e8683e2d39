"""What was said of recalls, and of appeals and complaints."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.actor import Actor
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Recalled:
    order: bytes
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecallAcknowledged:
    order: bytes
    recipient: str


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
