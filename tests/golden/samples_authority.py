"""Made values of ``command``, ``order`` and ``reply``: one province, one form, every event."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args, get_origin, get_type_hints

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import commandlog, dsse
from fuma.contracts import commands as wire
from fuma.contracts.codec import Wire, decode
from fuma.contracts.decisions import Cause
from fuma.contracts.orders import split
from fuma.contracts.replies import Reply, encode_reply
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import HOUR
from golden.making import DAY_START

AT = DAY_START + 9 * HOUR
WORLD = bytes(16)
CEREMONY = tuple(Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"a", b"b"))
PUBLIC = (dsse.public_bytes(CEREMONY[0]).hex(), dsse.public_bytes(CEREMONY[1]).hex())
OFFICER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
_SIZES = {"order": 16, "case": 16, "application": 16, "command": 16, "subject": 16, "person": 16,
          "list": 16}  # fmt: skip
_PAIRED = {
    "papers": (("document", "第9号"),),
    "effective": ((bytes(16), 3),),
    "items": (("health", bytes(32)),),
    "linked": (bytes(range(16)),),
}


def made(kind: type) -> Any:
    """A value of a dataclass, the same each time."""
    hints = get_type_hints(kind)
    return kind(**{f.name: _field(f.name, hints[f.name]) for f in dataclasses.fields(kind)})


def _field(name: str, hint: Any) -> Any:
    if name in _PAIRED:
        return _PAIRED[name]
    if get_origin(hint) is tuple:
        return (_field(name, get_args(hint)[0]),)
    if dataclasses.is_dataclass(hint):
        return made(hint)  # type: ignore[arg-type]
    if hint is bytes:
        return bytes(range(_SIZES.get(name, 32)))
    return {str: f"{name} 名", bool: True}.get(hint, AT)


def signed(body: c.Body) -> bytes:
    """An officer's command in its envelope."""
    return wire.sign_command(
        body, OFFICER, id=bytes(16), world=WORLD, province="41", issued=AT, expires=AT + HOUR
    )


def founding() -> bytes:
    """A province's first office and officer, under both ceremony keys."""
    office = c.Office("bureau", "big-data-bureau", "big-data", "province", "41", "大数据局")
    officer = c.Officer("head", "bureau", "principal", bytes(16), "王")
    body = c.Found((office,), ((officer, dsse.key_id(dsse.public_bytes(OFFICER))),))
    payload = wire.payload(
        body, id=bytes(16), world=WORLD, province="41", issued=AT, expires=AT + HOUR, key=""
    )
    return dsse.sign(wire.FOUNDING_TYPE, payload, *CEREMONY)


def record(*events: e.Event) -> bytes:
    """A ledger record with these events."""
    cause = Cause(bytes(16), bytes(16), 0, 0, bytes(32), bytes(32))
    (value,) = split(events, AT, cause, 1, bytes(32))
    return value


def samples() -> dict[tuple[str, str], Wire]:
    """(subject, name) to the value."""
    outcome = c.Outcome(bytes(16), 0, "held", "fact-absent", ("platform",))
    form = c.Draft(bytes(16), "4101", "confirmed", 2, 1, bytes(32), AT, None)
    values = {
        ("command", "signed"): commandlog.signed_value(signed(form)),
        ("command", "founding"): commandlog.signed_value(founding()),
        ("command", "tick"): commandlog.tick_value("41", AT),
        ("command", "outcome"): commandlog.outcome_value("41", bytes(16), bytes(32), outcome),
        ("order", "every-event"): record(*(made(kind) for kind in get_args(e.Event))),
        ("order", "nothing-happened"): record(),
    }
    values["reply", "refused"] = encode_reply(
        Reply(bytes(16), AT, bytes(16), "0" * 32, "41", "refused", "order.draft.v1", bytes(16),
              ("not-your-step",), "")
    )  # fmt: skip
    return {name: decode(name[0], value) for name, value in values.items()}
