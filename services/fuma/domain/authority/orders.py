"""Orders: filled, completed, signed, reviewed, approved, put into effect; or ended before."""

from __future__ import annotations

from fuma.domain import merkle
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.effect import check_lines, effect, forwarded, rule
from fuma.domain.authority.right import Answer, Case, No, digits, words
from fuma.domain.authority.state import OPEN, Order
from fuma.domain.law.procedure import Procedure, Step, Who
from fuma.domain.law.rulebook import Row
from fuma.domain.time import DAY, Ms

MAX_LINES = 100_000
#: A form may ask for a beginning so far ahead.
_AHEAD: Ms = 30 * DAY


def draft(case: Case, body: c.Draft) -> Answer:
    """The first step: the form's manifest. Its content is what everybody after signs."""
    about = body.order
    if about in case.state.orders or about in case.state.archived:
        return No(("order-exists",), about)
    procedure = case.procedure(body.division, body.ground)
    if procedure is None or not procedure.chain:
        return No(("no-procedure-for-orders",), about)
    first = procedure.chain[0]
    codes = []
    if not case.fits(first.who):
        codes.append("not-your-step")
    if not (case.covers(body.division) and digits(body.division)):
        codes.append("outside-jurisdiction")
    if procedure.channel and case.officer.id not in case.state.members:
        codes.append("not-admitted")
    row = rule(case.law, body, case.at)
    if isinstance(row, str):
        codes.append(row)
    else:
        codes += _times(case, body, row)
    given = {word for word, text in body.papers if text.strip()}
    if not given.issuperset(procedure.papers_of(body.ground)):
        codes.append("papers-missing")
    if not 1 <= body.count <= MAX_LINES or len(body.root) != 32:
        codes.append("count-wrong")
    if codes:
        return No(tuple(codes), about)
    lapses = case.at + procedure.lapse
    return [e.Drafted(body, first.name, words(procedure), case.actor, case.at, lapses)]


def page(case: Case, body: c.Page) -> Answer:
    """Nothing proceeds until every page is there and their lines hash to the signed root."""
    about = body.order
    order = case.state.orders.get(about)
    if order is None:
        return No(("order-unknown",), about)
    if order.chain[0].officer != case.officer.id:
        return No(("not-the-drafter",), about)
    if order.status != "draft":
        return No(("content-frozen",), about)
    total = pages(order.draft.count)
    due = min(c.PAGE_LINES, order.draft.count - body.number * c.PAGE_LINES)
    if not 0 <= body.number < total or len(body.lines) != due or body.number in order.pages:
        return No(("page-wrong",), about)
    found: list[e.Event] = [e.PageArrived(about, body.number, body.lines)]
    if len(order.pages) + 1 < total:
        return found
    arrived = {**order.pages, body.number: body.lines}
    lines = [line for number in range(total) for line in arrived[number]]
    if merkle.root([line.leaf() for line in lines]) != order.draft.root:
        return [*found, e.Ended(about, "rejected", "root-differs", case.actor, case.at)]
    procedure = case.procedure(order.draft.division, order.draft.ground)
    if procedure is None or words(procedure) != order.procedure:
        return [*found, e.Ended(about, "rejected", "procedure-changed", case.actor, case.at)]
    refused = check_lines(order, lines, case.office, procedure, case.at)
    found += [e.Completed(about, case.at), *refused]
    if len(refused) == len(lines):
        return [*found, e.Ended(about, "rejected", "no-line-left", case.actor, case.at)]
    if len(procedure.chain) == 1:
        out = {event.line for event in refused}
        left = [(index, line) for index, line in enumerate(lines) if index not in out]
        return found + effect(
            case.state, order, procedure, case.law, case.at, order.chain, order.steps, left
        )
    return found + _next(case, order, procedure.chain[1], order.chain)


def act(case: Case, body: c.Act) -> Answer:
    """The next step of the chain, by whose turn it is."""
    about = body.order
    order = case.state.orders.get(about)
    if order is None:
        return No(("order-unknown",), about)
    if order.status == "draft":
        return No(("pages-missing",), about)
    if order.status != "complete":
        return No(("order-not-open",), about)
    procedure = case.procedure(order.draft.division, order.draft.ground)
    if procedure is None or words(procedure) != order.procedure:
        return No(("procedure-changed",), about)
    taken = len(order.steps)
    if taken >= len(procedure.chain) or procedure.chain[taken].name != body.step:
        return No(("not-the-next-step", *_offer(case, procedure, body.step)), about)
    step = procedure.chain[taken]
    codes = _turn(case, order, step)
    if body.content != order.draft.content():
        codes.append("content-differs")
    if codes:
        return No((*codes, *_offer(case, procedure, body.step)), about)
    row = rule(case.law, order.draft, case.at)
    if isinstance(row, str):
        return No((row,), about)
    found: list[e.Event] = [e.Stepped(about, step.name, case.actor, case.at)]
    chain = [*order.chain, case.actor]
    if taken + 1 == len(procedure.chain):
        left, steps = left_of(order), [*order.steps, step.name]
        return found + effect(case.state, order, procedure, case.law, case.at, chain, steps, left)
    return found + _next(case, order, procedure.chain[taken + 1], chain)


def release_bulk(case: Case, body: c.ReleaseBulk) -> Answer:
    """Central handling: by whom the procedure says, another natural person than the chain's."""
    about = body.order
    order = case.state.orders.get(about)
    if order is None:
        return No(("order-unknown",), about)
    if order.status != "held":
        return No(("not-held",), about)
    procedure = case.procedure(order.draft.division, order.draft.ground)
    if procedure is None or words(procedure) != order.procedure or procedure.bulk is None:
        return No(("procedure-changed",), about)
    codes = []
    if not case.fits(procedure.bulk.by):
        codes.append("not-your-step")
    if not case.covers(order.draft.division):
        codes.append("outside-jurisdiction")
    if case.actor.person in order.persons() | order.reporters:
        codes.append("four-eyes")
    if body.content != order.draft.content():
        codes.append("content-differs")
    row = rule(case.law, order.draft, case.at)
    if isinstance(row, str):
        codes.append(row)
    if codes:
        return No(tuple(codes), about)
    chain = [*order.chain, case.actor]
    left = left_of(order)
    return [
        e.BulkReleased(about, case.actor, case.at),
        *effect(
            case.state,
            order,
            procedure,
            case.law,
            case.at,
            chain,
            [*order.steps, "release"],
            left,
            released=True,
        ),
    ]


def reject(case: Case, body: c.Reject) -> Answer:
    """By whoever's turn it is (a held order: the central body), with a reason."""
    about = body.order
    order = case.state.orders.get(about)
    if order is None or order.status not in ("complete", "held"):
        return No(("order-not-open",), about)
    procedure = case.procedure(order.draft.division, order.draft.ground)
    if procedure is None:
        return No(("procedure-changed",), about)
    who = None
    if order.status == "held":
        who = procedure.bulk.by if procedure.bulk else None
    elif len(order.steps) < len(procedure.chain):
        who = procedure.chain[len(order.steps)].who
    if not case.fits(who):
        return No(("not-your-step",), about)
    if not case.covers(order.draft.division):
        return No(("outside-jurisdiction",), about)
    if not body.reason.strip():
        return No(("reason-missing",), about)
    return [e.Ended(about, "rejected", body.reason, case.actor, case.at)]


def withdraw(case: Case, body: c.Withdraw) -> Answer:
    """By whoever drafted or signed it, while it has no effect."""
    about = body.order
    order = case.state.orders.get(about)
    if order is None or order.status not in OPEN:
        return No(("order-not-open",), about)
    if case.actor.person not in order.persons():
        return No(("not-the-drafter",), about)
    return [e.Ended(about, "withdrawn", body.reason, case.actor, case.at)]


def pages(count: int) -> int:
    """How many pages a form of ``count`` lines has."""
    return -(-count // c.PAGE_LINES)


def left_of(order: Order) -> list[tuple[int, c.Line]]:
    """Its lines that were not refused, with their numbers."""
    return [(n, line) for n, line in enumerate(order.lines()) if n not in order.settled]


def _next(case: Case, order: Order, step: Step, chain: list[e.Actor]) -> list[e.Event]:
    """In real time to whoever's turn it is: in the same decision."""
    due = case.at + step.within if step.within is not None else 0
    who = step.who or Who()
    return forwarded(case.state, order.draft, step.name, who, chain, due, case.at)


def _turn(case: Case, order: Order, step: Step) -> list[str]:
    codes = []
    if not case.fits(step.who):
        codes.append("not-your-step")
    if not case.covers(order.draft.division):
        codes.append("outside-jurisdiction")
    if case.actor.person in order.persons() | order.reporters:
        codes.append("four-eyes")
    if step.other_office and case.office.id in {actor.office for actor in order.chain}:
        codes.append("same-office")
    if step.name == "sign" and case.office.id != order.chain[0].office:
        codes.append("not-the-signing-office")
    return codes


def _offer(case: Case, procedure: Procedure, step: str) -> tuple[str, ...]:
    """Who may not convert may still report, where the procedure gives them that step."""
    mine = [one.name for one in procedure.chain if case.fits(one.who)]
    return ("may-report",) if mine and step not in mine else ()


def _times(case: Case, body: c.Draft, row: Row) -> list[str]:
    codes = []
    # The signer's own hour is the earliest that a form may ask for: it was not recorded before.
    if body.since < case.command.issued:
        codes.append("before-recorded")
    if body.since > case.at + _AHEAD:
        codes.append("begins-too-late")
    if body.until is not None and body.until <= body.since:
        codes.append("until-before-from")
    if body.until is not None and body.until > body.since + row.term:
        codes.append("beyond-term")
    return codes
