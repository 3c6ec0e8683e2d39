"""An order's whole way in memory: authority, its outbox, each person, and the answers back."""

from __future__ import annotations

from dataclasses import replace

from fuma.contracts.commandlog import decode_command
from fuma.contracts.decisions import Cause
from fuma.contracts.decisions import split as split_decision
from fuma.contracts.facts import decode_person
from fuma.contracts.orders import split
from fuma.contracts.topics import COMMANDS, DECISIONS, ORDERS, PERSON
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as a
from fuma.domain.codes import events as e
from fuma.domain.codes.decide import advance
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.state import EMPTY, State
from fuma.domain.colour import Colour
from fuma.domain.time import DAY, HOUR, MINUTE
from fuma.processor.outbox import Outbox
from fuma.processor.outbox_orders import OrdersOutbox
from fuma.runtime.ports import LogRecord
from unit.authority.making import NOON, Province, h, law, line, office
from unit.domain.ordering import finding

XING = "141123"


class Run:
    """Both stages and both outboxes; every record goes through its bytes."""

    def __init__(self, province: Province) -> None:
        self.province = province
        self.states: dict[bytes, State] = {}
        self.last: dict[bytes, e.Decision] = {}
        self.seqs: dict[bytes, int] = {}
        self.written = 0
        self.orders = OrdersOutbox(lambda kind, what: None)
        self.orders.opened(ORDERS, 0)
        self.decisions = Outbox(lambda kind, what: None, law)
        self.decisions.opened(DECISIONS, 0)

    def report(self, tag: bytes, fact: e.Fact) -> None:
        self._person(tag, fact)

    def after(self, events: list[a.Event]) -> None:
        """What follows from the authority's events."""
        cause = Cause(h(f"cause {self.written}"), bytes(16), 0, self.written, bytes(32), bytes(32))
        for value in split(events, self.province.at, cause, self.written + 1, bytes(32)):
            raw = LogRecord(ORDERS, 0, self.written, self.province.at, b"14", value, ())
            self.written += 1
            for emit in self.orders.transform(raw):
                if emit.topic == PERSON:
                    self._person(emit.key, decode_person(emit.value))

    def _person(self, tag: bytes, item: e.Input) -> None:
        at = self.province.at
        decision, self.states[tag] = advance(self.states.get(tag, EMPTY), item, at, law())
        if decision is None:
            return
        self.last[tag] = decision
        seq = self.seqs.get(tag, 0) + 1
        cause = Cause(item.id, bytes(16), 0, 0, bytes(32), item.content)
        for value in split_decision(decision, cause, seq, bytes(32)):
            self.seqs[tag] = seq
            raw = LogRecord(DECISIONS, 0, seq, at, tag, value, ())
            for emit in self.decisions.transform(raw):
                if emit.topic == COMMANDS:
                    heard = decode_command(emit.value, None).item
                    assert isinstance(heard, c.Outcome)
                    self.after(self.province.hear(heard))

    def colour(self, n: int) -> Colour | None:
        decision = self.last.get(h(f"subject {n}"))
        return colour_at(decision.schedule, self.province.at) if decision else Colour.GREEN

    def settled(self, n: int) -> tuple[str, str]:
        found = self.province.state.orders[h("form")].settled[n]
        return found.status, found.code


def fact(n: int, **change: object) -> e.Fact:
    """The report that line ``n`` of ``unit.authority.making`` cites."""
    cited = line(n, XING)
    made = finding(
        f"fact {n}", "close-contact", "2022-06-14", evidence="isolation-record",
        reporter=cited.reporter, root=cited.root,
    )  # fmt: skip
    return replace(made, id=cited.fact, **change)  # type: ignore[arg-type]


def ordered() -> tuple[Run, Province]:
    """Six lines: 0 and 5 reported, 1 not, 2 with another root, 3 released before, 4 of a wrong
    name."""
    p = Province(
        "14",
        [
            office("xing-control", "control-office", XING),
            office("lvliang-health", "health-commission", "1411", "health"),
            office("shanxi-health", "health-commission", "14", "health"),
        ],
        [
            ("clerk", "Zhang", "staff", "xing-control"),
            ("head", "Wang", "principal", "xing-control"),
            ("reviewer", "Li", "staff", "lvliang-health"),
            ("assigner", "Zhao", "staff", "shanxi-health"),
            ("another", "Yan", "principal", "shanxi-health"),
        ],
    )
    run = Run(p)
    run.report(h("subject 0"), fact(0))
    run.report(h("subject 2"), fact(2, root=h("elsewhere") * 2))
    run.report(h("subject 3"), fact(3))
    freed = finding("out", "close-contact", "2022-06-14", evidence="release-notice", kind="release")
    run.report(h("subject 3"), freed)
    run.report(h("subject 4"), fact(4, identity=e.Identity.MISMATCHED))
    run.report(h("subject 5"), fact(5))
    p.draft("clerk", "form", [line(n, XING) for n in range(6)], XING)
    p.act("head", "form", "sign")
    p.act("reviewer", "form", "review")
    p.at += MINUTE
    run.after(p.act("assigner", "form", "approve"))
    return run, p


def test_each_line_of_an_order_has_its_own_answer_and_the_authority_knows_it() -> None:
    run, p = ordered()
    assert [run.settled(n) for n in range(6)] == [
        ("effective", ""), ("held", "fact-absent"), ("refused", "root-differs"),
        ("refused", "lifted-before-assigned"), ("held", "fact-absent"), ("effective", ""),
    ]  # fmt: skip
    assert [run.colour(n) for n in (0, 1, 2, 4, 5)] == [
        Colour.RED, Colour.GREEN, Colour.GREEN, Colour.GREEN, Colour.RED
    ]  # fmt: skip
    order = run.last[h("subject 0")].schedule.orders[0]
    assert order.source is not None
    assert [x.step for x in order.source.chain] == ["compile", "sign", "review", "approve"]
    assert p.replayed() == p.state


def test_a_fact_within_the_day_puts_its_line_into_effect_one_after_it_does_not() -> None:
    run, p = ordered()
    p.at += 2 * HOUR
    run.report(h("subject 1"), fact(1))
    assert run.settled(1) == ("effective", "")
    assert run.colour(1) is Colour.RED
    run.after(p.pass_time(DAY))
    assert run.settled(4) == ("refused", "fact-absent")
    assert run.colour(4) is Colour.GREEN
    assert run.states[h("subject 4")].lines.waiting == ()
    assert p.replayed() == p.state


def test_an_annulment_by_officers_reaches_its_person_and_nobody_else() -> None:
    run, p = ordered()
    annul = c.Annul(h("form"), (0,), "not of the epidemic")
    run.after(p.send("assigner", annul))
    assert run.colour(0) is Colour.RED, "its own signer may not"
    run.after(p.send("another", annul))
    assert run.colour(0) is Colour.GREEN
    assert run.colour(5) is Colour.RED
    assert [type(x) for x in run.last[h("subject 0")].events] == [e.Annulled, e.Answered]
    assert run.settled(0) == ("annulled", "never-valid")
    assert p.replayed() == p.state


def test_a_department_that_lifts_ends_the_line_at_the_authority_too() -> None:
    run, p = ordered()
    p.at += HOUR
    noon = "2022-06-14T12:00:00+08:00"
    freed = finding("free", "close-contact", noon, evidence="exclusion-report", kind="release")
    run.report(h("subject 0"), freed)
    assert run.colour(0) is Colour.GREEN
    assert run.settled(0) == ("lifted", "released")
    assert run.settled(5) == ("effective", "")
    assert p.replayed() == p.state
    assert p.at > NOON
