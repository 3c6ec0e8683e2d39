"""From report to Redis at a steady rate: how long until the platform answers with it.

Reports are sent in small groups at even distances, by one department's own client, each group a
file of its own. The first seconds are not counted: processes that just came up are slow, and so is
a broker whose code is not compiled yet. A report's way begins when it was due, not when it was
sent: a sender that falls behind is not let off. It ends at the first look of the sampler
(``bench_sampler``, another process) that has its ledger offset applied.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fuma.cli.bench_hops import hops
from fuma.cli.bench_junk import Junk
from fuma.cli.bench_meters import Meters
from fuma.cli.bench_sampler import Sampler, Seen
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.contracts import topics
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.genesis import read_world
from fuma.contracts.platform import PlatformSealer
from fuma.feed import FeedClient
from fuma.feed.lines import Line
from fuma.runtime import keyfiles

#: Groups that are sent a second, at most.
GROUPS = 50


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from when a report was due until the sink has written it."""

    rate: float  # reports a second that were really sent, while it counted
    reports: int  # that counted
    group: int  # reports a group
    warm_seconds: float
    p50: float
    p95: float
    p99: float
    p999: float
    worst: float
    late_ms: float  # how late the sender was at worst
    behind_s: float  # from the last report to when all were on the platform
    #: CPU µs a report while it counted, by service; ``sampler`` is the measuring itself.
    micros: dict[str, float] = field(default_factory=dict)
    cores: float = 0.0  # that all of them kept busy
    #: Median and 99th percentile, ms, between appends by the broker's clock, by where it went.
    hops: dict[str, tuple[float, float]] = field(default_factory=dict)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the least of ``values`` (sorted) that a ``share`` of them do not exceed."""
    return values[max(0, math.ceil(share * len(values)) - 1)]


def steady(
    world: World, client: FeedClient, events: Sequence[tuple[bytes, bytes]], rate: int, name: str,
    warm_s: float, junk: int = 0,
) -> Latency:  # fmt: skip
    """Send ``events`` (report id, CloudEvent) at ``rate`` a second; those due in the first
    ``warm_s`` seconds do not count. ``junk``: records a second that are none, beside them."""
    ask, meters = world.ask, Meters(world)
    watched = (topics.in_topic(client.department), topics.feed_topic(client.department),
               topics.PERSON, topics.DECISIONS)  # fmt: skip
    before = {topic: ask.ends(topic) for topic in watched}
    size = max(1, rate // GROUPS)
    sent: dict[bytes, float] = {}
    late, counting, reading = 0.0, -1, meters.read()
    with Junk(world.home, client.department, junk) as beside, Sampler(world.home, name) as sampler:
        meters.pids |= {"sampler": [sampler.pid]} | ({"junk": beside.pids} if junk else {})
        began = time.monotonic()
        for start in range(0, len(events), size):
            due = began + start / rate
            time.sleep(max(0.0, due - time.monotonic()))
            if due - began >= warm_s:
                if counting < 0:
                    counting, reading = start, meters.read()
                late = max(late, time.monotonic() - due)
            group = events[start : start + size]
            if counting >= 0:
                sent.update((id_, due) for id_, _ in group)
            lines = [Line(row, event) for row, (_, event) in enumerate(group, 1)]
            client.report(lines, receipt=f"{name}-{start}", wait=False)
        seconds = time.monotonic() - reading.at
        after = meters.read()
        ended = time.monotonic()
        beside.stop()  # beside what goes on coming, a line is never at the end of its topics
        _decided(world, sum(before[topics.DECISIONS].values()) + len(events))
        ask.drained(patience=600.0)
        behind = time.monotonic() - ended
        time.sleep(0.2)
    arrived = _arrivals(world, before[topics.DECISIONS], sampler.seen)
    took = sorted((arrived[id_] - at) * 1_000 for id_, at in sent.items() if id_ in arrived)
    if len(took) < len(sent) or not took:
        raise CliError(f"{len(sent) - len(took)} of {len(sent)} reports never reached the platform")
    return Latency(
        len(sent) / seconds, len(took), size, warm_s,
        percentile(took, 0.5), percentile(took, 0.95), percentile(took, 0.99),
        percentile(took, 0.999), took[-1], late * 1_000, round(behind, 2),
        reading.micros(after, len(sent)), round(reading.cores(after), 2),
        hops(ask.log, watched, before, {topic: ask.ends(topic) for topic in watched}, set(sent)),
    )  # fmt: skip


def _decided(world: World, count: int, patience: float = 60.0) -> None:
    """Until the ledger has ``count`` records: every report sent here has exactly one. A line that
    does not keep up is waited for as long as it goes on; how late it was is what is asked for."""
    most, until = -1, 0.0
    while (found := world.ask.count(topics.DECISIONS)) < count:
        if found > most:
            most, until = found, time.monotonic() + patience
        if time.monotonic() > until:
            raise CliError(f"{count - found} reports are undecided, none for {patience:.0f} s")
        time.sleep(0.05)


def _opened(world: World, seen: Seen) -> list[tuple[float, dict[int, int]]]:
    """Each look, with the applied offset by partition."""
    home = world.home
    key = keyfiles.secret(home.path, keyfiles.Key.PLATFORM)
    sealer = PlatformSealer(read_world(home.world).id, key)
    return [
        (at, {p: sealer.open_position(p, raw).applied for p, raw in enumerate(found) if raw})
        for at, found in seen.looks
    ]


def _arrivals(world: World, before: Mapping[int, int], seen: Seen) -> dict[bytes, float]:
    """Report id to the moment at which its decision was first seen applied."""
    found: dict[bytes, float] = {}
    opened, ask = _opened(world, seen), world.ask
    for partition, end in ask.ends(topics.DECISIONS).items():
        looks = iter(opened)
        at, applied = next(looks, (0.0, {}))
        for record in ask.log.read(topics.DECISIONS, partition, before[partition], end):
            while applied.get(partition, -1) < record.offset:
                look = next(looks, None)
                if look is None:
                    break
                at, applied = look
            else:
                found.setdefault(decode_ledger(record.value).cause.id, at)
                continue
            break
    return found
