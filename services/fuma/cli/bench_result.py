"""What one run of ``fuma bench`` measured: records a second, ``…_micros`` of CPU a record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from fuma.cli.bench_comparison import Cost
from fuma.cli.bench_latency import Latency
from fuma.cli.bench_ledger import Ledger
from fuma.cli.bench_memory import ClientMemory
from fuma.cli.bench_recovery import Rebuilt
from fuma.cli.bench_stages import Measured
from fuma.cli.bench_steady import Steady
from fuma.cli.errors import CliError


@dataclass(frozen=True, slots=True)
class Peer:
    """Another engine over the same records, or ``codes`` itself in that run. ``micros``: CPU a
    record of its processes; 0: not seen."""

    name: str
    rate: float
    does: str
    workers: int = 1
    micros: float = 0.0
    broker_micros: float = 0.0


def peers(path: Path) -> list[Peer]:
    """From what ``bench.peers --json`` wrote: ``{"peers": [{"name": …, "rate": …, "does": …}]}``,
    where workers and CPU may be left out."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["peers"]
        return [
            Peer(
                str(p["name"]), float(p["rate"]), str(p["does"]), int(p.get("workers", 1)),
                float(p.get("micros", 0)), float(p.get("broker_micros", 0)),
            )
            for p in found
        ]  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CliError(
            f"{path}: {type(error).__name__}: {error}", 'it holds {"peers": [{name, rate, does}]}'
        ) from error


@dataclass(slots=True)
class Space:
    """What so many persons take up."""

    persons: int
    store_bytes: int = 0
    ledger_bytes: int = 0
    redis_bytes: int = 0
    vault_bytes: int = 0


@dataclass(slots=True)
class Whole:
    """Everything on one machine, from a department's file to the platform."""

    rate: float
    micros: dict[str, float]  # by service
    cores: float


@dataclass(slots=True)
class Result:
    """All of it; what was not asked for is empty."""

    records: int
    cores: int
    #: The machine's load (one minute) when it began and when it ended: whether it was alone.
    load: tuple[float, float] = (0.0, 0.0)
    #: Whether the core ran compiled: without, a record costs twice as much.
    compiled: bool = False
    #: Phases that failed, with the sentence that says why.
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # that each phase took
    peers: list[Peer] = field(default_factory=list)
    stages: list[Measured] = field(default_factory=list)
    kill_seconds: float = 0.0
    #: Stores folded from the ledger: by all workers at once, then by one alone.
    rebuilt: list[Rebuilt] = field(default_factory=list)
    space: Space | None = None
    end_to_end: Whole | None = None
    latency: dict[str, Latency] = field(default_factory=dict)
    memory_mib: dict[str, float] = field(default_factory=dict)
    steady: Steady | None = None
    ledger: Ledger | None = None
    #: ``codes`` alone in one process, CPU µs a record: by persons in the store, by partitions.
    by_persons: dict[str, float] = field(default_factory=dict)
    by_partitions: dict[str, float] = field(default_factory=dict)
    #: The comparison alone: "people" (as they become more) or "cells" (as they crowd together).
    comparison: list[tuple[str, Cost]] = field(default_factory=list)
    client: list[ClientMemory] = field(default_factory=list)
