"""Lists of the channel: opened by who they are for with the gateway, and by nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.contracts import channel
from fuma.contracts.channel import Piece
from fuma.contracts.errors import Poison

GATEWAY, MEMBER, OTHER = (X25519PrivateKey.from_private_bytes(x * 32) for x in (b"g", b"m", b"o"))
LIST, KEY = b"i" * 16, b"l" * 32
PLAIN = [b"number,name\n" * 10, b"1,A\n", b""]


def made() -> list[Piece]:
    to = {"bureau": MEMBER.public_key().public_bytes_raw()}
    return list(channel.seal_list(LIST, PLAIN, KEY, len(PLAIN), to, GATEWAY.public_key()))


def test_the_recipient_opens_it_with_the_gateway() -> None:
    pieces = [channel.decode_piece(channel.encode_piece(piece)) for piece in made()]
    ((officer, sealed),) = pieces[0].keys
    inner = channel.open_outer(sealed, LIST, officer, GATEWAY)
    key = channel.open_inner(inner, LIST, officer, MEMBER)
    assert [channel.open_piece(piece, key) for piece in pieces] == PLAIN
    assert all(not piece.keys for piece in pieces[1:])


def test_neither_opens_it_alone() -> None:
    ((officer, sealed),) = made()[0].keys
    inner = channel.open_outer(sealed, LIST, officer, GATEWAY)
    assert KEY not in inner
    for attempt in (
        lambda: channel.open_inner(sealed, LIST, officer, MEMBER),  # without the gateway
        lambda: channel.open_inner(inner, LIST, officer, GATEWAY),  # the gateway by itself
        lambda: channel.open_inner(inner, LIST, officer, OTHER),
        lambda: channel.open_outer(sealed, LIST, officer, OTHER),
        lambda: channel.open_outer(sealed, LIST, "another", GATEWAY),  # another's wrapping
        lambda: channel.open_outer(sealed, b"j" * 16, officer, GATEWAY),  # another list's
    ):
        with pytest.raises(Poison):
            attempt()


def test_a_piece_stands_where_it_was_put() -> None:
    first, second, _ = made()
    for changed in (
        replace(first, number=1), replace(first, pieces=4), replace(first, list=b"j" * 16),
        replace(first, sealed=second.sealed), replace(first, sealed=first.sealed[:-1] + b"x"),
    ):  # fmt: skip
        with pytest.raises(Poison):
            channel.open_piece(changed, KEY)


def test_what_is_signed_covers_every_byte() -> None:
    pieces = made()
    whole = channel.digest(pieces)
    assert channel.digest(pieces) == whole
    for changed in ([pieces[1], pieces[0], pieces[2]], pieces[:2],
                    [replace(pieces[0], keys=()), *pieces[1:]]):  # fmt: skip
        assert channel.digest(changed) != whole
