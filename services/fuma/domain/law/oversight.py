"""What raises an incident: patterns with their windows and counts, as a text of law.

Being law, it is published and signed like a rulebook, holds from a known moment, and neither an
operator nor a setting can loosen it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.law.vocabulary import Words
from fuma.domain.time import DAY, Ms

#: No pattern looks back further: signals are kept 30 days, and a rebuilt state must know them all.
MAX_WINDOW: Ms = 14 * DAY
#: So many signals of one window are told apart; no count may ask for more.
MAX_COUNT = 5_000
SEVERITIES = ("notice", "serious", "critical")
#: What is counted.
MEASURES: dict[str, Words] = {
    "sum": Words("人数（行数、次数）", "subjects, each once; rows and commands as they come"),
    "returns": Words("转绿后再次赋码的次数", "times that a colour came back after it had ended"),
    "spared": Words("同证据而颜色较轻者人数", "subjects of the same evidence with a milder colour"),
    "apart": Words(
        "同一接触而未被赋码人数",
        "subjects who met the same case at the same place and got no colour, while others did",
    ),
}
#: Over what.
SCOPES: dict[str, Words] = {
    "office": Words("同一机构", "one office"),
    "person": Words("同一自然人", "one natural person, under any account"),
    "subject": Words("同一持码人", "one subject"),
    "shared": Words("同一证据或轨迹", "one shared evidence or trajectory"),
    "province": Words("全省", "the province"),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern. ``name`` is the incident's code."""

    name: str
    title: Words
    severity: str
    measure: str
    by: str
    kinds: tuple[str, ...]  # kinds of signal
    codes: tuple[str, ...]  # of which it has one; () for any
    window: Ms
    counts: tuple[int, ...]  # rising; an incident is raised at each
    grace: Ms = 0  # so long a difference may last: lines of one order come one after another


@dataclass(frozen=True, slots=True)
class Oversight:
    """A version of the patterns that hold in a division."""

    name: str
    version: int
    division: str
    begins: Ms
    until: Ms | None
    digest: bytes
    title: Words
    publisher: Words
    basis: Words
    patterns: tuple[Pattern, ...]
