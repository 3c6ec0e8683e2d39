"""Redis's own protocol (RESP 2), for very many values at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

#: What stands between two parts of a command, by the size of the one that follows.
_BETWEEN: Final = [b"\r\n$%d\r\n" % size for size in range(4_096)]
_BETWEEN_MOST: Final = len(_BETWEEN)


def packed(commands: Sequence[Sequence[bytes]]) -> bytes:
    """``commands`` one after the other, as one piece."""
    made: list[bytes] = []
    for command in commands:
        made.append(b"*%d" % len(command))
        for part in command:
            size = len(part)
            made.append(_BETWEEN[size] if size < _BETWEEN_MOST else b"\r\n$%d\r\n" % size)
            made.append(part)
        made.append(b"\r\n")
    return b"".join(made)


def first_of(kind: type[Exception], replies: Sequence[Any]) -> Exception | None:
    """The first reply of that kind among ``replies``, or within a reply that is a list."""
    for reply in replies:
        if isinstance(reply, list):
            for one in reply:
                if isinstance(one, kind):
                    return one
        elif isinstance(reply, kind):
            return reply
    return None
