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

from fuma.cli.errors import CliError

_POLL_S = 0.02
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A stage over ``records`` records."""

    name: str
    records: int
    rate: float  # records a second
    starting: float  # seconds until the first was done
    peak_mib: float  # peak resident memory of its process


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
) -> Measured:
    """Run ``python -m <words>`` until ``done()`` reaches ``target``, then stop it."""
    log = home / "logs" / f"bench-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *words, "--home", str(home)], stdout=out, stderr=out
        )
    try:
        before = done()
        first = last = began
        seen = count = before
        while count < target:
            if process.poll() is not None:
                raise CliError(f"{name} ended with {process.returncode}", f"see {log}")
            now = time.monotonic()
            if now - began > patience:
                raise CliError(f"{name}: {count:,} of {target:,} after {patience:.0f} s", str(log))
            count = done()
            last = time.monotonic()
            if seen == before and count > before:
                first, seen = last, count
            if count < target:
                time.sleep(_POLL_S)
        peak = peak_mib(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    # What was there when the first progress was seen is not timed, so it is not counted.
    timed, seconds = target - seen, last - first
    if seconds <= 0:  # done between two looks
        timed, seconds = target - before, last - began
    return Measured(name, target - before, timed / seconds, first - began, peak)
