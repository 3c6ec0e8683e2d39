"""A province lived through command by command, for tests of authority on the pure core."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.domain import merkle
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.decide import CEREMONY, decide
from fuma.domain.authority.fold import evolve
from fuma.domain.authority.state import State
from fuma.domain.ids import natural
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import instant
from fuma.domain.time import HOUR, MINUTE, Ms

RULES = Path(__file__).resolve().parents[3] / "rules"
WORLD = b"w" * 16
NOON = instant("2022-06-14T12:00:00+08:00")


@cache
def law() -> Law:
    """Everything in ``rules/``, as from a genesis."""
    return law_of_texts(load_folder(RULES))


def h(name: str) -> bytes:
    """16 bytes for a name; as a person, one known by number."""
    return natural(hashlib.sha256(name.encode()).digest()[:16])


def office(name: str, kind: str, division: str, department: str = "command") -> c.Office:
    level = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}[len(division)]
    return c.Office(name, kind, department, level, division, name)


def line(n: int | str, division: str, **fields: Any) -> c.Line:
    made: dict[str, Any] = {"reporter": h("a reporter"), "root": h("index case") * 2}
    made.update(fields)
    return c.Line(h(f"subject {n}"), division, h(f"fact {n}"), **made)


class Province:
    """One province's ledger. ``people`` is (officer, person, role, office)."""

    def __init__(
        self,
        province: str,
        offices: Sequence[c.Office],
        people: Sequence[tuple[str, str, str, str]],
        at: Ms = NOON,
        rules: Law | None = None,
    ) -> None:
        self.province = province
        self.law = rules or law()
        self.state = State(WORLD, province)
        self.at = at
        self.count = 0
        self.ledger: list[list[e.Event]] = []
        founders = tuple(
            (c.Officer(name, where, role, h(person), name), f"key {name}")
            for name, person, role, where in people
        )
        self.send(CEREMONY, c.Found(tuple(offices), founders), key=CEREMONY)

    def hear(self, item: c.Input) -> list[e.Event]:
        """Decide and fold; then the same again must give nothing."""
        events = decide(self.state, item, self.at, self.law)
        self.ledger.append(events)
        self.state = evolve(self.state, events)
        assert decide(self.state, item, self.at, self.law) == []
        return events

    def send(self, officer: str, body: c.Body, *, key: str = "", **fields: Any) -> list[e.Event]:
        return self.hear(self.command(officer, body, key=key, **fields))

    def command(self, officer: str, body: c.Body, *, key: str = "", **fields: Any) -> c.Command:
        self.count += 1
        made: dict[str, Any] = {
            "id": h(f"command {self.count}"),
            "digest": hashlib.sha256(f"{self.count} {body}".encode()).digest(),
            "world": WORLD,
            "province": self.province,
            "issued": self.at,
            "expires": self.at + HOUR,
            "key": key or f"key {officer}",
            "body": body,
        }
        made.update(fields)
        return c.Command(**made)

    def pass_time(self, span: Ms) -> list[e.Event]:
        self.at += span
        return self.hear(c.Tick(self.at - self.at % MINUTE))

    def draft(
        self,
        officer: str,
        name: str,
        lines: Sequence[c.Line],
        division: str,
        ground: str = "close-contact",
        colour: int = 2,
        papers: tuple[tuple[str, str], ...] = (),
        since: Ms | None = None,
        until: Ms | None = None,
        pages: bool = True,
    ) -> list[e.Event]:
        """The form and its pages; the events of both."""
        root = merkle.root([one.leaf() for one in lines])
        began = self.at if since is None else since
        form = c.Draft(h(name), division, ground, colour, len(lines), root, began, until, papers)
        events = list(self.send(officer, form))
        if pages and h(name) in self.state.orders and refusal(events) == ():
            for number in range(-(-len(lines) // c.PAGE_LINES)):
                part = tuple(lines[number * c.PAGE_LINES : (number + 1) * c.PAGE_LINES])
                events += self.send(officer, c.Page(h(name), number, part))
        return events

    def act(self, officer: str, name: str, step: str) -> list[e.Event]:
        return self.send(officer, c.Act(h(name), step, self.content(name)))

    def content(self, name: str) -> bytes:
        order = self.state.orders.get(h(name))
        return order.draft.content() if order else b""

    def status(self, name: str) -> str:
        return self.state.orders[h(name)].status

    def replayed(self) -> State:
        """The state from the ledger alone."""
        state = State(WORLD, self.province)
        for events in self.ledger:
            state = evolve(state, events)
        return state


def refusal(events: Sequence[e.Event]) -> tuple[str, ...]:
    """The codes of what was refused; empty where nothing was."""
    return tuple(code for one in events if isinstance(one, e.Refused) for code in one.codes)


def found(events: Sequence[e.Event], kind: type) -> list[Any]:
    return [one for one in events if isinstance(one, kind)]


def xing() -> Province:
    """Xing County with the offices above it."""
    return Province(
        "14",
        [
            office("xing-control", "control-office", "141123"),
            office("other-control", "control-office", "141124"),
            office("xing-admin", "division-administration", "141123"),
            office("lvliang-health", "health-commission", "1411", "health"),
            office("taiyuan-health", "health-commission", "1401", "health"),
            office("shanxi-health", "health-commission", "14", "health"),
        ],
        [
            ("clerk", "Zhang", "staff", "xing-control"),
            ("head", "Wang", "principal", "xing-control"),
            ("head-elsewhere", "Sun", "principal", "other-control"),
            ("reviewer", "Li", "staff", "lvliang-health"),
            ("reviewer-two", "Wang", "staff", "lvliang-health"),
            ("reviewer-taiyuan", "Qian", "staff", "taiyuan-health"),
            ("assigner", "Zhao", "staff", "shanxi-health"),
            ("admin", "Zhou", "division-administrator", "xing-admin"),
        ],
    )


def hainan() -> Province:
    """Two cities and the provincial bureau; everybody who drafts is in the channel."""
    made = Province(
        "46",
        [
            office("haikou", "command", "4601"),
            office("sanya", "command", "4602"),
            office("bureau", "big-data-bureau", "46", "big-data"),
            office("hotline", "hotline", "46", "hotline"),
        ],
        [
            ("haikou-staff", "A", "conversion-staff", "haikou"),
            ("haikou-two", "B", "conversion-staff", "haikou"),
            ("haikou-head", "C", "principal", "haikou"),
            ("sanya-staff", "D", "conversion-staff", "sanya"),
            ("sanya-head", "E", "principal", "sanya"),
            ("bureau-head", "F", "principal", "bureau"),
            ("operator", "G", "operator", "bureau"),
            ("desk", "H", "staff", "hotline"),
        ],
    )
    for name in ("haikou-staff", "haikou-two", "sanya-staff"):
        code = name.encode()
        made.send("bureau-head", c.Invite(hashlib.sha256(code).digest(), name))
        made.send(name, c.Join(code))
    return made


def guangxi() -> Province:
    return Province(
        "45",
        [
            office("region", "command", "45"),
            office("nanning", "command", "4501"),
            office("liuzhou", "command", "4502"),
            office("xingning", "division-administration", "450102"),
            office("street", "division-administration", "450102001"),
            office("village", "division-administration", "450102001001"),
            office("airport", "key-venue", "450102002"),
            office("mall", "unit", "450102"),
        ],
        [
            ("one", "A", "division-administrator", "region"),
            ("two", "B", "division-administrator", "nanning"),
            ("two-b", "I", "division-administrator", "liuzhou"),
            ("three", "C", "division-administrator", "xingning"),
            ("four", "D", "division-administrator", "street"),
            ("five", "E", "division-administrator", "village"),
            ("gate", "F", "division-administrator", "airport"),
            ("grid", "G", "grid-administrator", "mall"),
            ("collector", "H", "collector", "mall"),
        ],
    )


def apply(p: Province, name: str, role: str, where: str, person: str = "New") -> list[e.Event]:
    officer = c.Officer(name, where, role, h(person), name)
    return p.send(name, c.Apply(h(f"application {name}"), officer, "needed at the gate"))
