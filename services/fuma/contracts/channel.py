"""Lists that travel among admitted officers: who can open what, byte by byte.

A list is encrypted once, under a key of its own, in pieces. That key is sealed to each recipient
(HPKE as in ``sealing``), and what came of it again to the gateway. So neither can open a list
alone: the recipient has to ask, and the gateway takes its own layer off only where the ledger
already says who reads. The gateway never sees the list's key. ``docs/formats/channel.md``.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from fuma.contracts.codec import decode, encode
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.sealing import ENC_BYTES, open_row, seal_row

#: Plain bytes in one piece.
PIECE = 256 * 1024
#: Pieces of a list at most: some 128 MiB.
MAX_PIECES = 512
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Piece:
    """One record of ``channel``."""

    list: bytes
    number: int
    pieces: int
    sealed: bytes
    keys: tuple[tuple[str, bytes], ...] = ()


def _info(layer: bytes, list: bytes, officer: str) -> bytes:
    name = officer.encode()
    return b"fuma channel " + layer + b" v1" + list + struct.pack(">H", len(name)) + name


def seal_key(
    key: bytes, list: bytes, officer: str, member: X25519PublicKey, gateway: X25519PublicKey
) -> bytes:
    """The list's key for one recipient, under both layers."""
    inner = b"".join(seal_row(member, key, _info(b"inner", list, officer)))
    return b"".join(seal_row(gateway, inner, _info(b"outer", list, officer)))


def open_outer(sealed: bytes, list: bytes, officer: str, gateway: X25519PrivateKey) -> bytes:
    """The gateway's layer taken off. Raises ``Poison``."""
    info = _info(b"outer", list, officer)
    return open_row(gateway, sealed[:ENC_BYTES], sealed[ENC_BYTES:], info)


def open_inner(inner: bytes, list: bytes, officer: str, member: X25519PrivateKey) -> bytes:
    """The list's key. Raises ``Poison``."""
    info = _info(b"inner", list, officer)
    return open_row(member, inner[:ENC_BYTES], inner[ENC_BYTES:], info)


def seal_list(
    list: bytes,
    plain: Iterable[bytes],
    key: bytes,
    pieces: int,
    members: Mapping[str, bytes],
    gateway: X25519PublicKey,
) -> Iterable[Piece]:
    """The pieces of a list; ``plain`` gives ``pieces`` parts, ``members`` is account to seal.

    The nonce is the piece's number: the key is of this list alone.
    """
    keys = tuple(
        (name, seal_key(key, list, name, X25519PublicKey.from_public_bytes(seal), gateway))
        for name, seal in sorted(members.items())
    )
    cipher = ChaCha20Poly1305(key)
    for number, part in enumerate(plain):
        sealed = cipher.encrypt(_nonce(number), part, _bound(list, number, pieces))
        yield Piece(list, number, pieces, sealed, keys if number == 0 else ())


def open_piece(piece: Piece, key: bytes) -> bytes:
    """The plain part. Raises ``Poison`` where it is not that list's, or was altered."""
    bound = _bound(piece.list, piece.number, piece.pieces)
    try:
        return ChaCha20Poly1305(key).decrypt(_nonce(piece.number), piece.sealed, bound)
    except (InvalidTag, ValueError) as error:
        raise Poison(Reason.UNDECODABLE, "another list's piece, or altered") from error


def digest(pieces: Iterable[Piece]) -> bytes:
    """What is signed of a list (32 bytes): over its pieces in order, keys included."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(hashlib.sha256(encode_piece(piece)).digest())
    return found.digest()


def encode_piece(piece: Piece) -> bytes:
    """A value of ``channel``."""
    keys = [{"officer": name, "sealed": sealed} for name, sealed in piece.keys]
    return encode(
        "list-piece",
        {"list": piece.list, "number": piece.number, "pieces": piece.pieces,
         "sealed": piece.sealed, "keys": keys},
    )  # fmt: skip


def decode_piece(data: bytes | None) -> Piece:
    """A value of ``channel``. Raises ``Poison``."""
    w = decode("list-piece", data)
    keys: Sequence[Mapping[str, bytes | str]] = w["keys"]
    pairs = tuple((str(one["officer"]), bytes(one["sealed"])) for one in keys)  # type: ignore[arg-type]
    if not 0 <= w["number"] < w["pieces"] <= MAX_PIECES:
        raise Poison(Reason.UNDECODABLE, "no piece of a list")
    return Piece(w["list"], w["number"], w["pieces"], w["sealed"], pairs)


def _nonce(number: int) -> bytes:
    return struct.pack(">IQ", 0, number)


def _bound(list: bytes, number: int, pieces: int) -> bytes:
    return b"fuma channel piece v1" + list + struct.pack(">II", number, pieces)


def same(one: bytes, other: bytes) -> bool:
    """Whether two digests are one."""
    return hmac.compare_digest(one, other)
