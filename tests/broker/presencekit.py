"""A made day in a small town, told to ``presence`` as the task force does, and who met a case."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from fuma.contracts.presence import records_of
from fuma.contracts.topics import PRESENCE, partition_for, spec
from fuma.domain.comparison.events import Case, Input, Presence
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import cell_place
from fuma.domain.time import DAY, MINUTE, Ms
from fuma.runtime.host_transform import internal
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

CELLS = [cell_place(Cell(4829, 40000 + n)) for n in range(6)]
Met = tuple[bytes, bytes, Ms, Ms, bytes]  # tag, place, overlap, case


def town(random: Random, now: Ms, people: int = 60, stays: int = 300) -> list[Input]:
    """Presences, corrected and withdrawn and repeated, and cases, in any order."""
    told: list[Input] = []
    for number in range(stays):
        since = now - DAY + random.randrange(200) * 5 * MINUTE
        first = Presence(
            b"p%015d" % number, 0, b"t%015d" % random.randrange(people), random.choice(CELLS),
            "450102", since, since + random.choice((5, 10, 15, 60, 240)) * MINUTE,
            identity="matched", department="communications",
        )  # fmt: skip
        told.append(first)
        if random.random() < 0.2:
            later = first.until + random.choice((-10, 5, 30)) * MINUTE
            gone = random.random() < 0.3 or later <= first.since
            told.append(first._replace(revision=1, until=first.until if gone else later, gone=gone))
    for person in range(8):
        tag, since = b"t%015d" % person, now - DAY + random.randrange(600) * MINUTE
        told.append(Case(b"c%015d" % person, 0, tag, since, now, now))
    told.append(Case(b"c%015d" % 0, 1, b"t%015d" % 0, now - DAY, now, now, gone=True))
    told += random.sample(told, stays // 10)
    random.shuffle(told)
    return told


def met(told: list[Input]) -> set[Met]:
    """All with all: who was ten minutes in a cell with a case."""
    best: dict[bytes, Presence | Case] = {}
    for item in told:
        assert isinstance(item, Presence | Case)
        if item.id not in best or best[item.id].revision < item.revision:
            best[item.id] = item
    stays = [p for p in best.values() if isinstance(p, Presence) and not p.gone]
    found: set[Met] = set()
    for case in best.values():
        if not isinstance(case, Case) or case.gone:
            continue
        for a in (p for p in stays if p.tag == case.tag):
            for b in stays:
                since = max(a.since, b.since, case.since)
                until = min(a.until, b.until, case.until)
                if b.tag != case.tag and b.place == a.place and until - since >= 10 * MINUTE:
                    found.add((b.tag, b.place, since, until, case.id))
    return found


def records(told: list[Input], sealer: Sealer, now: Ms) -> Iterator[Outgoing]:
    """As the task force writes them."""
    count, time = spec(PRESENCE).partitions, pack_time(now)
    for item in told:
        for key, value in records_of(item, count):
            yield internal(sealer, PRESENCE, key, value, partition_for(key, count), time, None)
