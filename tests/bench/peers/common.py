"""What the Python peers share: arguments, the answer. Standard library only.

A peer is run as ``python <peer>.py PLAN``; PLAN is a JSON file with ``kafka`` (connection settings
of confluent-kafka), ``input``, ``output``, ``records``, ``partitions``, ``state`` (a directory),
``state_bytes``, ``out_bytes``, ``schema`` (a path), ``rules`` (a folder). It prints one JSON line
with ``records``, ``seconds`` and ``cpu`` (seconds of its process), from the first record to the
last acknowledgement or commit.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def plan() -> dict[str, Any]:
    """The plan that the command line names."""
    found: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return found


class Clock:
    """Counts records; the first one starts it."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._began = self._used = 0.0

    def one(self) -> bool:
        """A record is processed; whether it was the last."""
        if not self.done:
            self._began, self._used = time.monotonic(), time.process_time()
        self.done += 1
        return self.done >= self.total

    def answer(self) -> None:
        """Say it. Exits 1 where records are missing."""
        if self.done < self.total:
            sys.exit(f"only {self.done} of {self.total} records")
        seconds = time.monotonic() - self._began
        cpu = time.process_time() - self._used
        print(json.dumps({"records": self.done, "seconds": seconds, "cpu": cpu}), flush=True)


def least(fact: dict[str, Any], size: int) -> bytes:
    """A record of ``size`` bytes with the fact's fields: encoding, at its least."""
    head = b"".join(
        (
            fact["id"],
            fact["content"],
            fact["evidence_ref"],
            fact["since"].to_bytes(8, "big"),
            fact["department"].encode(),
            fact["division"].encode(),
            fact["ground"].encode(),
        )
    )
    return head.ljust(size, b"\0")[:size]
