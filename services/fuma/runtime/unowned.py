"""Partitions that were added on the broker, and that the group has given to nobody.

A static member that starts again gets what it had: the group does not look at the topic anew, and
whoever leads it noticed nothing, having started after the partition was added. What stands there
would wait for the next rebalance, which may be weeks away. So whoever sees such a partition without
a position asks to join again; when the leader does, the group shares everything out anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from aiokafka.errors import KafkaError
from faust.types import TP

from fuma.contracts.topics import topics
from fuma.runtime.marks import Committed

log = logging.getLogger(__name__)


class Member(Protocol):
    """What is asked of this process's membership in the group."""

    async def committed(self, tp: TP) -> Committed | None: ...

    async def rejoin(self) -> None: ...


class Unowned:
    """Hears how many partitions there are, from any thread; asks on ``loop``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, owned: Mapping[TP, object]) -> None:
        self._loop = loop
        self._owned = owned
        self._alone: set[TP] = set()
        self.member: Member | None = None  # set when the process has joined

    def counted(self, counts: Mapping[str, int]) -> None:
        """So many partitions each topic has now."""
        known = topics()
        added = {
            TP(name, partition)
            for name, count in counts.items()
            if name in known
            for partition in range(known[name].partitions, count)
        }
        if added:
            asyncio.run_coroutine_threadsafe(self.look(added), self._loop)

    async def look(self, added: Iterable[TP]) -> None:
        """Join again where a partition was without an owner at this look and at the last."""
        member = self.member
        if member is None:
            return
        try:
            alone = {
                tp for tp in added if tp not in self._owned and await member.committed(tp) is None
            }
            again, self._alone = alone & self._alone, alone
            if not again:
                return
            self._alone = set()
            names = ", ".join(f"{tp.topic}/{tp.partition}" for tp in sorted(again))
            log.warning("%s: nobody has it; the group is to share its partitions anew", names)
            await member.rejoin()
        except (KafkaError, RuntimeError) as error:
            log.warning("added partitions not looked after: %r", error)  # at the next look again
