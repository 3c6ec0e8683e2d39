"""Where the data that ships beside the code is: ``schemas/``, ``topics/``, ``rules/``."""

from __future__ import annotations

import os
from pathlib import Path


def root() -> Path:
    """The checkout (or ``FUMA_RESOURCES``) that holds ``schemas/``, ``topics/`` and ``rules/``."""
    named = os.environ.get("FUMA_RESOURCES")
    return Path(named) if named else Path(__file__).resolve().parents[3]
