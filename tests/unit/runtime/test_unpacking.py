"""How much a packed batch is: never less than it unpacks to, and known without unpacking it."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable

import pytest
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode

from broker.rawbatch import RawRecord, batch_of, bomb, framed
from fuma.contracts.errors import Poison, Reason
from fuma.runtime import batch_reading, hand_fetch, unpacking
from fuma.runtime.batch_reading import Packed, records_of_batch, unread
from fuma.runtime.dead_letters import dead_letters, split_headers
from fuma.runtime.host_intake import Intake
from fuma.runtime.mac import Sealer
from fuma.runtime.unpacking import GZIP, LZ4, MOST, RECORD, SNAPPY, ZSTD, too_large

CODECS: list[tuple[int, Callable[[bytes], bytes]]] = [
    (GZIP, gzip_encode), (SNAPPY, snappy_encode), (LZ4, lz4_encode), (ZSTD, zstd_encode),
]  # fmt: skip
MIB = 1 << 20
DICE = random.Random(1)
HONEST = [
    b"", b"x", bytes(900_000), DICE.randbytes(900_000),
    b"".join(b'{"id": %d, "since": "2022-06-14"}' % n for n in range(60_000)),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "encode"), CODECS)
@pytest.mark.parametrize("data", HONEST, ids=["empty", "one", "zeros", "random", "text"])
def test_what_honest_clients_pack_is_unpacked(
    codec: int, encode: Callable[[bytes], bytes], data: bytes
) -> None:
    packed = encode(data)
    assert not too_large(codec, packed, 1)
    assert too_large(codec, packed, 1, most=RECORD + len(data) - 1)


@pytest.mark.parametrize(("codec", "encode"), CODECS)
def test_many_small_records_are_much_as_well(codec: int, encode: Callable[[bytes], bytes]) -> None:
    assert too_large(codec, encode(bytes(1_000)), MOST // RECORD + 1)


@pytest.mark.parametrize(("codec", "encode"), CODECS)
def test_what_is_more_stays_packed_and_is_not_unpacked_to_know_it(
    codec: int, encode: Callable[[bytes], bytes]
) -> None:
    packed = encode(bytes(MOST + MIB))
    tracemalloc.start()
    try:
        assert too_large(codec, packed, 1)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_a_bomb_of_gigabytes_is_one() -> None:
    batch = bomb(2_000_000_000)
    assert len(batch) < 100_000
    assert batch_reading.stays_packed(batch)
    assert not batch_reading.stays_packed(bomb(30_000_000))


@pytest.mark.parametrize(("codec", "encode"), CODECS[:1] + CODECS[2:])
def test_what_is_cut_off_or_changed_is_no_error(
    codec: int, encode: Callable[[bytes], bytes]
) -> None:
    packed = encode(HONEST[-1])
    assert too_large(codec, packed[: len(packed) // 2], 1)
    for _ in range(300):
        at = DICE.randrange(len(packed))
        spoilt = packed[:at] + DICE.randbytes(DICE.randrange(9)) + packed[at + 1 :]
        too_large(codec, spoilt, 1)
        assert too_large(codec, b"\xff" + DICE.randbytes(40_000), 1)  # of no format


JUNK: list[RawRecord] = [(b"k", b"v%d" % n, []) for n in range(5)]


def placed(batch: bytes, base: int) -> bytes:
    return base.to_bytes(8, "big") + batch[8:]


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        batch_reading, "too_large", lambda *asked: unpacking.too_large(*asked, most=4)
    )


@pytest.mark.usefixtures("little")
def test_the_first_record_is_the_batch_and_the_others_are_nothing() -> None:
    batch = placed(batch_of(JUNK, packed=True), 7)
    found = list(records_of_batch(batch, "t", 3))
    assert [(r.offset, r.key, r.value) for r in found] == [
        (7, None, batch), *((n, None, None) for n in range(8, 12))
    ]  # fmt: skip
    assert found[2:] == list(records_of_batch(batch, "t", 3, 9))
    assert {r.headers for r in found} == {Packed([("fuma-packed", b"7")])}


def test_what_cannot_be_unpacked_stays_packed() -> None:
    batch = framed(b"\x1f\x8b" + b"no gzip", 2, GZIP)
    found = list(records_of_batch(batch, "t", 0))
    assert [r.value for r in found] == [batch, None]
    whole = framed(gzip_with_junk_behind(), 1, GZIP)
    assert [r.value for r in records_of_batch(whole, "t", 0)] == [whole]


def gzip_with_junk_behind() -> bytes:
    return gzip_encode(b"\0") + b"junk"


@pytest.mark.usefixtures("little")
def test_each_of_its_records_is_a_dead_letter_and_the_first_keeps_its_bytes() -> None:
    batch = placed(batch_of(JUNK[:2], packed=True), 7)
    intake = Intake(
        Sealer(bytes(16), bytes(32)), simulated=False, partition_of=lambda *_: 0, counts={"t": 1}
    )
    letters = []
    for raw in records_of_batch(batch, "t", 0):
        with pytest.raises(Poison) as met:
            intake.admit(raw)
        assert met.value.reason is Reason.TOO_LARGE
        letters += dead_letters(raw, Poison(Reason.NO_VALUE), "dlq", 1)
    assert [letter.value for letter in letters] == [batch, None]
    for letter in letters:
        original, added = split_headers(letter.headers)
        assert original == ()
        assert added["fuma-packed"] == b"7"
        assert added["fuma-reason"] == b"too-large"
    assert unread(letters[0]) is None  # an ordinary record of that name says nothing


@pytest.mark.usefixtures("little")
def test_read_from_its_middle_its_bytes_are_kept_all_the_same() -> None:
    batch = placed(batch_of(JUNK, packed=True), 7)
    found = list(records_of_batch(batch, "t", 3, 9, kept_at=9))
    assert [(r.offset, r.value) for r in found] == [(9, batch), (10, None), (11, None)]


def test_a_snappy_block_is_as_large_as_it_says() -> None:
    assert too_large(SNAPPY, b"\xff\xff\xff\xff\x0f" + b"x" * 20, 1)
    assert too_large(SNAPPY, b"\x82SNAPPY\0" + bytes(8) + b"\0\0\0\5\xff\xff\xff\xff\x0f", 1)
    assert too_large(SNAPPY, b"", 1)


@pytest.mark.usefixtures("little")
def test_one_fetch_by_hand_brings_no_more_than_can_be_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hand_fetch, "MOST_RECORDS", 2)
    batch = placed(batch_of(JUNK, packed=True), 7)
    monkeypatch.setattr(hand_fetch, "_aside", lambda *_: batch + placed(batch_of(JUNK), 12))
    found = [hand_fetch.fetch_by_hand({}, "t", 0, start) for start in (7, 9, 11, 13)]
    assert [([r.offset for r in records], end) for records, end in found] == [
        ([7, 8], 9), ([9, 10], 11), ([11, 12], 13), ([13, 14], 15)
    ]  # fmt: skip
