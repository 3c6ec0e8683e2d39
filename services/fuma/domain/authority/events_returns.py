"""What was said of the returns of the day."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.actor import Actor
from fuma.domain.time import Ms


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
    late: bool = False


@dataclass(frozen=True, slots=True)
class ItemMissing:
    """A department of a city pushed nothing by the hour: a missing list is not an empty one."""

    city: str
    department: str
    day: int
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
