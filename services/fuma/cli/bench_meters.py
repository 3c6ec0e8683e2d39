"""What each service of a running world costs and how large it is: CPU, memory, disk."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from fuma.cli.bench_memory import redis_bytes, size_of
from fuma.cli.bench_stages import cpu_seconds, peak_mib
from fuma.cli.bench_worker import rss_mib
from fuma.cli.demo.world import World
from fuma.cli.run_supervisor import SERVICES
from fuma.runtime.embedded.supervisor import stack

SENDER = "sender"


@dataclass(frozen=True, slots=True)
class Reading:
    """CPU seconds by service at a moment."""

    at: float
    cpu: Mapping[str, float]

    def micros(self, later: Reading, records: int) -> dict[str, float]:
        """CPU µs a record, by service, between this and ``later``."""
        return {
            name: round((later.cpu[name] - used) / max(1, records) * 1e6, 1)
            for name, used in self.cpu.items()
        }

    def cores(self, later: Reading) -> float:
        """How many cores all of them together kept busy."""
        return (sum(later.cpu.values()) - sum(self.cpu.values())) / (later.at - self.at)


class Meters:
    """The services of ``world``, its broker and Redis, and the bench itself as the sender."""

    def __init__(self, world: World) -> None:
        found = stack.status(world.home)
        self._home = world.home
        self.pids: dict[str, list[int]] = {
            name: [proc.pid for proc in world.supervisor.processes(name)] for name in SERVICES
        }
        self.pids |= {"broker": [found.kafka_pid or 0], "redis": [found.redis_pid or 0]}

    def read(self) -> Reading:
        """CPU now."""
        cpu = {name: sum(map(cpu_seconds, pids)) for name, pids in self.pids.items()}
        return Reading(time.monotonic(), cpu | {SENDER: cpu_seconds(os.getpid())})

    def rss(self) -> dict[str, float]:
        """Resident memory of each service, its largest process, MiB."""
        return {name: max(map(rss_mib, pids), default=0.0) for name, pids in self.pids.items()}

    def peaks(self) -> dict[str, float]:
        """The most that each had resident so far, MiB."""
        return {
            name: round(max(map(peak_mib, pids), default=0.0), 1)
            for name, pids in self.pids.items()
        }

    def disk(self) -> dict[str, float]:
        """MB on disk: the broker's logs, the stores, the vault; and what Redis holds in memory."""
        path = self._home.path
        return {
            "logs": size_of(path / "kafka") / 1e6,
            "stores": size_of(path / "store") / 1e6,
            "vault": size_of(path / "vault") / 1e6,
            "redis": redis_bytes(self._home) / 1e6,
        }
