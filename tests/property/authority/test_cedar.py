"""Another engine on the same rules: Cedar policies, generated, agree with ``Who`` and divisions.

Held against each other: kind of office, level, role, and the place below the office's division.
Four eyes, order of steps and bulk are the state machine's to show (``test_machine``).
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from fuma.domain.authority.right import DIGITS
from fuma.domain.law.procedure import OFFICES, ROLES, Procedure, Who
from unit.authority.making import law

cedarpy = pytest.importorskip("cedarpy")
REQUESTS = 100_000
BATCH = 10_000
#: Whoever runs the platform has no part, whatever a rule permits.
OPERATORS = """forbid(principal, action, resource)
when { principal.role == "operator" || principal.kind == "operator" };"""


def rights() -> list[tuple[str, Who, str]]:
    """Every right an officer can have over an order: an action's name, who, and where it holds."""
    found = []
    for published in law().texts:
        p = published.text
        if not isinstance(p, Procedure):
            continue
        named = [(f"step-{s.name}", s.who) for s in p.chain]
        named += [("lift", p.lift), ("annul", p.annul), ("bulk", p.bulk.by if p.bulk else None)]
        found += [(f"{p.name}/{name}", who, p.division) for name, who in named if who is not None]
    return found


def policy(action: str, who: Who) -> str:
    """A permit: kind, level and role as the rule lists them, the place below the office's."""
    tests = ["resource in principal.division"]
    for field, words in (("kind", who.offices), ("level", who.levels), ("role", who.roles)):
        if words:
            tests.append(f"[{', '.join(json.dumps(w) for w in words)}].contains(principal.{field})")
    return (
        f"permit(principal, action == Action::{json.dumps(action)}, resource) "
        f"when {{ {' && '.join(tests)} }};"
    )


@pytest.mark.slow
def test_an_independent_engine_agrees_on_a_hundred_thousand_requests() -> None:
    dice = random.Random(20220622)
    actions = rights()
    policies = "\n".join([OPERATORS, *(policy(action, who) for action, who, _ in actions)])
    places = ["14", "1411", "141123", "1401", "45", "4501", "450102", "450102001", "450102001001"]
    places += ["46", "4601", "460105", "4602", "64", "6401", "640104", "99", "9901", "990101"]
    levels = {digits: level for level, digits in DIGITS.items()}
    entities: list[dict[str, Any]] = []
    for place in places:
        above = [p for p in places if place != p and place.startswith(p)]
        parents = [{"type": "Division", "id": p} for p in above]
        entities.append({"uid": {"type": "Division", "id": place}, "attrs": {}, "parents": parents})
    officers = [
        (f"{kind} {place} {role}", kind, place, role)
        for kind in OFFICES for place in places for role in ROLES
    ]  # fmt: skip
    # At random hardly any request would be a good one: half ask as somebody whom the rule means.
    meant = {
        action: dice.sample(fitting, min(8, len(fitting)))
        for action, who, _ in actions
        if (fitting := [o for o in officers if who.fits(o[1], levels[len(o[2])], o[3])])
    }
    assert len(meant) == len({action for action, *_ in actions}), "a right that nobody can have"
    officers = sorted({*dice.sample(officers, 300), *(o for some in meant.values() for o in some)})
    for uid, kind, place, role in officers:
        attrs = {
            "kind": kind, "level": levels[len(place)], "role": role,
            "division": {"__entity": {"type": "Division", "id": place}},
        }  # fmt: skip
        entities.append({"uid": {"type": "Officer", "id": uid}, "attrs": attrs, "parents": []})
    asked = []
    for n in range(REQUESTS):
        action = dice.choice(actions)
        officer = dice.choice(meant[action[0]] if n % 2 else officers)
        asked.append((action, officer, dice.choice(places)))
    allowed = 0
    for start in range(0, REQUESTS, BATCH):
        part = asked[start : start + BATCH]
        requests = [
            {
                "principal": f"Officer::{json.dumps(officer[0])}",
                "action": f"Action::{json.dumps(action[0])}",
                "resource": f'Division::"{place}"',
                "context": {},
            }
            for action, officer, place in part
        ]
        answers = cedarpy.is_authorized_batch(requests, policies, entities)
        for (action, (_, kind, at, role), place), answer in zip(part, answers, strict=True):
            ours = action[1].fits(kind, levels[len(at)], role) and place.startswith(at)
            assert answer.allowed is ours, (action, kind, at, role, place, answer.diagnostics)
            allowed += ours
    assert allowed > 5_000, "the agreement is on more than refusals"
