"""``presence`` values: wire to the comparison's inputs and back, and where each record goes.

A presence and a spread stand at their spot, a contact at its person's tag. What every partition has
to hear (case, area, tick) is written once to each, under a key that belongs there.
``docs/formats/presence.md`` is normative.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from fuma.contracts.codec import Wire, decode, encode
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.topics import partition_for
from fuma.domain.comparison.events import (
    Area,
    Case,
    Contact,
    Exposure,
    Input,
    Presence,
    Spread,
    Tick,
)
from fuma.domain.comparison.place import check_place, spot
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import Ms

#: Of the running line, for the life of the topic. Four parts, so that a railway station on a
#: holiday is four keys; a case is told to each.
FRAME = Frame(parts=4)


def encode_presence(item: Input) -> bytes:
    """A value of ``presence``."""
    return encode("presence", {"body": _wire(item)})


def _wire(item: Input) -> tuple[str, Wire]:
    if isinstance(item, Presence):
        return "fuma.Presence", item._asdict()
    if isinstance(item, Case):
        return "fuma.Case", item._asdict()
    if isinstance(item, Area):
        periods = [{"since": since, "until": until} for since, until in item.periods]
        return "fuma.Area", {**item._asdict(), "periods": periods}
    if isinstance(item, Spread):
        return "fuma.Spread", {**item.exposure._asdict(), "gone": item.gone}
    if isinstance(item, Contact):
        fields = item._asdict()
        fields["source"] = fields.pop("case")
        return "fuma.Contact", fields
    return "fuma.PresenceTick", {"minute": item.minute}


def decode_presence(data: bytes | None) -> Input:
    """A value of ``presence``. Raises ``Poison``."""
    name, wire = decode("presence", data)["body"]
    try:
        item: Input = _READ[name](wire)
    except ValueError as error:
        raise Poison(Reason.BAD_REPORT, str(error)) from error
    return item


def _presence(w: Wire) -> Presence:
    return Presence(
        w["id"], w["revision"], w["tag"], check_place(w["place"]), w["division"], w["since"],
        w["until"], w["kind"], w["carriage"], w["row"], w["gone"], w["identity"], w["department"],
    )  # fmt: skip


def _case(w: Wire) -> Case:
    return Case(
        w["id"], w["revision"], w["tag"], w["since"], w["until"], w["issued"], w["gone"], w["root"],
        w["depth"], w["mark"],
    )  # fmt: skip


def _area(w: Wire) -> Area:
    periods = tuple((p["since"], p["until"]) for p in w["periods"])
    places = tuple(check_place(place) for place in w["places"])
    return Area(
        w["id"], w["revision"], places, tuple(w["divisions"]), periods, w["issued"], w["gone"]
    )


def _spread(w: Wire) -> Spread:
    return Spread(Exposure(*(w[name] for name in Exposure._fields)), w["gone"])


def _contact(w: Wire) -> Contact:
    return Contact(
        w["id"], w["revision"], w["stands"], w["tag"], w["division"], w["since"], w["until"],
        w["source"], w["depth"], w["mark"],
    )  # fmt: skip


def _tick(w: Wire) -> Tick:
    return Tick(w["minute"])


_READ: dict[str, Any] = {
    "fuma.Presence": _presence,
    "fuma.Case": _case,
    "fuma.Area": _area,
    "fuma.Spread": _spread,
    "fuma.Contact": _contact,
    "fuma.PresenceTick": _tick,
}


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


def tick(at: Ms) -> Tick:
    """The tick of the minute that ``at`` is in."""
    return Tick(at - at % 60_000)
