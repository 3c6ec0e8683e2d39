"""Actors of a simulated world: officers with keys of their own, departments, holders; and its log.

Everything goes through the real doors: commands through ``fuma.in.commands``, numbers through the
gateway's exchange, facts through the departments' clients. One clock for all, which only goes on.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.cli.demo.day import Report
from fuma.cli.demo.driver import Departments, Told
from fuma.cli.demo.people import Person, holders
from fuma.cli.demo.world import World
from fuma.contracts import commands
from fuma.contracts.errors import Fatal
from fuma.contracts.genesis import read_world
from fuma.contracts.orders import OrderRecord
from fuma.contracts.persons import natural_person
from fuma.contracts.replies import Reply
from fuma.desk import forms, keyfile
from fuma.desk.asking import Asker
from fuma.desk.keyfile import OfficerKey
from fuma.desk.sending import Desk
from fuma.desk.signing import Terms, sign
from fuma.domain import merkle
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.right import DIGITS
from fuma.domain.authority.state import Order, State
from fuma.domain.time import DAY, HOUR, MINUTE, SECOND, Ms, iso
from fuma.feed import FeedClient
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.orderlog import OrderLog

PATIENCE = 90.0
PASSPHRASE = "a passphrase for tests"
#: Who reports facts: a natural person by number, since free text is no second person.
REPORTER = "id:" + next(holders(1, 4_711, ["140105"])).number


def key_of(name: str) -> OfficerKey:
    """A key for a name, the same in every run."""
    return OfficerKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def order_id(name: str) -> bytes:
    return hashlib.sha256(f"order {name}".encode()).digest()[:16]


def office(id: str, kind: str, division: str, department: str = "command") -> c.Office:
    level = next(word for word, size in DIGITS.items() if size == len(division))
    return c.Office(id, kind, department, level, division, id)


@dataclass(frozen=True, slots=True)
class Fact:
    """What a department reported of somebody, as a form cites it."""

    person: Person
    department: str
    source: str
    event: str
    division: str
    reporter: str = REPORTER


class Actors:
    """The people of a world that runs. Use as a context."""

    def __init__(self, world: World, folder: Path, now: Ms) -> None:
        self.world = world
        self.now = now
        self.folder = folder
        home = world.home.path
        self._id = read_world(home / "world.json").id
        self._desk = Desk.open(home, patience=PATIENCE)
        self._departments = Departments(home, folder)
        self._clock = FeedClient.open(home, "health", patience=PATIENCE)
        self._reader = KafkaLogReader(kafka_config(world.home, "auditor"))
        self.happened: list[tuple[str, OrderRecord, e.Event]] = []
        self._log = OrderLog(
            self._reader, world.ask.sealer, read_world(home / "world.json"),
            on_event=lambda *one: self.happened.append(one),
        )  # fmt: skip
        self._provinces: dict[str, str] = {}
        self._count = 0

    def __enter__(self) -> Actors:
        return self

    def __exit__(self, *_: object) -> None:
        self._desk.close()
        self._departments.__exit__()
        self._clock.close()
        self._reader.close()

    # --- time -----------------------------------------------------------------------------------

    def _next(self) -> int:
        self._count += 1
        self.now += SECOND
        return self._count

    def until(self, at: Ms) -> None:
        """The clock goes on to ``at``, and every province hears it."""
        assert at >= self.now
        self.now = at
        receipt = f"T-{self._next()}"
        self._clock.report(iter(()), receipt=receipt, now=self.now)
        minute = self.now - self.now % MINUTE
        for province in set(self._provinces.values()):
            self.wait(lambda p=province: self.state(p).tick >= minute, f"no tick in {province}")

    def pass_time(self, span: Ms) -> None:
        self.until(self.now + span)

    # --- what stands on the log -----------------------------------------------------------------

    def state(self, province: str) -> State:
        self._log.poll()
        assert not self._log.held(province), "the ledger does not hold together"
        return self._log.state(province)

    def order(self, name: str) -> Order:
        about = order_id(name)
        for province in set(self._provinces.values()):
            found = self.state(province).orders.get(about)
            if found is not None:
                return found
        raise AssertionError(f"no order {name} on the log")

    def events(self, kind: type, **fields: Any) -> list[Any]:
        """Events of a kind with these fields, in the order of the log."""
        self._log.poll()
        return [
            event for _, _, event in self.happened
            if isinstance(event, kind)
            and all(getattr(event, name) == value for name, value in fields.items())
        ]  # fmt: skip

    def wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + PATIENCE
        while not self._is(condition):
            assert time.monotonic() < until, f"{otherwise}; see {self.world.home.logs}"
            time.sleep(0.1)

    @staticmethod
    def _is(condition: Callable[[], bool]) -> bool:
        try:
            return condition()
        except Fatal:  # a broker on a busy machine that did not answer in its time: ask again
            return False

    def settled(self, name: str) -> dict[int, str]:
        """Each line's status, once all of a form's lines have one, and the platform has them."""

        def done() -> bool:
            order = self.order(name)
            return len(order.settled) == order.draft.count

        self.wait(done, f"lines of {name} are unanswered")
        self.world.ask.drained()
        return {line: one.status for line, one in sorted(self.order(name).settled.items())}

    def codes(self, name: str) -> dict[int, str]:
        return {line: one.code for line, one in sorted(self.order(name).settled.items())}

    def colour(self, person: Person, at: Ms | None = None) -> str | None:
        return self.world.ask.platform.colour(self.tag(person), at)

    def tag(self, person: Person) -> bytes:
        (found,) = self.world.ask.mint([(person.number, person.name)])
        return found

    # --- people and facts -----------------------------------------------------------------------

    def people(self, count: int, home: str, seed: int) -> list[Person]:
        """Holders of a place, in the register."""
        found = list(holders(count, seed, [home]))
        self.world.ask.load([(p.number, p.name) for p in found])
        return found

    def report(
        self, people: Sequence[Person], ground: str, evidence: str, *, department: str = "health",
        kind: str = "finding", division: str = "", reporter: str = REPORTER, days: float = 0.5,
    ) -> list[Fact]:  # fmt: skip
        """What a department says of each, sent and answered; the facts as a form cites them."""
        reports, facts = [], []
        batch = self._next()
        for n, person in enumerate(people):
            event = f"{department}-{batch}-{n}"
            where = division or person.home
            reports.append(
                Report(
                    department, self.now, event, kind, person.number, person.name, where, ground,
                    self.now - round(days * DAY), None, evidence, f"N{batch}-{n}", reporter,
                )
            )  # fmt: skip
            source = f"//{department}.41.example"
            facts.append(Fact(person, department, source, event, where, reporter))
        told = Told()
        self._departments.send(department, f"{batch}-{department}", reports, told, as_events=True)
        assert told.accepted == len(people), told.faults
        return facts

    # --- officers -------------------------------------------------------------------------------

    def found(
        self, province: str, offices: Sequence[c.Office],
        people: Sequence[tuple[str, str, str, str]],
    ) -> Reply:  # fmt: skip
        """Found a province by the ceremony. ``people``: (account, person, role, office)."""
        home = self.world.home.path
        evidence = keyfiles.secret(home, keyfiles.Key.EVIDENCE)
        officers = tuple(
            (c.Officer(name, where, role, natural_person(evidence, who), who), key_of(name).id)
            for name, who, role, where in people
        )
        for name, *_ in people:
            self._provinces[name] = province
        a, b = (keyfiles.signing_key(home, key)
                for key in (keyfiles.Key.CEREMONY_A, keyfiles.Key.CEREMONY_B))  # fmt: skip
        envelope = commands.found(
            c.Found(tuple(offices), officers), a, b, id=self._id_of("found"), world=self._id,
            province=province, issued=self.now, expires=self.now + HOUR,
        )  # fmt: skip
        return self.send(envelope)

    def _id_of(self, what: str) -> bytes:
        return hashlib.sha256(f"{what} {self._next()}".encode()).digest()[:16]

    def terms(self, officer: str, **change: Any) -> Terms:
        made = {
            "world": self._id, "province": self._provinces[officer], "issued": self.now,
            "expires": self.now + HOUR,
        }  # fmt: skip
        return Terms(**{**made, **change})

    def envelope(self, officer: str, body: c.Body, *, key: str = "", **terms: Any) -> bytes:
        """A command as that officer signs it. ``key``: signed with another's."""
        id = self._id_of(officer)
        return sign(body, key_of(key or officer), self.terms(officer, **terms), id)

    def send(self, envelope: bytes) -> Reply:
        """Send one command and wait for its reply."""
        (reply,) = self._desk.send([envelope]).replies
        return reply

    def say(self, officer: str, body: c.Body, **options: Any) -> Reply:
        return self.send(self.envelope(officer, body, **options))

    def join(self, name: str, province: str) -> None:
        """An account that was opened later."""
        self._provinces[name] = province

    def key_file(self, name: str) -> Path:
        """The officer's key as a file, for the command."""
        path = self.folder / f"{name}.key"
        if not path.exists():
            keyfile.write(path, key_of(name), PASSPHRASE)
        return path

    def fuma(self, *words: str, key: str = "") -> subprocess.CompletedProcess[str]:
        """The command, in a process of its own; ``key``: signed by that officer, now."""
        more: tuple[str, ...] = ()
        if key:
            self._next()
            more = ("--key", str(self.key_file(key)), "--at", iso(self.now))
        environment = {**os.environ, "FUMA_HOME": str(self.world.home.path)}
        environment["FUMA_PASSPHRASE"] = PASSPHRASE
        return subprocess.run(
            [sys.executable, "-m", "fuma.cli.main", *words, *more, "--json"],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    # --- forms ----------------------------------------------------------------------------------

    @contextmanager
    def asker(self, officer: str) -> Iterator[Asker]:
        asker = Asker(self.world.home.path, key_of(officer))
        try:
            yield asker
        finally:
            asker.close()

    def lines(self, officer: str, facts: Sequence[Fact], **fields: Any) -> list[c.Line]:
        """The lines of a form, exchanged at the gateway with the officer's key."""
        rows = [
            {"row": n + 2, "number": f.person.number, "name": f.person.name,
             "division": f.division, "department": f.department, "source": f.source,
             "event": f.event, "reporter": f.reporter, **fields}
            for n, f in enumerate(facts)
        ]  # fmt: skip
        found: list[c.Line] = []
        with self.asker(officer) as asker:
            for start in range(0, len(rows), 500):
                answer = asker.lines(
                    self.terms(officer), rows[start : start + 500], "情景测试 scenario"
                )
                assert answer["faults"] == []
                found += [forms.line_of(line) for line in answer["lines"]]
        return found

    def draft(
        self, officer: str, name: str, lines: Sequence[c.Line], division: str, ground: str,
        *, colour: int = 2, papers: tuple[tuple[str, str], ...] = (), since: Ms | None = None,
        until: Ms | None = None, **terms: Any,
    ) -> Reply:  # fmt: skip
        """A form with its pages; the reply to what was refused first, else to the last page."""
        self._next()
        wanted = c.Draft(
            order_id(name), division, ground, colour, len(lines),
            merkle.root([one.leaf() for one in lines]), self.now if since is None else since,
            until, papers,
        )  # fmt: skip
        form = forms.Form(self._id, wanted)
        envelopes = list(forms.signed(form, lines, key_of(officer), self.terms(officer, **terms)))
        manifest = self.send(envelopes[0])
        if manifest.status == "refused":
            return manifest
        return self._desk.send(envelopes[1:]).replies[-1]

    def act(self, officer: str, name: str, step: str, **options: Any) -> Reply:
        return self.say(officer, c.Act(order_id(name), step, self.content(name)), **options)

    def content(self, name: str) -> bytes:
        return self.order(name).draft.content()
