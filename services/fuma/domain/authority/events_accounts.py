"""What was said of offices, accounts and keys."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.actor import Actor
from fuma.domain.authority.commands import Office, Officer


@dataclass(frozen=True, slots=True)
class OfficeOpened:
    office: Office


@dataclass(frozen=True, slots=True)
class OfficeClosed:
    office: str
    reason: str


@dataclass(frozen=True, slots=True)
class Applied:
    application: bytes
    officer: Officer
    key: str
    need: str


@dataclass(frozen=True, slots=True)
class ApplicationRefused:
    application: bytes
    reason: str
    by: Actor


@dataclass(frozen=True, slots=True)
class AccountOpened:
    application: bytes
    officer: Officer
    key: str
    by: Actor


@dataclass(frozen=True, slots=True)
class AccountClosed:
    officer: str
    reason: str
    by: Actor


@dataclass(frozen=True, slots=True)
class KeyRegistered:
    officer: str
    key: str


@dataclass(frozen=True, slots=True)
class KeyEnded:
    key: str
    reason: str
