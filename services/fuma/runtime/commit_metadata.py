"""What stands beside a group's offset is anybody's to write, and need be no text.

aiokafka decodes it as UTF-8 and breaks off the connection where that fails. Apache's broker writes
out what is no text as something that is (``tests/broker/test_positions.py``); with one that gives
the bytes back as they came, one commit of an administrator's would keep a partition from whoever
asks for it. A byte is a character here: a mark of ours is ASCII and reads the same, and nothing
else is a mark.
"""

from __future__ import annotations

from typing import Any

from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.types import Array, Schema, String


def read_any_metadata() -> None:
    """From now on, in this process."""
    for request in OffsetFetchRequest._CLASSES:
        _loosen(request.RESPONSE_TYPE.SCHEMA)


def _loosen(schema: Schema) -> None:
    for name, kind in zip(schema.names, schema.fields, strict=True):
        inner: Any = kind.array_of if isinstance(kind, Array) else kind
        if isinstance(inner, Schema):
            _loosen(inner)
        elif name == "metadata" and isinstance(inner, String):
            inner.encoding = "latin-1"
