"""The divisions of GB/T 2260: which codes exist, and what they are called.

Province (2 digits), city (4) and county (6) are looked up; a township (9) or village (12) is held
to exist where its county does. A code is written without trailing zero groups: Henan is ``41``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "divisions.txt"
_LENGTHS = (2, 4, 6, 9, 12)


@cache
def table() -> dict[str, str]:
    """Code to name, to county level."""
    found: dict[str, str] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.partition(" ")
            found[code] = name
    return found


def normal(code: str) -> str | None:
    """``code`` without trailing zero groups (``410100``: ``4101``); ``None`` if malformed."""
    if len(code) not in _LENGTHS or not (code.isascii() and code.isdigit()):
        return None
    for longer, shorter in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if len(code) == longer and code.endswith("0" * (longer - shorter)):
            code = code[:shorter]
    return code


def exists(code: str) -> bool:
    """Whether a normal code is a division's."""
    known = table()
    if len(code) <= 6:
        return code in known
    county = code[:6]
    return county in known or (county.endswith("00") and county[:4] in known)


def name(code: str) -> str:
    """Its own name; ``""`` where it has none here."""
    return table().get(code, "")


def full_name(code: str) -> str:
    """Names from the province down, as far as they are known."""
    known = table()
    return "".join(known.get(code[:size], "") for size in (2, 4, 6) if len(code) >= size)
