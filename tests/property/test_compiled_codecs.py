"""Compiled codecs against fastavro: the same bytes, the same values, the same reasons."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fuma.contracts import codec
from fuma.contracts.avroparts import NUMBERS, Malformed, zigzag
from fuma.contracts.avroread import compile_reader
from fuma.contracts.avrowrite import compile_writer
from fuma.contracts.errors import Poison
from fuma.contracts.registry import SchemaVersion, registry
from fuma.contracts.shapes import PLAIN
from property.avro_values import values

VERSIONS = sorted(registry().by_id.values(), key=lambda v: v.id)
IDS = [f"{v.subject}-v{v.version}" for v in VERSIONS]
every_version = pytest.mark.parametrize("version", VERSIONS, ids=IDS)
calm = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)


def frame(version: SchemaVersion) -> bytes:
    return b"\0" + version.id.to_bytes(4, "big")


def outcome(read: Any, *given: Any) -> tuple[str, Any]:
    try:
        return "value", read(*given)
    except Poison as poison:
        return "poison", poison.reason


@every_version
@calm
@given(data=st.data())
def test_what_is_written_is_what_fastavro_writes(
    version: SchemaVersion, data: st.DataObject
) -> None:
    value = data.draw(values(version.parsed))
    write = compile_writer(version.parsed, PLAIN)
    assert write(value) == codec.plain_bytes(version.parsed, value)
    assert write(value) == codec.plain_bytes(version.parsed, value), "from the memo"


@every_version
@calm
@given(data=st.data())
def test_what_is_read_is_what_fastavro_reads(version: SchemaVersion, data: st.DataObject) -> None:
    newest = registry().latest[version.subject].parsed
    read = compile_reader(version.parsed, newest, PLAIN)
    framed = frame(version) + codec.plain_bytes(version.parsed, data.draw(values(version.parsed)))
    assert read(framed) == codec.plain_value(version.subject, framed)
    assert codec.decode(version.subject, framed) == codec.plain_value(version.subject, framed)


@every_version
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)
@given(data=st.data())
def test_damaged_bytes_have_the_reason_that_fastavro_gives(
    version: SchemaVersion, data: st.DataObject
) -> None:
    whole = frame(version) + codec.plain_bytes(version.parsed, data.draw(values(version.parsed)))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        kind = data.draw(st.sampled_from(["flip", "cut", "grow", "drop"]))
        if kind == "flip" and damaged:
            damaged[place] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "cut":
            del damaged[place:]
        elif kind == "drop":
            del damaged[place : place + 1]
        else:
            damaged[place:place] = data.draw(st.binary(min_size=1, max_size=12))
    assume(bytes(damaged) != whole)
    found = outcome(codec.decode, version.subject, bytes(damaged))
    assert found == outcome(codec.plain_value, version.subject, bytes(damaged))


def test_an_array_that_claims_more_than_there_is_costs_nothing() -> None:
    """A slice past the end is no error in Python: 2^40 of them would fill the memory."""
    items = {"type": "fixed", "name": "Id", "size": 16}
    schema = {
        "type": "record",
        "name": "Many",
        "fields": [{"name": "ids", "type": {"type": "array", "items": items}}],
    }
    parsed: Any = parse_schema(schema)
    read = compile_reader(parsed, parsed, PLAIN)
    claimed = BytesIO()
    schemaless_writer(claimed, "long", 2**40)
    with pytest.raises(Malformed):
        read(bytes(5) + claimed.getvalue() + bytes(3))


@calm
@given(st.integers(-(2**70), 2**70))
def test_numbers_of_more_than_64_bits_are_not_written(number: int) -> None:
    out = BytesIO()
    if -(2**63) <= number < 2**63:
        from fastavro import schemaless_writer

        schemaless_writer(out, "long", number)
        assert NUMBERS[number] == zigzag(number) == out.getvalue()
    else:
        with pytest.raises(ValueError):
            zigzag(number)


def test_an_array_in_several_blocks_is_read_by_fastavro() -> None:
    version = registry().latest["answer"]
    one = {"receipt": "r", "accepted": [], "refused": [], "closed": True, "code": "", "rows": 1}
    plain = codec.encode("answer", one)
    assert plain[5:].startswith(b"\x02r\x00\x00")
    block = b"\x02\x02\x04" * 2 + b"\x00"  # one range a block
    found = codec.decode("answer", frame(version) + b"\x02r" + block + plain[8:])
    assert found["accepted"] == [{"first": 1, "last": 2}] * 2
