"""The codecs that are compiled, run as the Python that they are written in, against the others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuma.contracts import codec, keyed, natives
from fuma.contracts.avroread import compile_reader
from fuma.contracts.avrowrite import compile_writer
from fuma.contracts.facts import encode_person
from fuma.contracts.registry import registry
from unit.contracts.test_shapes import ledger_values
from unit.contracts.test_wire import fact_values, line_ends, lines, matches

_MADE: dict[str, Any] = {}
exec(compile(natives.source(), "<generated>", "exec"), _MADE)
NATIVE: dict[str, Any] = _MADE["NATIVE"]
values = st.one_of(st.one_of(fact_values, lines, line_ends, matches).map(encode_person))


def readers(value: bytes) -> list[tuple[Any, Any]]:
    """For each codec that reads values of this schema: compiled, and not."""
    version = registry().by_id[int.from_bytes(value[1:5], "big")]
    return [
        (NATIVE[codec.native_key(written, newest, shapes)], compile_reader(written, newest, shapes))
        for written, newest, shapes in codec.ASKED
        if newest is not None and written is version.parsed
    ]


def outcome(read: Any, data: bytes) -> Any:
    try:
        return read(data)
    except Exception:
        return "not in the plain form"


def test_each_that_asked_is_there() -> None:
    assert len(codec.ASKED) > 10
    keys = {codec.native_key(*asked) for asked in codec.ASKED}
    assert set(NATIVE) == keys
    if not str(keyed.__file__).endswith(".py"):  # the core is compiled here
        # Were one of them not importable, all would be left out without a word.
        assert set(codec.NATIVE) == keys


@given(st.one_of(values, ledger_values.map(lambda values: values[-1])))
def test_a_value_is_read_and_written_alike(value: bytes) -> None:
    found = readers(value)
    assert found
    for native, plain in found:
        assert native(value) == plain(value)
    for written, newest, shapes in codec.ASKED:
        if newest is not None or written is not registry().by_id[value[4]].parsed:
            continue
        whole = codec.decoder(registry().by_id[value[4]].subject, shapes)(value)
        framed = whole if value[4] not in _persons() else natives.facts.Heard(whole)
        write = NATIVE[codec.native_key(written, None, shapes)]
        assert write(value[:5], framed) == value[:5] + compile_writer(written, shapes)(framed)
        assert write(value[:5], framed) == value


def _persons() -> set[int]:
    return {v.id for v in registry().by_id.values() if v.subject == "person"}


@given(st.one_of(values, ledger_values.map(lambda values: values[-1])), st.data())
def test_damaged_bytes_are_read_alike_or_by_neither(value: bytes, data: st.DataObject) -> None:
    damaged = bytearray(value)
    place = data.draw(st.integers(5, len(damaged) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "grow", "drop"]))
    if kind == "flip":
        damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del damaged[place:]
    elif kind == "drop":
        del damaged[place]
    else:
        damaged[place:place] = data.draw(st.binary(min_size=1, max_size=12))
    for native, plain in readers(value):
        assert outcome(native, bytes(damaged)) == outcome(plain, bytes(damaged))


@pytest.mark.parametrize("number", [0, -1, 63, 64, -65, 2**31, 2**63 - 1, -(2**63)])
def test_numbers_are_those_of_the_others(number: int) -> None:
    from librt.strings import BytesWriter

    from fuma.contracts.avronative import long_at, put_long
    from fuma.contracts.avroparts import zigzag

    out = BytesWriter()
    put_long(out, number)
    data = out.getvalue()
    assert data == zigzag(number)
    assert long_at(data, 0) == (number, len(data))
