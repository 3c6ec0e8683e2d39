"""Officers of one county: forms through their chain, and what is refused, sent until answered.

They go the real ways: tags from the gateway's exchange, commands through ``in.commands``, replies
from ``replies``. What is signed is remembered, since each must have come to exactly one thing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from chaos.line import Line
from chaos.worker import PATIENCE, SOURCE, Department, Worker
from doorkit import event, name, number
from fault.checker.officers import Signed
from fuma.contracts import commands
from fuma.contracts.genesis import read_world
from fuma.contracts.persons import natural_person
from fuma.desk import forms
from fuma.desk.asking import Asker
from fuma.desk.sending import Desk
from fuma.desk.signing import Terms, sign, told
from fuma.domain import merkle
from fuma.domain.authority import commands as c
from fuma.domain.time import DAY, HOUR, from_ms, iso
from fuma.runtime import keyfiles
from fuma.runtime.keyfiles import Key
from orderkit import REPORTER, key_of, office

PROVINCE, COUNTY = "14", "141123"
FIRST, MOST = 60_000, 1_500
OFFICES = (
    office("xing-control", "control-office", COUNTY),
    office("lvliang-health", "health-commission", "1411", "health"),
    office("shanxi-health", "health-commission", "14", "health"),
)
PEOPLE = (
    ("clerk", "staff", "xing-control"),
    ("head", "principal", "xing-control"),
    ("reviewer", "staff", "lvliang-health"),
    ("assigner", "staff", "shanxi-health"),
)
CHAIN = (("head", "sign"), ("reviewer", "review"), ("assigner", "approve"))


class Officers(Worker):
    """One form after another. ``signed``: what was sent."""

    def __init__(self, line: Line, seed: int, every_s: float = 2.0) -> None:
        super().__init__(line, "officers", seed)
        self.signed: dict[bytes, Signed] = {}
        self.accepted = self.refused = self.forms = 0
        self._every_s = every_s
        self._people = 0
        self._cdc = Department(self, "health")
        self._desk: Desk | None = None
        self._founded = False

    def people(self) -> list[tuple[str, str]]:
        """For the register."""
        return [(number(i), name(i)) for i in range(FIRST, FIRST + MOST)]

    def turn(self) -> None:
        if not self._founded:
            self._found()
            self._founded = True
        self.over.wait(self._every_s)
        size = self.dice.randrange(1, 5)
        if self._people + size > MOST:
            return
        people = range(FIRST + self._people, FIRST + self._people + size)
        self._people += size
        self.forms += 1
        facts = [self._fact(i) for i in people]
        receipt = f"R-FORM-{self.forms}"
        report = self._cdc.send(receipt, facts, self.line.load_now())
        assert report.accepted == size, report
        self._form(self._lines(facts))

    def _fact(self, i: int) -> dict[str, Any]:
        now = self.line.load_now()
        made = event(
            i, division=COUNTY, ground="close-contact", reporter=REPORTER,
            evidence={"kind": "isolation-record", "number": f"GL-{i}"},
            **{"from": f"{from_ms(now - DAY):%F}"},
        )  # fmt: skip
        return {**made, "id": f"chaos-{i}", "time": iso(now)}

    def _lines(self, facts: list[dict[str, Any]]) -> list[c.Line]:
        rows = [
            {"row": n, "number": one["data"]["id"], "name": one["data"]["name"],
             "division": COUNTY, "department": "health", "source": SOURCE, "event": one["id"],
             "reporter": REPORTER}
            for n, one in enumerate(facts, 2)
        ]  # fmt: skip

        def asked() -> dict[str, Any]:
            asker = Asker(self.line.home.path, key_of("clerk"))
            try:
                return asker.lines(self._terms(), rows, "情景测试 chaos")
            finally:
                asker.close()

        answer = self.persist("the exchange is asked", asked, lambda: None)
        assert answer["faults"] == [], answer
        return [forms.line_of(one) for one in answer["lines"]]

    def _form(self, lines: list[c.Line]) -> None:
        order = self._id("order")
        root = merkle.root([one.leaf() for one in lines])
        now = self.line.load_now()
        draft = c.Draft(order, COUNTY, "close-contact", 2, len(lines), root, now, None)
        form = forms.Form(read_world(self.line.home.world).id, draft)
        for envelope in forms.signed(form, lines, key_of("clerk"), self._terms()):
            self._send(envelope)
        for who, step in CHAIN:
            if self.over.is_set():
                return  # a form that lies where it is
            act = c.Act(order, step, draft.content())
            if self.dice.random() < 0.1:  # not theirs: refused, recorded, told
                self._send(self._sign("clerk", act))
            if self.dice.random() < 0.1:  # a key that nobody registered
                self._send(self._sign("nobody", act))
            self._send(self._sign(who, act))

    def _sign(self, who: str, body: c.Body) -> bytes:
        return sign(body, key_of(who), self._terms(), self._id(who))

    def _found(self) -> None:
        home = self.line.home.path
        evidence = keyfiles.secret(home, Key.EVIDENCE)
        officers = tuple(
            (c.Officer(who, where, role, natural_person(evidence, who), who), key_of(who).id)
            for who, role, where in PEOPLE
        )
        a, b = (keyfiles.signing_key(home, key) for key in (Key.CEREMONY_A, Key.CEREMONY_B))
        terms = self._terms()
        self._send(commands.found(
            c.Found(OFFICES, officers), a, b, id=self._id("found"), world=terms.world,
            province=PROVINCE, issued=terms.issued, expires=terms.expires,
        ))  # fmt: skip

    def _terms(self) -> Terms:
        now = self.line.load_now()
        return Terms(read_world(self.line.home.world).id, PROVINCE, now, now + 72 * HOUR)

    def _id(self, what: str) -> bytes:
        return hashlib.sha256(f"{what} {len(self.signed)} {self.forms}".encode()).digest()[:16]

    def _send(self, envelope: bytes) -> None:
        """Until it is answered, and now and then once more."""
        about = told(envelope)
        self.signed[about.digest] = Signed(about.digest[:16], about.id, about.type)

        def sent() -> None:
            if self._desk is None:
                self._desk = Desk.open(self.line.home.path, patience=PATIENCE)
            came = self._desk.send([envelope], again=True)
            self.accepted += came.accepted
            self.refused += came.refused

        for _ in range(1 + (self.dice.random() < 0.1)):
            self.persist(f"an officer sends {about.type}", sent, self.close_desk)

    def close_desk(self) -> None:
        if self._desk is not None:
            self._desk.close()
            self._desk = None

    def close(self) -> None:
        self.close_desk()
        self._cdc.close()
