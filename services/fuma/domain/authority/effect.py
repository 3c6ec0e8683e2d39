"""How an order takes effect: the rule that bears it, its lines, and the bulk gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fuma.domain.authority import events as e
from fuma.domain.authority.commands import PAGE_LINES, Draft, Line, Office
from fuma.domain.authority.right import digits, fits
from fuma.domain.authority.state import Order, State
from fuma.domain.codes.events import FactKind
from fuma.domain.colour import Colour
from fuma.domain.ids import is_natural
from fuma.domain.law.inforce import Law
from fuma.domain.law.procedure import Bulk, Procedure, Who
from fuma.domain.law.rulebook import Row
from fuma.domain.time import Ms

#: Keys in one ``Forwarded`` and links in one ``BulkHeld``: an event fits a record.
_KEYS = 200
_LINKS = 500


def rule(law: Law, draft: Draft, at: Ms) -> Row | str:
    """The row that bears the form's colour now, or why none does."""
    pair = law.in_force(draft.division, at, draft.ground)
    if pair is None:
        return "no-law"
    rows = [r for r in pair.book.rows if r.kind is FactKind.FINDING and r.ground == draft.ground]
    if not rows:
        return "ground-not-in-force"
    for row in rows:
        if row.spans and max(span.colour for span in row.spans) == draft.colour:
            return row
    return "colour-not-of-ground"


def check_lines(
    order: Order, lines: Sequence[Line], office: Office, procedure: Procedure, at: Ms
) -> list[e.LineSettled]:
    """The lines that are refused here: each for itself, the rest goes on."""
    refused = []
    subjects: set[bytes] = set()
    persons = order.persons()
    alone = len(procedure.chain) == 1 and order.draft.colour == Colour.RED
    for index, line in enumerate(lines):
        code = ""
        within = order.draft.division, office.division
        if not (digits(line.division) and all(map(line.division.startswith, within))):
            code = "outside-jurisdiction"
        elif not line.fact:
            code = "no-evidence"
        elif line.subject in subjects:
            code = "subject-twice"
        elif office.kind == "key-venue" and not (
            line.venue == office.id and 0 <= at - line.seen <= procedure.venue_within
        ):
            code = "not-at-venue"
        elif line.reporter in persons:
            code = "four-eyes"
        elif alone and not is_natural(line.reporter):
            code = "one-person"
        subjects.add(line.subject)
        if code:
            refused.append(e.LineSettled(order.draft.order, index, "refused", code, at))
    return refused


def effect(
    state: State,
    order: Order,
    procedure: Procedure,
    law: Law,
    at: Ms,
    chain: Sequence[e.Actor],
    steps: Sequence[str],
    lines: Sequence[tuple[int, Line]],
    *,
    released: bool = False,
) -> list[e.Event]:
    """The order in effect, or held by the bulk gate.

    ``steps``: what each of ``chain`` did; ``lines``: numbers and lines that were not refused.
    """
    draft = order.draft
    row = rule(law, draft, at)
    pair = law.in_force(draft.division, at, draft.ground)
    if isinstance(row, str) or pair is None:
        reason = row if isinstance(row, str) else "no-law"
        return [e.Ended(draft.order, "rejected", reason, chain[-1], at)]
    begins = max(at, draft.since)
    until = begins + row.term if draft.until is None else min(draft.until, begins + row.term)
    if until <= begins:
        return [e.Ended(draft.order, "rejected", "ended-before-recorded", chain[-1], at)]
    if procedure.bulk is not None and not released:
        held = gate(state, draft, procedure.bulk, [line for _, line in lines], at, begins)
        if held:
            return [*held, *forwarded(state, draft, "release", procedure.bulk.by, chain, 0, at)]
    book, actors = pair.book, tuple(chain)
    effected = e.Effected(
        draft.order, at, until, book.name, book.version, row.name, procedure.name,
        procedure.version, actors, len(lines), released, begins, book.digest, procedure.digest,
    )  # fmt: skip
    found: list[e.Event] = [effected]
    for start in range(0, len(lines), PAGE_LINES):
        issued = tuple(
            e.IssuedLine(n, one.subject, one.division, one.fact, one.root, one.reporter)
            for n, one in lines[start : start + PAGE_LINES]
        )
        found.append(
            e.Issued(
                draft.order, draft.division, draft.ground, draft.colour, begins, until, book.name,
                book.version, row.name, procedure.name, procedure.version, actors,
                tuple(steps), released, issued,
            )
        )  # fmt: skip
    return found


def forwarded(
    state: State, draft: Draft, step: str, who: Who, chain: Sequence[e.Actor], due: Ms, at: Ms
) -> list[e.Event]:
    """Whose turn it is now: told in the decision that made it so, not by a later one."""
    persons = {actor.person for actor in chain}
    offices: list[str] = []
    keys: list[str] = []
    for end in range(len(draft.division) + 1):
        for name in sorted(state.places.get(draft.division[:end], ())):
            office = state.offices[name]
            mine = []
            for key in sorted(state.staff.get(name, ())):
                officer = state.officers[state.keys[key]]
                if officer.person not in persons and fits(who, office, officer):
                    mine.append(key)
            if mine:
                offices.append(name)
                keys += mine
    found: list[e.Event] = [
        e.Forwarded(draft.order, step, tuple(offices[start : start + _KEYS]),
                    tuple(keys[start : start + _KEYS]), due, at)
        for start in range(0, max(len(keys), 1), _KEYS)
    ]  # fmt: skip
    return found


def gate(
    state: State, draft: Draft, bulk: Bulk, lines: Sequence[Line], at: Ms, begins: Ms
) -> list[e.Event]:
    """Whether the sum of the window reaches the line with ``lines``, and what it is linked to.

    Nothing where it does not.

    Lines with shared evidence are summed over it; a line without any is summed over the ground,
    which takes in everything: leaving the evidence out must not make a batch smaller. What was
    recorded in the window counts, and what turns codes within a window of when these lines do:
    small forms of several days that all begin on a later one are one batch.
    """
    recent = [
        b
        for b in state.bulk
        if b.ground == draft.ground
        and (b.at > at - bulk.window or abs(b.begins - begins) < bulk.window)
    ]
    largest = len(lines)
    roots = Counter(line.root for line in lines)
    links: set[bytes] = set()
    for root, count in roots.items():
        same = [b for b in recent if not root or b.root == root]
        mine = count if root else len(lines)
        total = mine + sum(b.count for b in same)
        largest = max(largest, total)
        links |= {b.order for b in same}
    if largest < bulk.count:
        return []
    effective: Counter[bytes] = Counter()
    for entry in recent:
        if entry.order in links:
            effective[entry.order] += entry.count
    waiting = {
        name
        for name in state.active
        if (other := state.orders[name]).status == "held"
        and other.draft.ground == draft.ground
        and name != draft.order
        and (b"" in roots or any(line.root in roots or not line.root for line in other.lines()))
    }
    linked, counted = sorted(links | waiting), sorted(effective.items())
    return [
        e.BulkHeld(
            draft.order, largest, tuple(linked[start : start + _LINKS]),
            tuple(counted[start : start + _LINKS]),
        )
        for start in range(0, max(len(linked), len(counted), 1), _LINKS)
    ]  # fmt: skip
