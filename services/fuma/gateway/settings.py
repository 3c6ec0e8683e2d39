"""What the gateway is told from outside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fuma.domain.time import HOUR, Ms


@dataclass(frozen=True, slots=True)
class Settings:
    """``home`` holds keys, credentials and the staging file; the rest has its default here."""

    home: Path
    chunk: int = 1_000  # records handled at once: bounds memory, and what a crash repeats
    batch_age: Ms = 24 * HOUR  # a declared batch that is not whole by then is refused

    @classmethod
    def of(cls, home: str | None) -> Settings:
        return cls(Path(home or os.environ.get("FUMA_HOME") or ".fuma").absolute())

    @property
    def folder(self) -> Path:
        return self.home / "data" / "gateway"
