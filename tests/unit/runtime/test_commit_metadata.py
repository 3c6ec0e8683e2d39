"""Metadata beside a committed offset that is no text, as anybody may write it."""

from __future__ import annotations

import struct

import pytest
from aiokafka.protocol.commit import OffsetFetchRequest

from fuma.runtime import positions
from fuma.runtime.mac import Sealer
from fuma.runtime.marks import Committed, Marker

NAME = b"fuma.in.health"
MARKER = Marker(Sealer(bytes(16), bytes(32)), "gateway", NAME.decode(), b"i" * 16, 0)
WITH_TIME, WITH_ERROR = 3, 2  # versions of the answer from which it carries that


def answer(version: int, metadata: bytes) -> bytes:
    """As the broker sends it: offset 7 of partition 0, with ``metadata``."""
    made = struct.pack(">ih", 1, len(NAME)) + NAME
    made += struct.pack(">iiqh", 1, 0, 7, len(metadata)) + metadata + struct.pack(">h", 0)
    if version >= WITH_TIME:
        made = struct.pack(">i", 0) + made
    return made + (struct.pack(">h", 0) if version >= WITH_ERROR else b"")


@pytest.mark.parametrize("request_", OffsetFetchRequest._CLASSES)
@pytest.mark.parametrize(
    "metadata", [b"\xff\xfe", b"", b"\xe7\x96", b"1.ab.\xff", bytes(range(256))]
)
def test_any_bytes_are_read_and_are_no_mark_of_ours(request_: type, metadata: bytes) -> None:
    assert positions  # whoever reads positions has loosened them
    found = request_.RESPONSE_TYPE.decode(answer(request_.API_VERSION, metadata))  # type: ignore[attr-defined]
    ((_, ((_, offset, said, _),)),) = found.topics
    assert offset == 7
    assert MARKER.digest_of(Committed(offset, said)) is None


def test_a_mark_of_ours_reads_as_it_was_written() -> None:
    mark = MARKER.committed(7, b"d" * 32)
    request_ = OffsetFetchRequest._CLASSES[-1]
    found = request_.RESPONSE_TYPE.decode(answer(request_.API_VERSION, mark.mark.encode()))
    ((_, ((_, offset, said, _),)),) = found.topics
    assert MARKER.digest_of(Committed(offset, said)) == b"d" * 32
