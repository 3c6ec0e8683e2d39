"""What the vault stores, none of it readable without ``vault.key``.

From the 32-byte key HKDF-SHA256 derives three: ``lookup`` (HMAC of a number), ``wrap`` (AES-256-GCM
around each subject key, random nonce, the tag as associated data), ``register`` (AES-SIV-512 of
number and name, the lookup as associated data). SIV is deterministic, so a name is compared with
the register without decrypting it.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fuma.contracts.errors import Fatal

TAG_BYTES = 16
SUBJECT_KEY_BYTES = 64
_NONCE = 12
_DOTS = str.maketrans(dict.fromkeys("•・‧．∙⋅●.", "·"))


def plain_name(name: str) -> str:
    """A name as it is compared: NFKC, no blanks, one kind of middle dot, folded case."""
    folded = unicodedata.normalize("NFKC", name).translate(_DOTS).casefold()
    return "".join(folded.split())


def _derive(key: bytes, what: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt=None, info=b"fuma vault v1 " + what).derive(key)


class Sealing:
    """The vault's three derived keys in use."""

    def __init__(self, key: bytes) -> None:
        self._lookup = _derive(key, b"lookup", 32)
        self._wrap = AESGCM(_derive(key, b"wrap", 32))
        self._register = AESSIV(_derive(key, b"register", 64))

    def lookup(self, number: str) -> bytes:
        """32 bytes under which a number is found."""
        return hmac.digest(self._lookup, number.upper().encode(), "sha256")

    def new_subject(self) -> tuple[bytes, bytes, bytes]:
        """A random tag, a random subject key, and that key wrapped."""
        tag, key = secrets.token_bytes(TAG_BYTES), secrets.token_bytes(SUBJECT_KEY_BYTES)
        nonce = secrets.token_bytes(_NONCE)
        return tag, key, nonce + self._wrap.encrypt(nonce, key, tag)

    def unwrap(self, tag: bytes, wrapped: bytes) -> bytes:
        """The subject key. Raises ``Fatal`` where it was wrapped under another vault key."""
        try:
            return self._wrap.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], tag)
        except InvalidTag as error:
            raise Fatal(
                "a subject key does not open under this vault.key",
                "restore the vault.key that belongs to this database",
            ) from error

    def register_entry(self, lookup: bytes, number: str, name: str) -> tuple[bytes, bytes]:
        """Number and name as the register keeps them."""
        return (
            self._register.encrypt(number.upper().encode(), [b"number", lookup]),
            self.sealed_name(lookup, name),
        )

    def sealed_name(self, lookup: bytes, name: str) -> bytes:
        """What the register would hold for this name: equal bytes, equal names."""
        return self._register.encrypt(plain_name(name).encode() or b"\0", [b"name", lookup])
