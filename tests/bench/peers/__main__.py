"""``python -m bench.peers`` (``make bench-peers``): ``codes`` beside its peers, as ratios.

All read the same bytes from the same broker: the topic ``person`` is filled once by gateway and
task force, and before ``codes`` runs with several workers the broker's files are put back as they
were before it ran with one; a broker that has just started then first serves the bare loop,
uncounted. Of each engine's records the first third does not count: it, and the broker, compile code
meanwhile, and workers join. Python's peers are one process each, so one worker of ``codes`` is what
stands beside them; Kafka Streams has as many threads as there are cores, as ``codes`` has workers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.peers.running import Load, Peer, peers, prepare, warm_up
from fuma import compiled
from fuma.cli.bench_load import DEPARTMENT, events
from fuma.cli.bench_stages import CODES, measure
from fuma.cli.demo.people import holders
from fuma.cli.demo.world import World
from fuma.cli.stopping import stop_as_asked
from fuma.contracts import topics
from fuma.contracts.resources import root
from fuma.domain.time import DAY, day_start
from fuma.feed import FeedClient
from fuma.feed.lines import Line
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.supervisor import stack

_DIVISION = "410100"
#: What ``codes`` keeps and writes for a report of the bench, rounded up.
_STATE_BYTES, _OUT_BYTES = 420, 1_000
OURS = "fuma codes"


def main() -> None:
    """Fill ``person``, run ``codes`` over it with one worker and with several, then each peer."""
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--records", type=int, default=150_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--home", type=Path, default=root() / ".fuma" / "bench-peers")
    parser.add_argument("--only", action="append", help="a peer's name (may be repeated)")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    asked = parser.parse_args()
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(f"  {line}")

    stop_as_asked()
    if not compiled.active():
        say("the core runs as plain modules: make setup compiles it")
    prepare(say)
    with World(asked.home, say=say) as world:
        _fill(world, asked.records, say)
        found = list(_ours(world, asked.records, asked.workers, say))
        found += peers(_load(world, asked.records, asked.workers), say, asked.only or ())
    if asked.json:
        rows = [
            {"name": p.name, "does": p.does, "rate": p.rate, "workers": p.workers,
             "micros": p.micros, "broker_micros": p.broker_micros}
            for p in found
        ]  # fmt: skip
        print(json.dumps({"records": asked.records, "cores": os.cpu_count(), "peers": rows}))
    else:
        show(found, asked.records)


def _fill(world: World, count: int, say: Callable[[str], None]) -> None:
    start = day_start(date(2022, 6, 14))
    world.up(start - DAY, services=("vault",))
    people = list(holders(count, 20220614, [_DIVISION]))
    world.ask.load([(p.number, p.name) for p in people])
    path = world.home.path
    with FeedClient.open(path, DEPARTMENT, patience=600.0) as client:
        load = events(people, "fill", count, start, _DIVISION)
        lines = [Line(row, event) for row, (_, event) in enumerate(load, 1)]
        client.report(lines, receipt="fill", wait=False)
    for name, words, topic in (
        ("gateway", ["fuma.gateway"], topics.feed_topic(DEPARTMENT)),
        ("taskforce", ["fuma.processor", "--stage", "taskforce"], topics.PERSON),
    ):
        say(f"filling: {name}")
        measure(name, words, path, count, lambda topic=topic: world.ask.count(topic))


def _warm(count: int) -> int:
    return count // 3


def _load(world: World, count: int, threads: int) -> Load:
    return Load(
        kafka_config(world.home, "admin"), topics.PERSON,
        world.ask.log.partitions(topics.PERSON), count, _STATE_BYTES, _OUT_BYTES,
        threads=threads, broker=stack.status(world.home).kafka_pid, warm=_warm(count),
    )  # fmt: skip


def _ours(world: World, count: int, workers: int, say: Callable[[str], None]) -> Iterator[Peer]:
    """``codes`` with one worker; the same again, from the same files, with several."""
    files, kept = world.home.path / "kafka", world.home.path / "kafka-before"
    world.down()
    shutil.copytree(files, kept)
    for several in dict.fromkeys((1, workers)):
        shutil.rmtree(files)
        shutil.copytree(kept, files)
        shutil.rmtree(world.home.path / "store" / "processor", ignore_errors=True)
        world.again(services=())
        warm_up(_load(world, count, 1), say)
        say(f"{OURS}, {several} workers")
        whole = measure(
            "codes", CODES, world.home.path, count, lambda: world.ask.count(topics.DECISIONS),
            workers=several, broker=stack.status(world.home).kafka_pid, warm=_warm(count),
        )  # fmt: skip
        counted = count - _warm(count)
        yield Peer(
            OURS, "the whole decision, RocksDB, ledger acknowledged; effectively once", counted,
            counted / whole.rate, several, whole.cpu_micros, whole.broker_micros,
        )  # fmt: skip
        if several != workers:
            world.down()
    shutil.rmtree(kept)


def show(found: list[Peer], count: int) -> None:
    """The table, for a person."""
    faust = next((p.rate for p in found if p.name == "stock Faust"), None)
    table = Table(
        "engine", "records/s", "× stock Faust", "CPU µs", "broker µs", "does",
        title=f"{count:,} reports, {_warm(count):,} of them first and not counted",
    )  # fmt: skip
    for peer in sorted(found, key=lambda p: -p.rate):
        table.add_row(
            f"{peer.name} ({peer.workers})", f"{peer.rate:,.0f}",
            f"{peer.rate / faust:.1f}" if faust else "", f"{peer.micros:.1f}",
            f"{peer.broker_micros:.1f}", peer.does,
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
