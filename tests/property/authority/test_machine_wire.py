"""The same random province, with accounts, cases and law that changes; on the wire and in store."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from fuma.contracts.authoritystate import decode_state, encode_state
from fuma.contracts.decisions import FIRST, Cause, ledger_hash
from fuma.contracts.orders import decode_order, split
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.fold import evolve
from fuma.domain.authority.relief import OUTCOMES
from fuma.domain.authority.right import fits
from fuma.domain.authority.state import State
from fuma.domain.law.inforce import Law, PublishedText
from fuma.domain.law.procedure import Who
from fuma.domain.law.rulebook import Rulebook, Span
from fuma.domain.time import MINUTE
from property.authority.test_machine import INDEX, KINDS, ROLES, Authority
from unit.authority.making import WORLD, h, office

WHO = st.integers(0, 60)


class Wired(Authority):
    """Everything of ``Authority``, and what the stage around the core does with it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []  # the ledger's values
        self.folded: State | None = None  # from what was decoded of them
        self.store: dict[bytes, bytes | None] = {}
        self.cases: list[bytes] = []
        self.asked = 0

    # --- what else happens ----------------------------------------------------------------------

    @rule(
        pick=INDEX, who=WHO, n=st.integers(0, 3), kind=st.sampled_from(sorted(OUTCOMES)),
        place=st.integers(0, 5),
    )  # fmt: skip
    def file(self, pick: int, who: int, n: int, kind: str, place: int) -> None:
        order = h(self.orders[pick % len(self.orders)]) if self.orders else b""
        name = h(f"case {len(self.cases)}")
        body = c.FileCase(
            name, kind, order, n, self.places[place % len(self.places)], "command", h("text")
        )
        self.note(self.p.send(self.officer(who), body))
        if name in self.p.state.cases:
            self.cases.append(name)

    @rule(pick=INDEX, who=WHO, whom=WHO, likely=st.booleans(), outcome=st.integers(0, 1))
    def decide_a_case(self, pick: int, who: int, whom: int, likely: bool, outcome: int) -> None:
        """By anybody, or by those whom the procedure means, the order's own signers among them."""
        if not self.cases:
            return
        case = self.cases[pick % len(self.cases)]
        filed = self.p.state.cases[case].filed
        procedure = self.p.law.procedure(filed.division, self.p.at)
        assert procedure is not None
        meant = self.meant(procedure.decide) if likely else []
        deciders = meant[:4] or [self.officer(whom)]
        for sender in meant or [self.officer(who)]:
            for decider in deciders:
                self.note(self.p.send(sender, c.AssignCase(case, decider)))
        words = OUTCOMES[filed.kind]
        for sender in deciders:
            self.note(self.p.send(sender, c.DecideCase(case, words[outcome], "because")))

    @rule(pick=INDEX, annul=st.booleans(), lines=st.sampled_from([(), (0,), (0, 1)]))
    def undo(self, pick: int, annul: bool, lines: tuple[int, ...]) -> None:
        """Tried by everybody."""
        if not self.orders:
            return
        about = h(self.orders[pick % len(self.orders)])
        body = c.Annul(about, lines, "x") if annul else c.Lift(about, lines, b"e")
        for sender in self.names:
            self.note(self.p.send(sender, body))

    @rule(who=WHO, likely=st.booleans(), role=st.sampled_from(ROLES), person=st.integers(0, 8))
    def ask_for_an_account(self, who: int, likely: bool, role: str, person: int) -> None:
        """Somewhere, or where some rule says who opens it; reviewed by everybody."""
        self.asked += 1
        name, offices = f"n{self.asked}", sorted(self.p.state.offices)
        where = offices[who % len(offices)]
        procedure = self.p.law.procedure(self.p.state.offices[where].division, self.p.at)
        if likely and procedure is not None and procedure.accounts:
            whom = procedure.accounts[who % len(procedure.accounts)].whom
            role = (whom.roles or (role,))[0]
            fitting = [
                one.id for one in self.p.state.offices.values()
                if whom.fits(one.kind, one.level, role)
            ]  # fmt: skip
            where = (fitting or [where])[0]
        officer = c.Officer(name, where, role, h(f"p{person}"), name)
        self.note(self.p.send(name, c.Apply(h(name), officer, "need")))
        for sender in self.names:
            self.note(self.p.send(sender, c.ReviewApplication(h(name), True, "")))
        if name in self.p.state.officers:
            self.names.append(name)

    def meant(self, who: Who | None) -> list[str]:
        """Officers among ``who``."""
        state = self.p.state
        return [
            name for name in self.names
            if who is not None and (officer := state.officers.get(name)) is not None
            and (where := state.offices.get(officer.office)) is not None
            and fits(who, where, officer)
        ]  # fmt: skip

    @rule(who=WHO, place=st.integers(0, 5), kind=st.sampled_from(KINDS))
    def open_an_office(self, who: int, place: int, kind: str) -> None:
        self.asked += 1
        made = office(f"x{self.asked}", kind, self.places[place % len(self.places)])
        self.note(self.p.send(self.officer(who), c.OpenOffice(made)))

    @rule(shorter=st.integers(1, 4))
    def a_new_edition(self, shorter: int) -> None:
        """The nation's book with other terms, as if its notice had passed."""
        pair = self.p.law.in_force(self.p.province, self.p.at)
        if pair is None:
            return
        book = pair.book
        rows = tuple(
            replace(row, spans=tuple(Span(s.colour, s.lasts // shorter) for s in row.spans))
            for row in book.rows
        )
        text: Rulebook = replace(book, version=book.version + 1, begins=self.p.at, rows=rows)
        self.p.law = Law([*self.p.law.texts, PublishedText(text, self.p.at, True)])
        self.note(self.p.pass_time(MINUTE))

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def what_is_written_is_read_back_and_gives_the_same_state(self) -> None:
        if not hasattr(self, "p"):
            return
        if self.folded is None:
            self.folded = State(WORLD, self.p.province)
        for events in self.p.ledger[len(self.written) :]:
            cause = Cause(bytes(16), bytes(16), 0, 0, bytes(32), bytes(32))
            prev = ledger_hash(self.written[-1]) if self.written else FIRST
            values = split(events, self.p.at, cause, 1, prev)
            records = [decode_order(value) for value in values]
            assert [x for record in records for x in record.events] == events
            assert all(len(value) < 65_000 for value in values)
            self.written.append(values[-1])
            for record in records:
                evolve(self.folded, record.events)
        self.folded.members = set(self.p.state.members)
        assert self.folded == self.p.state

    @invariant()
    def a_snapshot_of_what_changed_is_enough(self) -> None:
        if not hasattr(self, "p"):
            return
        self.store.update(encode_state(self.p.state))
        assert decode_state(lambda names: [self.store.get(name) for name in names]) == self.p.state

    @invariant()
    def every_line_that_went_out_is_the_orders_and_every_end_is_its_subjects(self) -> None:
        issued: dict[bytes, list[int]] = {}
        for _, event in getattr(self, "log", []):
            if isinstance(event, e.Issued):
                order = self.p.state.orders[event.order]
                for one in event.lines:
                    assert one.subject == order.line(one.line).subject
                issued.setdefault(event.order, []).extend(one.line for one in event.lines)
            elif isinstance(event, e.LinesEnded) and event.order in self.p.state.orders:
                order = self.p.state.orders[event.order]
                gone = set(issued[event.order])
                for ref in event.lines:
                    assert ref.subject == order.line(ref.line).subject
                    assert ref.line in gone, "nobody is told of a line that never went out"
        for _, effected in self.effected():
            assert len(issued[effected.order]) == effected.lines
            assert len(set(issued[effected.order])) == effected.lines

    @invariant()
    def a_case_is_closed_with_an_outcome_by_nobody_of_the_orders_chain(self) -> None:
        for _, event in getattr(self, "log", []):
            if not isinstance(event, e.CaseClosed):
                continue
            filed = self.p.state.cases[event.case].filed
            assert event.outcome in OUTCOMES[filed.kind]
            assert event.reason
            order = self.p.state.orders.get(filed.order)
            if order is not None:
                assert event.by.person not in order.persons()

    @invariant()
    def an_account_is_opened_by_whom_the_procedure_says_and_never_ones_own(self) -> None:
        for _, event in getattr(self, "log", []):
            if not isinstance(event, e.AccountOpened) or event.by == e.NOBODY:
                continue
            assert event.officer.person != event.by.person
            office, (theirs, role) = (
                self.p.state.offices[event.officer.office],
                self.account(event.by),
            )
            assert office.division.startswith(theirs.division)
            rules = [
                one
                for published in self.p.law.texts
                for one in getattr(published.text, "accounts", ())
            ]
            by = c.Officer("", "", role, b"", "")
            assert any(
                one.whom.fits(office.kind, office.level, event.officer.role)
                and fits(one.by, theirs, by)
                for one in rules
            )

    @invariant()
    def an_order_in_effect_stands_under_the_book_in_force(self) -> None:
        if not hasattr(self, "p") or self.p.state.tick != self.p.at - self.p.at % MINUTE:
            return
        ticked = [t for t, x in self.log if isinstance(x, e.Ticked)]
        if not ticked or ticked[-1] != self.p.at or not isinstance(self.log[-1][1], e.Ticked):
            return
        for order in self.p.state.orders.values():
            if order.status == "effective":
                draft = order.draft
                pair = self.p.law.in_force(draft.division, self.p.at, draft.ground)
                assert pair is not None
                assert order.book == (pair.book.name, pair.book.version)
                assert order.until is not None


Wired.TestCase.settings = settings(
    max_examples=80,
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestWired = Wired.TestCase
