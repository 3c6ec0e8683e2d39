"""Commands about the returns of the day."""

from __future__ import annotations

from dataclasses import dataclass


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
