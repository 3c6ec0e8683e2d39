"""Scenarios 10, 15 and 19 as oversight sees them, and the Henan case from the list to the incident.

Real decisions go through the outbox's own function into the watch.
"""

from __future__ import annotations

from dataclasses import replace

from fuma.contracts.decisions import FIRST, Cause, decode_ledger, split
from fuma.contracts.signals import signals_of_decision, signals_of_order
from fuma.domain.authority import events as a
from fuma.domain.codes.decide import advance as decide_code
from fuma.domain.codes.events import Fact
from fuma.domain.codes.state import EMPTY
from fuma.domain.law.reading import instant
from fuma.domain.time import HOUR, MINUTE, Ms
from fuma.domain.watch.events import Incident, Signal
from unit.domain.making import digest, fact, national
from unit.watch.making import run

NOON = instant("2022-06-14T12:00:00+08:00")
OPERATOR = a.Actor(b"x" * 16, "deputy-manager", "code-company", "k-operator")


def heard(tag: bytes, one: Fact, at: Ms) -> list[Signal]:
    """What oversight hears of the decision on a fact about somebody of whom nothing is known."""
    decision, _ = decide_code(EMPTY, one, at, national())
    assert decision is not None
    cause = Cause(one.id, bytes(16), 0, 0, bytes(32), one.content)
    return [
        signal
        for value in split(decision, cause, 1, FIRST)
        for signal in signals_of_decision(tag, decode_ledger(value))
    ]


def depositors(count: int, *, evidence: str = "venue-scan") -> list[Signal]:
    """The list of June 2022: inbound travellers, it says, on scans of a forwarded venue code."""
    found = []
    for n in range(count):
        one = fact(f"depositor {n}", "inbound", evidence=evidence, department="command")
        found += heard(digest(f"tag {n}")[:16], one, NOON + n * 1_000)
    return found


def by_code(found: list[Incident], code: str) -> list[Incident]:
    return [one for one in found if one.code == code]


def test_scenario_15_a_depositor_list_raises_an_incident() -> None:
    found = run(depositors(30))
    (burst,) = by_code(found, "burst-of-refusals")
    assert burst.subjects_count == 20
    false = by_code(found, "false-ground")
    assert [one.threshold for one in false] == [1, 10]
    assert {party.office.split(" ")[0] for party in false[0].parties} == {"command"}
    assert "evidence-not-of-ground" in false[0].codes


def test_the_henan_case_from_the_list_to_the_incidents() -> None:
    signals = depositors(1_317)
    assert {signal.colour for signal in signals} == {"green"}
    assert {signal.kind for signal in signals} == {"refused"}
    # The two who decided and the operator's manager try it with orders of their own.
    tries = [
        a.Refused(digest(f"c{n}")[:16], "Act", OPERATOR, digest("order")[:16], ("not-your-step",),
                  digest(f"c{n}"), NOON)
        for n in range(3)
    ]  # fmt: skip
    for n, one in enumerate(tries):
        signals += signals_of_order(b"41", n + 1, "41", NOON + 30 * MINUTE, [one])
    found = run(signals)
    assert [one.threshold for one in by_code(found, "burst-of-refusals")] == [20, 200]
    assert [one.threshold for one in by_code(found, "false-ground")] == [1, 10, 100, 1_000]
    (attempt,) = by_code(found, "attempt-without-authority")
    assert attempt.severity == "critical"
    assert [(p.officer, p.office) for p in attempt.parties] == [("deputy-manager", "code-company")]


def test_the_henan_case_again_after_the_migration() -> None:
    """July: the same list once more. What was refused is refused, and it shows as its own burst."""
    june = depositors(200)
    july = [
        replace(signal, id=digest(f"july {n}")[:16], at=signal.at + 30 * 24 * HOUR,
                codes=("evidence-already-lifted",))
        for n, signal in enumerate(june)
    ]  # fmt: skip
    found = run([*june, *july])
    assert [one.threshold for one in by_code(found, "re-assignment")] == [5, 50]
    assert len(by_code(found, "burst-of-refusals")) == 4


def test_scenario_10_an_operators_command_is_refused_and_critical() -> None:
    refused = a.Refused(b"c" * 16, "Draft", OPERATOR, b"", ("not-your-step",), b"d" * 32, NOON)
    forged = a.Refused(b"f" * 16, "Forged", a.NOBODY, b"", ("bad-signature",), b"e" * 32, NOON)
    heard_ = signals_of_order(b"41", 1, "41", NOON, [refused, forged])
    found = run(heard_)
    assert [(one.code, one.severity) for one in found] == [
        ("attempt-without-authority", "critical"),
        ("forged-command", "critical"),
    ]
    assert found[0].scope == "office: code-company"


def test_scenario_19_the_same_document_one_red_one_refused() -> None:
    shared = digest("the document that both were on")
    red, refused = [
        replace(signal, digest=shared)
        for n, (evidence, name) in enumerate((("border-record", "A"), ("two-sources", "B")))
        for signal in heard(
            digest(name)[:16],
            fact(name, "inbound", evidence=evidence, department="customs"),
            NOON + n * MINUTE,
        )
    ]
    assert (red.colour, refused.colour) == ("red", "green")
    (found,) = by_code(run([red, refused]), "disparity-of-evidence")
    assert found.count == 1
    assert set(found.subjects) == {digest("A")[:16], digest("B")[:16]}
