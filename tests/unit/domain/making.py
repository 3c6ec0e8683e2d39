"""Facts, laws and instants for tests of the pure core."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fuma.contracts.rulesfile import canonical, law_of_texts, load_folder, parse_text
from fuma.domain.codes.decide import advance
from fuma.domain.codes.events import Decision, Fact, FactKind, Identity
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.state import EMPTY, State
from fuma.domain.law.inforce import Law, PublishedText
from fuma.domain.law.reading import instant
from fuma.domain.law.rulebook import Rulebook
from fuma.domain.time import Ms

RULES = Path(__file__).resolve().parents[3] / "rules"
WORDS = {"zh": "字", "en": "word"}


@cache
def national() -> Law:
    """The nation's texts of ``rules/``, as from a genesis."""
    return law_of_texts(text for text in load_folder(RULES) if text.division == "")


@cache
def book(name: str) -> Rulebook:
    """One of the national books."""
    found = [p.text for p in national().texts if p.text.name == f"cn/{name}"]
    assert isinstance(found[0], Rulebook)
    return found[0]


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def fact(
    name: str,
    ground: str = "confirmed",
    since: str = "2022-06-14",
    evidence: str = "diagnosis-report",
    *,
    kind: str = "finding",
    department: str = "health",
    division: str = "410100",
    until: str | None = None,
    number: str | None = None,
    identity: Identity = Identity.MATCHED,
    content: str = "",
    reported: str | None = None,
    breaches: tuple[str, ...] = (),
) -> Fact:
    """A report named ``name``; its evidence's number is ``number``, else its own name."""
    return Fact(
        digest(name)[:16],
        digest(name + content),
        FactKind(kind),
        department,
        division,
        ground,
        instant(since),
        instant(until) if until else None,
        evidence,
        digest(f"{evidence} {number or name}") if evidence else b"",
        identity,
        breaches,
        instant(reported or since),
        b"",
    )


def release(
    name: str, ground: str, since: str, evidence: str = "release-notice", **kwargs: Any
) -> Fact:
    return fact(name, ground, since, evidence, kind="release", **kwargs)


class Person:
    """One person's ledger, lived through fact by fact."""

    def __init__(self, law: Law | None = None) -> None:
        self.law = law or national()
        self.state: State = EMPTY
        self.decisions: list[Decision] = []

    def hears(self, one: Fact, at: str) -> Decision | None:
        """What is decided on ``one`` at ``at``."""
        decision, self.state = advance(self.state, one, instant(at), self.law)
        if decision is not None:
            self.decisions.append(decision)
        return decision

    def colour(self, at: str | Ms) -> str | None:
        """The colour at ``at`` by the last schedule written before it: nothing runs in between."""
        moment = instant(at) if isinstance(at, str) else at
        for decision in reversed(self.decisions):
            if decision.at <= moment:
                colour = colour_at(decision.schedule, moment)
                return colour.word if colour is not None else None
        return "green"

    def codes(self) -> list[str]:
        """The codes of the last decision's events: refusals, holds and notes."""
        found: list[str] = []
        for event in self.decisions[-1].events:
            found += getattr(event, "codes", None) or [getattr(event, "code", "effective")]
        return found


def row(name: str, **fields: Any) -> dict[str, Any]:
    """A row of a made book: a red of ten days by health unless told otherwise."""
    made: dict[str, Any] = {
        "name": name,
        "ground": "test-positive",
        "evidence": ["laboratory-report"],
        "owners": [{"department": "health"}],
        "colours": [{"red": "10d"}],
        "basis": WORDS,
        "mark": "A",
    }
    if fields.get("kind", "finding") != "finding":
        del made["colours"]
    made.update(fields)
    return {key: value for key, value in made.items() if value is not None}


def text(
    kind: str = "rulebook", rows: Sequence[dict[str, Any]] = (), **fields: Any
) -> dict[str, Any]:
    """The data of a made text, valid unless ``fields`` or ``rows`` say otherwise."""
    made: dict[str, Any] = {
        "kind": kind,
        "name": "45/test",
        "version": 1,
        "division": "45",
        "in_force": {"from": "2022-01-01"},
        "title": WORDS,
        "publisher": WORDS,
        "basis": WORDS,
    }
    if kind == "rulebook":
        made["rows"] = list(rows) or [*closed(), row("found"), row("lifted", **LIFTED)]
    else:
        made |= {"automatic": True, "grounds": [], "steps": _STEPS}
    made.update(fields)
    return made


LIFTED: dict[str, Any] = {"kind": "release", "evidence": ["negative-test"]}
_STEPS = [
    {"name": "report", "actor": "reporter", "title": WORDS},
    {"name": "push", "actor": "platform", "title": WORDS},
]


def closed() -> list[dict[str, Any]]:
    """The rows that every book has: a death and a scan."""
    return [
        row("death", kind="death", ground=None, evidence=["death-certificate"]),
        row("scan", kind="scan", ground=None, evidence=["venue-scan"]),
    ]


def published(data: dict[str, Any], at: str | None = None) -> PublishedText:
    """``data`` on the log: from the genesis, or published at ``at``."""
    law = parse_text(canonical(data)).law
    return PublishedText(law, instant(at) if at else 0, at is None)
