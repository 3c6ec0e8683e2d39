"""Lifting, annulment with recall, appeals and complaints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.right import Answer, Case, No, fits
from fuma.domain.authority.state import Order
from fuma.domain.law.procedure import Procedure
from fuma.domain.time import Ms

#: A line in one of these can still have, or still has, a colour.
LIVE = ("", "held", "effective", "suspended")
#: A line in one of these has nothing that could be annulled.
GONE = ("refused", "annulled")
OUTCOMES = {"appeal": ("upheld", "overturned"), "complaint": ("founded", "unfounded")}


def lift(case: Case, body: c.Lift) -> Answer:
    """The lifting condition is met, on evidence: from now on."""
    order = case.state.orders.get(body.order)
    checked = _over(case, order, body.order, body.lines)
    if isinstance(checked, No):
        return checked
    order, procedure = checked
    if not case.fits(procedure.lift):
        return No(("not-your-step",), body.order)
    if not body.evidence:
        return No(("no-evidence",), body.order)
    if order.status != "effective":
        return No(("order-not-effective",), body.order)
    lines = [n for n in _chosen(order, body.lines) if status(order, n) in LIVE]
    return _settle(case, order, lines, "lifted", "condition-met", body.evidence)


def annul(case: Case, body: c.Annul) -> Answer:
    """It was never valid; whoever got a decision by it is recalled until it acknowledges."""
    order = case.state.orders.get(body.order)
    checked = _over(case, order, body.order, body.lines)
    if isinstance(checked, No):
        return checked
    order, procedure = checked
    if not case.fits(procedure.annul):
        return No(("not-your-step",), body.order)
    if case.actor.person in order.persons():
        return No(("own-order",), body.order)
    if not body.reason.strip():
        return No(("reason-missing",), body.order)
    if order.effected is None:
        return No(("order-not-effective",), body.order)
    return annulment(case, order, _chosen(order, body.lines), "never-valid")


def annulment(case: Case, order: Order, lines: Iterable[int], code: str) -> Answer:
    """The events of an annulment of ``lines``: those that were refused never were."""
    chosen = [n for n in lines if status(order, n) not in GONE]
    found = _settle(case, order, chosen, "annulled", code)
    if isinstance(found, list) and order.recipients:
        found.append(e.Recalled(order.draft.order, tuple(sorted(order.recipients))))
    return found


def acknowledge(case: Case, body: c.AcknowledgeRecall) -> Answer:
    if body.recipient not in case.state.recalls.get(body.order, set()):
        return No(("not-recalled",), body.order)
    if case.officer.office != body.recipient:
        return No(("not-the-recipient",), body.order)
    return [e.RecallAcknowledged(body.order, body.recipient)]


def file(case: Case, body: c.FileCase) -> Answer:
    """Passed on as it was said: the case keeps its text's digest and its tracking number."""
    about = body.case
    if about in case.state.cases:
        return No(("case-exists",), about)
    if body.kind not in OUTCOMES:
        return No(("case-kind-unknown",), about)
    order = case.state.orders.get(body.order)
    if body.kind == "appeal" and order is None:
        return No(("order-unknown",), about)
    if order is not None and not 0 <= body.line < order.draft.count:
        return No(("line-unknown",), about)
    # Decided where the line lies or above: elsewhere nobody answers for it, nor may undo it.
    above = order is None or _place(order, body.line).startswith(body.division)
    if body.kind == "appeal" and not above:
        return No(("outside-jurisdiction",), about)
    procedure = case.procedure(body.division)
    if procedure is None or not body.division.startswith(case.state.province):
        return No(("no-law",), about)
    if body.kind == "complaint" and not body.concerns:
        return No(("department-missing",), about)
    due = case.at + procedure.appeal
    return [
        e.CaseFiled(
            about, body.kind, body.order, body.line, body.division, body.concerns,
            case.actor, case.at, due, body.text,
        )
    ]  # fmt: skip


def assign(case: Case, body: c.AssignCase) -> Answer:
    about = body.case
    one = case.state.cases.get(about)
    if one is None or one.outcome:
        return No(("case-not-open",), about)
    procedure = case.procedure(one.filed.division)
    decider = case.state.officers.get(body.decider)
    office = case.state.offices.get(decider.office) if decider else None
    if procedure is None or procedure.decide is None or not case.fits(procedure.decide):
        return No(("not-your-step",), about)
    if not case.covers(one.filed.division):
        return No(("outside-jurisdiction",), about)
    order = case.state.orders.get(one.filed.order)
    if order is not None and case.actor.person in order.persons() | order.reporters:
        return No(("own-order",), about)
    if decider is None or office is None:
        return No(("account-unknown",), about)
    why = _decider(case, one.filed, decider, office, procedure)
    if why:
        return No((why,), about)
    ladder = ("province", "city", "county", "township", "village")
    if ladder.index(office.level) > ladder.index(one.level):
        return No(("below-escalated-level",), about)
    keys = (
        key for key in case.state.staff.get(office.id, ()) if case.state.keys[key] == decider.id
    )
    return [e.CaseAssigned(about, decider.id, case.actor, case.at, tuple(sorted(keys)))]


def decide_case(case: Case, body: c.DecideCase) -> Answer:
    """Closed only with an outcome and its reason, by the decider it was given to."""
    about = body.case
    one = case.state.cases.get(about)
    if one is None or one.outcome:
        return No(("case-not-open",), about)
    order = case.state.orders.get(one.filed.order)
    if order is not None and case.actor.person in order.persons() | order.reporters:
        return No(("own-order",), about)
    if one.decider != case.officer.id:
        return No(("not-the-decider",), about)
    if body.outcome not in OUTCOMES[one.filed.kind] or not body.reason.strip():
        return No(("outcome-missing",), about)
    found: list[e.Event] = []
    if body.outcome == "overturned" and order is not None and order.effected is not None:
        undone = annulment(case, order, [one.filed.line], "appeal")
        found = undone if isinstance(undone, list) else []
    return [*found, e.CaseClosed(about, body.outcome, body.reason, case.actor, case.at)]


def ended(
    order: Order,
    lines: Sequence[int],
    how: str,
    code: str,
    by: e.Actor,
    at: Ms,
    evidence: bytes = b"",
) -> list[e.Event]:
    """Lines that end here, so many to an event, each with the subject that is to be told."""
    refs = [e.LineRef(n, order.line(n).subject) for n in lines]
    return [
        e.LinesEnded(
            order.draft.order, how, code, at, by, tuple(refs[start : start + c.PAGE_LINES]),
            evidence,
        )
        for start in range(0, len(refs), c.PAGE_LINES)
    ]  # fmt: skip


def status(order: Order, line: int) -> str:
    """Where a line stands; "" where nobody has answered yet."""
    settled = order.settled.get(line)
    return settled.status if settled else ""


def report_by_actor(orders: Iterable[Order]) -> dict[bytes, list[tuple[str, str, int]]]:
    """For each natural person: (step, officer, annulled lines) of every order annulled in part."""
    found: dict[bytes, list[tuple[str, str, int]]] = {}
    for order in orders:
        count = order.standing("annulled")
        if count:
            for step, actor in zip(order.steps, order.chain, strict=False):
                found.setdefault(actor.person, []).append((step, actor.officer, count))
    return found


def _decider(
    case: Case, filed: e.CaseFiled, decider: c.Officer, office: c.Office, procedure: Procedure
) -> str:
    order = case.state.orders.get(filed.order)
    if order is not None and decider.person in order.persons() | order.reporters:
        return "own-order"
    if not filed.division.startswith(office.division):
        return "outside-jurisdiction"
    if filed.kind == "complaint":
        return "" if office.department == filed.concerns else "not-the-department-concerned"
    assert procedure.decide is not None
    return "" if fits(procedure.decide, office, decider) else "not-a-decider"


def _place(order: Order, line: int) -> str:
    """Where a line lies; the form's division while its page is missing."""
    known = line // c.PAGE_LINES in order.pages
    return order.line(line).division if known else order.draft.division


def _over(
    case: Case, order: Order | None, about: bytes, lines: Sequence[int]
) -> tuple[Order, Procedure] | No:
    if order is None:
        return No(("order-unknown",), about)
    if not case.covers(order.draft.division):
        return No(("outside-jurisdiction",), about)
    if any(not 0 <= line < order.draft.count for line in lines):
        return No(("line-unknown",), about)
    procedure = case.procedure(order.draft.division, order.draft.ground)
    return No(("no-law",), about) if procedure is None else (order, procedure)


def _chosen(order: Order, lines: Sequence[int]) -> list[int]:
    return sorted(set(lines)) or list(range(order.draft.count))


def _settle(
    case: Case, order: Order, lines: Sequence[int], how: str, code: str, evidence: bytes = b""
) -> Answer:
    about = order.draft.order
    if not lines:
        return No(("no-line-left",), about)
    found = ended(order, lines, how, code, case.actor, case.at, evidence)
    # ``lines`` are all such that ending them matters, so the rest is what they leave.
    if how == "annulled":
        left = order.draft.count - order.standing(*GONE) - len(lines)
    else:
        left = order.standing(*LIVE) - len(lines)
    if not left and order.status != how:
        found.append(e.Ended(about, how, code, case.actor, case.at))
    return found
