"""Requests on a wire that fails in every way, against a broker that keeps Kafka's rules.

The model keeps what a broker keeps of an idempotent producer (KIP-98): the last five batches of a
partition, by sequence. What is in a connection that is cut may still be served later.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c
from hypothesis import event, given, settings
from hypothesis import strategies as st

from fuma.runtime import round_wire
from fuma.runtime.kafka_records import Told
from fuma.runtime.record_batches import Part, Sequences, parted
from fuma.runtime.records import Outgoing
from fuma.runtime.round_wire import IN_FLIGHT, Answer, Lost, Unsendable, Where, Wire

_REMEMBERED = 5
_NOT_LEADER, _OUT_OF_ORDER, _DENIED = 6, 45, 29


@dataclass
class Log:
    """One partition at the broker."""

    values: list[bytes] = field(default_factory=list)
    last: int | None = None
    known: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def append(self, batch: bytes) -> tuple[int, int]:
        """Error code and offset."""
        read = DefaultRecordBatch(bytearray(batch))
        assert read.validate_crc()
        first = struct.unpack_from(">i", batch, 53)[0]
        values = [record.value for record in read]
        last = first + len(values) - 1
        for was_first, was_last, offset in self.known:
            if (was_first, was_last) == (first, last):
                return 0, offset
        if self.last is not None and first != self.last + 1:
            return _OUT_OF_ORDER, -1
        offset = len(self.values)
        self.values.extend(values)
        self.known.append((first, last, offset))
        self.last = last
        return 0, offset


Wanted = tuple[list[tuple[str, int, bytes]], "asyncio.Future[list[Answer]]"]


@dataclass
class Model:
    """Brokers whose every step the test decides."""

    leaders: dict[Where, int]
    logs: dict[Where, Log] = field(default_factory=dict)
    connections: list[tuple[int, deque[Wanted]]] = field(default_factory=list)
    open: dict[int, deque[Wanted]] = field(default_factory=dict)
    known: dict[Where, int] = field(default_factory=dict)
    most: dict[Where, int] = field(default_factory=dict)

    async def leader(self, where: Where) -> int | None:
        return self.known.get(where, 0)

    def name(self, code: int) -> str:
        return f"error {code}"

    async def renew(self) -> None:
        self.known = dict(self.leaders)

    async def reach(self, node: int) -> None:
        await asyncio.sleep(0)

    def send(self, node: int, parts: Sequence[Part]) -> Awaitable[list[Answer]]:
        if node not in self.open:
            self.open[node] = deque()
            self.connections.append((node, self.open[node]))
        answer: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        wanted = [(part.topic, part.partition, part.batch) for part in parts]
        assert len({(topic, partition) for topic, partition, _ in wanted}) == len(wanted)
        self.open[node].append((wanted, answer))
        for topic, partition, _ in wanted:
            under_way = sum(
                (topic, partition) in [(t, p) for t, p, _ in wants]
                for line in self.open.values()
                for wants, _ in line
            )
            where = topic, partition
            self.most[where] = max(self.most.get(where, 0), under_way)
        return answer

    def serve(self, which: int, refuse: int, answered: bool) -> None:
        """The next request of a connection; ``refuse``: a bit for each partition turned away."""
        busy = [(node, line) for node, line in self.connections if line]
        if not busy:
            return
        node, line = busy[which % len(busy)]
        wanted, answer = line.popleft()
        said: list[Answer] = []
        for topic, partition, batch in wanted:
            where = topic, partition
            if self.leaders[where] != node or refuse >> partition & 1:
                said.append((topic, partition, _NOT_LEADER, -1))
            else:
                said.append((topic, partition, *self.logs.setdefault(where, Log()).append(batch)))
        if not answered:
            self.cut(node)
        if not answer.done():
            answer.set_result(said)

    def cut(self, node: int) -> None:
        """Break a connection; what is in it may still arrive."""
        for _, answer in self.open.pop(node, ()):
            if not answer.done():
                answer.set_exception(Lost("cut"))


def wire(brokers: Model) -> Wire:
    sequences = Sequences(7, 0, lambda body: body, calc_crc32c)
    return Wire(brokers, sequences, lambda: 1_700_000_000_000, again_s=(0.0, 0.0))


@asynccontextmanager
async def running(partitions: int) -> AsyncIterator[tuple[Model, Wire, asyncio.Future[None]]]:
    """A wire at work, and its brokers."""
    brokers = Model({("t", partition): 0 for partition in range(partitions)})
    one = wire(brokers)
    task = asyncio.ensure_future(one.run())
    try:
        yield brokers, one, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def submitted(into: Wire, records: list[Outgoing]) -> Future[list[int]]:
    told = Told(len(records))
    into.put(parted(records, told))
    return told.future


async def settled() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


_PARTITIONS = 3
_STEPS = st.one_of(
    st.tuples(st.just("submit"), st.lists(st.integers(0, _PARTITIONS - 1), min_size=1, max_size=6)),
    st.tuples(
        st.just("serve"), st.integers(0, 3), st.sampled_from([0, 0, 0, 1, 2, 5]), st.booleans()
    ),
    st.tuples(st.just("cut"), st.integers(0, 1)),
    st.tuples(st.just("move"), st.integers(0, _PARTITIONS - 1), st.integers(0, 1)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_STEPS, max_size=60))
def test_every_record_is_appended_once_and_in_its_order(steps: list[tuple[object, ...]]) -> None:
    async def play() -> None:
        async with running(_PARTITIONS) as (brokers, one, task):
            submits: list[tuple[list[Outgoing], Future[list[int]]]] = []
            count = 0
            for step in steps:
                match step:
                    case ("submit", list(partitions)):
                        records = [
                            Outgoing("t", partition, None, b"%d" % (count + index))
                            for index, partition in enumerate(partitions)
                        ]
                        count += len(records)
                        submits.append((records, submitted(one, records)))
                    case ("serve", int(which), int(refuse), bool(answered)):
                        brokers.serve(which, refuse, answered)
                    case ("cut", int(node)):
                        brokers.cut(node)
                    case ("move", int(partition), int(node)):
                        brokers.leaders["t", partition] = node
                await settled()
                assert not task.done(), task.exception()
            for _ in range(10 * (len(submits) + 5)):
                brokers.serve(0, 0, True)
                await settled()
            assert one.idle
            expected: dict[Where, list[bytes]] = {}
            for records, future in submits:
                offsets = future.result(0)
                for record, offset in zip(records, offsets, strict=True):
                    where = record.topic, record.partition
                    assert brokers.logs[where].values[offset] == record.value
                    expected.setdefault(where, []).append(record.value or b"")
            assert {
                where: log.values for where, log in brokers.logs.items() if log.values
            } == expected
            most = max(brokers.most.values(), default=0)
            assert most <= IN_FLIGHT
            event(f"{most} of a partition under way")

    asyncio.run(play())


def test_no_more_is_under_way_than_the_broker_remembers() -> None:
    async def play() -> None:
        async with running(1) as (brokers, one, _):
            first = submitted(one, [Outgoing("t", 0, None, b"0")])
            await settled()
            brokers.serve(0, 0, True)
            await settled()
            assert first.result(0) == [0]
            futures = []
            for number in range(1, 12):
                futures.append(submitted(one, [Outgoing("t", 0, None, b"%d" % number)]))
                await settled()
            assert len(brokers.open[0]) == IN_FLIGHT < _REMEMBERED
            # All of them are appended, and not an answer comes back: each must still be known.
            for wanted, _ in brokers.open[0]:
                brokers.logs["t", 0].append(wanted[0][2])
            lost, brokers.connections = brokers.open[0], []
            brokers.cut(0)
            assert len(lost) == IN_FLIGHT
            for _ in range(40):
                await settled()
                brokers.serve(0, 0, True)
            assert [future.result(0) for future in futures] == [[n] for n in range(1, 12)]

    asyncio.run(play())


def test_the_first_batch_of_a_partition_goes_alone() -> None:
    async def play() -> None:
        async with running(2) as (brokers, one, _):
            submitted(one, [Outgoing("t", 0, None, b"0")])
            await settled()
            submitted(one, [Outgoing("t", 0, None, b"1")])
            await settled()
            assert len(brokers.open[0]) == 1
            brokers.serve(0, 1, True)  # turned away
            for _ in range(4):
                await settled()
                brokers.serve(0, 0, True)
            assert brokers.logs["t", 0].values == [b"0", b"1"]

    asyncio.run(play())


@pytest.mark.parametrize("code", [_DENIED, _OUT_OF_ORDER])
def test_what_will_never_be_taken_fails_everything_behind_it(code: int) -> None:
    async def play() -> None:
        async with running(1) as (brokers, one, task):
            first = submitted(one, [Outgoing("t", 0, None, b"0")])
            await settled()
            later = submitted(one, [Outgoing("t", 0, None, b"1")])
            brokers.open[0].popleft()[1].set_result([("t", 0, code, -1)])
            await settled()
            for future in (first, later, submitted(one, [Outgoing("t", 0, None, b"2")])):
                assert isinstance(future.exception(0), Unsendable)
            assert not brokers.open[0]
            with pytest.raises(Unsendable):
                await task

    asyncio.run(play())


def test_an_answer_without_a_word_about_a_partition_is_not_taken_for_one() -> None:
    async def play() -> None:
        async with running(2) as (brokers, one, _):
            both = submitted(one, [Outgoing("t", 0, None, b"0"), Outgoing("t", 1, None, b"1")])
            await settled()
            brokers.open[0].popleft()[1].set_result([("t", 1, 0, 0)])
            await settled()
            assert not both.done()
            brokers.serve(0, 0, True)
            await settled()
            assert both.result(0) == [0, 0]

    asyncio.run(play())


def test_what_waits_goes_together() -> None:
    async def play() -> None:
        async with running(8) as (brokers, one, _):
            for partition in range(8):
                submitted(one, [Outgoing("t", partition, None, b"x")])
            await settled()
            assert [len(wanted) for wanted, _ in brokers.open[0]] == [8]
            assert round_wire.REQUEST_BYTES <= 1_048_588

    asyncio.run(play())
