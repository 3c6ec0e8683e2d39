"""What is sealed, to whom, and byte by byte (docs/formats/in-feed-answers.md).

A row is sealed to the gateway with HPKE base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256),
HKDF-SHA256, ChaCha20-Poly1305. Its ``info`` names department, receipt and row, so that a sealed row
opens only where it was sent. What stays private on the feed is sealed with AES-SIV (RFC 5297) under
the subject's own key: the same input gives the same bytes, and destroying the key ends it.
"""

from __future__ import annotations

import hmac
import struct
import unicodedata

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from fuma.contracts.errors import Poison, Reason

ENC_BYTES = 32
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_INFO = b"fuma sealed-row v1"


def row_info(department: str, receipt: str, row: int) -> bytes:
    """HPKE ``info``: label, then department and receipt with u16 length, then row as u64."""
    parts = [_INFO]
    for text in (department.encode(), receipt.encode()):
        parts += (struct.pack(">H", len(text)), text)
    parts.append(struct.pack(">Q", row))
    return b"".join(parts)


def public_key(raw: bytes) -> X25519PublicKey:
    """The gateway's public key from its 32 bytes. Raises ``ValueError``."""
    return X25519PublicKey.from_public_bytes(raw)


def seal_row(key: X25519PublicKey, plain: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Encapsulated key (32 bytes) and ciphertext with tag."""
    sealed = _SUITE.encrypt(plain, key, info)
    return sealed[:ENC_BYTES], sealed[ENC_BYTES:]


def open_row(key: X25519PrivateKey, enc: bytes, sealed: bytes, info: bytes) -> bytes:
    """What ``seal_row`` sealed. Raises ``Poison`` (``not-sealed-to-us``)."""
    if len(enc) != ENC_BYTES:
        raise Poison(Reason.NOT_SEALED_TO_US, f"an encapsulated key has 32 bytes, not {len(enc)}")
    try:
        return _SUITE.decrypt(enc + sealed, key, info)
    except (InvalidTag, ValueError) as error:
        raise Poison(Reason.NOT_SEALED_TO_US, "sealed to another key, or altered") from error


def seal_subject(key: bytes, plain: dict[str, str], aad: bytes) -> bytes:
    """AES-SIV of sorted JSON under a subject key (64 bytes); ``aad`` is the fact's id."""
    return AESSIV(key).encrypt(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS), [aad])


def open_subject(key: bytes, sealed: bytes, aad: bytes) -> dict[str, str]:
    """What ``seal_subject`` sealed. Raises ``Poison`` (``undecodable``) with another key."""
    try:
        found = orjson.loads(AESSIV(key).decrypt(sealed, [aad]))
    except (InvalidTag, ValueError) as error:
        raise Poison(Reason.UNDECODABLE, "sealed under another subject key") from error
    if not isinstance(found, dict):
        raise Poison(Reason.UNDECODABLE, "what is sealed is no set of fields")
    return {str(name): str(value) for name, value in found.items()}


def department_key(mac_key: bytes, department: str) -> bytes:
    """The key that a department's client and the gateway share for ``fuma-mac`` on ``in.*``.

    Derived, so that the gateway keeps none of them: whoever has only the broker's credentials,
    an administrator's too, cannot speak as a department.
    """
    return hmac.digest(mac_key, b"fuma department v1\0" + department.encode(), "sha256")


def officers_key(mac_key: bytes) -> bytes:
    """The key by which the gateway knows that ``fuma-time`` on ``in.commands`` is an officer's.

    It vouches for log time in a simulated world and for nothing else: what a command may do hangs
    on its own signature.
    """
    return hmac.digest(mac_key, b"fuma officers v1", "sha256")


#: The blanks and control characters of ASCII.
_UNSEEN = dict.fromkeys([*range(33), 127])


def plain_number(number: str) -> str:
    """An evidence number as it is compared: however it is written, one document has one.

    NFKC and folded case, one kind of dash, without blanks, format characters and combining marks.
    ``""`` where no letter and no digit is left: that is no number.
    """
    if number.isascii():  # no other dashes, nothing to fold but case
        plain = number.lower().translate(_UNSEEN)
        return plain if any(map(str.isalnum, plain)) else ""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", number).casefold())
    kept = [
        "-" if unicodedata.category(c) == "Pd" or c == "\N{MINUS SIGN}" else c
        for c in folded
        if unicodedata.category(c)[0] not in "CMZ"
    ]
    return "".join(kept) if any(c.isalnum() for c in kept) else ""


def evidence_ref(key: bytes, owner: str, kind: str, number: str) -> bytes:
    """The deployment-keyed HMAC by which shared evidence is recognised on the log (32 bytes).

    Of ``plain_number``, so that a document that bore an order bears no second one by a blank or a
    letter written otherwise; ``b""`` where there is no number.
    """
    number = plain_number(number)
    if not number:
        return b""
    message = b"".join(
        struct.pack(">I", len(part)) + part
        for part in (b"fuma evidence v1", owner.encode(), kind.encode(), number.encode())
    )
    return hmac.digest(key, message, "sha256")


def content_digest(key: bytes, canonical: bytes) -> bytes:
    """Keyed digest of a whole event (32 bytes): the same id with another one is a conflict."""
    return hmac.digest(key, b"fuma content v1\0" + canonical, "sha256")
