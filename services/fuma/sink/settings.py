"""What the sink is told from outside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """``home`` holds keys and credentials; the rest has its default here."""

    home: Path
    chunk: int = 1_000  # records of a batch
    wait_s: float = 0.05  # how long a poll waits for a whole chunk
    beat_s: float = 1.0
    sweep_s: float = 300.0  # pause between two sweeps
    longest_backoff_s: float = 5.0
    partitions: tuple[int, ...] | None = None  # those to write; ``None``: a share of all
    workers: int = 1  # so many sinks of this home share them

    @classmethod
    def of(
        cls, home: str | None, partitions: tuple[int, ...] | None = None, workers: int = 1
    ) -> Settings:
        path = Path(home or os.environ.get("FUMA_HOME") or ".fuma").absolute()
        return cls(path, partitions=partitions, workers=workers)

    @property
    def folder(self) -> Path:
        return self.home / "data" / "sink"

    @property
    def lock(self) -> Path:
        """Each sink of this home holds its partitions' bytes of it."""
        return self.folder / "lock"

    def rebuild(self, partition: int) -> Path:
        """`fuma rebuild` asks whoever writes a partition by putting this file there."""
        return self.folder / f"rebuild-{partition}"
