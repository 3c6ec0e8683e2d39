"""``codes`` for a long time over very many persons: ``make bench-long``.

Facts are appended to ``person`` as the task force would, at a steady rate, over all persons in
turn; the workers of the stage run beside. Memory, disk and what is left to do are printed at even
distances: they must be flat, but for the disk.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import psutil

from fuma.cli.bench_cpu import facts
from fuma.cli.bench_memory import size_of
from fuma.cli.bench_stages import CODES, cpu_seconds
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.contracts.facts import encode_person
from fuma.contracts.genesis import read_world
from fuma.contracts.resources import root
from fuma.contracts.topics import DECISIONS, PERSON, partition_for, spec
from fuma.domain.time import HOUR, day_start
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

_LOOKS = 20
_AT_ONCE = 500


def _records(sealer: Sealer, persons: int, at: int) -> Iterator[Outgoing]:
    time_ = pack_time(at)
    count = spec(PERSON).partitions
    for tag, fact in facts(persons, 1 << 40):
        value = encode_person(fact)
        headers = sealer.headers(PERSON, tag, value, time=time_)
        yield Outgoing(PERSON, partition_for(tag, count), tag, value, headers)


def run(home: Path, persons: int, rate: int, seconds: int, workers: int) -> None:
    """Print a line at each of ``_LOOKS`` moments. Raises ``CliError`` where a worker ended."""
    start = day_start(date(2022, 6, 14))
    with World(home, say=lambda line: print(f"  {line}", file=sys.stderr)) as world:
        world.up(start - HOUR, services=("vault",))
        path = world.home.path
        sealer = Sealer(read_world(world.home.world).id, keyfiles.secret(path, keyfiles.Key.MAC))
        appender = KafkaAppender(kafka_config(world.home, "processor"))
        records = _records(sealer, persons, start)
        log = (path / "logs" / "bench-long.log").open("wb")
        words = [sys.executable, "-m", *CODES, "--home", str(path)]
        running = [subprocess.Popen(words, stdout=log, stderr=log) for _ in range(workers)]
        began, sent, look = time.monotonic(), 0, 1
        print(f"{'s':>6} {'sent':>12} {'decided':>12} {'MiB':>8} {'store MB':>9} {'CPU µs':>7}")
        try:
            while look <= _LOOKS:
                appender.append(list(islice(records, _AT_ONCE)))
                sent += _AT_ONCE
                passed = time.monotonic() - began
                time.sleep(max(0.0, sent / rate - passed))
                if passed < seconds * look / _LOOKS:
                    continue
                look += 1
                if any(process.poll() is not None for process in running):
                    raise CliError("a worker of codes ended", f"see {log.name}")
                decided = world.ask.count(DECISIONS)
                memory = max(psutil.Process(p.pid).memory_info().rss for p in running) >> 20
                disk = size_of(path / "store") / 1e6
                used = sum(cpu_seconds(p.pid) for p in running) / max(1, decided) * 1e6
                row = f"{passed:6.0f} {sent:12,} {decided:12,} {memory:8,} {disk:9,.0f} {used:7.1f}"
                print(row, flush=True)
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(60)
            appender.close()
            log.close()


def main() -> None:
    """Ten million persons and an hour unless told otherwise."""
    logging.basicConfig(level=logging.WARNING)
    parser = argparse.ArgumentParser(prog="make bench-long", description=__doc__)
    parser.add_argument("--persons", type=int, default=10_000_000)
    parser.add_argument("--rate", type=int, default=10_000, help="facts a second")
    parser.add_argument("--seconds", type=int, default=3_600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--home", type=Path, default=root() / ".fuma" / "bench-long")
    asked = parser.parse_args()
    run(asked.home, asked.persons, asked.rate, asked.seconds, asked.workers)


if __name__ == "__main__":
    main()
