"""Made values for the examples of ``presence``: one of each kind that the comparison hears."""

from __future__ import annotations

from fuma.contracts.presence import FRAME, decode_presence, keys_of, tick
from fuma.contracts.topics import PRESENCE, spec
from fuma.domain.comparison import events as c
from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.grid import cell_at, fixed
from fuma.domain.comparison.place import cell_place
from fuma.domain.comparison.place import spot as spot_of
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, HOUR
from golden.making import DAY_START
from unit.comparison.making import Law

_AT = DAY_START + 9 * HOUR
_TAG = bytes(range(16))


def heard() -> dict[str, c.Input]:
    """One of each kind that the comparison hears."""
    square = cell_place(cell_at(fixed("34.7466"), fixed("113.6254")))
    seen = c.Presence(
        b"r" * 16, 0, _TAG, square, "410105", _AT - 3 * HOUR, _AT - 2 * HOUR, identity="matched",
        department="communications",
    )  # fmt: skip
    case = c.Case(b"c" * 16, 0, b"s" * 16, _AT - 2 * DAY, _AT, _AT)
    train = seen._replace(place=b"vtrain/G1234/2022-06-14", kind="ticket", carriage=7, row=12)
    exposure = c.Exposure(
        case.id + spot_of(square, case.tag, 4) + b"r" * 16 + spot_of(square, b"\1", 4),
        spot_of(square, b"\1", 4), "cell", _AT - HOUR, _AT, case.id, 0, case.tag, b"m" * 16, 0, 0,
        b"d" * 32, 0, _AT, _AT + 14 * DAY,
    )  # fmt: skip
    area = c.Area(b"a" * 16, 0, (square,), ("410105001",), ((_AT - DAY, None),), _AT)
    return {
        "presence": seen,
        "train": train._replace(department="transport"),
        "scan": seen._replace(kind="scan", department="transport"),
        "withdrawn": seen._replace(revision=1, gone=True),
        "case": case,
        "area": area,
        "spread": c.Spread(exposure, False),
        "contact": c.Contact(
            b"m" * 16, 0, True, _TAG, "410105", _AT - HOUR, _AT, case.id, 0, b"m" * 16
        ),
        "tick": tick(_AT),
    }


def presence(value: bytes) -> dict[str, object]:
    """The comparison, at a partition that has heard nothing yet, where a match has ten minutes."""
    item = decode_presence(value)
    events = decide(State(FRAME), item, _AT, Law())
    keys = [key.hex() for key in keys_of(item, spec(PRESENCE).partitions)]
    return {"keys": keys, "events": [type(event).__name__ for event in events]}
