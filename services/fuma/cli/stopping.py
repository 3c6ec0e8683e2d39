"""What a command does that is told to stop."""

from __future__ import annotations

import signal
import sys


def stop_as_asked() -> None:
    """Let a ``kill`` end as a Ctrl-C does: in the contexts that stop what was started."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + signal.SIGTERM))
