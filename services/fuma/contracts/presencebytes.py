"""The plain form of a presence, read by hand: most of what the comparison hears is one.

Fields that nearly every presence has so are taken at fixed places: a revision under 64, times
from 1970 to 2039 in six bytes, small carriage and row. Anything else is for the compiled reader,
which knows all forms and says what is wrong.
"""

from __future__ import annotations

from fuma.domain.comparison.events import Presence
from fuma.domain.comparison.place import check_place

_KINDS = ("signal", "ticket", "scan")
_IDENTITIES = ("matched", "mismatched", "unregistered")
_MORE, _PATTERN = 0x808080808080, 0x008080808080
#: Texts and places that came before: divisions and departments are few, cells come again.
_LIMIT = 200_000
_texts: dict[bytes, str] = {}
_places: set[bytes] = set()


def read_presence(data: bytes) -> Presence | None:
    """The presence whose body begins behind frame and branch, at byte 6; ``None`` in another form.

    Raises ``ValueError`` on a place that is none.
    """
    if len(data) < 60:
        return None
    a = int.from_bytes(data[39:45], "little")
    b = int.from_bytes(data[45:51], "little")
    revision, kind, identity, gone, carriage, row, length = data[38], *data[51:57]
    # An odd number is negative, a high bit goes on in the next byte.
    if a & _MORE != _PATTERN or b & _MORE != _PATTERN or (a | b) & 1:
        return None
    if (revision | carriage | row | length | kind | identity) & 0x81:
        return None
    if kind > 4 or identity > 4 or gone > 1:
        return None
    end = 57 + (length >> 1)
    place = data[57:end]
    try:
        size = data[end]
        middle = end + 1 + (size >> 1)
        division = data[end + 1 : middle]
        last = data[middle]
        department = data[middle + 1 :]
    except IndexError:
        return None
    if (size | last) & 0x81 or len(department) != last >> 1:
        return None
    if place not in _places:
        check_place(place)
        if len(_places) >= _LIMIT:
            _places.clear()
        _places.add(place)
    return Presence(
        data[6:22],
        revision >> 1,
        data[22:38],
        place,
        _texts[division] if division in _texts else _text(division),
        _millis(a),
        _millis(b),
        _KINDS[kind >> 1],
        carriage >> 1,
        row >> 1,
        gone == 1,
        _IDENTITIES[identity >> 1],
        _texts[department] if department in _texts else _text(department),
    )


def _millis(x: int) -> int:
    """Six bytes of seven bits, least first, of an even number's double."""
    return (
        (x & 0x7F)
        | (x >> 1 & 0x3F80)
        | (x >> 2 & 0x1FC000)
        | (x >> 3 & 0xFE00000)
        | (x >> 4 & 0x7F0000000)
        | (x >> 5 & 0x3F800000000)
    ) >> 1


def _text(raw: bytes) -> str:
    if len(_texts) >= _LIMIT:
        _texts.clear()
    text = _texts[raw] = raw.decode()
    return text
