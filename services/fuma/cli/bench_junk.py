"""Junk at a rate beside the load, from a process of its own: ``python -m fuma.cli.bench_junk``.

On the topics that a report goes through, as somebody with an administrator's password would write
it: no MAC, a wrong one, nothing, too much. Stops when its standard input ends.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from confluent_kafka import Producer

from fuma.contracts.topics import PERSON, feed_topic, in_topic, spec
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home

#: Bytes of a value; each as often.
_SIZES = (0, 1, 60, 300, 2_000)


class Junk:
    """The process, from the bench's side. A context; ``rate`` 0 writes nothing."""

    def __init__(self, home: Home, department: str, rate: int) -> None:
        words = ["--home", str(home.path), "--department", department, "--rate", str(rate)]
        self._process: subprocess.Popen[bytes] | None = None
        if rate:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fuma.cli.bench_junk", *words],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip

    @property
    def pids(self) -> list[int]:
        return [] if self._process is None else [self._process.pid]

    def __enter__(self) -> Junk:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """No more of it."""
        if self._process is not None:
            self._process.communicate(timeout=60)
            self._process = None


def main() -> None:
    """Write until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m fuma.cli.bench_junk", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--department", required=True)
    parser.add_argument("--rate", type=int, required=True, help="records a second")
    asked = parser.parse_args()
    config = kafka_config(Home(asked.home), "admin")
    producer = Producer({**config, "linger.ms": 5, "log_level": 0})
    topics = [in_topic(asked.department), feed_topic(asked.department), PERSON]
    over = threading.Event()

    def wait() -> None:
        sys.stdin.buffer.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    dice, began, sent = random.Random(asked.rate), time.monotonic(), 0
    while not over.wait(0.01):
        due = int((time.monotonic() - began) * asked.rate)
        for _ in range(due - sent):
            topic = dice.choice(topics)
            headers: list[tuple[str, str | bytes | None]] = []
            if dice.random() < 0.5:
                headers.append(("fuma-mac", dice.randbytes(32)))
            producer.produce(
                topic, dice.randbytes(dice.choice(_SIZES)) or None, dice.randbytes(16),
                dice.randrange(spec(topic).partitions), headers=headers,
            )  # fmt: skip
        sent = due
        producer.poll(0)
    producer.flush(30)


if __name__ == "__main__":
    main()
