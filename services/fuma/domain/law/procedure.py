"""Procedures: how a fact becomes a colour, and who takes part."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms

#: The steps that a procedure may be made of (DESIGN.md, authority).
STEP_NAMES = frozenset(
    {"report", "collate", "compare", "compile", "sign", "review", "approve", "push"}
)
#: Who performs a step of the automatic procedure; ``reporter`` is whoever owns the evidence.
ACTORS: dict[str, Words] = {
    "reporter": Words("报告部门", "the reporting department"),
    "taskforce": Words("大数据专班", "the big-data task force"),
    "public-security": Words("公安部门", "public security"),
    "platform": Words("健康码平台", "the code platform"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, and by whom."""

    name: str
    actor: str
    title: Words


@dataclass(frozen=True, slots=True)
class Procedure:
    """A version of a procedure. ``automatic``: the push follows by itself, nobody signs."""

    name: str
    version: int
    division: str  # GB/T 2260 prefix; "" is the nation
    begins: Ms
    until: Ms | None
    digest: bytes
    title: Words
    publisher: Words
    basis: Words
    automatic: bool
    grounds: tuple[str, ...]  # () for all
    steps: tuple[Step, ...]

    def covers(self, ground: str) -> bool:
        """Whether it is the procedure for ``ground``."""
        return not self.grounds or ground in self.grounds
