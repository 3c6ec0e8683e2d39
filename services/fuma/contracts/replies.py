"""``replies`` values: what an officer reads back about a command."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.contracts.codec import decode, encode
from fuma.domain.time import Ms

#: ``Reply.command`` where it answers none.
NO_COMMAND = bytes(16)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply to one key. ``status``: accepted, refused, overdue, or turn (the step is yours)."""

    id: bytes
    at: Ms
    command: bytes
    key: str
    province: str
    status: str
    type: str
    about: bytes = b""
    codes: tuple[str, ...] = ()
    detail: str = ""


def encode_reply(reply: Reply) -> bytes:
    """A value of ``replies``."""
    fields = {name: getattr(reply, name) for name in reply.__slots__}
    fields["codes"] = list(reply.codes)
    return encode("reply", fields)


def decode_reply(data: bytes | None) -> Reply:
    """A value of ``replies``. Raises ``Poison``."""
    w = decode("reply", data)
    return Reply(**{**w, "codes": tuple(w["codes"])})
