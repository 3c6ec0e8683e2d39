"""What the code platform keeps in Redis, byte by byte (docs/formats/platform.md).

Every value is ``magic (2) version (1) mac (32) body``. ``mac`` is HMAC-SHA256 under the platform
key, which Redis never sees, over world, kind, name and body (each of the first three with a 32-bit
big-endian length before it); the body is MessagePack, fields in a fixed order, so equal content
has equal bytes. A value that fails is never answered from.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hmac import compare_digest
from typing import TypeVar

import msgspec

from fuma.contracts.decisions import FIRST
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.keyed import Keyed
from fuma.contracts.platformrows import SUM_BYTES, Alive, Code, End, Position
from fuma.domain.quick import quick
from fuma.domain.time import Ms

MAGIC = b"fp"
VERSION = 1
_VERSION = bytes((VERSION,))
_START = MAGIC + _VERSION
_HEAD = len(_START)
_MAC_END = _HEAD + 32
_TAG_SIZE = struct.pack(">I", 16)

CODE, POSITION, ALIVE = b"code", b"position", b"alive"
CODE_FIELDS = len(Code.__struct_fields__)


@quick
@dataclass(frozen=True, slots=True)
class Kept:
    """A ``Code`` as the sink handles it: in bytes, with what the next one follows on."""

    seq: int
    hash: bytes
    offset: int
    recorded: Ms
    held: str
    body: bytes

    @classmethod
    def of(cls, code: Code) -> Kept:
        return cls(
            code.seq, code.hash, code.offset, code.recorded, code.held, _ENCODER.encode(code)
        )

    def holding(self, reason: str) -> Kept:
        """The same, marked."""
        return Kept.of(msgspec.structs.replace(_codes.decode(self.body), held=reason))


_T = TypeVar("_T")
_ENCODER = msgspec.msgpack.Encoder()
_codes = msgspec.msgpack.Decoder(Code)
_ends = msgspec.msgpack.Decoder(End)
_positions = msgspec.msgpack.Decoder(Position)
_alives = msgspec.msgpack.Decoder(Alive)


class PlatformSealer:
    """Makes and checks values of one world under its platform key."""

    def __init__(self, world: bytes, key: bytes) -> None:
        """``world``: 16 bytes; ``key``: at least 32."""
        if len(key) < 32:
            raise ValueError("a platform key has at least 32 bytes")
        self._keyed = Keyed(key)
        self._sum = self._keyed.begin(_sized(world) + _sized(b"sum"))
        self._begun = {
            k: self._keyed.begin(_sized(world) + _sized(k)) for k in (CODE, POSITION, ALIVE)
        }

    def _mac(self, kind: bytes, name: bytes, body: bytes) -> bytes:
        size = _TAG_SIZE if len(name) == 16 else struct.pack(">I", len(name))
        return self._keyed.digest(self._begun[kind], b"".join((size, name, _VERSION, body)))

    def _seal(self, kind: bytes, name: bytes, value: Code | Position | Alive) -> bytes:
        body = _ENCODER.encode(value)
        return b"".join((_START, self._mac(kind, name, body), body))

    def _body(self, kind: bytes, name: bytes, data: bytes) -> bytes:
        if len(data) <= _MAC_END or data[:_HEAD] != _START:
            raise Poison(Reason.NOT_FRAMED, "not a record of the platform")
        body = data[_MAC_END:]
        if not compare_digest(data[_HEAD:_MAC_END], self._mac(kind, name, body)):
            raise Poison(Reason.BAD_MAC, "written by somebody without the platform key")
        return body

    def _open(
        self, kind: bytes, name: bytes, data: bytes, decoder: msgspec.msgpack.Decoder[_T]
    ) -> _T:
        body = self._body(kind, name, data)
        try:
            return decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise Poison(Reason.UNDECODABLE, str(error)) from error

    def seal_kept(self, tag: bytes, kept: Kept) -> bytes:
        """As ``seal_code``."""
        return b"".join((_START, self._mac(CODE, tag, kept.body), kept.body))

    def open_kept(self, tag: bytes, data: bytes) -> Kept:
        """As ``open_code``; what stands in segments and orders is not looked at."""
        body = self._body(CODE, tag, data)
        try:
            end = _ends.decode(body)
        except msgspec.MsgspecError as error:
            raise Poison(Reason.UNDECODABLE, str(error)) from error
        return Kept(end.seq, end.hash, end.offset, end.recorded, end.held, body)

    def seal_code(self, tag: bytes, code: Code) -> bytes:
        """The value of ``fuma:code:<tag>`` and of an entry of ``fuma:was:<tag>``."""
        return self._seal(CODE, tag, code)

    def open_code(self, tag: bytes, data: bytes) -> Code:
        """Raises ``Poison`` on anything that this subject's sink did not write."""
        return self._open(CODE, tag, data, _codes)

    def fingerprint(self, tag: bytes, code: Code | Kept | None) -> int:
        """What ``code`` adds to its partition's sum; nobody without the key can choose it."""
        if code is None:
            return 0
        name = b"".join((tag, code.seq.to_bytes(8, "big"), code.hash))
        mac = self._keyed.digest(self._sum, name)
        return int.from_bytes(mac[:SUM_BYTES], "big")

    def seal_position(self, position: Position) -> bytes:
        """The value of ``fuma:sink:<partition>``."""
        return self._seal(POSITION, position.partition.to_bytes(4, "big"), position)

    def open_position(self, partition: int, data: bytes) -> Position:
        """Raises ``Poison``."""
        return self._open(POSITION, partition.to_bytes(4, "big"), data, _positions)

    def seal_alive(self, alive: Alive, partition: int = 0) -> bytes:
        """The value of ``fuma:alive``, or of a sink whose first partition is another one."""
        return self._seal(ALIVE, _alive_name(partition), alive)

    def open_alive(self, data: bytes, partition: int = 0) -> Alive:
        """Raises ``Poison``."""
        return self._open(ALIVE, _alive_name(partition), data, _alives)


def _alive_name(partition: int) -> bytes:
    return partition.to_bytes(4, "big") if partition else b""


def empty_code(partition: int, offset: int, at: Ms, held: str, *, simulated: bool) -> Code:
    """For a subject whose ledger is held before anything of it could be read."""
    return Code(0, 0, FIRST, partition, offset, at, simulated, at, None, (), (), held)


def _sized(part: bytes) -> bytes:
    return struct.pack(">I", len(part)) + part
