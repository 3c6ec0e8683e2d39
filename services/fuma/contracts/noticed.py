"""What a holder is told. Apart from its codec, so that a compiled one can name it."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.colour import Colour
from fuma.domain.quick import quick
from fuma.domain.time import Ms


@quick
@dataclass(frozen=True, slots=True)
class Signer:
    """Who took part, in the order of the steps."""

    step: str
    office: str
    officer: str


@quick
@dataclass(frozen=True, slots=True)
class Reason:
    """One order that makes the colour."""

    order: bytes
    ground: str
    rule: str  # book@version#row
    issuer: str  # department and division
    until: Ms
    source: bytes | None  # the officers' order; ``None`` in the automatic procedure
    line: int  # of it; -1
    procedure: str  # name@version
    chain: tuple[Signer, ...]
    automatic: bool  # nobody signed


@quick
@dataclass(frozen=True, slots=True)
class Notice:
    """What the holder is told of a decision."""

    id: bytes  # 16 bytes: of ledger key and seq
    seq: int
    at: Ms
    kind: str
    colour: Colour  # from ``at`` on
    until: Ms | None  # when that colour ends by itself
    next: Colour | None  # what follows then
    reasons: tuple[Reason, ...]
    objection: str
