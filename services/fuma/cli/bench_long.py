"""``codes`` for a long time over very many persons: ``make bench-long``.

Findings are written straight onto ``person``: first one on each person, as fast as it goes, then at
a steady rate over all of them in turn for as long as was asked. The workers of the stage run
beside. Memory, disk, what is left to do, the time a decision takes, and its CPU are looked at in
even distances and printed, and each look is a line of JSON in ``<home>.jsonl`` as well. All but the
disk must be flat. A run that was stopped goes on with ``--resume``. Then the comparison over as
many people.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from fuma.cli import bench_fill
from fuma.cli.bench_comparison_long import long_comparison
from fuma.cli.bench_fill import Share
from fuma.cli.bench_flat import slope
from fuma.cli.bench_ledger import room, topic_bytes
from fuma.cli.bench_memory import size_of
from fuma.cli.bench_stages import cpu_seconds
from fuma.cli.bench_waits import waits
from fuma.cli.bench_worker import Worker, codes, rss_mib, stop
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.contracts.resources import root
from fuma.contracts.topics import DECISIONS, PERSON
from fuma.domain.time import HOUR, Ms, day_start
from fuma.runtime.embedded.supervisor import stack

#: Facts that a run which was stopped may have had under way: their numbers are not used again.
_MARGIN = 1_000_000
_POLL_S = 0.2
#: A worker that ends is started again, so often at most; each time is seen in the looks.
_RESTARTS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What to run."""

    home: Path
    persons: int
    rate: int
    seconds: int
    workers: int
    every: float
    resume: bool
    comparison: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at a moment. ``micros``: CPU of the workers a decision since the last look."""

    part: str  # "fill" or "steady"
    seconds: float
    written: int
    decided: int
    micros: float
    broker_micros: float
    rss_mib: float  # the largest worker
    broker_mib: float
    store_mb: float
    log_mb: float  # person and decisions
    p50_ms: float
    p99_ms: float
    load: float  # of the machine, all that runs on it
    restarts: int = 0  # of workers that ended by themselves, so far

    @property
    def left(self) -> int:
        """Facts that are not decided yet."""
        return max(0, self.written - self.decided)


_HEAD = (f"{'part':<7}{'s':>6} {'written':>12} {'left':>10} {'/s':>7} {'CPU µs':>7} {'broker':>7} "
         f"{'MiB':>6} {'b.MiB':>6} {'store MB':>9} {'log MB':>8} {'p50 ms':>8} {'p99 ms':>8} "
         f"{'load':>5} {'again':>5}")  # fmt: skip


class _Run:
    def __init__(self, world: World, asked: Asked, at: Ms) -> None:
        self._world, self._asked, self._at = world, asked, at
        self._broker = stack.status(world.home).kafka_pid
        self._out = asked.home.with_suffix(".jsonl").open("a", encoding="utf-8")
        self._began = time.monotonic()
        self._workers: list[Worker] = []
        self._seen: dict[int, float] = {}
        self._gone, self._restarts = 0.0, 0  # CPU of workers that ended; how many did
        self.looks: list[Look] = []

    def run(self) -> None:
        """Fill, then steady. Raises ``CliError`` where a process ended."""
        asked, ask = self._asked, self._world.ask
        there = ask.count(PERSON)
        first = there + _MARGIN if there else 0
        room(asked.home, max(0, asked.persons - there) + asked.rate * asked.seconds)
        self._workers = codes(asked.home, asked.workers)
        print(_HEAD, flush=True)
        try:
            self._fill(there, first)
            begin = max(asked.persons, first) + _MARGIN
            end = begin + asked.rate * (asked.seconds + 600)
            share = Share(
                asked.home, asked.persons, begin, end, self._at + 2 * HOUR, rate=asked.rate
            )
            self._until("steady", [bench_fill.start(share)], self._over(asked.seconds))
        finally:
            stop(self._workers)
            self._out.close()

    def _fill(self, there: int, first: int) -> None:
        asked = self._asked
        if there < asked.persons:
            end = first + asked.persons - there
            share = Share(asked.home, asked.persons, first, end, self._at + HOUR)
            writers = bench_fill.fast(share, asked.workers)
            whole = asked.persons

            def filled() -> bool:
                return (
                    all(one.ended() for one in writers)
                    and self._world.ask.count(DECISIONS) >= whole
                )

            self._until("fill", writers, filled)

    def _over(self, seconds: int) -> Callable[[], bool]:
        until = time.monotonic() + seconds
        return lambda: time.monotonic() >= until

    def _until(self, part: str, writers: list[Worker], over: Callable[[], bool]) -> None:
        ask, every = self._world.ask, self._asked.every
        began, due = time.monotonic(), time.monotonic() + every
        ends, used, broker = ask.ends(DECISIONS), self._cpu(), cpu_seconds(self._broker)
        last = began
        try:
            while True:
                time.sleep(_POLL_S)
                self._mend()
                finished = over()
                now = time.monotonic()
                if now < due and not finished:
                    continue
                for one in writers:
                    one.ended()
                due += every
                written, after = ask.count(PERSON), ask.ends(DECISIONS)
                cpu, its = self._cpu(), cpu_seconds(self._broker)
                spans = (now - began, now - last)
                self._look(part, spans, written, ends, after, cpu - used, its - broker)
                ends, used, broker, last = after, cpu, its, now
                if finished:
                    return
        finally:
            stop(writers)

    def _cpu(self) -> float:
        return self._gone + sum(one.cpu for one in self._workers)

    def _mend(self) -> None:
        """Start a worker that ended once more, as a supervisor does; it says so in its log.

        Its CPU is kept as it was a moment before.
        """
        for number, one in enumerate(self._workers):
            if one.process.poll() is None:
                continue
            self._restarts += 1
            if self._restarts > _RESTARTS:
                raise CliError("workers of codes end again and again", f"see {one.log}")
            _say(f"a worker ended with {one.process.returncode}; again (see {one.log})")
            self._gone += self._seen.get(one.process.pid, 0.0)
            (self._workers[number],) = codes(self._asked.home)
        self._seen = {one.process.pid: one.cpu for one in self._workers}

    def _look(
        self, part: str, spans: tuple[float, float], written: int, before: dict[int, int],
        after: dict[int, int], cpu: float, broker: float,
    ) -> None:  # fmt: skip
        seconds, span = spans
        home, ask = self._asked.home, self._world.ask
        decided = sum(after.values())
        some = max(1, decided - sum(before.values()))
        took = waits(ask.log, before, after)
        look = Look(
            part, round(seconds, 1), written, decided,
            round(cpu / some * 1e6, 1), round(broker / some * 1e6, 1),
            round(max(one.rss_mib for one in self._workers), 1), round(rss_mib(self._broker), 1),
            round(size_of(home / "store") / 1e6, 1),
            round((topic_bytes(home, PERSON) + topic_bytes(home, DECISIONS)) / 1e6, 1),
            took.p50 if took else 0.0, took.p99 if took else 0.0, round(os.getloadavg()[0], 1),
            self._restarts,
        )  # fmt: skip
        self.looks.append(look)
        self._out.write(json.dumps(asdict(look)) + "\n")
        self._out.flush()
        print(
            f"{part:<7}{seconds:6.0f} {look.written:12,} {look.left:10,} {some / span:7,.0f} "
            f"{look.micros:7.1f} {look.broker_micros:7.1f} {look.rss_mib:6,.0f} "
            f"{look.broker_mib:6,.0f} {look.store_mb:9,.0f} {look.log_mb:8,.0f} "
            f"{look.p50_ms:8,.0f} {look.p99_ms:8,.0f} {look.load:5.1f} {self._restarts:5}",
            flush=True,
        )


def verdicts(looks: list[Look]) -> list[str]:
    """A sentence for each figure that must be flat while the load is steady."""
    steady = [look for look in looks if look.part == "steady"]
    if len(steady) < 4:
        return []
    said = []
    for name, unit, of in (
        ("a worker's memory", "MiB", lambda look: look.rss_mib),
        ("the broker's memory", "MiB", lambda look: look.broker_mib),
        ("CPU a decision", "µs", lambda look: look.micros),
        ("the median wait for a decision", "ms", lambda look: look.p50_ms),
        ("what is left to do", "facts", lambda look: float(look.left)),
    ):
        line = slope([(look.seconds, of(look)) for look in steady])
        said.append(
            f"{name}: {line.first:,.1f} {unit} at first, {line.last:,.1f} at last, "
            f"{line.a_minute:+.2f} a minute: {line.verdict}"
        )
    grown = steady[-1].log_mb + steady[-1].store_mb - steady[0].log_mb - steady[0].store_mb
    some = max(1, steady[-1].decided - steady[0].decided)
    said.append(f"disk: {grown * 1e6 / some:,.0f} bytes a decision, facts and stores included")
    return said


def run(asked: Asked) -> None:
    """Print a line at each look, then what they come to. Raises ``CliError``."""
    start = day_start(date(2022, 6, 14))
    with World(asked.home, say=_say, keep=True) as world:
        if asked.resume:
            world.again(services=("vault",))
        else:
            asked.home.with_suffix(".jsonl").unlink(missing_ok=True)
            world.up(start - HOUR, services=("vault",))
        one = _Run(world, asked, start)
        one.run()
    for sentence in verdicts(one.looks):
        print(sentence, flush=True)
    shutil.rmtree(asked.home)
    if asked.comparison:
        found = long_comparison(asked.persons, lambda line: print(line, flush=True))
        with asked.home.with_suffix(".jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps({"comparison": found}) + "\n")


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Ten million persons and an hour unless told otherwise."""
    logging.basicConfig(level=logging.WARNING)
    parser = argparse.ArgumentParser(prog="make bench-long", description=__doc__)
    parser.add_argument("--persons", type=int, default=10_000_000)
    parser.add_argument("--rate", type=int, default=1_000, help="facts a second, once filled")
    parser.add_argument("--seconds", type=int, default=3_600, help="of the steady part")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two looks")
    parser.add_argument("--home", type=Path, default=root() / ".fuma" / "bench-long")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--no-comparison", dest="comparison", action="store_false")
    signal.signal(signal.SIGTERM, _interrupted)
    asked = Asked(**vars(parser.parse_args()))
    try:
        run(asked)
    except KeyboardInterrupt:
        _say("stopped; --resume goes on")
        return 130
    except CliError as error:
        _say(f"{error}; --resume goes on")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
