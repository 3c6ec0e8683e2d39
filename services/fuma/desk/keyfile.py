"""An officer's key file: an Ed25519 private key, encrypted under a passphrase, mode 0600.

PEM, PKCS#8 ``ENCRYPTED PRIVATE KEY`` (RFC 5958) with PBES2: scrypt (RFC 7914, N 16384, r 8, p 5)
and AES-256-CBC, as ``openssl pkcs8`` writes and reads it. The library's own writer derives by 2,048
rounds of PBKDF2, which a stolen file would not hold out long.

What opens lists of the channel is an X25519 key that follows from the same secret, so that an
officer keeps one file.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from fuma.contracts import dsse
from fuma.contracts.errors import Refusal

_N, _R, _P = 16_384, 8, 5
_BEGIN, _END = "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----"
#: Object identifiers, DER: PBES2, scrypt, AES-256-CBC, Ed25519.
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_AES256_CBC = bytes.fromhex("060960864801650304012a")
#: A passphrase shorter than this is no protection.
SHORTEST = 8


@dataclass(frozen=True, slots=True)
class OfficerKey:
    """A key that was opened. Never printed: ``repr`` shows its id alone."""

    signing: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return dsse.public_bytes(self.signing)

    @property
    def id(self) -> str:
        """How the log names it."""
        return dsse.key_id(self.public)

    @property
    def channel(self) -> X25519PrivateKey:
        """The key to which lists of the channel are encrypted."""
        kdf = HKDF(hashes.SHA256(), 32, salt=None, info=b"fuma channel v1")
        return X25519PrivateKey.from_private_bytes(kdf.derive(self.signing.private_bytes_raw()))

    def __repr__(self) -> str:
        return f"OfficerKey({self.id})"


def generate() -> OfficerKey:
    """A new key."""
    return OfficerKey(Ed25519PrivateKey.generate())


def write(path: Path, key: OfficerKey, passphrase: str) -> None:
    """Write ``path`` (0600) and ``path``.pub. Raises ``Refusal`` where one is there already."""
    if len(passphrase) < SHORTEST:
        raise Refusal(f"a passphrase has at least {SHORTEST} characters")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}", "a key file is never written over") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(encrypted(key, passphrase, secrets.token_bytes(16), secrets.token_bytes(16)))
        file.flush()
        os.fsync(file.fileno())
    path.with_name(path.name + ".pub").write_text(f"{key.public.hex()} {key.id}\n", "ascii")


def read(path: Path, passphrase: str) -> OfficerKey:
    """The key in ``path``. Raises ``Refusal``: not there, open to others, or another passphrase."""
    try:
        data = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}", "make one: fuma office keygen") from error
    if mode & 0o077:
        raise Refusal(f"{path}: others may read it (mode {mode:o})", f"chmod 600 {path}")
    if _BEGIN.encode() not in data:
        raise Refusal(f"{path}: not an encrypted key file", "make one: fuma office keygen")
    try:
        key = serialization.load_pem_private_key(data, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refusal(f"{path}: does not open with this passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refusal(f"{path}: not an Ed25519 key", "make one: fuma office keygen")
    return OfficerKey(key)


def encrypted(key: OfficerKey, passphrase: str, salt: bytes, iv: bytes) -> str:
    """The PEM. ``salt`` and ``iv``: 16 random bytes each."""
    derived = Scrypt(salt, 32, _N, _R, _P).derive(passphrase.encode())
    plain = key.signing.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    padder = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(derived), modes.CBC(iv)).encryptor()
    sealed = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    kdf = _seq(_SCRYPT, _seq(_octets(salt), _integer(_N), _integer(_R), _integer(_P), _integer(32)))
    scheme = _seq(_PBES2, _seq(kdf, _seq(_AES256_CBC, _octets(iv))))
    text = base64.b64encode(_seq(scheme, _octets(sealed))).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _seq(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _octets(content: bytes) -> bytes:
    return _der(0x04, content)


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
