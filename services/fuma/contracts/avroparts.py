"""What compiled Avro codecs (``avrowrite``, ``avroread``) are made of: memos of what repeats.

A ledger record says the same departments, divisions, grounds and instants again and again. Each
memo maps a value to its bytes, or bytes to their value, and forgets everything when it is full, so
it is bounded however strange the input. Values that are equal have equal bytes, so a memo never
changes what comes out.
"""

from __future__ import annotations

from typing import Any

#: Entries of one memo. A full one is emptied.
MOST = 16_384
#: Longer texts are not kept: they seldom repeat, and would make a memo large.
_LONGEST = 80
_LOW, _HIGH = -(1 << 63), (1 << 63) - 1


class Malformed(ValueError):
    """Not in the plain form that a compiled codec handles; fastavro has the last word."""


def zigzag(number: int) -> bytes:
    """Avro's ``int`` and ``long``. Raises ``Malformed`` outside 64 bits."""
    if not _LOW <= number <= _HIGH:
        raise Malformed(f"{number} has more than 64 bits")
    left = (number << 1) ^ (number >> 63)
    found = bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    found.append(left)
    return bytes(found)


class Numbers(dict[int, bytes]):
    """A number to its bytes."""

    def __missing__(self, number: int) -> bytes:
        found = zigzag(number)
        if len(self) >= MOST:
            self.clear()
        self[number] = found
        return found


class Texts(dict[str, bytes]):
    """A text to its bytes, length before it."""

    def __missing__(self, text: str) -> bytes:
        data = text.encode()
        found = zigzag(len(data)) + data
        if len(text) <= _LONGEST:
            if len(self) >= MOST:
                self.clear()
            self[text] = found
        return found


class Strings(dict[bytes, str]):
    """UTF-8 to its text. Raises ``UnicodeDecodeError``."""

    def __missing__(self, data: bytes) -> str:
        found = data.decode()
        if len(data) <= _LONGEST:
            if len(self) >= MOST:
                self.clear()
            self[data] = found
        return found


class Instants(dict[bytes, int]):
    """Six bytes of a ``long`` (every instant in milliseconds from 1987 to 2109) to the number."""

    def __missing__(self, data: bytes) -> int:
        raw = 0
        for place, byte in enumerate(data):
            raw |= (byte & 0x7F) << (7 * place)
        found = (raw >> 1) ^ -(raw & 1)
        if len(self) >= MOST:
            self.clear()
        self[data] = found
        return found


#: Records that repeat are looked up by so many of their first bytes, then compared whole.
PREFIX = 24
_CANDIDATES = 8


class Repeats(dict[bytes, tuple[tuple[bytes, Any], ...]]):
    """Records by their first bytes: what was read from the same bytes is the same object.

    Avro is self-delimiting: where a record's bytes stand, that record is what is read there.
    """

    def keep(self, prefix: bytes, data: bytes, value: Any) -> None:
        """Remember ``value``, read from ``data``."""
        known = self.get(prefix, ())
        if len(known) >= _CANDIDATES:
            known = known[1:]
        if len(self) >= MOST:
            self.clear()
        self[prefix] = (*known, (data, value))


NUMBERS, TEXTS, STRINGS, INSTANTS = Numbers(), Texts(), Strings(), Instants()


def long_from(data: bytes, pos: int) -> tuple[int, int]:
    """A ``long`` of two bytes or more at ``pos - 1``, and the place after it.

    Raises ``IndexError`` past the end, ``Malformed`` beyond 64 bits.
    """
    if pos + 5 <= len(data) and data[pos + 4] < 0x80:
        piece = data[pos - 1 : pos + 5]
        if piece[1] > 0x7F and piece[2] > 0x7F and piece[3] > 0x7F and piece[4] > 0x7F:
            return INSTANTS[piece], pos + 5
    raw, shift = data[pos - 1] & 0x7F, 7
    while True:
        byte = data[pos]
        pos += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if raw >> 64:
        raise Malformed("more than 64 bits")
    return (raw >> 1) ^ -(raw & 1), pos


def helpers() -> dict[str, Any]:
    """The names that compiled source uses."""
    return {
        "Z": NUMBERS,
        "S": TEXTS,
        "T": STRINGS,
        "R": long_from,
        "I": INSTANTS.get,
        "Malformed": Malformed,
    }
