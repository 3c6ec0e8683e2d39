"""Signed commands: DSSE envelopes to the domain's commands and back.

The payload is canonical JSON and carries the signer's public key; this module says whether the
signature is that key's, the core whether the key counts at that position of the log. A further
signature (SM2) may stand beside it and is passed over. ``docs/formats/commands.md`` is the form.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import dsse
from fuma.contracts.errors import Poison, Reason, sayable_text
from fuma.domain.authority import commands as c
from fuma.domain.authority.decide import CEREMONY
from fuma.domain.time import Ms

COMMAND_TYPE = "application/vnd.fuma.command+json"
FOUNDING_TYPE = "application/vnd.fuma.founding+json"
#: A command's payload: a page of 200 lines fits, and its envelope into an entry of the log's tiles.
MAX_PAYLOAD = 48_600
#: The envelope with all its signatures.
MAX_ENVELOPE = 65_400

#: Wire word to body. A word keeps its meaning for ever; a changed body gets a new word.
BODIES: dict[str, type] = {
    "office.open.v1": c.OpenOffice,
    "office.close.v1": c.CloseOffice,
    "account.apply.v1": c.Apply,
    "account.review.v1": c.ReviewApplication,
    "account.close.v1": c.CloseAccount,
    "key.rotate.v1": c.RotateKey,
    "key.revoke.v1": c.RevokeKey,
    "channel.invite.v1": c.Invite,
    "channel.join.v1": c.Join,
    "channel.seal.v1": c.SetSeal,
    "channel.post.v1": c.PostList,
    "channel.read.v1": c.ReadList,
    "order.draft.v1": c.Draft,
    "order.page.v1": c.Page,
    "order.act.v1": c.Act,
    "order.reject.v1": c.Reject,
    "order.withdraw.v1": c.Withdraw,
    "order.release-bulk.v1": c.ReleaseBulk,
    "order.lift.v1": c.Lift,
    "order.annul.v1": c.Annul,
    "recall.acknowledge.v1": c.AcknowledgeRecall,
    "return.item.v1": c.PushItem,
    "return.city.v1": c.CityReturn,
    "case.file.v1": c.FileCase,
    "case.assign.v1": c.AssignCase,
    "case.decide.v1": c.DecideCase,
}
FOUND = "found.v1"
_WORDS = {kind: word for word, kind in BODIES.items()} | {c.Found: FOUND}
assert set(_WORDS) == set(get_args(c.Body)), "every body has a word"
#: What the ledger and the replies call a body, by its class's name, and back.
WORDS = {kind.__name__: word for kind, word in _WORDS.items()} | {"Forged": "forged.v1"}
TYPES = {word: name for name, word in WORDS.items()}


def payload(
    body: c.Body, *, id: bytes, world: bytes, province: str, issued: Ms, expires: Ms, key: str
) -> bytes:
    """The canonical bytes that are signed. ``key`` is the public key in hex."""
    data = {
        "body": msgspec.to_builtins(body),
        "expires": expires,
        "id": id.hex(),
        "issued": issued,
        "key": key,
        "province": province,
        "type": _WORDS[type(body)],
        "world": world.hex(),
    }
    return _canonical(data)


def sign_command(
    body: c.Body,
    key: Ed25519PrivateKey,
    *,
    id: bytes,
    world: bytes,
    province: str,
    issued: Ms,
    expires: Ms,
) -> bytes:
    """The envelope, signed by ``key``; what sends it needs no key."""
    signed = payload(
        body, id=id, world=world, province=province, issued=issued, expires=expires,
        key=dsse.public_bytes(key).hex(),
    )  # fmt: skip
    return dsse.sign(COMMAND_TYPE, signed, key)


def open_command(envelope: bytes) -> c.Command | c.Forged:
    """The command in ``envelope``; ``Forged`` where it names a key that did not sign it.

    Raises ``Poison`` where the bytes are no command: nobody is named, nothing can be recorded
    against anyone.
    """
    parsed = dsse.parse(envelope)
    if parsed.type != COMMAND_TYPE:
        raise Poison(Reason.BAD_SIGNATURE, f"payload type {parsed.type}")
    data = _read(parsed.payload)
    digest = hashlib.sha256(parsed.payload).digest()
    try:
        public = bytes.fromhex(str(data["key"]))
        id = bytes.fromhex(str(data["id"]))
        if len(public) != 32 or len(id) != 16:
            raise ValueError("a key has 32 bytes and an id 16")
        name = dsse.key_id(public)
        if name not in dsse.signers(parsed, {name: public}):
            return c.Forged(id, digest, name, "bad-signature", str(data["province"]))
        return _command(data, BODIES[str(data["type"])], id, digest, name)
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise Poison(Reason.BAD_REPORT, f"not a command: {error}") from error


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an envelope names, whether or not the rest of it is a command."""

    id: bytes  # 16 bytes
    digest: bytes  # 32 bytes, of the payload
    key: str  # id of the key
    signed: bool  # by that key
    province: str
    world: bytes
    type: str
    issued: Ms  # 0 where it says none


def named(envelope: bytes) -> Named:
    """Who can be told what is wrong with ``envelope``. Raises ``Poison`` where it names nobody."""
    parsed = dsse.parse(envelope)
    if parsed.type != COMMAND_TYPE:
        raise Poison(Reason.BAD_SIGNATURE, f"payload type {parsed.type}")
    try:
        data = json.loads(parsed.payload)
        public, id = bytes.fromhex(str(data["key"])), bytes.fromhex(str(data["id"]))
        if len(public) != 32 or len(id) != 16:
            raise ValueError("a key has 32 bytes and an id 16")
        name = dsse.key_id(public)
        return Named(
            id,
            hashlib.sha256(parsed.payload).digest(),
            name,
            name in dsse.signers(parsed, {name: public}),
            sayable_text(str(data.get("province", ""))),
            bytes.fromhex(str(data.get("world", ""))),
            sayable_text(str(data.get("type", ""))),
            issued if type(issued := data.get("issued")) is int else 0,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Poison(Reason.BAD_REPORT, f"not a command: {error}") from error


def found(
    body: c.Found, first: Ed25519PrivateKey, second: Ed25519PrivateKey, *, id: bytes, world: bytes,
    province: str, issued: Ms, expires: Ms,
) -> bytes:  # fmt: skip
    """The bootstrap ceremony of a province, signed by both ceremony keys."""
    signed = payload(
        body, id=id, world=world, province=province, issued=issued, expires=expires,
        key=dsse.public_bytes(first).hex(),
    )  # fmt: skip
    return dsse.sign(FOUNDING_TYPE, signed, first, second)


def open_founding(envelope: bytes, ceremony: tuple[str, str]) -> c.Command:
    """The bootstrap ceremony of a province, signed by both keys (hex) of the genesis."""
    parsed = dsse.parse(envelope)
    if parsed.type != FOUNDING_TYPE:
        raise Poison(Reason.BAD_SIGNATURE, f"payload type {parsed.type}")
    keys = {dsse.key_id(bytes.fromhex(key)): bytes.fromhex(key) for key in ceremony}
    if len(keys) != 2 or len(dsse.signers(parsed, keys)) != 2:
        raise Poison(Reason.BAD_SIGNATURE, "a founding needs two different ceremony signatures")
    data = _read(parsed.payload)
    digest = hashlib.sha256(parsed.payload).digest()
    try:
        if data["type"] != FOUND:
            raise ValueError(f"type {data['type']}")
        return _command(data, c.Found, bytes.fromhex(str(data["id"])), digest, CEREMONY)
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise Poison(Reason.BAD_REPORT, f"not a founding: {error}") from error


def _command(data: dict[str, Any], kind: type, id: bytes, digest: bytes, key: str) -> c.Command:
    if set(data) != {"body", "expires", "id", "issued", "key", "province", "type", "world"}:
        raise ValueError("fields are missing or unknown")
    issued, expires = data["issued"], data["expires"]
    if type(issued) is not int or type(expires) is not int:
        raise ValueError("times are whole milliseconds")
    body: c.Body = msgspec.convert(data["body"], type=kind)
    # What was passed over is not in what is built again: an unknown field would be signed unread.
    if _canonical(msgspec.to_builtins(body)) != _canonical(data["body"]):
        raise ValueError("the body holds what this type does not")
    _sound(body)
    world = bytes.fromhex(str(data["world"]))
    return c.Command(id, digest, world, str(data["province"]), issued, expires, key, body)


#: How many bytes a field has, wherever it occurs.
_LENGTHS: dict[str, tuple[int, ...]] = {
    "application": (16,), "case": (16,), "person": (16,), "subject": (16,), "content": (32,),
    "digest": (32,), "fact": (0, 16), "reporter": (0, 16), "order": (16,), "root": (0, 32),
}  # fmt: skip
#: How many characters a name has at most: it is repeated in what follows from a command.
_NAMES = dict.fromkeys(
    ("id", "officer", "office", "decider", "recipient", "key", "venue", "department", "concerns",
     "ground", "kind", "step", "role", "outcome"), 64,
) | {"name": 128, "division": 12}  # fmt: skip
#: Any other bytes in a body: codes, references, digests.
_LONGEST = 64
#: A number in a body: Avro's and JSON's own limits are wider.
_LARGEST = 1 << 53


def _sound(value: Any, name: str = "") -> None:
    """Raises ``ValueError`` where a field is of another size than its kind has."""
    if isinstance(value, tuple):
        for one in value:
            _sound(one, "digest" if name == "items" else "")
    elif dataclasses.is_dataclass(value):
        for f in dataclasses.fields(value):
            if not (isinstance(value, c.FileCase) and f.name == "order" and value.order == b""):
                _sound(getattr(value, f.name), f.name)
    elif isinstance(value, bytes):
        if name in _LENGTHS and len(value) not in _LENGTHS[name]:
            raise ValueError(f"{name} has {len(value)} bytes")
        if len(value) > _LONGEST:
            raise ValueError(f"{name} has {len(value)} bytes: a reference or digest is shorter")
    elif isinstance(value, str):
        if len(value) > _NAMES.get(name, len(value)):
            raise ValueError(f"{name} has {len(value)} characters")
    elif isinstance(value, int) and not -_LARGEST < value < _LARGEST:
        raise ValueError(f"{name} is {value}")


def _read(signed: bytes) -> dict[str, Any]:
    if len(signed) > MAX_PAYLOAD:
        raise Poison(Reason.TOO_LARGE, f"{len(signed)} bytes of payload, at most {MAX_PAYLOAD}")
    try:
        data = json.loads(signed)
        if not isinstance(data, dict) or _canonical(data) != signed:
            raise ValueError("not in canonical form")
    except (ValueError, RecursionError) as error:
        raise Poison(Reason.BAD_REPORT, f"not a command: {error}") from error
    return data


def _canonical(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "strict")
