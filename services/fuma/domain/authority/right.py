"""What a handler knows of the command it decides, and the checks that many of them share."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority import events as e
from fuma.domain.authority.commands import Command, Office, Officer
from fuma.domain.authority.state import State
from fuma.domain.law.inforce import Law
from fuma.domain.law.procedure import Procedure, Who
from fuma.domain.time import Ms

#: Digits of a division at each level.
DIGITS = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}


@dataclass(frozen=True, slots=True)
class No:
    """A refusal: why, and about which order, case or application."""

    codes: tuple[str, ...]
    about: bytes = b""


Answer = list[e.Event] | No


@dataclass(frozen=True, slots=True)
class Case:
    """One command, its signer, the law and T."""

    state: State
    command: Command
    at: Ms
    law: Law
    actor: e.Actor
    officer: Officer
    office: Office

    def fits(self, who: Who | None) -> bool:
        """Whether the signer is among ``who``; nobody is where none are named."""
        return who is not None and fits(who, self.office, self.officer)

    def covers(self, division: str) -> bool:
        """Whether ``division`` lies within the signer's own."""
        return bool(division) and division.startswith(self.office.division)

    def procedure(self, division: str, ground: str = "") -> Procedure | None:
        """The procedure in force there now."""
        return self.law.procedure(division, self.at, ground)


def digits(division: str) -> bool:
    """Whether a division is written as one: other scripts' digits are digits to no reader here."""
    return division.isascii() and division.isdigit()


def fits(who: Who, office: Office, officer: Officer) -> bool:
    """Whether that officer of that office is among ``who``."""
    return who.fits(office.kind, office.level, officer.role)


def words(procedure: Procedure) -> str:
    """A procedure by name and version, as an order is bound to it."""
    return f"{procedure.name}@{procedure.version}"
