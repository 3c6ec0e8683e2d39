"""Numbers for tags, asked by an officer with the officer's own key.

Forms are signed over tags, officers know numbers. Who may draft forms where the lines lie gets the
tags of its rows; each look-up is in the vault's log, with the officer and the purpose, before it is
answered. Rows that are wrong are answered by their number, without what they held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.contracts import divisions
from fuma.contracts.channel import open_outer
from fuma.contracts.cloudevents import number_fault
from fuma.contracts.errors import Poison, Refusal
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
        gateway: X25519PrivateKey,
        reads: Callable[[str], Container[tuple[bytes, str]]],
    ) -> None:
        """``accounts``: a province's state, as the ledger has it now.

        ``reads``: which lists were read by which accounts, by the ledger.
        """
        self._gateway = gateway
        self._reads = reads
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
        if request.ask == "members":
            return self._members(request)
        if request.ask == "list-key":
            return self._list_key(request)
        raise Refusal("asks for nothing that there is")

    def _members(self, request: Request) -> dict[str, Any]:
        """To which keys a list is encrypted: told to members of the channel alone."""
        officer, _ = self._officer(request)
        state = self._accounts(request.province)
        if officer.id not in state.members:
            raise Refusal("not admitted to the list channel")
        return {"members": {name: seal.hex() for name, seal in sorted(state.seals.items())}}

    def _list_key(self, request: Request) -> dict[str, Any]:
        """Our layer off a list's key, for whoever the ledger says is reading that list."""
        officer, _ = self._officer(request)
        try:
            id = bytes.fromhex(str(request.body["list"]))
            sealed = bytes.fromhex(str(request.body["sealed"]))
            digest = bytes.fromhex(str(request.body["digest"]))
        except (KeyError, ValueError):
            raise Refusal("not in the form of a request") from None
        state = self._accounts(request.province)
        posted = state.lists.get(id)
        if officer.id not in state.members or posted is None:
            raise Refusal("not admitted to the list channel, or no such list")
        if posted.digest != digest:
            raise Refusal("the list is not the one that was signed for: it was altered")
        if (id, officer.id) not in self._reads(request.province):
            raise Refusal("the read is not on the record: sign it first")
        try:
            return {"sealed": open_outer(sealed, id, officer.id, self._gateway).hex()}
        except Poison:
            raise Refusal("not sealed to this gateway, for this list and account") from None

    def _officer(self, request: Request) -> tuple[Officer, Office]:
        state = self._accounts(request.province)
        officer = state.officers.get(state.keys.get(request.key, ""))
        office = state.offices.get(officer.office) if officer else None
        if officer is None or office is None:
            raise Refusal("this key is no officer's of that province")
        return officer, office

    def _lines(self, request: Request) -> dict[str, Any]:
        officer, office = self._officer(request)
        admitted = officer.id in self._accounts(request.province).members
        if not self._drafts(officer, office, admitted, request.issued):
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
            "root": self._root(row.root).hex(),
            "reporter": reporter_ref(self._key, row.department, row.reporter).hex(),
            "venue": row.venue.strip(),
            "seen": row.seen,
        }

    def _root(self, text: str) -> bytes:
        """What a match shares is no document's number: it is stated as it stands on the record.
        One that is not the match's refuses the line (``root-differs``), like any other."""
        found = _OF_MATCH.fullmatch(text.strip())
        return bytes.fromhex(found[1]) if found else root_ref(self._key, text)

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

    def _drafts(self, officer: Officer, office: Office, admitted: bool, at: Ms) -> bool:
        """Whether the procedure in force anywhere in its division lets this account fill forms.

        ``admitted``: to the list channel, without which some procedures let nobody fill one.
        """
        for published in self._law().texts:
            text = published.text
            if not isinstance(text, Procedure) or not text.chain or at < published.begins:
                continue
            if text.channel and not admitted:
                continue
            if text.until is not None and at >= text.until:
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


_OF_MATCH = re.compile(r"match:([0-9a-f]{64})")


def _hex16(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 16
    except ValueError:
        return False
