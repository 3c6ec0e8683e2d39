"""One service at a time over a topic that is already full: records a second, and peak memory.

A rate is taken between the first and the last record that the stage is seen to have finished, so
that starting a process is not part of it; ``starting`` says how long that took.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from fuma.cli.errors import CliError
from fuma.contracts.errors import Fatal

if TYPE_CHECKING:
    from fuma.cli.bench_baseline import Bare

#: The words that run the ``codes`` stage alone.
CODES = ("fuma.processor", "--stage", "codes")
_POLL_S = 0.02
_TRIES = 10
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A stage over ``records`` records."""

    name: str
    records: int
    rate: float  # records a second
    starting: float  # seconds until the first was done
    peak_mib: float  # peak resident memory of its largest process
    workers: int = 1
    cpu_micros: float = 0.0  # CPU a record, of all its processes; 0: not seen
    broker_micros: float = 0.0  # and the broker's meanwhile
    #: A bare loop over the records that the stage read, writing those that it wrote.
    bare: Bare | None = None

    @property
    def ratio(self) -> float:
        """To the bare loop, by the clock."""
        return self.rate / self.bare.rate if self.bare else 0.0


@dataclass(frozen=True, slots=True)
class _Look:
    """What was done by a moment, and what it had cost by then."""

    at: float
    count: int
    cpu: float
    broker: float


def cpu_seconds(pid: int | None) -> float:
    """CPU that a process used so far, user and system, all threads; 0 where it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def patiently(ask: Callable[[], int]) -> Callable[[], int]:
    """``ask`` of a broker that may be too busy to answer: again, a few times."""

    def asked() -> int:
        for _ in range(_TRIES):
            try:
                return ask()
            except Fatal:
                time.sleep(_POLL_S)
        return ask()

    return asked


def peak_mib(pid: int) -> float:
    """Peak resident memory of a process, MiB (Linux; 0 elsewhere)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def measure(
    name: str,
    words: Sequence[str],
    home: Path,
    target: int,
    done: Callable[[], int],
    patience: float = 600.0,
    *,
    workers: int = 1,
    broker: int | None = None,
    warm: int = 0,
) -> Measured:
    """Run ``python -m <words>`` until ``done()`` reaches ``target``, then stop it.

    ``workers``: so many of them. ``broker``: its process id, for what it costs. ``warm``: so many
    records come first and are not counted.
    """
    done = patiently(done)
    if (there := done()) >= target:
        raise CliError(f"{name}: all {there:,} records are done already, nothing to measure")
    log = home / "logs" / f"bench-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    command = [sys.executable, "-m", *words, "--home", str(home)]
    with log.open("wb") as out:
        running = [subprocess.Popen(command, stdout=out, stderr=out) for _ in range(workers)]

    def look(count: int) -> _Look:
        used = sum(cpu_seconds(process.pid) for process in running)
        return _Look(time.monotonic(), count, used, cpu_seconds(broker) if broker else 0.0)

    try:
        before = count = done()
        first = last = _Look(began, before, 0.0, cpu_seconds(broker) if broker else 0.0)
        started = began
        while count < target:
            for process in running:
                if process.poll() is not None:
                    raise CliError(f"{name} ended with {process.returncode}", f"see {log}")
            if time.monotonic() - began > patience:
                raise CliError(f"{name}: {count:,} of {target:,} after {patience:.0f} s", str(log))
            count = done()
            last = look(count)
            if started == began and count > before:
                started = last.at
            if first.count == before and count > before + warm:
                first = last
            if count < target:
                time.sleep(_POLL_S)
        peak = max(peak_mib(process.pid) for process in running)
    finally:
        _stop(running)
    if last.at <= first.at:  # done between two looks
        first = _Look(began, before, 0.0, first.broker)
    # What was there when the first progress was seen is not timed, so it is not counted.
    timed = max(1, target - first.count)
    return Measured(
        name,
        target - before,
        timed / (last.at - first.at),
        started - began,
        peak,
        workers,
        (last.cpu - first.cpu) / timed * 1e6,
        (last.broker - first.broker) / timed * 1e6,
    )


def _stop(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
