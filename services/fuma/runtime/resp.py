"""Commands to Redis as bytes on the wire (RESP 2), for very many values at once."""

from __future__ import annotations

from collections.abc import Sequence


def packed(commands: Sequence[Sequence[bytes]]) -> bytes:
    """``commands`` one after the other, as one piece."""
    made: list[bytes] = []
    for command in commands:
        made.append(b"*%d\r\n" % len(command))
        for part in command:
            made.append(b"$%d\r\n" % len(part))
            made.append(part)
            made.append(b"\r\n")
    return b"".join(made)
