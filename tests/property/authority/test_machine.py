"""Authority lived through at random: offices, officers, orders and clocks; the invariants hold."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.decide import decide
from fuma.domain.law.procedure import Procedure
from fuma.domain.law.rulebook import Rulebook
from fuma.domain.time import DAY, HOUR, MINUTE
from unit.authority.making import NOON, Province, found, h, law, line, office

DIVISIONS = {
    "45": ["4501", "4502", "450102", "450102001", "450102001001"],
    "46": ["4601", "4602", "460105"],
    "64": ["6401", "640104", "6402"],
    "99": ["9901", "990101", "9902"],
    "14": ["1411", "141123", "1401", "141124"],
}
KINDS = (
    "command", "control-office", "big-data-bureau", "health-commission", "key-venue", "unit",
    "division-administration", "operator",
)  # fmt: skip
ROLES = (
    "principal", "staff", "conversion-staff", "division-administrator", "grid-administrator",
    "collector", "operator",
)  # fmt: skip
GROUNDS = ("close-contact", "confirmed", "refused-testing", "depositor")
INDEX = st.integers(0, 11)


class Authority(RuleBasedStateMachine):
    """Officers of a random province send whatever they like, whoever they are."""

    @initialize(
        province=st.sampled_from([*sorted(DIVISIONS), "46", "64"]),
        rest=st.lists(
            st.tuples(st.sampled_from(KINDS), st.integers(0, 5)), min_size=4, max_size=8
        ),
        people=st.lists(
            st.tuples(st.integers(0, 5), st.sampled_from(ROLES), st.integers(0, 30)),
            min_size=6, max_size=12,
        ),
    )  # fmt: skip
    def found(
        self, province: str, rest: list[tuple[str, int]], people: list[tuple[int, str, int]]
    ) -> None:
        places = [province, *DIVISIONS[province]]
        # Every step of the province's procedure has its office and officer, so that chains get
        # to their end; the others are at random, and persons have several accounts.
        offices: list[c.Office] = []
        accounts: list[tuple[str, str, str, str]] = []
        for text in law().texts:
            procedure = text.text
            if not isinstance(procedure, Procedure) or not procedure.division.startswith(province):
                continue
            whos = [step.who for step in procedure.chain if step.who]
            whos += [procedure.bulk.by] if procedure.bulk else []
            whos += [w for w in (procedure.annul, procedure.decide) if w]
            whos += [one.by for one in procedure.accounts]
            for who in whos:
                for place in places:
                    kind = (who.offices or KINDS)[0]
                    known = [o for o in offices if (o.kind, o.division) == (kind, place)]
                    made = known[0] if known else office(f"o{len(offices)}", kind, place)
                    if who.levels and made.level not in who.levels:
                        continue
                    offices += [] if known else [made]
                    role = (who.roles or ("staff",))[0]
                    accounts.append((f"a{len(accounts)}", f"p{len(accounts) % 5}", role, made.id))
        for kind, where in rest:
            offices.append(office(f"o{len(offices)}", kind, places[where % len(places)]))
        for person, role, where in people:
            name = offices[where % len(offices)].id
            accounts.append((f"a{len(accounts)}", f"p{person}", role, name))
        self.p = Province(province, offices, accounts)
        assert self.p.state.founded
        self.places = places
        self.names = [name for name, *_ in accounts]
        self.orders: list[str] = []
        for name in self.names:
            self.p.state.members.add(name)
        self.members = set(self.p.state.members)
        self.log: list[tuple[int, e.Event]] = []

    def note(self, events: list[e.Event]) -> list[e.Event]:
        self.log += [(self.p.at, event) for event in events]
        return events

    def officer(self, index: int) -> str:
        return self.names[index % len(self.names)]

    @rule(
        who=st.integers(0, 60), place=st.integers(0, 5), other=st.integers(0, 5),
        ground=st.sampled_from(GROUNDS), colour=st.integers(1, 2),
        count=st.sampled_from([1, 3, 40, 70, 99, 100]), root=st.integers(0, 1),
        reporter=st.integers(0, 9), stray=st.booleans(), days=st.sampled_from([None, 1, 40]),
    )  # fmt: skip
    def draft(
        self, who: int, place: int, other: int, ground: str, colour: int, count: int, root: int,
        reporter: int, stray: bool, days: int | None,
    ) -> None:  # fmt: skip
        name = f"order {len(self.orders)}"
        division = self.places[place % len(self.places)]
        fields: dict[str, Any] = {
            "reporter": h(f"p{reporter}") if reporter < 9 else b"",
            "root": h("index") if root else b"",
        }
        lines = [line(f"{name} {n}", division, **fields) for n in range(count)]
        if stray:
            lines[0] = line(f"{name} stray", self.places[other % len(self.places)], **fields)
        papers = (("situation", "s"), ("risk", "r"), ("evidence", "e"))
        until = None if days is None else self.p.at + days * DAY
        officer = self.officer(who)
        self.note(self.p.draft(officer, name, lines, division, ground, colour, papers, until=until))
        if h(name) in self.p.state.orders:
            self.orders.append(name)

    @rule(
        place=st.integers(0, 5), stray=st.integers(0, 5), start=st.integers(0, 60),
        count=st.sampled_from([2, 50, 60, 99, 100]), reporter=st.integers(0, 9),
        root=st.integers(0, 1), forms=st.integers(1, 3),
    )  # fmt: skip
    def everybody_tries(
        self, place: int, stray: int, start: int, count: int, reporter: int, root: int, forms: int
    ) -> None:
        """Whole chains, each step tried by every account from a random one on."""
        for _ in range(forms):
            self.one_form(place, stray, start, count, reporter, root)

    def one_form(
        self, place: int, stray: int, start: int, count: int, reporter: int, root: int
    ) -> None:
        name = f"order {len(self.orders)}"
        division = self.places[place % len(self.places)]
        fields: dict[str, Any] = {
            "reporter": h(f"p{reporter}") if reporter < 9 else b"",
            "root": h("index") if root else b"",
        }
        lines = [line(f"{name} {n}", division, **fields) for n in range(count - 1)]
        # Its reporter is a stranger, so that the form goes on where the others' is in the chain.
        elsewhere = self.places[stray % len(self.places)]
        lines.append(line(f"{name} last", elsewhere, root=fields["root"]))
        order = [*self.names[start % len(self.names) :], *self.names[: start % len(self.names)]]
        for officer in order:
            self.note(self.p.draft(officer, name, lines, division))
            if h(name) in self.p.state.orders:
                self.orders.append(name)
                break
        else:
            return
        procedure = self.p.law.procedure(division, self.p.at, "close-contact")
        assert procedure is not None
        for step in procedure.chain[1:]:
            for officer in order:
                if found(self.note(self.p.act(officer, name, step.name)), e.Stepped):
                    break

    @rule(pick=INDEX, who=st.integers(0, 60), willing=st.booleans())
    def act(self, pick: int, who: int, willing: bool) -> None:
        if not self.orders:
            return
        name = self.orders[-1 - pick % len(self.orders)]
        order = self.p.state.orders[h(name)]
        procedure = self.p.law.procedure(order.draft.division, self.p.at, order.draft.ground)
        assert procedure is not None
        taken = min(len(order.steps), len(procedure.chain) - 1)
        step = procedure.chain[taken].name
        senders = self.names if willing else [self.officer(who)]
        for officer in senders:
            events = self.note(self.p.act(officer, name, step))
            if found(events, e.Stepped):
                break

    @rule(pick=INDEX, who=st.integers(0, 60))
    def release(self, pick: int, who: int) -> None:
        held = [n for n in self.orders if self.p.status(n) == "held"]
        if held:
            name = held[pick % len(held)]
            self.note(self.p.send(self.officer(who), c.ReleaseBulk(h(name), self.p.content(name))))

    @rule(pick=INDEX, who=st.integers(0, 60), kind=st.integers(0, 3))
    def end(self, pick: int, who: int, kind: int) -> None:
        if self.orders:
            about = h(self.orders[pick % len(self.orders)])
            bodies: list[c.Body] = [
                c.Withdraw(about, "x"), c.Reject(about, "x"), c.Annul(about, (), "x"),
                c.Lift(about, (0,), b"e"),
            ]  # fmt: skip
            self.note(self.p.send(self.officer(who), bodies[kind]))

    @rule(who=st.integers(0, 60), whom=st.integers(0, 60))
    def close(self, who: int, whom: int) -> None:
        self.note(self.p.send(self.officer(who), c.CloseAccount(self.officer(whom), "x")))

    @rule(
        pick=INDEX, n=st.integers(0, 99), status=st.sampled_from(["effective", "held", "refused"])
    )
    def outcome(self, pick: int, n: int, status: str) -> None:
        if self.orders:
            name = self.orders[pick % len(self.orders)]
            self.note(self.p.hear(c.Outcome(h(name), n, status, "fact-absent", ("o0",))))

    @rule(span=st.sampled_from([MINUTE, HOUR, 5 * HOUR, DAY, 40 * DAY]))
    def wait(self, span: int) -> None:
        if self.p.at < NOON + 150 * DAY:
            self.note(self.p.pass_time(span))

    @rule(who=st.integers(0, 60))
    def decide_changes_nothing(self, who: int) -> None:
        before = copy.deepcopy(self.p.state)
        item = self.p.command(self.officer(who), c.CloseAccount(self.officer(who + 1), "x"))
        decide(self.p.state, item, self.p.at, self.p.law)
        assert self.p.state == before

    @invariant()
    def no_order_in_effect_without_its_whole_chain(self) -> None:
        for at, event in self.effected():
            order = self.p.state.orders[event.order]
            procedure = self.procedure(event)
            steps = [step.name for step in procedure.chain]
            assert order.steps[: len(steps)] == steps
            assert order.steps[len(steps) :] == (["release"] if event.released else [])
            assert tuple(order.chain) == event.chain
            for step, actor in zip(procedure.chain, event.chain, strict=False):
                where, role = self.account(actor)
                assert step.who is not None
                assert step.who.fits(where.kind, where.level, role)
            assert event.at >= at, "nothing is in effect before it was recorded"
            assert event.until > event.at, "and everything has an end"

    @invariant()
    def no_natural_person_twice_in_a_chain_and_two_in_every_red(self) -> None:
        for _, event in self.effected():
            persons = [actor.person for actor in event.chain]
            assert len(set(persons)) == len(persons)
            order = self.p.state.orders[event.order]
            for index, one in enumerate(order.lines()):
                settled = order.settled.get(index)
                if settled is not None and settled.status == "refused":
                    continue
                assert one.reporter not in persons
                if order.draft.colour == 2:
                    assert len({*persons, one.reporter} - {b""}) >= 2

    @invariant()
    def no_effect_outside_a_jurisdiction(self) -> None:
        for _, event in self.effected():
            order = self.p.state.orders[event.order]
            for index, one in enumerate(order.lines()):
                settled = order.settled.get(index)
                if settled is None or settled.status != "refused":
                    for actor in event.chain:
                        assert one.division.startswith(self.account(actor)[0].division)

    @invariant()
    def no_colour_without_a_row(self) -> None:
        books = {
            (t.text.name, t.text.version): t.text
            for t in self.law_texts()
            if isinstance(t.text, Rulebook)
        }
        for _, event in self.effected():
            row = books[event.book, event.book_version].by_name[event.row]
            draft = self.p.state.orders[event.order].draft
            assert row.ground == draft.ground
            assert max(span.colour for span in row.spans) == draft.colour
            assert event.until <= event.at + row.term

    @invariant()
    def the_sum_stays_under_the_bulk_line_or_was_released(self) -> None:
        effected = self.effected()
        for _, last in effected:
            bulk = self.procedure(last).bulk
            if bulk is None or last.released:
                continue
            ground = self.p.state.orders[last.order].draft.ground
            for root in {one.root for one in self.p.state.orders[last.order].lines()}:
                total = 0
                for _, other in effected:
                    order = self.p.state.orders[other.order]
                    if not last.at - bulk.window < other.at <= last.at:
                        continue
                    if other.released or order.draft.ground != ground:
                        continue
                    for index, one in enumerate(order.lines()):
                        settled = order.settled.get(index)
                        if one.root == root and (settled is None or settled.status != "refused"):
                            total += 1
                assert total < bulk.count

    @invariant()
    def the_same_log_gives_the_same_state(self) -> None:
        if not hasattr(self, "p"):
            return
        again = self.p.replayed()
        again.members = self.p.state.members
        assert again == self.p.state

    def effected(self) -> list[tuple[int, e.Effected]]:
        return [(t, x) for t, x in getattr(self, "log", []) if isinstance(x, e.Effected)]

    def procedure(self, event: e.Effected) -> Procedure:
        for published in self.law_texts():
            text = published.text
            if isinstance(text, Procedure) and text.name == event.procedure:
                return text
        raise AssertionError(event.procedure)

    def law_texts(self) -> tuple[Any, ...]:
        return self.p.law.texts

    def account(self, actor: e.Actor) -> tuple[c.Office, str]:
        for events in self.p.ledger:
            for event in events:
                if isinstance(event, e.AccountOpened) and event.officer.id == actor.officer:
                    return self.p.state.offices[actor.office], event.officer.role
        raise AssertionError(actor)


Authority.TestCase.settings = settings(
    max_examples=250,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestAuthority = Authority.TestCase
