"""Redis's protocol as it is sent, and errors found among its replies."""

from __future__ import annotations

import pytest
import redis

from fuma.runtime.platform_writes import Batch, Put, changes, code_key, position_key, was_key
from fuma.runtime.resp import first_of, packed

A, B = bytes(15) + b"\xab", bytes(16)


@pytest.mark.parametrize("size", [0, 1, 4_095, 4_096, 70_000])
def test_a_part_of_any_size_is_sent_with_its_size(size: int) -> None:
    part = b"x" * size
    assert packed([(b"SET", b"k", part), (b"EXEC",)]) == (
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%b\r\n*1\r\n$4\r\nEXEC\r\n" % (size, part)
    )


def test_an_error_is_found_in_a_reply_and_within_a_list() -> None:
    first, second = redis.ResponseError("first"), redis.ResponseError("second")
    assert first_of(redis.ResponseError, [b"OK", [b"v", None, 3], None]) is None
    assert first_of(redis.ResponseError, [b"OK", [b"v", first], second]) is first
    assert first_of(redis.ResponseError, [second, [first]]) is second


def test_earlier_codes_are_put_to_their_list_before_the_newest_are_set() -> None:
    batches = [
        Batch(3, None, b"p", [Put(A, b"a1", b"a2", (b"a1",)), Put(B, b"b", None, (), True)]),
        Batch(5, None, b"q"),
    ]
    assert changes(batches) == [
        [b"RPUSH", was_key(A), b"a1"],
        [b"DEL", was_key(B)],
        [b"DEL", code_key(B)],
        [b"MSET", position_key(3), b"p", code_key(A), b"a2", position_key(5), b"q"],
    ]
    assert code_key(A) == b"fuma:code:" + b"0" * 30 + b"ab"
