"""Dead letters of whatever a broker takes: always writable, always the original to the byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorkit import event
from fault.checker import effects, raw
from fuma.cli.deadletter import describe
from fuma.contracts.errors import Poison, Reason
from fuma.runtime.dead_letters import (
    dead_letters,
    original_of,
    pack_whole,
    part_of,
    split_headers,
    unpack_whole,
)
from fuma.runtime.kafka_records import MAX_RECORD_BYTES, check_sizes
from fuma.runtime.ports import Headers, LogRecord
from gatewaykit import TOPIC, Small
from unit.runtime.host_rig import Rig

POISON = Poison(Reason.NO_MAC, "nobody's")


def letters_of(key: bytes | None, value: bytes | None, headers: Headers = ()) -> list[LogRecord]:
    """The letters of such a record, as they stand on their topic."""
    given_ = LogRecord("in", 3, 17, 1_000, key, value, headers)
    made = dead_letters(given_, POISON, "dlq", 2)
    assert made == dead_letters(given_, POISON, "dlq", 2)  # after a crash the same bytes
    check_sizes(made)
    assert {one.partition for one in made} == {1}
    return [
        LogRecord(one.topic, one.partition, n, 2_000, one.key, one.value, one.headers)
        for n, one in enumerate(made)
    ]


LARGE = [
    (b"k", bytes(999_900), ()),
    (b"k", bytes(1_048_000), ()),
    (b"k" * 3_000_000, None, ()),
    (None, b"", (("h", bytes(1_040_000)),)),
    (None, None, tuple([(f"h{n}", b"") for n in range(150_000)])),
    (b"", b"v" * 12_345_678, (("é" * 600_000, b"x"), ("fuma-part", b"1"))),
]


@pytest.mark.parametrize(("key", "value", "headers"), LARGE)
def test_what_is_too_large_comes_in_parts(
    key: bytes | None, value: bytes | None, headers: Headers
) -> None:
    letters = letters_of(key, value, headers)
    assert len(letters) > 1
    for number, letter in enumerate(letters, 1):
        part = part_of(letter)
        assert part is not None
        assert (part.number, part.count) == (number, len(letters))
        told = describe(letter)
        assert (told["from"], told["reason"]) == ("in/3@17", "no-mac")
        assert told["part"] == f"{number} of {len(letters)}"
    # the first ones again after a crash, and somebody else's between them
    other = letters_of(b"other", bytes(2_000_000))
    stands = [letters[0], *other, *letters]
    assert original_of(letters[0], stands) == (key, value, headers)
    assert original_of(letters[0], letters[:-1]) is None


def test_what_fits_stays_one_record_whatever_it_calls_itself() -> None:
    headers = (("__streams.errors.topic", b"x"), ("fuma-part", b"1"), ("fuma-parts", b"2"))
    (letter,) = letters_of(b"k", bytes(900_000), headers)
    assert part_of(letter) is None
    assert original_of(letter) == (b"k", bytes(900_000), headers)
    assert split_headers(letter.headers)[1]["__streams.errors.topic"] == b"in"


@settings(deadline=None)
@given(
    st.none() | st.binary(max_size=50),
    st.none() | st.binary(max_size=50),
    st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=9))),
)
def test_the_parts_make_the_original(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    whole = pack_whole(key, value, tuple(headers))
    assert unpack_whole(whole) == (key, value, tuple(headers))
    with pytest.raises(ValueError):
        unpack_whole(whole + b"\0")
    with pytest.raises(ValueError):
        unpack_whole(whole[:-1])


def test_the_checker_puts_parts_together_and_misses_one() -> None:
    key, value, headers = LARGE[-1]
    letters = letters_of(key, value, headers)
    given_ = raw.Rec("in", 3, 0, 1_000, key, value, headers)
    log = raw.Log()
    log.records["in", 3] = [replace(given_, offset=17)]

    def found(records: list[LogRecord]) -> effects.Letters:
        log.records["fuma.dlq.x", 0] = [
            raw.Rec("fuma.dlq.x", 0, n, 0, r.key, r.value, r.headers) for n, r in enumerate(records)
        ]
        return effects.read_letters(log)

    good = found([letters[0], *letters, *letters])
    assert (good.faults, list(good.by_place)) == ([], [("in", 3, 17)])
    assert found(letters[1:]).faults
    assert found([*letters[1:], replace(letters[0], value=b"x")]).faults


@pytest.mark.parametrize("size", [990_000, 1_000_000, 1_048_000, 5_000_000])
def test_a_stage_goes_on_behind_a_record_of_any_size(size: int) -> None:
    rig = Rig()
    stands = rig.log.records[rig.stage.input_topic, 0]
    stands.append(LogRecord(rig.stage.input_topic, 0, 0, 1, b"k", bytes(size), ()))
    rig.write(rig.input(b"k" * 16, 1))
    rig.run(rig.open())
    assert len(rig.ledger()) == 1
    assert original_of(rig.dead()[0], rig.dead()) == (b"k", bytes(size), ())


def test_the_gateway_goes_on_behind_a_record_of_any_size(tmp_path: Path) -> None:
    small = Small(tmp_path)
    stands = small.log.records[TOPIC, 0]
    stands.append(LogRecord(TOPIC, 0, 0, 1, b"k", bytes(1_040_000), (("h", b"x"),)))
    small.send("R-1", [event(1)], None)
    assert not small.live(0, False)
    letters = small.log.records["fuma.dlq.in", 0]
    assert original_of(letters[0], letters) == (b"k", bytes(1_040_000), (("h", b"x"),))
    assert small.all("fuma.feed.health")


def test_a_message_is_never_long() -> None:
    assert len(str(Poison(Reason.UNDECODABLE, "x" * 2_000_000))) <= 1_000
    assert MAX_RECORD_BYTES > 900_000 + 10_000
