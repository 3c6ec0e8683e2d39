"""Everything at a steady rate for minutes: memory and disk of each, and whether they rise."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fuma.cli.bench_flat import Slope, slope
from fuma.cli.bench_load import events
from fuma.cli.bench_meters import Meters
from fuma.cli.demo.people import Person
from fuma.cli.demo.world import World
from fuma.domain.time import SECOND, Ms
from fuma.feed import FeedClient
from fuma.feed.lines import Line

_GROUPS = 20
_LOOK_S = 5.0
_SAY_S = 60.0


@dataclass(slots=True)
class Steady:
    """``reports`` over ``seconds``; a slope for each service and each place on disk."""

    rate: float
    seconds: float
    reports: int
    rss_mib: dict[str, Slope] = field(default_factory=dict)
    disk_mb: dict[str, Slope] = field(default_factory=dict)
    disk_bytes: dict[str, float] = field(default_factory=dict)  # that a report added, by place
    samples: int = 0
    micros: dict[str, float] = field(default_factory=dict)  # CPU a report, by service
    left: int = 0  # reports that were under way when the last was sent


def run(
    world: World, client: FeedClient, people: list[Person], at: Ms, division: str, rate: int,
    seconds: int, say: Callable[[str], None],
) -> Steady:  # fmt: skip
    """Send for ``seconds``, look every five; then wait until all of it is on the platform."""
    meters, size = Meters(world), max(1, rate // _GROUPS)
    rss: dict[str, list[tuple[float, float]]] = {}
    disk: dict[str, list[tuple[float, float]]] = {}
    reading, began, sent = meters.read(), time.monotonic(), 0
    looked, said = began - _LOOK_S, began
    for batch in _groups(people, size, rate, at, division):
        time.sleep(max(0.0, began + sent / rate - time.monotonic()))
        now = time.monotonic()
        if now - looked >= _LOOK_S:
            looked = now
            for kept, found in ((rss, meters.rss()), (disk, meters.disk())):
                for name, value in found.items():
                    kept.setdefault(name, []).append((now - began, value))
        if now - said >= _SAY_S:
            said = now
            sizes = ", ".join(f"{name} {values[-1][1]:,.0f}" for name, values in rss.items())
            say(f"  {now - began:,.0f} s, {sent:,} sent; MiB: {sizes}")
        if now - began >= seconds:
            break
        lines = [Line(row, event) for row, (_, event) in enumerate(batch, 1)]
        client.report(lines, receipt=f"steady-{sent}", wait=False)
        sent += len(batch)
    took = time.monotonic() - began
    left = world.ask.behind()
    world.ask.drained(patience=600.0)
    micros = reading.micros(meters.read(), sent)
    return Steady(
        sent / took, took, sent,
        {name: slope(values) for name, values in rss.items()},
        {name: slope(values) for name, values in disk.items()},
        {name: (values[-1][1] - values[0][1]) * 1e6 / sent for name, values in disk.items()},
        len(rss["vault"]), micros, left,
    )  # fmt: skip


def _groups(
    people: list[Person], size: int, rate: int, at: Ms, division: str
) -> Iterator[list[tuple[bytes, bytes]]]:
    """Reports without end, over all people in turn; log time goes on with the clock."""
    for number in itertools.count():
        start = number * size
        part = [people[(start + n) % len(people)] for n in range(size)]
        # Every time a person comes again, it is with other findings, as in the other phases.
        yield events(part, f"long{start}", size, at + start * SECOND // rate, division)
