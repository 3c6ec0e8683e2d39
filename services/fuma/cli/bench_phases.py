"""The phases of ``fuma bench``, in the order in which they run; each alone, or any of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fuma.cli.bench_comparison import measure as measure_comparison
from fuma.cli.bench_comparison import sizes_up_to
from fuma.cli.bench_cpu import curve
from fuma.cli.bench_latency import steady
from fuma.cli.bench_ledger import Large, Ledger
from fuma.cli.bench_line import Line as Stages
from fuma.cli.bench_load import DEPARTMENT, events
from fuma.cli.bench_memory import growth
from fuma.cli.bench_meters import Meters
from fuma.cli.bench_result import Result, Whole
from fuma.cli.bench_result import peers as read_peers
from fuma.cli.bench_steady import run as run_steady
from fuma.cli.demo.people import Person, holders
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.contracts.errors import FumaError
from fuma.contracts.resources import root
from fuma.domain.time import DAY, HOUR, day_start
from fuma.feed import FeedClient
from fuma.feed.lines import Line

PHASES = (
    "peers", "stages", "end-to-end", "latency", "steady", "file", "recovery", "growth",
    "comparison",
)  # fmt: skip
#: Those that need a world; those of them during which all services run.
NEEDED = frozenset({"stages", "end-to-end", "latency", "steady", "file", "recovery"})
_RUNNING = frozenset({"end-to-end", "latency", "steady", "file"})
_DIVISION = "410100"
_SEED = 20220614
_START = day_start(date(2022, 6, 14))
_PARTITIONS = (1, 4, 16, 64)
#: Reports that the services come up with before end to end is timed.
_WARM = 200
#: The peers read so many at least: over fewer one would measure how JVMs and workers start.
_PEERS = 150_000
#: The load under which a large worker's memory is looked at.
_LOAD_RATE = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    phases: list[str]
    stages: list[str]
    records: int
    rates: list[int]
    seconds: int
    warm: float
    workers: int
    steady_seconds: float
    steady_rate: int
    ledger_records: int
    ledger_persons: int
    load_seconds: int
    persons: int
    client_rows: int
    junk: int
    peers: Path | None


def run(world: World | None, result: Result, plan: Plan, say: Callable[[str], None]) -> None:
    """Fill ``result``. A phase that fails leaves its sentence there, and the next one runs.

    ``world``: not begun yet; ``None`` where no phase needs one.
    """
    began = os.getloadavg()[0]
    phases = _Phases(world, result, plan, say)
    try:
        for name in PHASES:
            if name in plan.phases:
                phases.one(name)
    finally:
        phases.close()
    result.load = (round(began, 1), round(os.getloadavg()[0], 1))


class _Phases:
    def __init__(
        self, world: World | None, result: Result, plan: Plan, say: Callable[[str], None]
    ) -> None:
        self._given, self._result, self._plan, self._say = world, result, plan, say
        self._people: list[Person] = []
        self._client: FeedClient | None = None
        self._running = False

    def one(self, name: str) -> None:
        """One phase, by its name."""
        self._say(f"== {name}")
        began = time.monotonic()
        try:
            if name in _RUNNING:
                self._services()
            getattr(self, "_" + name.replace("-", "_"))()
        except FumaError as error:
            self._result.failed[name] = str(error)
            self._say(f"{name} failed: {error}")
        self._result.seconds[name] = round(time.monotonic() - began, 1)

    def close(self) -> None:
        """Close the client; the world is its owner's to close."""
        if self._client is not None:
            self._client.close()
            self._client = None

    # --- a world, as far as the phases asked for need it -----------------------------------------

    @property
    def _world(self) -> World:
        """The world, with its vault, and its holders in the register."""
        assert self._given is not None
        if not self._people:
            self._given.up(_START - DAY, services=("vault",))
            count = self._plan.records
            self._say(f"{count:,} holders")
            self._people = list(holders(count, _SEED, [_DIVISION]))
            self._given.ask.load([(p.number, p.name) for p in self._people])
        return self._given

    @property
    def _department(self) -> FeedClient:
        if self._client is None:
            self._client = FeedClient.open(self._world.home.path, DEPARTMENT, patience=600.0)
        return self._client

    def _services(self) -> None:
        """All of them run, and did something already."""
        if not self._running:
            self._world.stop_services()
            self._world.run()
            self._running = True
            load = events(self._people, "warm", _WARM, _START + 2 * HOUR, _DIVISION)
            self._department.report(_lines(load), receipt="warm")
            self._world.ask.drained(patience=600.0)

    # --- the phases ------------------------------------------------------------------------------

    def _peers(self) -> None:
        if self._plan.peers is not None:
            self._result.peers = read_peers(self._plan.peers)
            return
        tests = root() / "tests"
        if not (tests / "bench" / "peers").is_dir():
            raise CliError("the peers are not here", "they are in the checkout's tests/bench/peers")
        path = os.pathsep.join(filter(None, (str(tests), os.environ.get("PYTHONPATH"))))
        words = ["--records", str(max(_PEERS, self._plan.records)), "--json"]
        with subprocess.Popen(
            [sys.executable, "-m", "bench.peers", *words, "--workers", str(self._plan.workers)],
            env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True,
        ) as peers:  # fmt: skip
            try:
                told, _ = peers.communicate()
            except BaseException:
                peers.terminate()  # and it stops the broker that it started
                raise
        if peers.returncode:
            raise CliError(f"bench.peers ended with {peers.returncode}")
        kept = root() / ".cache" / "peers" / "last.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(json.loads(told)), encoding="utf-8")
        self._result.peers = read_peers(kept)

    def _stages(self) -> None:
        world, count = self._world, self._plan.records
        self._say("reports onto in.health, nobody reading")
        load = events(self._people, "fill", count, _START, _DIVISION)
        self._department.report(_lines(load), receipt="fill", wait=False)
        line = Stages(world, self._result, self._plan.workers, _START + HOUR, self._say)
        line.run(self._plan.stages)

    def _end_to_end(self) -> None:
        meters = Meters(self._world)
        load = events(self._people, "whole", self._plan.records, _START + 3 * HOUR, _DIVISION)
        before = meters.read()
        self._department.report(_lines(load), receipt="whole")
        self._world.ask.drained(patience=600.0)
        after = meters.read()
        self._result.end_to_end = Whole(
            len(load) / (after.at - before.at), before.micros(after, len(load)),
            round(before.cores(after), 2),
        )  # fmt: skip
        self._result.memory_mib |= meters.peaks()

    def _latency(self) -> None:
        plan = self._plan
        beside = [0, plan.junk] if plan.junk else [0]
        runs = [(rate, junk) for rate in plan.rates for junk in beside]
        for number, (rate, junk) in enumerate(runs):
            with_ = f" beside {junk:,} of junk" if junk else ""
            self._say(f"{rate:,} a second{with_} for {plan.warm:g} + {plan.seconds} s")
            count = int(rate * (plan.warm + plan.seconds))
            paced = events(
                self._people, f"steady{rate}-{junk}", count, _START + (4 + number) * HOUR,
                _DIVISION,
            )  # fmt: skip
            name = f"steady{rate}-{junk}"
            found = steady(self._world, self._department, paced, rate, name, plan.warm, junk)
            self._result.latency[f"{rate} + {junk} junk" if junk else str(rate)] = found
            self._say(f"  p50 {found.p50:,.1f} ms, p99 {found.p99:,.1f} ms")
        self._result.memory_mib |= Meters(self._world).peaks()

    def _steady(self) -> None:
        plan = self._plan
        self._say(f"{plan.steady_rate:,} a second for {plan.steady_seconds:,.0f} s")
        self._result.steady = run_steady(
            self._world, self._department, self._people, _START + 9 * HOUR, _DIVISION,
            plan.steady_rate, int(plan.steady_seconds), self._say,
        )  # fmt: skip

    def _file(self) -> None:
        if self._plan.client_rows:
            self._result.client = growth(
                self._world.home.path, self._people, self._plan.client_rows, _START + 10 * HOUR,
                _DIVISION, self._say,
            )  # fmt: skip

    def _recovery(self) -> None:
        assert self._given is not None
        world, plan = self._given, self._plan
        self.close()
        # A world that holds nothing else, so that every record on its ledger is one of these.
        world.close()
        self._people, self._running = [], False
        world.up(_START - HOUR, services=("vault",))
        found = Ledger(plan.ledger_persons, plan.ledger_records, plan.workers)
        self._result.ledger = found
        Large(world, found, _START, self._say).run(_LOAD_RATE, plan.load_seconds)

    def _growth(self) -> None:
        most = self._plan.persons
        steps = [n for n in (10_000, 100_000, 1_000_000) if n < most]
        found = curve([*steps, most], _PARTITIONS, min(20_000, most))
        self._result.by_persons = {str(n): micros for n, micros in found.persons.items()}
        self._result.by_partitions = {str(n): micros for n, micros in found.partitions.items()}

    def _comparison(self) -> None:
        for curve_of, size in sizes_up_to(self._plan.persons):
            self._say(f"{size.people:,} people in {size.cells:,} cells")
            self._result.comparison.append((curve_of, measure_comparison(size)))


def _lines(load: list[tuple[bytes, bytes]]) -> list[Line]:
    return [Line(row, event) for row, (_, event) in enumerate(load, 1)]
