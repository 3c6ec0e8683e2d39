"""Confluent framing and Avro bodies: bytes to values and back.

Framing: byte 0 is zero, bytes 1 to 4 the schema's id (big-endian), the rest the Avro binary body
(Confluent's wire format, so that every Kafka UI decodes it). Whatever is not that is ``Poison``.

Each schema is compiled (``avrowrite``, ``avroread``), for dictionaries or for classes (``Shapes``).
fastavro remains the measure: what the compiled code does not read is read by fastavro, which says
what is wrong with it, and a property test holds both to the same bytes and values.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from typing import Any

from fastavro import schemaless_reader, schemaless_writer

from fuma.compiled import GENERATED
from fuma.contracts.avroread import Reader, compile_reader
from fuma.contracts.avrowrite import Writer, compile_writer
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.registry import Schema, SchemaVersion, registry
from fuma.contracts.shapes import PLAIN, Named, Shapes, Unsupported

Wire = dict[str, Any]
_FRAME = struct.Struct(">bI")
#: Codecs whose shapes have a name: the schema, what it is read as (``None``: written), the shapes.
#: ``contracts.natives`` has them compiled.
ASKED: list[tuple[Schema, Schema | None, Shapes]] = []


def native_key(written: Schema, newest: Schema | None, shapes: Shapes) -> str:
    """Which compiled codec is meant: another schema, even a default, is another codec."""
    if not shapes.name:
        return ""
    # fastavro's parsed form has its fields in another order in every process
    text = json.dumps((written, newest, shapes.name), sort_keys=True, default=bytes.hex)
    return sha256(text.encode()).hexdigest()


def _natives() -> dict[str, Callable[..., Any]]:
    """Compiled codecs by ``native_key``; none where none were compiled."""
    try:
        made: Any = import_module(GENERATED)
    except ModuleNotFoundError as error:
        if error.name != GENERATED:
            raise
        return {}
    found: dict[str, Callable[..., Any]] = made.NATIVE
    return found


NATIVE = _natives()


@cache
def encoder(
    subject: str, number: int | None = None, shapes: Shapes = PLAIN
) -> Callable[[Any], bytes]:
    """An encoder of ``subject``, of its newest version unless ``number`` names another.

    Raises ``ValueError`` on a wrong shape; fields that the version does not have are left out.
    """
    known = registry()
    version = known.latest[subject] if number is None else known.version(subject, number)
    head = _FRAME.pack(0, version.id)
    schema = version.parsed
    if shapes.name:
        ASKED.append((schema, None, shapes))
    native = NATIVE.get(native_key(schema, None, shapes))
    if native is not None:

        def encode_native(value: Any) -> bytes:
            try:
                made: bytes = native(head, value)
                return made
            except Exception as error:
                raise ValueError(f"no {subject}: {type(error).__name__}: {error}") from error

        return encode_native
    try:
        write: Writer | None = compile_writer(schema, shapes)
    except Unsupported:
        write = None

    def encode_one(value: Any) -> bytes:
        if write is not None:
            try:
                return head + write(value)
            except Exception as error:
                if shapes is not PLAIN:
                    raise ValueError(f"no {subject}: {type(error).__name__}: {error}") from error
        return head + plain_bytes(schema, value)

    return encode_one


def plain_bytes(schema: Schema, value: Any) -> bytes:
    """The Avro body by fastavro."""
    out = BytesIO()
    schemaless_writer(out, schema, value)
    return out.getvalue()


def encode(subject: str, value: Wire) -> bytes:
    """``value`` framed, in the newest version of ``subject``."""
    return encoder(subject)(value)


@cache
def decoder(subject: str, shapes: Shapes = PLAIN) -> Callable[[bytes | None], Any]:
    """A decoder of every version of ``subject``; see ``decode``."""
    known = registry()
    newest = known.latest[subject].parsed
    by_id = known.by_id
    readers: dict[bytes, Reader] = {}
    for version in by_id.values():
        if version.subject == subject:
            try:
                its = shapes.versions.get(version.version, shapes)
                if its.name:
                    ASKED.append((version.parsed, newest, its))
                native = NATIVE.get(native_key(version.parsed, newest, its))
                reader = native or compile_reader(version.parsed, newest, its)
            except Unsupported:
                continue
            readers[_FRAME.pack(0, version.id)] = reader

    def decode_one(data: bytes | None) -> Any:
        if data is not None:
            reader = readers.get(data[:5])
            if reader is not None:
                try:
                    return reader(data)
                except Exception:  # not in the plain form, or not at all
                    pass
        value = plain_value(subject, data)
        if shapes is PLAIN:
            return value
        number = _version(subject, data).version
        return shaped(newest, value, shapes.versions.get(number, shapes))

    return decode_one


def decode(subject: str, data: bytes | None) -> Wire:
    """The value in ``data``. Raises ``Poison`` on anything that is not a value of ``subject``.

    A record inside a union comes as ``(full name, fields)``.
    """
    found: Wire = decoder(subject)(data)
    return found


def plain_value(subject: str, data: bytes | None) -> Wire:
    """The value in ``data`` by fastavro, as dictionaries. Raises ``Poison``."""
    version = _version(subject, data)
    newest = registry().latest[subject].parsed
    assert data is not None
    body = BytesIO(data)
    body.seek(5)
    reader = None if version.parsed is newest else newest
    try:
        value: Any = schemaless_reader(body, version.parsed, reader, return_record_name=True)
    except Exception as error:  # fastavro raises a dozen types on bad bytes
        raise Poison(Reason.UNDECODABLE, f"{type(error).__name__}: {error}") from error
    if body.tell() != len(data):
        raise Poison(Reason.TRAILING_BYTES, f"{len(data) - body.tell()} bytes after the end")
    found: Wire = value
    return found


def _version(subject: str, data: bytes | None) -> SchemaVersion:
    if data is None:
        raise Poison(Reason.NO_VALUE, "a tombstone, where nothing is ever deleted")
    if len(data) < 5 or data[0] != 0:
        raise Poison(Reason.NOT_FRAMED, "not in Confluent framing")
    version = registry().by_id.get(int.from_bytes(data[1:5], "big"))
    if version is None:
        raise Poison(Reason.UNKNOWN_SCHEMA, f"schema id {int.from_bytes(data[1:5], 'big')}")
    if version.subject != subject:
        raise Poison(Reason.WRONG_SUBJECT, f"{version.subject}, expected {subject}")
    return version


def shaped(schema: Schema, value: Any, shapes: Shapes) -> Any:
    """A value of dictionaries in ``shapes``. Raises ``Poison`` where it cannot be."""
    try:
        return _shape(Named(schema), schema, value, shapes)
    except (KeyError, TypeError, ValueError) as error:
        raise Poison(Reason.UNDECODABLE, f"{type(error).__name__}: {error}") from error


def _shape(named: Named, schema: Any, value: Any, shapes: Shapes) -> Any:
    schema = named.resolve(schema)
    if value is None or isinstance(schema, str):
        return value
    if isinstance(schema, list):
        return _branch(named, schema, value, shapes)
    if schema["type"] == "array":
        return tuple(_shape(named, schema["items"], one, shapes) for one in value)
    if schema["type"] == "enum":
        return shapes.enums[schema["name"]][value] if schema["name"] in shapes.enums else value
    if schema["type"] != "record":
        return value
    name = schema["name"]
    if name in shapes.skip:
        return None
    fields = {
        one["name"]: _shape(named, one["type"], value[one["name"]], shapes)
        for one in schema["fields"]
    }
    shape = shapes.records.get(name)
    return shape.make(*(fields[n] for n in shape.fields or fields)) if shape else fields


def _branch(named: Named, branches: list[Any], value: Any, shapes: Shapes) -> Any:
    kinds = [named.resolve(one) for one in branches]
    records = {k["name"]: k for k in kinds if isinstance(k, dict) and k["type"] == "record"}
    if isinstance(value, tuple):
        name, fields = value
        if name not in records:
            return _shape(named, name, fields, shapes)
    elif isinstance(value, dict) and len(records) == 1:
        name, fields = next(iter(records)), value
    else:
        others = [k for k in kinds if isinstance(k, dict) and k["type"] in ("array", "enum")]
        return _shape(named, others[0], value, shapes) if len(others) == 1 else value
    found = _shape(named, records[name], fields, shapes)
    return found if name in shapes.records or name in shapes.skip else (name, found)
