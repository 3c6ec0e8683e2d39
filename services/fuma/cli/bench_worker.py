"""Processes that a bench starts and looks at: do they live, what they cost, how large they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from fuma.cli.bench_stages import CODES, cpu_seconds, peak_mib
from fuma.cli.errors import CliError

_STOP_S = 60.0


@dataclass(slots=True)
class Worker:
    """One running process, and where it says what went wrong."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return cpu_seconds(self.process.pid)

    @property
    def rss_mib(self) -> float:
        """Resident memory now."""
        return rss_mib(self.process.pid)

    @property
    def peak_mib(self) -> float:
        """The most it ever had resident."""
        return peak_mib(self.process.pid)

    def ended(self) -> bool:
        """Whether it ended well. Raises ``CliError`` where it did not."""
        code = self.process.poll()
        if code:
            raise CliError(f"{self.name} ended with {code}", f"see {self.log}")
        return code is not None

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()


def rss_mib(pid: int | None) -> float:
    """Resident memory of a process; 0 where it is gone."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / (1 << 20)
    except psutil.Error:
        return 0.0


def codes(home: Path, count: int = 1) -> list[Worker]:
    """So many workers of the stage ``codes``."""
    return [service("codes", CODES, home) for _ in range(count)]


def service(name: str, words: Sequence[str], home: Path) -> Worker:
    """``python -m <words>`` over ``home``."""
    log = home / "logs" / f"bench-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        command = [sys.executable, "-m", *words, "--home", str(home)]
        return Worker(name, subprocess.Popen(command, stdout=out, stderr=out), log)


def alive(workers: Iterable[Worker]) -> None:
    """Raises ``CliError`` where one of them ended."""
    for one in workers:
        if one.ended():
            raise CliError(f"{one.name} ended", f"see {one.log}")


def stop(workers: Iterable[Worker]) -> None:
    """SIGTERM to all, then wait; SIGKILL for what does not go."""
    workers = list(workers)
    for one in workers:
        one.process.terminate()
    for one in workers:
        try:
            one.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            one.kill()
