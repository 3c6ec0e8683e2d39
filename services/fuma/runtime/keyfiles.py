"""The services' key files, under ``<home>/keys``: readable by their owner alone.

Whoever has the broker's and Redis's administrator credentials does not have these, and so can
neither put a record on an internal topic nor a colour on the platform that anybody believes.
"""

from __future__ import annotations

import os
import secrets
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.contracts.errors import Fatal
from fuma.contracts.sealing import department_key, officers_key
from fuma.contracts.topics import DEPARTMENTS


class Key(StrEnum):
    """Every key file, and who holds it."""

    MAC = "mac"  # 32 bytes; services: internal records
    PLATFORM = "platform"  # 32 bytes; sink and readers of the platform
    EVIDENCE = "evidence"  # 32 bytes; gateway: evidence references, content digests
    VAULT = "vault"  # 32 bytes; vault
    GATEWAY = "gateway"  # X25519 private key; gateway
    PUBLISHER = "publisher"  # Ed25519 seed; the law's publisher, not a service
    CEREMONY_A = "ceremony-a"  # Ed25519 seeds: genesis, under dual control
    CEREMONY_B = "ceremony-b"


_SYMMETRIC = (Key.MAC, Key.PLATFORM, Key.EVIDENCE, Key.VAULT)


def key_path(home: Path, key: Key) -> Path:
    """``<home>/keys/<name>.key``."""
    return home / "keys" / f"{key.value}.key"


def department_path(home: Path, department: str) -> Path:
    """The key that a department's client shares with the gateway; goes to the department."""
    return home / "keys" / f"dept-{department}.key"


def officers_path(home: Path) -> Path:
    """The key that officers' machines share with the gateway; it vouches for log time only."""
    return home / "keys" / "officers.key"


def _write_once(path: Path, data: bytes) -> None:
    """Create ``path`` whole or not at all; an existing one is left alone."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # atomic, and fails where another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def generate(home: Path) -> None:
    """Make every key file that is not there yet, and the public halves that others need."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for key in Key:
        _write_once(key_path(home, key), secrets.token_bytes(32))
    mac = secret(home, Key.MAC)
    for department in DEPARTMENTS:
        _write_once(department_path(home, department), department_key(mac, department))
    _write_once(officers_path(home), officers_key(mac))
    public = home / "public"
    public.mkdir(exist_ok=True)
    _write_once(public / "gateway.pub", gateway_key(home).public_key().public_bytes_raw())


def secret(home: Path, key: Key) -> bytes:
    """The 32 bytes of a key file. Raises ``Fatal`` where it is missing or cut short."""
    path = key_path(home, key)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Fatal(
            f"{path}: {error.strerror}", "run `fuma law genesis`, which makes the keys"
        ) from error
    if len(data) != 32:
        raise Fatal(f"{path}: {len(data)} bytes, a key has 32", "restore it from a backup")
    return data


def gateway_key(home: Path) -> X25519PrivateKey:
    """The gateway's private key."""
    return X25519PrivateKey.from_private_bytes(secret(home, Key.GATEWAY))


def gateway_public(home: Path) -> bytes:
    """The 32 bytes that departments seal identities to (``<home>/public/gateway.pub``)."""
    path = home / "public" / "gateway.pub"
    try:
        return path.read_bytes()
    except OSError as error:
        raise Fatal(f"{path}: {error.strerror}", "run `fuma law genesis` first") from error


def signing_key(home: Path, key: Key) -> Ed25519PrivateKey:
    """One of the Ed25519 keys."""
    return Ed25519PrivateKey.from_private_bytes(secret(home, key))
