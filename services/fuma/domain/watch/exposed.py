"""Who met the same case at the same place, so that one ground may be held against all of them.

A match is on file under its person's tag, and says what it shares with others. Of the colour that
an order gives, the ledger names person and ground: so it counts for every group of that ground
which the person is in, whichever match the order cited.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from fuma.domain.time import Ms
from fuma.domain.watch.events import Signal

#: People whose matches are remembered in a province; beyond it those of longest ago are given up.
MAX_EXPOSED = 100_000


@dataclass(slots=True)
class Met:
    """One person's matches on file: of each, by its evidence, group and ground."""

    at: Ms  # T
    groups: dict[str, tuple[bytes, str]] = field(default_factory=dict)


Exposed = OrderedDict[bytes, Met]
Groups = tuple[bytes, ...]


def groups(exposed: Exposed, signal: Signal, at: Ms) -> tuple[Groups, Groups]:
    """The groups in which the signal says the subject's colour, and those that the subject leaves.

    Whoever has a colour on another ground is not compared: nobody needs to give them another one.
    """
    if signal.kind == "exposed":
        if signal.colour not in ("", "green"):
            return (), ()
        met = exposed.setdefault(signal.subject, Met(at))
        met.at = at
        met.groups[signal.detail] = signal.digest, signal.ground
        exposed.move_to_end(signal.subject)
        if len(exposed) > MAX_EXPOSED:
            exposed.popitem(last=False)
        return (signal.digest,), ()
    held = exposed.get(signal.subject)
    if held is None:
        return (), ()
    if signal.kind == "noted" and "match-withdrawn" in signal.codes:
        gone = held.groups.pop(signal.digest.hex(), None)
        left = () if gone is None or gone in held.groups.values() else (gone[0],)
        if not held.groups:
            del exposed[signal.subject]
        return (), left
    if signal.kind not in ("effective", "annulled"):
        return (), ()
    every = dict.fromkeys(held.groups.values())
    of_ground = tuple(group for group, ground in every if ground == signal.ground)
    if signal.kind == "annulled":
        return of_ground, ()
    if of_ground:
        return of_ground, ()
    del exposed[signal.subject]
    return (), tuple(group for group, _ in every)
