"""From plain data to ``Oversight``, checked."""

from __future__ import annotations

import re
from typing import Any

from fuma.domain.law.chainreading import Data, Reader
from fuma.domain.law.oversight import (
    MAX_COUNT,
    MAX_WINDOW,
    MEASURES,
    SCOPES,
    SEVERITIES,
    Pattern,
)
from fuma.domain.watch.events import KINDS

_FIELDS = {
    "name", "title", "severity", "measure", "by", "kinds", "codes", "window", "counts",
    "grace",
}  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Which scope a measure needs; a sum takes any.
_NEEDS = {"returns": "subject", "spared": "shared", "apart": "shared"}


def read_patterns(r: Reader, value: Any) -> tuple[Pattern, ...]:
    """The patterns of an oversight text; what is wrong goes to ``r``."""
    found = tuple(_pattern(r, i, item) for i, item in enumerate(r.items("patterns", value)))
    names = [pattern.name for pattern in found]
    if not found:
        r.fault("patterns", "none: nothing would be seen")
    for name in sorted({n for n in names if names.count(n) > 1}):
        r.fault("patterns", f"{name!r} twice")
    return found


def _pattern(r: Reader, index: int, value: Any) -> Pattern:
    data = r.mapping(f"patterns[{index}]", value)
    name = str(data.get("name", ""))
    at = f"pattern {name or index}"
    if not _WORD.fullmatch(name):
        r.fault(at, "its name must be lower-case words joined by hyphens")
    r.only(at, data, _FIELDS)
    severity, measure, by = (str(data.get(f, "")) for f in ("severity", "measure", "by"))
    for field, word, known in (
        ("severity", severity, SEVERITIES), ("measure", measure, MEASURES), ("by", by, SCOPES),
    ):  # fmt: skip
        if word not in known:
            r.fault(f"{at}.{field}", f"{word!r} is none of {', '.join(known)}")
    if _NEEDS.get(measure, by) != by:
        r.fault(f"{at}.by", f"{measure} is counted by {_NEEDS[measure]}")
    kinds = r.listed(f"{at}.kinds", data.get("kinds"), KINDS)
    if not kinds:
        r.fault(f"{at}.kinds", "none: it would never be met")
    codes = tuple(str(code) for code in r.items(f"{at}.codes", data.get("codes", [])))
    window = r.duration(f"{at}.window", data.get("window"))
    if window > MAX_WINDOW:
        r.fault(f"{at}.window", "longer than 14 days")
    if measure == "apart" and kinds != ("exposed",):
        r.fault(f"{at}.kinds", "apart is counted of exposed")
    grace = r.duration(f"{at}.grace", data["grace"]) if "grace" in data else 0
    if grace and measure not in ("spared", "apart"):
        r.fault(f"{at}.grace", f"{measure} is no difference that could pass")
    return Pattern(
        name, r.words(f"{at}.title", data.get("title")), severity, measure, by, kinds, codes,
        window, _counts(r, at, data), grace,
    )  # fmt: skip


def _counts(r: Reader, at: str, data: Data) -> tuple[int, ...]:
    found = []
    for one in r.items(f"{at}.counts", data.get("counts")):
        if isinstance(one, bool) or not isinstance(one, int) or not 1 <= one <= MAX_COUNT:
            r.fault(f"{at}.counts", f"{one!r} is no whole number from 1 to {MAX_COUNT}")
        else:
            found.append(one)
    if not found or found != sorted(set(found)):
        r.fault(f"{at}.counts", "must be rising numbers, at least one")
        return (1,)
    return tuple(found)
