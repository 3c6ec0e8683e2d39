"""Peak memory of ``fuma report`` over a small and a large file: it must not grow with the file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuma.cli.bench_load import DEPARTMENT, events
from fuma.cli.bench_stages import peak_mib
from fuma.cli.demo.people import Person
from fuma.cli.errors import CliError
from fuma.domain.time import Ms
from fuma.runtime.embedded.connect import redis_client
from fuma.runtime.embedded.paths import Home

_SMALL = 10_000
_CHUNK = 10_000
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class ClientMemory:
    """One run of the client over a file of ``rows`` valid reports."""

    rows: int
    seconds: float
    peak_mib: float


def growth(
    home: Path,
    people: Sequence[Person],
    rows: int,
    at: Ms,
    division: str,
    say: Callable[[str], None],
) -> list[ClientMemory]:
    """The client over ``_SMALL`` rows and over ``rows``, each in a process of its own."""
    found = []
    for count in (_SMALL, rows):
        say(f"fuma report over {count:,} rows")
        path = home / f"bench-{count}.jsonl"
        with path.open("wb") as file:
            for start in range(0, count, _CHUNK):
                size = min(_CHUNK, count - start)
                for _, event in events(people, f"memory{count}-{start}", size, at, division):
                    file.write(event + b"\n")
        found.append(_run(home, path, count))
        path.unlink()
    return found


def _run(home: Path, path: Path, rows: int) -> ClientMemory:
    words = ["report", "--department", DEPARTMENT, "--json", "--patience", "600", str(path)]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "fuma.cli.main", *words],
        env={**os.environ, "FUMA_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    # Not ru_maxrss: on Linux it keeps what the parent had before the child's exec.
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, peak_mib(process.pid))
        time.sleep(_LOOK_S)
    if process.returncode != 0:
        raise CliError(f"fuma report over {rows:,} rows ended with {process.returncode}")
    return ClientMemory(rows, time.monotonic() - began, peak)


def size_of(folder: Path) -> int:
    """Bytes on disk of everything under ``folder``, which may change meanwhile.

    Blocks that are there: the broker's index files are long before they hold anything.
    """
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_blocks * 512 if path.is_file() else 0
        except FileNotFoundError:
            continue
    return size


def redis_bytes(home: Home) -> int:
    """What the platform's Redis holds in memory."""
    client: Any = redis_client(home, "admin")
    try:
        return int(client.info("memory")["used_memory"])
    finally:
        client.close()
