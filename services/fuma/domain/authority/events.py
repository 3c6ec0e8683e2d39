"""What the ``authority`` stage says. Facts about the past; ``fold.evolve`` never raises on one.

Events are in ``events_*``, by what they are about, and are found here by their names.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.actor import NOBODY as NOBODY
from fuma.domain.authority.actor import Actor as Actor
from fuma.domain.authority.events_accounts import AccountClosed as AccountClosed
from fuma.domain.authority.events_accounts import AccountOpened as AccountOpened
from fuma.domain.authority.events_accounts import ApplicationRefused as ApplicationRefused
from fuma.domain.authority.events_accounts import Applied as Applied
from fuma.domain.authority.events_accounts import KeyEnded as KeyEnded
from fuma.domain.authority.events_accounts import KeyRegistered as KeyRegistered
from fuma.domain.authority.events_accounts import OfficeClosed as OfficeClosed
from fuma.domain.authority.events_accounts import OfficeOpened as OfficeOpened
from fuma.domain.authority.events_channel import Invited as Invited
from fuma.domain.authority.events_channel import Joined as Joined
from fuma.domain.authority.events_channel import ListPosted as ListPosted
from fuma.domain.authority.events_channel import ListRead as ListRead
from fuma.domain.authority.events_channel import SealSet as SealSet
from fuma.domain.authority.events_orders import Amended as Amended
from fuma.domain.authority.events_orders import BulkHeld as BulkHeld
from fuma.domain.authority.events_orders import BulkReleased as BulkReleased
from fuma.domain.authority.events_orders import Completed as Completed
from fuma.domain.authority.events_orders import Drafted as Drafted
from fuma.domain.authority.events_orders import Effected as Effected
from fuma.domain.authority.events_orders import Ended as Ended
from fuma.domain.authority.events_orders import Forwarded as Forwarded
from fuma.domain.authority.events_orders import Issued as Issued
from fuma.domain.authority.events_orders import IssuedLine as IssuedLine
from fuma.domain.authority.events_orders import LineRef as LineRef
from fuma.domain.authority.events_orders import LinesEnded as LinesEnded
from fuma.domain.authority.events_orders import LineSettled as LineSettled
from fuma.domain.authority.events_orders import PageArrived as PageArrived
from fuma.domain.authority.events_orders import Stepped as Stepped
from fuma.domain.authority.events_relief import CaseAssigned as CaseAssigned
from fuma.domain.authority.events_relief import CaseClosed as CaseClosed
from fuma.domain.authority.events_relief import CaseEscalated as CaseEscalated
from fuma.domain.authority.events_relief import CaseFiled as CaseFiled
from fuma.domain.authority.events_relief import LineSuspended as LineSuspended
from fuma.domain.authority.events_relief import RecallAcknowledged as RecallAcknowledged
from fuma.domain.authority.events_relief import Recalled as Recalled
from fuma.domain.authority.events_returns import ItemMissing as ItemMissing
from fuma.domain.authority.events_returns import ItemPushed as ItemPushed
from fuma.domain.authority.events_returns import ReturnMissing as ReturnMissing
from fuma.domain.authority.events_returns import ReturnReceived as ReturnReceived
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that may not be. ``type`` is its body's name, ``about`` the order or case."""

    command: bytes
    type: str
    actor: Actor
    about: bytes
    codes: tuple[str, ...]
    digest: bytes
    until: Ms
    ground: str = ""  # of the order that it is about
    count: int = 0  # lines of that order


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command counts; its id is remembered until it has expired for certain."""

    command: bytes
    digest: bytes
    until: Ms
    actor: Actor
    type: str = ""
    about: bytes = b""


@dataclass(frozen=True, slots=True)
class Ticked:
    """A minute of the log; what can no longer matter is forgotten with it."""

    minute: Ms


@dataclass(frozen=True, slots=True)
class Overdue:
    """A step, a return or a case is late. ``level``: whom it is brought to."""

    what: str  # "step", "return", "case"
    about: bytes
    name: str
    level: str
    at: Ms
    keys: tuple[str, ...] = ()  # of the officers who are told: who waits, or who is late


Event = (
    Refused | Accepted | Ticked | OfficeOpened | OfficeClosed | Applied | ApplicationRefused
    | AccountOpened | AccountClosed | KeyRegistered | KeyEnded | Invited | Joined | SealSet
    | ListPosted | ListRead | Drafted
    | PageArrived | Completed | Stepped | Forwarded | BulkHeld | BulkReleased | Effected | Issued
    | LineSettled | LinesEnded | Amended | Ended | Overdue | Recalled | RecallAcknowledged
    | ItemPushed | ItemMissing | ReturnReceived | ReturnMissing | CaseFiled | CaseAssigned
    | CaseEscalated | LineSuspended | CaseClosed
)  # fmt: skip
