"""Added partitions that nobody has: the group is asked to share anew, and only then."""

from __future__ import annotations

import asyncio

from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from fuma.contracts.topics import PERSON, spec
from fuma.runtime.marks import Committed
from fuma.runtime.unowned import Unowned

ADDED = TP(PERSON, spec(PERSON).partitions)


class Member:
    def __init__(self) -> None:
        self.positions: dict[TP, Committed] = {}
        self.joined = self.failures = 0

    async def committed(self, tp: TP) -> Committed | None:
        if self.failures:
            self.failures -= 1
            raise KafkaConnectionError
        return self.positions.get(tp)

    async def rejoin(self) -> None:
        self.joined += 1


def seen(member: Member | None, owned: dict[TP, object], looks: int, count: int) -> None:
    async def run() -> None:
        unowned = Unowned(asyncio.get_running_loop(), owned)
        unowned.member = member
        for _ in range(looks):
            unowned.counted({PERSON: count, "somebody.else's": 99})
            await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_partition_without_an_owner_at_two_looks_makes_the_group_share_anew() -> None:
    member = Member()
    seen(member, {}, 1, ADDED.partition + 1)
    assert member.joined == 0, "a rebalance may be under way"
    seen(member, {}, 2, ADDED.partition + 1)
    assert member.joined == 1
    seen(member, {}, 4, ADDED.partition + 1)
    assert member.joined == 3, "until somebody has it"


def test_one_that_somebody_has_or_had_is_left_alone() -> None:
    member = Member()
    seen(member, {ADDED: object()}, 4, ADDED.partition + 1)
    member.positions[ADDED] = Committed(0, "")
    seen(member, {}, 4, ADDED.partition + 1)
    seen(member, {}, 4, ADDED.partition)
    seen(None, {}, 4, ADDED.partition + 1)
    assert member.joined == 0


def test_a_broker_that_is_away_is_asked_at_the_next_look() -> None:
    member = Member()
    member.failures = 2
    seen(member, {}, 4, ADDED.partition + 1)
    assert member.joined == 1
