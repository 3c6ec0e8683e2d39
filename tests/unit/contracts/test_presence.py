"""Values of ``presence``: there and back, and where they go."""

from __future__ import annotations

import pytest

from fuma.contracts.codec import encode
from fuma.contracts.errors import Poison
from fuma.contracts.presence import (
    broadcast_keys,
    decode_presence,
    encode_presence,
    keys_of,
    records_of,
)
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
