"""``presence`` values: wire to the comparison's inputs and back, and where each record goes.

A presence and a spread stand at their spot, a contact at its person's tag. What every partition has
to hear (case, area, tick) is written once to each, under a key that belongs there.
``docs/formats/presence.md`` is normative.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from fuma.contracts.codec import decoder, encoder
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.presencebytes import read_presence
from fuma.contracts.registry import registry
from fuma.contracts.shapes import Shape, Shapes
from fuma.contracts.topics import partition_for
from fuma.domain.comparison.events import (
    ANYBODY,
    Area,
    Case,
    Contact,
    Exposure,
    Input,
    Presence,
    Spread,
    Tick,
)
from fuma.domain.comparison.place import check_place, spot, spots
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import Ms

#: Of the running line, for the life of the topic. Four parts, so that a railway station on a
#: holiday is four keys; a case is told to each.
FRAME = Frame(parts=4)


class _Record(NamedTuple):
    """A value of ``presence``."""

    body: Input


def _body(body: Input) -> Input:
    return body


def _presence(
    id_: bytes, tag: bytes, revision: int, since: Ms, until: Ms, kind: str, identity: str,
    gone: bool, carriage: int, row: int, place: bytes, division: str, department: str,
) -> Presence:  # fmt: skip
    return Presence(
        id_, revision, tag, check_place(place), division, since, until, kind, carriage, row, gone,
        identity, department,
    )  # fmt: skip


def _area(
    id_: bytes, revision: int, places: list[bytes], divisions: list[str],
    periods: list[tuple[Ms, Ms | None]], issued: Ms, gone: bool,
) -> Area:  # fmt: skip
    checked = tuple(check_place(place) for place in places)
    return Area(id_, revision, checked, tuple(divisions), tuple(periods), issued, gone)


def _period(since: Ms, until: Ms | None) -> tuple[Ms, Ms | None]:
    return since, until


def _spread(*fields: Any) -> Spread:
    return Spread(Exposure(*fields[:-1]), fields[-1])


_SHAPES = Shapes(
    {
        "fuma.PresenceRecord": Shape(_body, cls=_Record),
        "fuma.Presence": Shape(_presence, cls=Presence),
        "fuma.Case": Shape(Case),
        "fuma.Area": Shape(_area, cls=Area),
        "fuma.Period": Shape(
            _period, cls=tuple, places={"since": "__getitem__(0)", "until": "__getitem__(1)"}
        ),
        "fuma.Spread": Shape(
            _spread, cls=Spread, places={name: f"exposure.{name}" for name in Exposure._fields}
        ),
        "fuma.Contact": Shape(Contact, places={"source": "case"}),
        "fuma.PresenceTick": Shape(Tick),
    }
)
#: Frame of the newest version, and the union's first branch.
_PRESENCE = b"\0" + registry().latest["presence"].id.to_bytes(4, "big") + b"\0"
_write, _read = encoder("presence", None, _SHAPES), decoder("presence", _SHAPES)


def encode_presence(item: Input) -> bytes:
    """A value of ``presence``."""
    return _write(_Record(item))


def decode_presence(data: bytes | None) -> Input:
    """A value of ``presence``. Raises ``Poison``."""
    try:
        if data is not None and data[:6] == _PRESENCE:
            presence = read_presence(data)
            if presence is not None:
                return presence
        found: Input = _read(data)
    except ValueError as error:
        raise Poison(Reason.BAD_REPORT, str(error)) from error
    return found


@cache
def broadcast_keys(partitions: int) -> tuple[bytes, ...]:
    """For each of ``partitions`` the key of a record that every partition hears.

    ``*`` and the least whole number, in decimal, that makes the key belong to the partition. So
    every record is where its key says, these too.
    """
    keys: dict[int, bytes] = {}
    number = 0
    while len(keys) < partitions:
        key = b"*%d" % number
        keys.setdefault(partition_for(key, partitions), key)
        number += 1
    return tuple(keys[partition] for partition in range(partitions))


def keys_of(item: Input, partitions: int, frame: Frame = FRAME) -> tuple[bytes, ...]:
    """The keys under which ``item`` is to be written, once each."""
    if isinstance(item, Presence):
        return (spot(item.place, item.tag, frame.parts),)
    if isinstance(item, Spread):
        return (item.exposure.spot,)
    if isinstance(item, Contact):
        return (item.tag,)
    return broadcast_keys(partitions)


def records_of(item: Input, partitions: int, frame: Frame = FRAME) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of every record that tells the comparison ``item``."""
    value = encode_presence(item)
    for key in keys_of(item, partitions, frame):
        yield key, value


def elsewhere(item: Presence, frame: Frame = FRAME) -> Iterator[tuple[bytes, bytes]]:
    """What a revision withdraws at the place's other spots: whoever an earlier one named, it names
    no more. Whose stay stood there is not known, so it is anybody's of that part."""
    mine = spot(item.place, item.tag, frame.parts)
    for target in spots(item.place, frame.parts):
        if target != mine:
            yield target, encode_presence(item._replace(tag=target[-1:] + ANYBODY, gone=True))


def tick(at: Ms) -> Tick:
    """The tick of the minute that ``at`` is in."""
    return Tick(at - at % 60_000)
