"""What the gateway is told from outside."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from fuma.contracts.errors import Fatal
from fuma.domain.time import DAY, HOUR, Ms
from fuma.gateway.service import MAX_JUMP


@dataclass(frozen=True, slots=True)
class Settings:
    """``home`` holds keys, credentials and the staging file; the rest has its default here."""

    home: Path
    chunk: int = 1_000  # records handled at once: bounds memory, and what a crash repeats
    batch_age: Ms = 24 * HOUR  # a declared batch that is not whole by then is refused
    max_jump: Ms = MAX_JUMP  # simulated worlds: how far ahead of the log a row's time may be

    @classmethod
    def of(cls, home: str | None) -> Settings:
        days = os.environ.get("FUMA_MAX_JUMP_DAYS", "")
        if days and not re.fullmatch(r"[1-9][0-9]{0,4}", days):
            raise Fatal(f"FUMA_MAX_JUMP_DAYS={days}", "a whole number of days from 1")
        where = Path(home or os.environ.get("FUMA_HOME") or ".fuma").absolute()
        return cls(where, max_jump=int(days) * DAY if days else MAX_JUMP)

    @property
    def folder(self) -> Path:
        return self.home / "data" / "gateway"
