"""Numbers for tags, asked by an officer with the officer's own key.

Forms are signed over tags, officers know numbers. Who may draft forms where the lines lie gets the
tags of its rows; each look-up is in the vault's log, with the officer and the purpose, before it is
answered. Rows that are wrong are answered by their number, without what they held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import msgspec

from fuma.contracts import divisions
from fuma.contracts.cloudevents import number_fault
from fuma.contracts.errors import Refusal
from fuma.contracts.exchange import FRESH, MAX_ROWS, Request
from fuma.contracts.faults import Fault, fault
from fuma.contracts.genesis import World
from fuma.contracts.persons import natural_person, reporter_ref, root_ref
from fuma.contracts.topics import DEPARTMENTS
from fuma.domain.authority.commands import Office, Officer
from fuma.domain.authority.state import State
from fuma.domain.codes.words import words
from fuma.domain.ids import report_id
from fuma.domain.law.inforce import Law
from fuma.domain.law.procedure import Procedure
from fuma.domain.time import LAST, Ms


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """One row of a form, as an officer has it. ``fact``: its id, where it is known already."""

    row: int
    number: str
    name: str
    division: str
    department: str = ""
    source: str = ""
    event: str = ""
    fact: str = ""
    root: str = ""
    reporter: str = ""
    venue: str = ""
    seen: int = 0


class Identities(Protocol):
    """What is asked of the vault here."""

    def exchange(
        self, people: Sequence[tuple[str, str]], *, who: str, purpose: str
    ) -> list[tuple[bytes, str]]: ...


class Exchange:
    """Answers requests whose signature was checked."""

    def __init__(
        self,
        world: World,
        evidence_key: bytes,
        vault: Identities,
        accounts: Callable[[str], State],
        law: Callable[[], Law],
        now: Callable[[], Ms],
    ) -> None:
        """``accounts``: a province's state, as the ledger has it now."""
        self._world = world
        self._key = evidence_key
        self._vault = vault
        self._accounts = accounts
        self._law = law
        self._now = now

    def answer(self, request: Request) -> dict[str, Any]:
        """Raises ``Refusal``: why this officer is told nothing."""
        if request.world != self._world.id:
            raise Refusal("of another world")
        if not self._world.simulated and abs(self._now() - request.issued) > FRESH:
            raise Refusal("issued too long ago, or ahead of the time here: check the clock")
        if request.ask == "person":
            return self._person(request)
        if request.ask == "lines":
            return self._lines(request)
        raise Refusal("asks for nothing that there is")

    def _officer(self, request: Request) -> tuple[Officer, Office]:
        state = self._accounts(request.province)
        officer = state.officers.get(state.keys.get(request.key, ""))
        office = state.offices.get(officer.office) if officer else None
        if officer is None or office is None:
            raise Refusal("this key is no officer's of that province")
        return officer, office

    def _lines(self, request: Request) -> dict[str, Any]:
        officer, office = self._officer(request)
        if not self._drafts(officer, office):
            raise Refusal("this account fills no forms by the procedure: it is told no tags")
        try:
            rows = msgspec.convert(request.body.get("rows"), list[Row])
        except msgspec.ValidationError:
            raise Refusal("rows are not in their form") from None
        if not 1 <= len(rows) <= MAX_ROWS:
            raise Refusal(f"1 to {MAX_ROWS} rows in one request")
        wrong = {row.row: found for row in rows if (found := self._faults(row))}
        good = [row for row in rows if row.row not in wrong]
        people = [(row.number.strip().upper(), row.name.strip()) for row in good]
        who = f"{request.province}/{officer.id}"
        told = self._vault.exchange(people, who=who, purpose=request.purpose) if people else []
        lines = []
        for row, (tag, identity) in zip(good, told, strict=True):
            if identity != "matched":
                code = "name-mismatch" if identity == "mismatched" else "not-in-register"
                wrong[row.row] = [Fault("name", code, words(code).zh, words(code).en)]
                continue
            lines.append(self._line(row, tag))
        faults = [{"row": row, **asdict(one)} for row, all in wrong.items() for one in all]
        return {"lines": lines, "faults": sorted(faults, key=lambda one: one["row"])}

    def _line(self, row: Row, tag: bytes) -> dict[str, Any]:
        fact = row.fact
        if not fact and row.event:
            fact = report_id(row.department, row.source, row.event).hex()
        division = divisions.normal(row.division.strip()) or row.division
        return {
            "row": row.row,
            "subject": tag.hex(),
            "division": division,
            "fact": fact,
            "root": root_ref(self._key, row.root).hex(),
            "reporter": reporter_ref(self._key, row.department, row.reporter).hex(),
            "venue": row.venue.strip(),
            "seen": row.seen,
        }

    @staticmethod
    def _faults(row: Row) -> list[Fault]:
        """What keeps a row from naming a subject. Whether it may be converted is not said here: a
        line without evidence, or from elsewhere, is refused on the log, with who asked.
        """
        found = []
        code = number_fault(row.number.strip().upper())
        if code is not None:
            found.append(fault("number", code))
        if not row.name.strip():
            found.append(fault("name", "missing"))
        division = divisions.normal(row.division.strip())
        if division is None:
            found.append(fault("division", "division-form"))
        if row.fact and not _hex16(row.fact):
            found.append(fault("fact", "bad-text"))
        if row.event and row.department not in DEPARTMENTS:
            told = words("department-unknown")
            found.append(Fault("department", "department-unknown", told.zh, told.en))
        if not 0 <= row.seen <= LAST:
            found.append(fault("seen", "bad-time"))
        return found

    def _drafts(self, officer: Officer, office: Office) -> bool:
        """Whether the procedure in force anywhere in its division lets this account fill forms."""
        for published in self._law().texts:
            text = published.text
            if not isinstance(text, Procedure) or not text.chain:
                continue
            here = text.division.startswith(office.division) or office.division.startswith(
                text.division
            )
            who = text.chain[0].who
            if here and who is not None and who.fits(office.kind, office.level, officer.role):
                return True
        return False

    def _person(self, request: Request) -> dict[str, Any]:
        """The reference of a natural person: for an application, and for whoever reviews it."""
        number = str(request.body.get("number", "")).strip().upper()
        name = str(request.body.get("name", "")).strip()
        if number_fault(number) is not None or not name:
            raise Refusal("a number and a name are needed")
        who = f"{request.province}/key {request.key}"
        ((_, identity),) = self._vault.exchange([(number, name)], who=who, purpose=request.purpose)
        if identity != "matched":
            raise Refusal("number and name are not in the register together")
        return {"person": natural_person(self._key, number).hex()}


def _hex16(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 16
    except ValueError:
        return False
