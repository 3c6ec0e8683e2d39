"""The list channel, from a member's side: put a list in, read one."""

from __future__ import annotations

import math
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from fuma.contracts import channel
from fuma.contracts.channel import Piece
from fuma.contracts.errors import Poison, Refusal
from fuma.contracts.sealing import public_key
from fuma.contracts.topics import CHANNEL, partition_for, spec
from fuma.desk.asking import Asker
from fuma.desk.keyfile import OfficerKey
from fuma.desk.signing import Terms
from fuma.domain.authority import commands as c
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.ports import Outgoing


def members(home: Path, key: OfficerKey, terms: Terms) -> dict[str, bytes]:
    """Who is admitted and has told a key: account to X25519 public key. For members."""
    asker = Asker(home, key)
    try:
        answer = asker.ask(terms, "members", "名单发送 sending a list", {})
        return {name: bytes.fromhex(seal) for name, seal in answer["members"].items()}
    finally:
        asker.close()


def put(
    home: Path, path: Path, division: str, count: int, to: Mapping[str, bytes],
) -> c.PostList:  # fmt: skip
    """Encrypt a file to ``to``, write its pieces; the command that makes it a list.

    (1) The pieces, every acknowledgement. A crash: ciphertext that no list names, which expires.
    (2) The caller sends the command. A crash: as before; sent again it is the same list.
    """
    size = path.stat().st_size
    pieces = max(1, math.ceil(size / channel.PIECE))
    if pieces > channel.MAX_PIECES:
        raise Refusal(f"{path}: {size:,} bytes, at most {channel.MAX_PIECES * channel.PIECE:,}")
    id, key = secrets.token_bytes(16), secrets.token_bytes(channel.KEY_BYTES)
    gateway = public_key(keyfiles.gateway_public(home))
    appender = KafkaAppender(kafka_config(Home(home), "officer"))
    partition = partition_for(id, spec(CHANNEL).partitions)

    def written() -> Iterator[Piece]:
        for piece in channel.seal_list(id, _parts(path), key, pieces, to, gateway):
            value = channel.encode_piece(piece)
            appender.append([Outgoing(CHANNEL, partition, id, value)])  # (1)
            yield piece

    try:
        digest = channel.digest(written())
    finally:
        appender.close()
    return c.PostList(id, division, count, pieces, digest, tuple(sorted(to)))


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        part = file.read(channel.PIECE)
        yield part
        while len(part) == channel.PIECE:
            part = file.read(channel.PIECE)
            if part:
                yield part


def find(home: Path, id: bytes) -> list[Piece]:
    """The pieces of a list, as they stand in the channel. Raises ``Refusal``."""
    reader = KafkaLogReader(kafka_config(Home(home), "officer"))
    found: dict[int, Piece] = {}
    try:
        partition = partition_for(id, spec(CHANNEL).partitions)
        bounds = reader.bounds(CHANNEL, partition)
        for raw in reader.read(CHANNEL, partition, bounds.start, bounds.end):
            if raw.key != id:
                continue
            try:
                piece = channel.decode_piece(raw.value)
            except Poison:
                continue
            if piece.list == id:
                found.setdefault(piece.number, piece)
    finally:
        reader.close()
    if not found or len(found) != found[min(found)].pieces:
        raise Refusal(f"list {id.hex()} is not whole in the channel", "lists expire after 7 days")
    return [found[number] for number in sorted(found)]


def read(
    home: Path,
    id: bytes,
    officer: str,
    key: OfficerKey,
    terms: Terms,
    out: Path,
    recorded: Callable[[], bool],
) -> bool:
    """Read a list into ``out`` (0600). ``recorded`` sends the signed read and waits for its reply.

    The gateway takes its layer off the list's key only where the ledger has the read.
    """
    pieces = find(home, id)
    sealed = dict(pieces[0].keys).get(officer)
    if not recorded():
        return False
    if sealed is None:
        raise Refusal("the list was not encrypted to this account")
    asker = Asker(home, key)
    try:
        body = {"list": id.hex(), "sealed": sealed.hex(), "digest": channel.digest(pieces).hex()}
        answer = asker.ask(terms, "list-key", "名单阅读 reading a list", body)
    finally:
        asker.close()
    opened = channel.open_inner(bytes.fromhex(answer["sealed"]), id, officer, key.channel)
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=".list-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(channel.open_piece(piece, opened))
        os.link(name, out)  # never over a file that is there
    except FileExistsError as error:
        raise Refusal(f"{out}: is there already", "name another file with --out") from error
    finally:
        Path(name).unlink()
    return True
