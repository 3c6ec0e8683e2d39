"""Commands about an order in effect, and about appeals and complaints."""

from __future__ import annotations

from dataclasses import dataclass


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
