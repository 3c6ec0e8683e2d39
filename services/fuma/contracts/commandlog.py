"""``commands`` values: wire to what the ``authority`` stage hears, and back.

``Signed`` holds an officer's or the ceremony's envelope as it was signed; what it says is read and
its signature checked here, each time. Bytes that are none of these are ``Poison``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from fuma.contracts import dsse
from fuma.contracts.codec import decode, encode
from fuma.contracts.commands import FOUNDING_TYPE, MAX_ENVELOPE, open_command, open_founding
from fuma.contracts.errors import Poison, Reason
from fuma.domain.authority import commands as c
from fuma.domain.ids import derive
from fuma.domain.time import FIRST, LAST, MINUTE, Ms

#: What is asked of an outcome's status.
_STATUS = ("effective", "held", "refused", "lifted", "annulled")


@dataclass(frozen=True, slots=True)
class Heard:
    """An input with the province that it names; ``id`` and ``content`` tell a repeat."""

    id: bytes  # 16 bytes
    content: bytes  # 32 bytes
    province: str
    item: c.Input


def signed_value(envelope: bytes) -> bytes:
    """A value of ``commands`` for an envelope, byte for byte as it was signed."""
    return encode("command", {"body": ("fuma.Signed", {"envelope": envelope})})


def tick_value(province: str, at: Ms) -> bytes:
    """A value of ``commands``: the minute that ``at`` is in."""
    return encode(
        "command", {"body": ("fuma.Tick", {"province": province, "minute": at - at % MINUTE})}
    )


def outcome_value(province: str, id: bytes, content: bytes, outcome: c.Outcome) -> bytes:
    """A value of ``commands`` for what ``codes`` made of a line."""
    fields = {
        "id": id,
        "content": content,
        "province": province,
        "order": outcome.order,
        "line": outcome.line,
        "status": outcome.status,
        "code": outcome.code,
        "recipients": list(outcome.recipients),
    }
    return encode("command", {"body": ("fuma.Outcome", fields)})


def province_key(province: str) -> bytes:
    """The key of a province's records on ``commands`` and ``orders``. Raises ``Poison``."""
    if len(province) != 2 or not (province.isascii() and province.isdigit()):
        raise Poison(Reason.BAD_KEY, f"{province!r} is no province's two digits")
    return province.encode()


def is_founding(envelope: bytes) -> bool:
    """Whether an envelope says that it is a founding. Raises ``Poison`` where it is none at all."""
    return dsse.parse(envelope).type == FOUNDING_TYPE


def open_signed(envelope: bytes, ceremony: tuple[str, str] | None) -> c.Command | c.Forged:
    """What an envelope says. ``ceremony``: both public keys of the genesis.

    Raises ``Poison`` where it says nothing that could be recorded against anybody.
    """
    if len(envelope) > MAX_ENVELOPE:
        raise Poison(Reason.TOO_LARGE, f"an envelope of {len(envelope)} bytes")
    if not is_founding(envelope):
        return open_command(envelope)
    if ceremony is None:
        raise Poison(Reason.BAD_SIGNATURE, "a founding before there is a genesis")
    return open_founding(envelope, ceremony)


def decode_command(data: bytes | None, ceremony: tuple[str, str] | None) -> Heard:
    """A value of ``commands``. Raises ``Poison``."""
    body: Any = decode("command", data)["body"]
    name, w = body
    if name == "fuma.Signed":
        item = open_signed(w["envelope"], ceremony)
        province = item.province
        return Heard(item.digest[:16], item.digest, province, item)
    province_key(w["province"])
    if name == "fuma.Tick":
        minute = w["minute"]
        if not FIRST <= minute <= LAST or minute % MINUTE:
            raise Poison(Reason.BAD_REPORT, f"{minute} is no minute")
        said = b"%s %d" % (w["province"].encode(), minute)
        id = derive(b"tick", said)
        return Heard(id, hashlib.sha256(b"tick" + said).digest(), w["province"], c.Tick(minute))
    if w["status"] not in _STATUS:
        raise Poison(Reason.BAD_REPORT, f"an outcome of status {w['status']!r}")
    outcome = c.Outcome(
        w["order"], w["line"], w["status"], w["code"], tuple(w["recipients"]), w["id"]
    )
    return Heard(w["id"], w["content"], w["province"], outcome)
