"""Scenario 19 along the stages: comparison, persons, the decisions' outbox, oversight's ledger.

Guangxi in July 2022, where officers convert: a companion is yellow, by an order that
cites the match.
"""

from __future__ import annotations

from typing import Any

from fuma.contracts.decisions import FIRST, Cause, split
from fuma.contracts.facts import decode_person, encode_person
from fuma.contracts.incidents import decode_incident
from fuma.contracts.topics import DECISIONS, INCIDENTS, PERSON, SIGNALS
from fuma.domain.codes import events as e
from fuma.domain.codes.decide import advance
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.state import EMPTY, State
from fuma.domain.colour import Colour
from fuma.domain.comparison.events import Case, Input, Presence
from fuma.domain.comparison.grid import cell_at, fixed
from fuma.domain.comparison.place import cell_place
from fuma.domain.comparison.settings import Frame
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, MINUTE, Ms
from fuma.processor.outbox import Outbox
from fuma.processor.watch import Watch
from fuma.runtime.ports import LogRecord
from unit.comparison.making import SQUARE, VILLAGE, sick, stay, tag
from unit.domain.ordering import CHAIN, end, law, line
from unit.processor.comparison_rig import Rig

NOON: Ms = instant("2022-07-10T12:00:00+08:00")
ELSEWHERE = cell_place(cell_at(fixed("22.8170"), fixed("108.3665")))
CODE = "disparity-of-trajectory"


class Line:
    """From presences to incidents; every record goes through its bytes."""

    def __init__(self) -> None:
        self.law: Law = law()
        self.rig = Rig(self.law, Frame(parts=4))
        self.read = 0
        self.states: dict[bytes, State] = {}
        self.seqs: dict[bytes, int] = {}
        self.last: dict[bytes, e.Decision] = {}
        self.outbox = Outbox(lambda kind, what: None, lambda: self.law)
        self.outbox.opened(DECISIONS, 0)
        self.stage = Watch(lambda: self.law)
        self.watch = self.stage.empty()
        self.signals: list[tuple[bytes, bytes]] = []
        self.incidents: list[dict[str, Any]] = []

    def presence(self, at: Ms, *items: Input) -> None:
        for item in items:
            self.rig.tell(item, at)
        self.rig.run()
        records = self.rig.log.records[PERSON, 0]
        for record in records[self.read :]:
            self.person(record.key or b"", record.value or b"", at)
        self.read = len(records)

    def person(self, who: bytes, value: bytes, at: Ms) -> None:
        item = decode_person(value)
        decision, self.states[who] = advance(self.states.get(who, EMPTY), item, at, self.law)
        if decision is None:
            return
        self.last[who] = decision
        seq = self.seqs.get(who, 0) + 1
        cause = Cause(item.id, bytes(16), 0, 0, bytes(32), item.content)
        for ledger in split(decision, cause, seq, FIRST):
            self.seqs[who] = seq
            for emit in self.outbox.transform(LogRecord(DECISIONS, 0, seq, at, who, ledger, ())):
                if emit.topic == SIGNALS:
                    self.signals.append((emit.key or b"", emit.value))
                    self.oversee(emit.key or b"", emit.value, at)
            seq += 1

    def oversee(self, key: bytes, value: bytes, at: Ms) -> None:
        for emit in self.watch.take(key, self.stage.decode(value), at):
            assert emit.topic == INCIDENTS
            self.incidents.append(decode_incident(emit.value))

    def match(self, who: str) -> e.MatchFact:
        found = [
            decode_person(record.value)
            for record in self.rig.log.records[PERSON, 0]
            if record.key == tag(who)
        ]  # fmt: skip
        assert isinstance(found[-1], e.MatchFact)
        return found[-1]

    def order(self, who: str, at: Ms, cited: e.MatchFact | None = None) -> None:
        made = line(
            who, cited or self.match(who), since="2022-07-10T12:00:00+08:00", colour=Colour.YELLOW,
            procedure="45/conversion-by-tiers", chain=CHAIN[:1],
        )  # fmt: skip
        self.person(tag(who), encode_person(made), at)

    def colour(self, who: str, at: Ms) -> str:
        found = colour_at(self.last[tag(who)].schedule, at)
        assert found is not None
        return found.word

    def disparities(self) -> list[dict[str, Any]]:
        return [one for one in self.incidents if one["code"] == CODE]


def here(name: str, who: str, place: bytes = SQUARE) -> Presence:
    return stay(name, who, place, since=NOON, identity="matched")


def case() -> Case:
    return sick("case", NOON - DAY, NOON + DAY)._replace(issued=NOON + 2 * HOUR)


def met(*people: str) -> Line:
    """Everybody was where the case was, and one more in a village, where nobody was."""
    run = Line()
    run.presence(
        NOON + 2 * HOUR,
        here("p", "case"), case(), *(here(f"p-{who}", who) for who in people),
        here("v", "villager", VILLAGE),
    )  # fmt: skip
    return run


def later(run: Line, at: Ms) -> None:
    """Somebody else of the province meets the case elsewhere: the watch hears what time it is."""
    run.presence(at, *(
        stay(f"{who[:4]}{at // HOUR}", who, ELSEWHERE, since=NOON + 5 * HOUR, identity="matched")
        for who in ("case", f"late{at // HOUR}")
    ))  # fmt: skip


def test_scenario_19_two_of_one_trajectory_and_one_of_them_has_the_colour() -> None:
    run = met("a", "b")
    assert run.match("a").root == run.match("b").root != b""
    assert tag("villager") not in run.last, "who met nobody is of no group"
    run.order("a", NOON + 3 * HOUR)
    assert (run.colour("a", NOON + 4 * HOUR), run.colour("b", NOON + 4 * HOUR)) == (
        "yellow", "green",
    )  # fmt: skip
    later(run, NOON + 20 * HOUR)
    assert run.disparities() == [], "the second order may be on its way"
    later(run, NOON + 28 * HOUR)
    (found,) = run.disparities()
    assert (found["count"], found["severity"], found["province"]) == (1, "serious", "45")
    assert set(found["subjects"]) == {tag("a").hex(), tag("b").hex()}
    assert CHAIN[0] in {party["officer"] for party in found["parties"]}
    later(run, NOON + 30 * HOUR)
    assert len(run.disparities()) == 1, "once"


def test_scenario_19_everybody_of_the_trajectory_has_it_and_nothing_is_raised() -> None:
    run = met("a", "b")
    run.order("a", NOON + 3 * HOUR)
    run.order("b", NOON + 20 * HOUR)
    later(run, NOON + 50 * HOUR)
    assert run.disparities() == []


def test_scenario_19_nobody_has_it_and_nothing_is_raised() -> None:
    run = met("a", "b")
    later(run, NOON + 50 * HOUR)
    assert run.disparities() == []


def test_scenario_19_another_match_of_the_same_person_bears_the_order() -> None:
    """Two places, two groups, one order each: of ``a`` by the first place's match, of others by the
    second's. Who was at both is spared at neither."""
    run = met("a", "b")
    first = run.match("a")
    run.presence(
        NOON + 3 * HOUR,
        *(stay(f"second-{who}", who, VILLAGE, since=NOON + 2 * HOUR, identity="matched")
          for who in ("case", "a", "b", "c")),
    )  # fmt: skip
    assert run.match("a").root != first.root
    run.order("a", NOON + 4 * HOUR, first)
    run.order("b", NOON + 4 * HOUR)
    run.order("c", NOON + 4 * HOUR)
    later(run, NOON + 50 * HOUR)
    assert run.disparities() == []


def test_scenario_19_who_is_spared_leaves_when_the_match_stands_no_longer() -> None:
    run = met("a", "b")
    run.order("a", NOON + 3 * HOUR)
    gone = stay("p-b", "b", since=NOON, identity="matched", gone=True, revision=1)
    run.presence(NOON + 4 * HOUR, gone)
    later(run, NOON + 50 * HOUR)
    assert run.disparities() == []


def test_scenario_19_an_order_that_was_never_valid_makes_no_difference() -> None:
    run = met("a", "b")
    run.order("a", NOON + 3 * HOUR)
    run.person(tag("a"), encode_person(end("a", "annulled", "never-valid")), NOON + 5 * HOUR)
    assert run.colour("a", NOON + 5 * HOUR + MINUTE) == "green"
    later(run, NOON + 50 * HOUR)
    assert run.disparities() == []


def test_scenario_19_oversight_that_starts_anew_finds_the_same() -> None:
    """The signals alone, heard again from the first, and each twice as after a crash."""
    run = met("a", "b", "c")
    run.order("a", NOON + 3 * HOUR)
    later(run, NOON + 28 * HOUR)
    (found,) = run.disparities()
    assert found["count"] == 2
    stage = Watch(lambda: run.law)
    fresh, again = stage.empty(), []
    for key, value in run.signals:
        signal = stage.decode(value)
        for _ in range(2):
            for emit in fresh.take(key, signal, signal.at):
                again.append(decode_incident(emit.value))
    assert [x for x in again if x["code"] == CODE] == [found]
