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

    @classmethod
    def of(cls, home: str | None) -> Settings:
        return cls(Path(home or os.environ.get("FUMA_HOME") or ".fuma").absolute())

    @property
    def folder(self) -> Path:
        return self.home / "data" / "sink"

    @property
    def lock(self) -> Path:
        """Held by the one sink of this home."""
        return self.folder / "lock"

    @property
    def rebuild(self) -> Path:
        """`fuma rebuild` asks a running sink by putting this file there."""
        return self.folder / "rebuild"
