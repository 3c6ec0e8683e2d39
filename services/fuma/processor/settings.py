"""What the processor is told from outside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STAGES = (
    "taskforce", "comparison", "codes", "outbox", "authority", "outbox-orders", "watch",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """``home`` holds keys, credentials and the stores; the rest has its default here."""

    home: Path
    stages: tuple[str, ...] = STAGES
    group: str = "fuma.processor"
    chunk: int = 1_000  # records decided at once

    @classmethod
    def of(cls, home: str | None, stages: list[str] | None) -> Settings:
        path = Path(home or os.environ.get("FUMA_HOME") or ".fuma").absolute()
        if not stages:
            return cls(path)
        # A group's members subscribe to the same topics, so other stages are another group.
        return cls(path, tuple(stages), "fuma.processor." + "-".join(sorted(stages)))

    @property
    def stores(self) -> Path:
        return self.home / "store" / "processor"
