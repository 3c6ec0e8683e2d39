"""What the stages beside the main line are given: stays and cases, signed forms.

Both go straight onto the topic that the stage reads, sealed as the gateway seals them, so that a
stage meets just what it meets in a running line. Signals need no load: the outbox writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from fuma.cli.bench_authority import PROVINCE, Desk
from fuma.cli.bench_comparison import Size, case, stays
from fuma.cli.demo.world import World
from fuma.contracts.commandlog import signed_value
from fuma.contracts.genesis import read_world
from fuma.contracts.presence import encode_presence
from fuma.contracts.topics import COMMANDS, ITINERARY, partition_for, spec
from fuma.domain.comparison.events import Case, Presence
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.keyfiles import Key
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

#: In Guangxi, June 2022, a companion is yellow by the book in force.
_DIVISION = "450105"
#: A form of everyday size.
LINES = 50
_AT_ONCE = 2_000


class Loads:
    """Writes into one world, at one log time."""

    def __init__(self, world: World, at: Ms) -> None:
        pinned = read_world(world.home.world)
        self._home, self._at, self._world = world.home, at, pinned.id
        self._sealer = Sealer(pinned.id, keyfiles.secret(world.home.path, Key.MAC))

    def itinerary(self, count: int) -> int:
        """About ``count`` records: a person has two stays, twenty people meet in a cell over the
        days, one in five hundred is a case; half of the cases come first, half when all is there.
        Returns how many were written."""
        people = max(2, count // 2)
        size = Size(people, 2, max(1, people // 10), max(2, people // 500))
        sick = [case(n, n * 7 % people, 5) for n in range(size.cases)]
        said = (
            Presence(
                one.id, 0, one.tag, one.place, _DIVISION, one.since, one.until,
                identity=one.identity, department=one.department,
            )
            for one in stays(size)
        )  # fmt: skip
        half = len(sick) // 2
        items: Iterator[Case | Presence] = chain(sick[:half], said, sick[half:])
        return self._write(
            "gateway", ITINERARY, ((item.tag, encode_presence(item)) for item in items)
        )

    def commands(self, forms: int) -> int:
        """One province founded, then so many forms of ``LINES`` lines through their whole chain."""
        path = self._home.path
        ceremony = (
            keyfiles.signing_key(path, Key.CEREMONY_A), keyfiles.signing_key(path, Key.CEREMONY_B)
        )  # fmt: skip
        desk = Desk(self._world, ceremony, self._at)
        envelopes = [desk.founding()]
        for number in range(forms):
            envelopes += desk.form(number, LINES)
        key = PROVINCE.encode()
        return self._write("gateway", COMMANDS, ((key, signed_value(one)) for one in envelopes))

    def _write(self, user: str, topic: str, items: Iterable[tuple[bytes, bytes]]) -> int:
        stamp, partitions = pack_time(self._at), spec(topic).partitions

        def made() -> Iterator[Outgoing]:
            for key, value in items:
                headers = self._sealer.headers(topic, key, value, time=stamp)
                yield Outgoing(topic, partition_for(key, partitions), key, value, headers)

        appender, records, count = KafkaAppender(kafka_config(self._home, user)), made(), 0
        while batch := list(islice(records, _AT_ONCE)):
            appender.append(batch)
            count += len(batch)
        appender.close()
        return count
