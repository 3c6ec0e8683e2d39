"""Takes the JSON of an event apart and gathers what is wrong with it: texts, dates, divisions.

Everything here is total: whatever stands in a field, there is a value and perhaps a fault.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from operator import mul
from typing import Any

from fuma.contracts import divisions
from fuma.contracts.faults import Fault, fault
from fuma.domain.time import DAY, Ms, day_start, sayable, to_ms

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
#: Characters in a text, at most, by its path.
LENGTH = {
    "id": 128,
    "source": 256,
    "data.id": 18,
    "data.name": 64,
    "data.division": 12,
    "data.ground": 64,
    "data.reporter": 128,
    "data.note": 500,
    "data.evidence.kind": 64,
    "data.evidence.number": 128,
    "data.evidence.root": 128,
}
#: Where the table has nothing: places, cells.
_SHORT = 40
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number_fault(number: str) -> str | None:
    """Code of what is wrong with a resident identity number (GB 11643), or ``None``."""
    if len(number) != 18 or not number.isascii() or not number[:17].isdigit():
        return "id-form"
    if not (number[17].isdigit() or number[17] == "X"):
        return "id-form"
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "id-birth-date"
    total = sum(map(mul, _WEIGHTS, map(int, number[:17])))
    return None if "10X98765432"[total % 11] == number[17] else "id-checksum"


def instant(text: str) -> Ms | None:
    """An RFC 3339 instant, or ``None``."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        found = to_ms(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        return None
    return found if sayable(found) else None


def day(text: str) -> date | None:
    """A date as ``2022-06-14``, or ``None``."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def moment(text: str, *, end: bool) -> Ms | None:
    """An instant, or a date as its whole day: its first instant, or (``end``) that of the next."""
    if _DATE.fullmatch(text):
        named = day(text)
        if named is None:
            return None
        try:
            found = day_start(named) + (DAY if end else 0)
        except (ValueError, OverflowError):
            return None
        return found if sayable(found) else None
    return instant(text)


def _visible(text: str) -> bool:
    """Whether anything of it can be seen. A control character counts: it is bad, not missing."""
    if text[:1].isalnum():  # a letter or a digit is seen
        return True
    kinds = {unicodedata.category(c) for c in text}
    return "Cc" in kinds or any(kind[0] not in "CMZ" for kind in kinds)


class EventReader:
    """Collects faults while it takes an object apart. ``path``: where a value stands, with dots."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def say(self, field: str, code: str, detail: str = "") -> None:
        self.faults.append(fault(field, code, detail))

    def text(self, holder: dict[str, Any], path: str, *, needed: bool = True) -> str:
        """The text at the path's last name; ``""`` and a fault where there is none."""
        return self.as_text(holder.get(path.rpartition(".")[2]), path, needed=needed)

    def as_text(self, value: Any, path: str, *, needed: bool = True) -> str:
        """``value`` as the text at ``path``; ``""`` and a fault where it is none."""
        if isinstance(value, str):
            value = value.strip()
        if value is None or (isinstance(value, str) and not _visible(value)):
            if needed:
                self.say(path, "missing")
            return ""
        if not isinstance(value, str):
            self.say(path, "not-text")
            return ""
        most = LENGTH.get(path, _SHORT)
        if len(value) > most:
            self.say(path, "too-long", f"{most}")
            return ""
        if not value.isprintable() and any(unicodedata.category(c) == "Cc" for c in value):
            self.say(path, "bad-text")
            return ""
        return value

    def count(self, holder: dict[str, Any], path: str) -> int:
        """A whole number from 0, as a number or in digits; 0 where none stands there."""
        value = holder.get(path.rpartition(".")[2])
        if value is None:
            return 0
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not _COUNT.fullmatch(text.strip()):
            self.say(path, "bad-count")
            return 0
        return int(text)

    def flag(self, holder: dict[str, Any], path: str) -> bool:
        """``true`` or ``false``, as such or as a text; false where nothing stands there."""
        value = holder.get(path.rpartition(".")[2])
        if value is None or value is False or value == "false":
            return False
        if value is not True and value != "true":
            self.say(path, "bad-flag")
            return False
        return True

    def unknown(self, holder: dict[str, Any], known: set[str], prefix: str) -> None:
        for name in holder:
            if name not in known:
                # a sender's own field name may hold anything: only its place is told
                shown = name if re.fullmatch(r"[a-z]{1,32}", name) else "?"
                self.say(prefix + shown, "unknown-field")

    def part(self, holder: dict[str, Any], path: str) -> dict[str, Any]:
        value = holder.get(path.rpartition(".")[2])
        if isinstance(value, dict):
            return value
        self.say(path, "missing" if value is None else "not-object")
        return {}

    def when(self, holder: dict[str, Any], path: str, *, end: bool, needed: bool) -> Ms | None:
        value = holder.get(path.rpartition(".")[2])
        if value is None:
            if needed:
                self.say(path, "missing")
            return None
        found = moment(value, end=end) if isinstance(value, str) and len(value) <= 40 else None
        if found is None:
            self.say(path, "bad-date")
        return found

    def division(self, holder: dict[str, Any], path: str = "data.division") -> str:
        return self.as_division(self.text(holder, path), path)

    def as_division(self, text: str, path: str) -> str:
        """The code without trailing zero groups; ``""`` and a fault where it is none."""
        if not text:
            return ""
        code = divisions.normal(text)
        if code is None:
            self.say(path, "division-form")
            return ""
        if not divisions.exists(code):
            self.say(path, "division-unknown")
        return code
