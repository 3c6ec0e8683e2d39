"""Confluent framing and Avro bodies: bytes to dictionaries and back.

Framing: byte 0 is zero, bytes 1 to 4 the schema's id (big-endian), the rest the Avro binary body
(Confluent's wire format, so that every Kafka UI decodes it). Whatever is not that is ``Poison``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

from fastavro import schemaless_reader, schemaless_writer

from fuma.contracts.errors import Poison, Reason
from fuma.contracts.registry import registry

Wire = dict[str, Any]
_FRAME = struct.Struct(">bI")


@cache
def encoder(subject: str, number: int | None = None) -> Callable[[Wire], bytes]:
    """An encoder of ``subject``, of its newest version unless ``number`` names another.

    Raises ``ValueError`` on a wrong shape; fields that the version does not have are left out.
    """
    known = registry()
    version = known.latest[subject] if number is None else known.version(subject, number)
    head = _FRAME.pack(0, version.id)
    schema = version.parsed

    def encode_one(value: Wire) -> bytes:
        out = BytesIO()
        out.write(head)
        schemaless_writer(out, schema, value)
        return out.getvalue()

    return encode_one


def encode(subject: str, value: Wire) -> bytes:
    """``value`` framed, in the newest version of ``subject``."""
    return encoder(subject)(value)


@cache
def _decoder(subject: str) -> Callable[[bytes | None], Wire]:
    known = registry()
    newest = known.latest[subject].parsed
    by_id = known.by_id

    def decode_one(data: bytes | None) -> Wire:
        if data is None:
            raise Poison(Reason.NO_VALUE, "a tombstone, where nothing is ever deleted")
        if len(data) < 5 or data[0] != 0:
            raise Poison(Reason.NOT_FRAMED, "not in Confluent framing")
        version = by_id.get(int.from_bytes(data[1:5], "big"))
        if version is None:
            raise Poison(Reason.UNKNOWN_SCHEMA, f"schema id {int.from_bytes(data[1:5], 'big')}")
        if version.subject != subject:
            raise Poison(Reason.WRONG_SUBJECT, f"{version.subject}, expected {subject}")
        body = BytesIO(data)
        body.seek(5)
        reader = None if version.parsed is newest else newest
        try:
            value: Any = schemaless_reader(body, version.parsed, reader, return_record_name=True)
        except Exception as error:  # fastavro raises a dozen types on bad bytes
            raise Poison(Reason.UNDECODABLE, f"{type(error).__name__}: {error}") from error
        if body.tell() != len(data):
            raise Poison(Reason.TRAILING_BYTES, f"{len(data) - body.tell()} bytes after the end")
        return value  # type: ignore[no-any-return]

    return decode_one


def decode(subject: str, data: bytes | None) -> Wire:
    """The value in ``data``. Raises ``Poison`` on anything that is not a value of ``subject``.

    A record inside a union comes as ``(full name, fields)``.
    """
    return _decoder(subject)(data)
