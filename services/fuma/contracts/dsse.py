"""Signed envelopes: DSSE v1 (Dead Simple Signing Envelope) with Ed25519 (RFC 8032).

A key's id is the first 16 bytes of the SHA-256 of its 32 raw bytes, in hex. The envelope holds a
list of signatures, so that a second algorithm (SM2) can stand beside the first; unknown ones are
passed over, never counted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from fuma.contracts.errors import Poison, Reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, what it is, and (key id, signature) pairs. Not yet verified."""

    type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public half."""
    return key.public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """32 hex digits naming a public key."""
    return hashlib.sha256(public).hexdigest()[:32]


def pae(kind: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def sign(kind: str, payload: bytes, *keys: Ed25519PrivateKey) -> bytes:
    """The envelope as JSON, signed by each of ``keys``."""
    message = pae(kind, payload)
    signatures = [
        {"keyid": key_id(public_bytes(key)), "sig": base64.b64encode(key.sign(message)).decode()}
        for key in keys
    ]
    body = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": signatures,
    }
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode()


def parse(data: bytes) -> Envelope:
    """Read an envelope. Raises ``Poison`` where it is not one."""
    try:
        body = json.loads(data)
        signatures = tuple(
            (str(s["keyid"]), base64.b64decode(s["sig"], validate=True)) for s in body["signatures"]
        )
        payload = base64.b64decode(body["payload"], validate=True)
        return Envelope(str(body["payloadType"]), payload, signatures)
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise Poison(Reason.BAD_SIGNATURE, f"not a DSSE envelope: {error}") from error


def signers(envelope: Envelope, keys: Mapping[str, bytes]) -> frozenset[str]:
    """Ids of those of ``keys`` (id to 32 raw bytes) whose signature over the payload is good."""
    message = pae(envelope.type, envelope.payload)
    good = set()
    for name, signature in envelope.signatures:
        public = keys.get(name)
        if public is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):  # or no key at all
            continue
        good.add(name)
    return frozenset(good)
