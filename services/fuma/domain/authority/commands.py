"""What the ``authority`` stage hears: signed commands, ticks, and outcomes from ``codes``.

The bodies of commands are in ``commands_*``, and are found here by their names. Orders and cases
have 16-byte ids.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.authority.commands_accounts import Apply as Apply
from fuma.domain.authority.commands_accounts import CloseAccount as CloseAccount
from fuma.domain.authority.commands_accounts import CloseOffice as CloseOffice
from fuma.domain.authority.commands_accounts import Found as Found
from fuma.domain.authority.commands_accounts import Office as Office
from fuma.domain.authority.commands_accounts import Officer as Officer
from fuma.domain.authority.commands_accounts import OpenOffice as OpenOffice
from fuma.domain.authority.commands_accounts import ReviewApplication as ReviewApplication
from fuma.domain.authority.commands_accounts import RevokeKey as RevokeKey
from fuma.domain.authority.commands_accounts import RotateKey as RotateKey
from fuma.domain.authority.commands_channel import Invite as Invite
from fuma.domain.authority.commands_channel import Join as Join
from fuma.domain.authority.commands_channel import PostList as PostList
from fuma.domain.authority.commands_channel import ReadList as ReadList
from fuma.domain.authority.commands_channel import SetSeal as SetSeal
from fuma.domain.authority.commands_orders import PAGE_LINES as PAGE_LINES
from fuma.domain.authority.commands_orders import Act as Act
from fuma.domain.authority.commands_orders import Draft as Draft
from fuma.domain.authority.commands_orders import Line as Line
from fuma.domain.authority.commands_orders import Page as Page
from fuma.domain.authority.commands_orders import Reject as Reject
from fuma.domain.authority.commands_orders import ReleaseBulk as ReleaseBulk
from fuma.domain.authority.commands_orders import Withdraw as Withdraw
from fuma.domain.authority.commands_relief import AcknowledgeRecall as AcknowledgeRecall
from fuma.domain.authority.commands_relief import Annul as Annul
from fuma.domain.authority.commands_relief import AssignCase as AssignCase
from fuma.domain.authority.commands_relief import DecideCase as DecideCase
from fuma.domain.authority.commands_relief import FileCase as FileCase
from fuma.domain.authority.commands_relief import Lift as Lift
from fuma.domain.authority.commands_returns import CityReturn as CityReturn
from fuma.domain.authority.commands_returns import PushItem as PushItem
from fuma.domain.time import HOUR, Ms

#: A command may be good for at most so long; ids need remembering no longer.
MAX_VALIDITY: Ms = 72 * HOUR

Body = (
    Found | OpenOffice | CloseOffice | Apply | ReviewApplication | CloseAccount | RotateKey
    | RevokeKey | Invite | Join | SetSeal | PostList | ReadList | Draft | Page | Act | Reject
    | Withdraw | ReleaseBulk | Lift
    | Annul | AcknowledgeRecall | PushItem | CityReturn | FileCase | AssignCase | DecideCase
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """A signed command whose signature by ``key`` is good; whether the key counts is asked here."""

    id: bytes  # 16 bytes, chosen by the signer
    digest: bytes  # 32 bytes, of the signed payload
    world: bytes
    province: str
    issued: Ms
    expires: Ms
    key: str  # id of the signing key
    body: Body


@dataclass(frozen=True, slots=True)
class Forged:
    """A command that no signature bears: altered, or never signed. Recorded, with who is named."""

    id: bytes
    digest: bytes
    key: str
    code: str
    province: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A minute of the log has passed."""

    minute: Ms


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ``codes`` made of a line."""

    order: bytes
    line: int
    status: str  # "effective", "held", "refused"; later "lifted", "annulled"
    code: str
    recipients: tuple[str, ...] = ()  # who got the decision
    id: bytes = b""  # 16 bytes; an outcome told again changes nothing


Input = Command | Forged | Tick | Outcome
