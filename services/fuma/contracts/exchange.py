"""What an officer asks the gateway in person: signed requests, and the answers' form.

A request is a DSSE envelope of type ``application/vnd.fuma.request+json``; its payload is canonical
JSON. The gateway checks the signature and whose the key is: the operator's credentials alone
look up nobody. ``docs/formats/officers.md`` is the form.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import dsse
from fuma.contracts.errors import Poison, Refusal
from fuma.domain.time import MINUTE, Ms

REQUEST_TYPE = "application/vnd.fuma.request+json"
#: Rows of a form in one request.
MAX_ROWS = 500
#: A request is good for so long, by the gateway's clock: it cannot be kept and shown again.
FRESH: Ms = 5 * MINUTE
#: What may be asked.
ASKS = ("lines", "person", "members", "list-key")


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose signature is good; whether the key counts is the gateway's to say."""

    id: bytes  # 32 bytes, of the payload
    world: bytes
    province: str
    issued: Ms
    key: str
    ask: str
    purpose: str
    body: dict[str, Any]


def request(
    key: Ed25519PrivateKey, *, world: bytes, province: str, issued: Ms, ask: str, purpose: str,
    body: dict[str, Any],
) -> bytes:  # fmt: skip
    """The signed request."""
    data = {
        "ask": ask,
        "body": body,
        "issued": issued,
        "key": dsse.public_bytes(key).hex(),
        "province": province,
        "purpose": purpose,
        "world": world.hex(),
    }
    return dsse.sign(REQUEST_TYPE, _canonical(data), key)


def open_request(envelope: bytes) -> Request:
    """The request in ``envelope``. Raises ``Refusal``; the message names nobody."""
    try:
        parsed = dsse.parse(envelope)
        if parsed.type != REQUEST_TYPE:
            raise ValueError("not a request")
        data = json.loads(parsed.payload)
        if _canonical(data) != parsed.payload:
            raise ValueError("not in canonical form")
        public = bytes.fromhex(str(data["key"]))
        name = dsse.key_id(public)
        if name not in dsse.signers(parsed, {name: public}):
            raise ValueError("not signed by the key that it names")
        if set(data) != {"ask", "body", "issued", "key", "province", "purpose", "world"}:
            raise ValueError("fields are missing or unknown")
        if data["ask"] not in ASKS or not isinstance(data["body"], dict):
            raise ValueError("asks for nothing that there is")
        purpose = str(data["purpose"]).strip()
        if not purpose or len(purpose) > 200:
            raise ValueError("a purpose is needed, of 200 characters at most")
        return Request(
            hashlib.sha256(parsed.payload).digest(),
            bytes.fromhex(str(data["world"])),
            str(data["province"]),
            int(data["issued"]),
            name,
            data["ask"],
            purpose,
            data["body"],
        )
    except (Poison, ArithmeticError, ValueError, KeyError, TypeError, RecursionError) as error:
        plain = type(error) is ValueError
        raise Refusal(str(error)[:200] if plain else "not in the form of a request") from error


def _canonical(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "strict")
