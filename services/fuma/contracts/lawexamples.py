"""Examples inside a rules file: what must come out of the text, asked of the text itself.

They are read and run where a text is checked and before it is published. They are no part of its
canonical form: an example can be added without a new version, and changes no digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fuma.contracts.rulesfile import Text, read_yaml
from fuma.domain.codes.check import check_fact
from fuma.domain.codes.events import Fact, FactKind, Identity
from fuma.domain.colour import Colour
from fuma.domain.law.exchange import Exchange
from fuma.domain.law.oversight import Oversight
from fuma.domain.law.procedure import Procedure, Who
from fuma.domain.law.reading import duration, instant
from fuma.domain.law.rulebook import Rulebook

Data = Mapping[str, Any]
_WHO = {"office", "level", "role"}


def examples_of(path: Path) -> list[Any]:
    """The examples of a file, as they are written. Raises ``Refusal``."""
    found = read_yaml(path).get("examples", [])
    return found if isinstance(found, list) else [found]


def run(text: Text, examples: list[Any]) -> list[str]:
    """What does not come out as said; empty where everything does."""
    faults = []
    for number, example in enumerate(examples, 1):
        try:
            wrong = _run(text, example)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            wrong = f"not readable: {type(error).__name__} {error}"
        if wrong:
            said = example.get("says", "") if isinstance(example, Mapping) else ""
            faults.append(f"example {number}{f' ({said})' if said else ''}: {wrong}")
    return faults


def _run(text: Text, example: Data) -> str:
    law = text.law
    if isinstance(law, Rulebook):
        return _report(law, example)
    if isinstance(law, Procedure):
        for word, one in _PROCEDURE.items():
            if word in example:
                return one(law, example)
        raise KeyError(f"one of {', '.join(_PROCEDURE)}")
    if isinstance(law, Oversight):
        _only(example, {"says", "pattern", "count", "raised"})
        pattern = next(p for p in law.patterns if p.name == example["pattern"])
        return _same("raised", example["raised"], example["count"] >= pattern.counts[0])
    if isinstance(law, Exchange):
        _only(example, {"says", "colour", "hears"})
        return _same("hears", example["hears"], list(law.hears(Colour[example["colour"].upper()])))
    raise ValueError(f"a {text.kind} takes no examples")


def _only(example: Data, allowed: set[str]) -> None:
    strange = sorted(set(example) - allowed)
    if strange:
        raise ValueError(f"unknown field {strange[0]!r}")


def _same(what: str, said: Any, found: Any) -> str:
    return "" if said == found else f"{what}: said {said}, comes out {found}"


# --- a report, asked of a rulebook ----------------------------------------------------------------


def _report(book: Rulebook, example: Data) -> str:
    """Kind, ground, evidence and department give ``row``, ``gives`` and ``then``, or refusals."""
    _only(
        example,
        {"says", "kind", "ground", "evidence", "department", "row", "gives", "then", "refused"},
    )
    fact = fact_of(
        book,
        str(example.get("kind", "finding")),
        str(example.get("ground", "")),
        str(example.get("evidence", "")),
        str(example["department"]),
    )
    codes = [breach.code for breach in check_fact(fact, book, fact.since)]
    if "refused" in example or codes:
        return _same("refused", example.get("refused", []), codes)
    row = book.row(fact.kind, fact.ground, fact.evidence_kind)
    assert row is not None
    wrong = _same("row", example.get("row", row.name), row.name)
    if not wrong and "gives" in example:
        said = [(c, duration(d)) for one in example["gives"] for c, d in one.items()]
        wrong = _same("gives", said, [(span.colour.word, span.lasts) for span in row.spans])
    if not wrong and "then" in example:
        wrong = _same("then", example["then"], row.then.ground if row.then else "")
    return wrong


def fact_of(book: Rulebook, kind: str, ground: str, evidence: str, department: str) -> Fact:
    """A report made on the day on which the book begins, within its division."""
    return Fact(
        bytes(16), bytes(32), FactKind(kind), department, book.division or "110105", ground,
        book.begins, None, evidence, bytes(31) + b"1" if evidence else b"", Identity.MATCHED, (),
        book.begins, b"",
    )  # fmt: skip


# --- who may do it, asked of a procedure ----------------------------------------------------------


def _fits(who: Who | None, officer: Data) -> bool:
    _only(officer, _WHO)
    office, level, role = (str(officer.get(word, "")) for word in ("office", "level", "role"))
    return who is not None and who.fits(office, level, role)


def _may(law: Procedure, example: Data) -> str:
    """``may: <step>``, ``lift``, ``annul``, ``decide``, ``release-bulk``, ``item``, ``return``."""
    _only(example, {"says", "may", "by", "allowed"})
    word = example["may"]
    rights: dict[str, Who | None] = {step.name: step.who for step in law.steps}
    rights |= {
        "lift": law.lift,
        "annul": law.annul,
        "decide": law.decide,
        "release-bulk": law.bulk.by if law.bulk else None,
        "item": law.returns.items if law.returns else None,
        "return": law.returns.by if law.returns else None,
    }
    right = rights.get(word)
    return _same("allowed", example["allowed"], _fits(right, example["by"]))


def _opens(law: Procedure, example: Data) -> str:
    _only(example, {"says", "opens", "by", "allowed"})
    found = any(
        _fits(rule.whom, example["opens"]) and _fits(rule.by, example["by"])
        for rule in law.accounts
    )
    return _same("allowed", example["allowed"], found)


def _bulk(law: Procedure, example: Data) -> str:
    _only(example, {"says", "subjects", "held"})
    held = law.bulk is not None and example["subjects"] >= law.bulk.count
    return _same("held", example["held"], held)


def _chain(law: Procedure, example: Data) -> str:
    _only(example, {"says", "chain"})
    return _same("chain", example["chain"], [step.name for step in law.chain])


def _needs(law: Procedure, example: Data) -> str:
    _only(example, {"says", "form", "needs"})
    return _same("needs", example["needs"], list(law.papers_of(example["form"])))


def _received(law: Procedure, example: Data) -> str:
    """A city's return, received at an instant: in time or late."""
    _only(example, {"says", "received", "status"})
    assert law.returns is not None
    at = instant(example["received"])
    due = instant(example["received"][:10]) + law.returns.due
    return _same("status", example["status"], "in-time" if at < due else "late")


_PROCEDURE: dict[str, Callable[[Procedure, Data], str]] = {
    "may": _may,
    "opens": _opens,
    "subjects": _bulk,
    "chain": _chain,
    "form": _needs,
    "received": _received,
}
