"""``python -m bench.peers`` (``make bench-peers``): ``codes`` beside its peers, as ratios."""

from __future__ import annotations

import argparse
import json
import os
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.peers.running import Load, Peer, peers, prepare
from fuma.cli.bench_load import DEPARTMENT, events
from fuma.cli.bench_stages import measure
from fuma.cli.demo.people import holders
from fuma.cli.demo.world import World
from fuma.contracts import topics
from fuma.contracts.resources import root
from fuma.domain.time import DAY, day_start
from fuma.feed import FeedClient
from fuma.feed.lines import Line
from fuma.runtime.embedded.connect import kafka_config

_DIVISION = "410100"
#: What ``codes`` keeps and writes for a report of the bench, rounded up.
_STATE_BYTES, _OUT_BYTES = 420, 1_000


def main() -> None:
    """Fill ``person``, run ``codes`` over it with one worker and with two, then each peer."""
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--home", type=Path, default=root() / ".fuma" / "bench-peers")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    asked = parser.parse_args()
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(f"  {line}")

    prepare(say)
    count = asked.records
    found: list[Peer] = []
    with World(asked.home, say=say) as world:
        start = day_start(date(2022, 6, 14))
        world.up(start - DAY, services=("vault",))
        people = list(holders(count, 20220614, [_DIVISION]))
        world.ask.load([(p.number, p.name) for p in people])
        path = world.home.path
        with FeedClient.open(path, DEPARTMENT, patience=600.0) as client:
            load = events(people, "fill", count, start, _DIVISION)
            lines = [Line(row, event) for row, (_, event) in enumerate(load, 1)]
            client.report(lines, receipt="fill", wait=False)
        ask = world.ask
        for name, words, topic in (
            ("gateway", ["fuma.gateway"], topics.feed_topic(DEPARTMENT)),
            ("taskforce", ["fuma.processor", "--stage", "taskforce"], topics.PERSON),
        ):
            say(f"filling: {name}")
            measure(name, words, path, count, lambda topic=topic: ask.count(topic))
        say("codes, one worker")
        words = ["fuma.processor", "--stage", "codes"]
        whole = measure("codes", words, path, count, lambda: ask.count(topics.DECISIONS))
        found.append(
            Peer("fuma codes", "the whole decision, ledger, effectively once", count,
                 count / whole.rate)
        )  # fmt: skip
        plan = Load(
            kafka_config(world.home, "admin"), topics.PERSON, ask.log.partitions(topics.PERSON),
            count, _STATE_BYTES, _OUT_BYTES, threads=os.cpu_count() or 1,
        )  # fmt: skip
        found += peers(plan, say)
    if asked.json:
        rows = [{"name": p.name, "does": p.does, "rate": p.rate} for p in found]
        print(json.dumps({"records": count, "cores": os.cpu_count(), "peers": rows}))
    else:
        show(found, count)


def show(found: list[Peer], count: int) -> None:
    """The table, for a person."""
    base = next(p.rate for p in found if p.name == "stock Faust")
    table = Table("engine", "records/s", "× stock Faust", "does", title=f"{count:,} reports")
    for peer in sorted(found, key=lambda p: -p.rate):
        table.add_row(peer.name, f"{peer.rate:,.0f}", f"{peer.rate / base:.1f}", peer.does)
    Console().print(table)


if __name__ == "__main__":
    main()
