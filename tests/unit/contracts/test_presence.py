"""Values of ``presence``: there and back, and where they go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuma.contracts.codec import decode, encode
from fuma.contracts.errors import Poison
from fuma.contracts.presence import (
    broadcast_keys,
    decode_presence,
    encode_presence,
    keys_of,
    records_of,
)
from fuma.contracts.presencebytes import read_presence
from fuma.contracts.topics import PRESENCE, partition_for, spec
from fuma.domain.comparison.events import Case, Presence
from golden.samples_presence import heard
from unit.comparison.making import sick, stay


@pytest.mark.parametrize("name", sorted(heard()))
def test_there_and_back(name: str) -> None:
    item = heard()[name]
    assert decode_presence(encode_presence(item)) == item


@pytest.mark.parametrize("count", [1, 3, 8, 256])
def test_what_everyone_hears_is_where_its_key_says(count: int) -> None:
    keys = broadcast_keys(count)
    assert [partition_for(key, count) for key in keys] == list(range(count))
    told = list(records_of(sick("case"), count))
    assert [key for key, _ in told] == list(keys)
    assert len({value for _, value in told}) == 1


def test_a_presence_stands_once_at_its_spot() -> None:
    seen: Presence = stay("p", "somebody")
    (key,) = keys_of(seen, spec(PRESENCE).partitions)
    assert key[:-1] == seen.place
    assert key[-1] == seen.tag[0] % 4


def test_a_place_that_is_none_is_a_dead_letter() -> None:
    wire = stay("p", "somebody")._replace(place=b"cave")._asdict()
    with pytest.raises(Poison, match="no place"):
        decode_presence(encode("presence", {"body": ("fuma.Presence", wire)}))


def test_a_case_has_the_same_id_for_every_revision() -> None:
    case: Case = sick("case")
    later = decode_presence(encode_presence(case._replace(revision=3, gone=True)))
    assert isinstance(later, Case)
    assert later.id == case.id


presences = st.builds(
    Presence,
    st.binary(min_size=16, max_size=16),
    st.one_of(st.integers(0, 3), st.integers(0, 1 << 40)),
    st.binary(min_size=16, max_size=16),
    st.just(stay("p", "somebody").place),
    st.text(max_size=80),
    st.one_of(st.integers(0, 1 << 42), st.integers(-(1 << 50), 1 << 50)),
    st.one_of(st.integers(0, 1 << 42), st.integers(-(1 << 50), 1 << 50)),
    st.sampled_from(["signal", "ticket", "scan"]),
    st.one_of(st.integers(0, 70), st.integers(-9, 1 << 30)),
    st.one_of(st.integers(0, 70), st.integers(-9, 1 << 30)),
    st.booleans(),
    st.sampled_from(["matched", "mismatched", "unregistered"]),
    st.text(max_size=80),
)


@given(presences, st.data())
def test_read_by_hand_it_is_what_the_reader_says(item: Presence, data: st.DataObject) -> None:
    value = encode_presence(item)
    assert decode_presence(value) == item
    changed = bytearray(value)
    changed[data.draw(st.integers(6, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    cut = bytes(changed[: data.draw(st.integers(6, len(value)))])
    for one in (bytes(changed), cut, value + b"\0"):
        try:
            by_hand = read_presence(one)
        except ValueError:
            continue  # the place: the reader finds that as well
        if by_hand is not None:
            assert by_hand == _presence(decode("presence", one)["body"][1])


def _presence(wire: dict[str, Any]) -> Presence:
    return Presence(**wire)
