"""What the Python peers share: arguments, the answer. Standard library only.

A peer is run as ``python <peer>.py PLAN``; PLAN is a JSON file with ``kafka`` (connection settings
of confluent-kafka), ``input``, ``output``, ``records``, ``partitions``, ``state`` (a directory),
``state_bytes``, ``out_bytes``, ``schema`` (a path), ``rules`` (a folder), ``warm`` (how many
records are not counted). It prints a line when the clock starts, and at the end a JSON line with
``records``, ``seconds`` and ``cpu`` (seconds of its process), from the first record that counts to
the last acknowledgement or commit.
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
    """Counts records; the last that is not counted, or the first, starts it."""

    def __init__(self, total: int, warm: int) -> None:
        self.total = total
        self.warm = warm
        self.done = 0
        self._began = self._used = 0.0

    def one(self) -> bool:
        """A record is processed; whether it was the last."""
        self.done += 1
        if self.done == max(self.warm, 1):
            print(json.dumps({"began": True}), flush=True)
            self._began, self._used = time.monotonic(), time.process_time()
        return self.done >= self.total

    def answer(self) -> None:
        """Say it. Exits 1 where records are missing."""
        if self.done < self.total:
            sys.exit(f"only {self.done} of {self.total} records")
        seconds = time.monotonic() - self._began
        cpu = time.process_time() - self._used
        counted = self.done - self.warm
        print(json.dumps({"records": counted, "seconds": seconds, "cpu": cpu}), flush=True)


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
