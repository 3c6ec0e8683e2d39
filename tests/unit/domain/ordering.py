"""Lines, their ends and matches, for tests of the pure core; the law of the whole tree."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.domain.codes import events as e
from fuma.domain.codes.decide import advance
from fuma.domain.colour import Colour
from fuma.domain.ids import natural
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import instant
from fuma.domain.time import Ms
from unit.domain.making import RULES, Person, digest, fact

XING = "141123"
REPORTER = natural(digest("the county CDC's doctor")[:16])
NIGHT = "2022-06-14T20:00:00+08:00"
#: The officers of Xing's chain, in the order of its steps.
CHAIN = ("clerk", "director", "reviewer", "assigner")


@cache
def law() -> Law:
    """Every text of ``rules/``, as from a genesis."""
    return law_of_texts(load_folder(RULES))


def actor(name: str) -> e.Actor:
    return e.Actor(natural(digest(name)[:16]), name, f"office of {name}", digest(name).hex())


def finding(
    name: str, ground: str = "confirmed", since: str = "2022-06-14", **kwargs: Any
) -> e.Fact:
    """A report of Xing County with its reporter known."""
    evidence = kwargs.pop("evidence", "diagnosis-report")
    reporter, root = kwargs.pop("reporter", REPORTER), kwargs.pop("root", b"")
    made = fact(name, ground, since, evidence, division=kwargs.pop("division", XING), **kwargs)
    return replace(made, reporter=reporter, root=root)


def line(name: str, cited: e.Fact | e.MatchFact, **change: Any) -> e.Line:
    """A line of order ``name`` that went through Xing's whole chain, citing ``cited``."""
    number = change.pop("line", 0)
    order = digest(f"order {name}")[:16]
    chain = tuple(map(actor, change.pop("chain", CHAIN)))
    since = instant(change.pop("since", NIGHT))
    match = isinstance(cited, e.MatchFact)
    made = e.Line(
        digest(f"line {name} {number}")[:16], digest(f"line {name} {number} {change}"), order,
        number, "14", cited.division, cited.ground, Colour.RED,
        cited.match if isinstance(cited, e.MatchFact) else cited.id, cited.root,
        b"" if match else cited.reporter, since, since + 30 * 24 * 3_600_000,
        "cn/control-plan-8", 1, cited.ground, "141123/assignment-form", 1, chain, False,
    )  # fmt: skip
    return replace(made, **change)


def end(name: str, how: str, code: str = "condition-met", number: int = 0) -> e.LineEnd:
    """The end of a line of order ``name``."""
    order = digest(f"order {name}")[:16]
    said = f"end {name} {number} {how} {code}"
    return e.LineEnd(
        digest(said)[:16], digest(said), order, number, "14", e.End(how), code, instant(NIGHT),
        actor("lifter"),
    )  # fmt: skip


def match(
    name: str, since: str, until: str, *, division: str = "450100", stands: bool = True,
    revision: int = 1, ground: str = "spatiotemporal-companion",
) -> e.MatchFact:  # fmt: skip
    """The comparison's statement on match ``name``."""
    said = f"match {name} {revision}"
    at = (instant(since), instant(until))
    return e.MatchFact(
        digest(said)[:16], digest(said), digest(f"match {name}")[:16], revision, stands, division,
        ground, "grid-match", "companion", digest("rule")[:16], *at, b"c\x01", at, digest("stay"),
        at, digest("source"), digest("somebody else")[:16], 0, b"mark", "public-security",
        e.Identity.MATCHED, digest("root"),
    )  # fmt: skip


class Subject(Person):
    """One person's ledger under the law of the whole tree, with every kind of input."""

    def __init__(self, under: Law | None = None) -> None:
        super().__init__(under or law())

    def gets(self, item: e.Input, at: str | Ms) -> e.Decision | None:
        """What is decided on ``item`` at ``at``."""
        moment = instant(at) if isinstance(at, str) else at
        decision, self.state = advance(self.state, item, moment, self.law)
        if decision is not None:
            self.decisions.append(decision)
        return decision

    def answer(self) -> tuple[str, str]:
        """Status and code of the last answer to a line."""
        answers = [x for d in self.decisions for x in d.events if isinstance(x, e.Answered)]
        return answers[-1].status, answers[-1].code
