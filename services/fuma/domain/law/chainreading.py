"""From plain data to the part of a procedure that says who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from fuma.domain.law.procedure import (
    LEVELS,
    OFFICES,
    PAPERS,
    ROLES,
    AccountRule,
    Bulk,
    Returns,
    Who,
)
from fuma.domain.law.vocabulary import DEPARTMENTS, GROUNDS, Words
from fuma.domain.time import Ms

Data = Mapping[str, Any]
#: Fields of a procedure that this module reads.
FIELDS = {
    "accounts", "bulk", "returns", "lift", "annul", "decide", "papers", "settings", "channel",
}  # fmt: skip
_SETTINGS = {"venue_within", "lapse", "hold", "appeal"}


class Reader(Protocol):
    """What ``reading`` offers: takes fields out of data and gathers what is wrong."""

    def fault(self, where: str, what: str) -> None: ...
    def only(self, where: str, data: Data, allowed: set[str]) -> None: ...
    def mapping(self, where: str, value: Any) -> Data: ...
    def items(self, where: str, value: Any) -> list[Any]: ...
    def words(self, where: str, value: Any) -> Words: ...
    def listed(self, where: str, value: Any, known: Mapping[str, Any]) -> tuple[str, ...]: ...
    def duration(self, where: str, value: Any) -> Ms: ...


def who(r: Reader, where: str, value: Any) -> Who:
    """``{offices: […], levels: […], roles: […]}``; at least one of them."""
    data = r.mapping(where, value)
    r.only(where, data, {"offices", "levels", "roles"})
    if not data:
        r.fault(where, "names nobody in particular")
    return Who(
        r.listed(f"{where}.offices", data.get("offices", []), OFFICES),
        r.listed(f"{where}.levels", data.get("levels", []), LEVELS),
        r.listed(f"{where}.roles", data.get("roles", []), ROLES),
    )


def read_rights(r: Reader, data: Data) -> dict[str, Any]:
    """The fields of ``FIELDS`` as keyword arguments of ``Procedure``."""
    found: dict[str, Any] = {}
    if "accounts" in data:
        rules = []
        for i, item in enumerate(r.items("accounts", data["accounts"])):
            at = f"accounts[{i}]"
            rule = r.mapping(at, item)
            r.only(at, rule, {"whom", "by", "title"})
            rules.append(
                AccountRule(
                    who(r, f"{at}.whom", rule.get("whom")),
                    who(r, f"{at}.by", rule.get("by")),
                    r.words(f"{at}.title", rule.get("title")),
                )
            )
        found["accounts"] = tuple(rules)
    for name in ("lift", "annul", "decide"):
        if name in data:
            found[name] = who(r, name, data[name])
    if "bulk" in data:
        found["bulk"] = _bulk(r, r.mapping("bulk", data["bulk"]))
    if "returns" in data:
        found["returns"] = _returns(r, r.mapping("returns", data["returns"]))
    if "papers" in data:
        found["papers"] = _papers(r, r.mapping("papers", data["papers"]))
    settings = r.mapping("settings", data.get("settings", {}))
    r.only("settings", settings, _SETTINGS)
    for name in sorted(_SETTINGS & set(settings)):
        found[name] = r.duration(f"settings.{name}", settings[name])
    channel = data.get("channel", False)
    if not isinstance(channel, bool):
        r.fault("channel", "must be true or false")
    found["channel"] = channel is True
    return found


def _bulk(r: Reader, data: Data) -> Bulk:
    r.only("bulk", data, {"count", "window", "by"})
    count = data.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        r.fault("bulk.count", "must be a whole number from 1")
        count = 1
    window = r.duration("bulk.window", data.get("window"))
    return Bulk(count, window, who(r, "bulk.by", data.get("by")))


def _returns(r: Reader, data: Data) -> Returns:
    r.only("returns", data, {"departments", "items", "by", "due"})
    return Returns(
        r.listed("returns.departments", data.get("departments"), DEPARTMENTS),
        who(r, "returns.items", data.get("items")),
        who(r, "returns.by", data.get("by")),
        r.duration("returns.due", data.get("due")),
    )


def _papers(r: Reader, data: Data) -> tuple[tuple[str, tuple[str, ...]], ...]:
    for ground in data:
        if ground not in GROUNDS:
            r.fault("papers", f"unknown ground {ground!r}")
    return tuple((g, r.listed(f"papers.{g}", data[g], PAPERS)) for g in sorted(data))
