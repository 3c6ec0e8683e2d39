"""What the vault is told from outside: the home, nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """``home``: directory that holds keys, credentials and the database (``FUMA_HOME``)."""

    home: Path
    port: int = 0  # 0: any free one

    @classmethod
    def of(cls, home: str | None) -> Settings:
        return cls(Path(home or os.environ.get("FUMA_HOME") or ".fuma"))

    @property
    def database(self) -> Path:
        return self.home / "vault" / "vault.db"
