"""The stages one after the other, each over a topic that is full, each with a bare loop beside it.

The main line's topics are filled by the stage before; stays and forms are written for the others
(``bench_loads``). What a stage read and what it wrote is then read and written once more by a loop
that decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from fuma.cli.bench_baseline import Bare, bare_loop, bare_sink
from fuma.cli.bench_load import DEPARTMENT
from fuma.cli.bench_loads import LINES, Loads
from fuma.cli.bench_memory import redis_bytes, size_of
from fuma.cli.bench_recovery import after_a_kill, rebuild
from fuma.cli.bench_result import Result, Space
from fuma.cli.bench_stages import CODES, measure
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.contracts import topics
from fuma.contracts.topics import (
    COMMANDS,
    DECISIONS,
    INCIDENTS,
    ITINERARY,
    NOTICES,
    ORDERS,
    PERSON,
    PRESENCE,
    PROVINCES,
    SIGNALS,
    exchange_topic,
)
from fuma.domain.time import Ms
from fuma.runtime.embedded.connect import kafka_config, redis_client
from fuma.runtime.embedded.supervisor import stack

#: With fewer records a worker is done before it can be killed.
_ENOUGH = 50_000


@dataclass(frozen=True, slots=True)
class _Stage:
    """How one is run and seen to be done. ``counts``: "written" (records on its first output),
    "committed" (its group's position on what it reads) or "applied" (the sink's)."""

    name: str
    words: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    counts: str = "written"


def _processor(name: str) -> tuple[str, ...]:
    return ("fuma.processor", "--stage", name)


_FEED = topics.feed_topic(DEPARTMENT)
#: In the order in which one fills the next.
STAGES = (
    _Stage("gateway", ("fuma.gateway",), (topics.in_topic(DEPARTMENT),),
           (_FEED, topics.answers_topic(DEPARTMENT))),
    _Stage("taskforce", _processor("taskforce"), (_FEED,), (PERSON,)),
    _Stage("codes", CODES, (PERSON,), (DECISIONS,)),
    _Stage("outbox", _processor("outbox"), (DECISIONS,),
           (NOTICES, SIGNALS, COMMANDS, PERSON, *map(exchange_topic, PROVINCES)), "committed"),
    _Stage("sink", ("fuma.sink",), (DECISIONS,), (), "applied"),
    _Stage("itinerary", _processor("taskforce"), (ITINERARY,), (PRESENCE,), "committed"),
    _Stage("comparison", _processor("comparison"), (PRESENCE,), (PERSON, PRESENCE), "committed"),
    _Stage("authority", _processor("authority"), (COMMANDS,), (ORDERS,), "committed"),
    _Stage("outbox-orders", _processor("outbox-orders"), (ORDERS,),
           (PERSON, SIGNALS, topics.REPLIES, topics.LAW, topics.CHANNEL, NOTICES), "committed"),
    _Stage("watch", _processor("watch"), (SIGNALS,), (INCIDENTS,), "committed"),
)  # fmt: skip
#: As many as there are cores; of the others one.
_SCALED = ("codes", "sink")
NAMES = tuple(stage.name for stage in STAGES)


class Line:
    """The stages of one world whose ``in`` topic is full. ``at``: log time of what is written."""

    def __init__(
        self, world: World, result: Result, workers: int, at: Ms, say: Callable[[str], None]
    ) -> None:
        self._world, self._ask, self._result = world, world.ask, result
        self._workers, self._say, self._at = workers, say, at
        self._config = kafka_config(world.home, "admin")
        self._admin = AdminClient({**self._config, "log_level": 0})
        found = stack.status(world.home)
        self._broker, self._redis = found.kafka_pid, found.redis_pid

    def run(self, names: Collection[str]) -> None:
        """Fill ``result.stages`` with those of ``names``, of which each finds what it reads only
        if the stage that writes it is among them; then what the main line left."""
        loads = Loads(self._world, self._at)
        for stage in STAGES:
            if stage.name not in names:
                continue
            if stage.name == "itinerary":
                self._say("stays and cases onto itinerary")
                loads.itinerary(self._result.records)
            if stage.name == "authority":
                self._say("signed forms onto commands")
                loads.commands(max(10, self._result.records // 10 // LINES))
            self._one(stage)
            if stage.name == "codes":
                self._rebuilt()
            if stage.name == "sink":
                self._space()

    def _one(self, stage: _Stage) -> None:
        ask, count = self._ask, self._result.records
        before = {topic: ask.ends(topic) for topic in stage.writes}
        reads = {topic: ask.ends(topic) for topic in stage.reads}
        target = count  # a department's topic has the marks of its files as well
        if stage.counts != "written":
            target = sum(sum(ends.values()) for ends in reads.values())
        done = self._done(stage)
        path = self._world.home.path
        if stage.name == "codes" and count >= _ENOUGH:
            self._say("a codes worker is killed in the midst of its work")
            self._result.kill_seconds = after_a_kill(path, done, count // 20)
        self._say(f"stage {stage.name}: {target:,} records")
        if not target:
            raise CliError(f"{stage.name}: nothing to read on {', '.join(stage.reads)}")
        several, words = self._workers if stage.name in _SCALED else 1, stage.words
        if stage.name == "sink":
            words = (*words, "--workers", str(several))
        found = measure(stage.name, words, path, target, done, workers=several, broker=self._broker)
        after = {topic: ask.ends(topic) for topic in stage.writes}
        self._say(f"  a bare loop over the same ({found.rate:,.0f}/s)")
        self._result.stages.append(replace(found, bare=self._bare(stage, reads, before, after)))

    def _bare(
        self, stage: _Stage, reads: dict[str, dict[int, int]],
        before: dict[str, dict[int, int]], after: dict[str, dict[int, int]],
    ) -> Bare:  # fmt: skip
        if stage.name == "sink":
            redis = redis_client(self._world.home, "admin")
            try:
                return bare_sink(self._config, self._ask.log, reads, redis, self._broker)
            finally:
                redis.close()
        return bare_loop(self._config, self._ask.log, reads, before, after, self._broker)

    def _done(self, stage: _Stage) -> Callable[[], int]:
        if stage.counts == "written":
            return lambda: self._ask.count(stage.writes[0])
        if stage.counts == "applied":
            return self._applied
        group = "fuma.processor." + stage.words[-1]
        return lambda: self._committed(group, stage.reads)

    def _committed(self, group: str, reads: tuple[str, ...]) -> int:
        asked = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        found = asked[group].result(30).topic_partitions or []
        return sum(max(one.offset, 0) for one in found if one.topic in reads)

    def _applied(self) -> int:
        positions = self._ask.platform.positions().values()
        return sum(p.applied + 1 for p in positions if p is not None)

    def _rebuilt(self) -> None:
        """The stores folded once more, from nothing, by as many processes as there are workers."""
        self._say(f"stores rebuilt from the ledger, {self._workers} workers")
        home = self._world.home
        self._result.rebuilt = rebuild(home, home.path / "rebuilt", self._workers)

    def _space(self) -> None:
        """What the main line left on disk and in Redis."""
        path, result = self._world.home.path, self._result
        result.space = Space(
            result.records,
            size_of(path / "store" / "processor"),
            sum(map(size_of, (path / "kafka").rglob(f"{DECISIONS}-*"))),
            redis_bytes(self._world.home),
            size_of(path / "vault"),
        )
