"""The wall clock, in the one place where it is read."""

from __future__ import annotations

import time

from fuma.domain.time import Ms


class SystemClock:
    """``ports.Clock`` over the machine's time."""

    def now(self) -> Ms:
        """Milliseconds UTC."""
        return time.time_ns() // 1_000_000
