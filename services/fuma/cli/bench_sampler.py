"""Looks at how far the sink is, from a process of its own: ``python -m fuma.cli.bench_sampler``.

The clients of the bench and this would share one interpreter's lock otherwise, and each would be
measured as the other's delay. Positions are kept as they come, raw; they are opened afterwards.
Stops, and writes what it saw to ``--out``, when its standard input ends.
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from fuma.contracts.topics import DECISIONS, spec
from fuma.runtime.embedded.paths import Home
from fuma.runtime.redis import RedisReader

#: Between two looks. What is measured is too long by at most this and a journey to Redis.
LOOK_S = 0.002


@dataclass(frozen=True, slots=True)
class Seen:
    """(monotonic seconds, raw positions) at each change; CPU seconds it took.

    The monotonic clock is the machine's, so other processes' times compare with it (Linux).
    """

    looks: list[tuple[float, list[bytes | None]]]
    cpu: float
    count: int  # looks in all


class Sampler:
    """The process, from the bench's side. Use as a context; ``seen`` is there afterwards."""

    def __init__(self, home: Home, name: str) -> None:
        self._out = home.logs / f"bench-{name}.seen"
        words = ["--home", str(home.path), "--out", str(self._out)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fuma.cli.bench_sampler", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.pid = self._process.pid
        self.seen = Seen([], 0.0, 0)

    def __enter__(self) -> Sampler:
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it looks
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)
        self.seen = pickle.loads(self._out.read_bytes())  # our own process wrote it
        self._out.unlink()


def main() -> None:
    """Look until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m fuma.cli.bench_sampler", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    reader, partitions = RedisReader(Home(asked.home)), spec(DECISIONS).partitions
    over = threading.Event()

    def wait() -> None:
        sys.stdin.buffer.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    looks: list[tuple[float, list[bytes | None]]] = []
    last, count = reader.positions(partitions), 0
    looks.append((time.monotonic(), last))
    print("looking", flush=True)
    while not over.is_set():
        found = reader.positions(partitions)
        count += 1
        if found != last:
            # When the answer is there: a moment later than the write, never earlier.
            looks.append((time.monotonic(), found))
            last = found
        time.sleep(LOOK_S)
    # Under the module's own name, not __main__, whoever reads it.
    from fuma.cli.bench_sampler import Seen as Kept

    asked.out.write_bytes(pickle.dumps(Kept(looks, time.process_time(), count)))


if __name__ == "__main__":
    main()
