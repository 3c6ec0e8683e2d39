"""Ids and law as the formats' pages derive them, for what must follow from a ledger record."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from fault.checker.raw import Log, Schemas

LAW = "fuma.law"
SEVERITY = ("green", "yellow", "red")


def derive(*parts: bytes) -> bytes:
    """The first 16 bytes of SHA-256 over ``parts``, each with its length before it."""
    sized = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(sized).digest()[:16]


def number(value: int) -> bytes:
    return b"%d" % value


def word(name: str) -> str:
    """An event's name without its namespace."""
    return name.rsplit(".", 1)[-1]


def plain(value: Any) -> Any:
    """A record out of a union, without its name."""
    return value[1] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Hearers:
    """A text of law that says which provinces hear of a division's decisions."""

    name: str
    version: int
    division: str
    begins: int
    until: int | None
    recipients: tuple[tuple[str, frozenset[str]], ...]


class Neighbours:
    """Who hears of what, by the texts of the genesis.

    ``known`` is false where another text about it was published since: the notice is not worked
    out here, and nothing is said of the exchange.
    """

    def __init__(self, texts: Iterable[Hearers], topics: Iterable[str], *, known: bool) -> None:
        self.known = known
        self._texts = list(texts)
        self._topics = set(topics)

    def hear(self, division: str, at: int, colour: str) -> list[str]:
        """Of an order that takes effect: by the longest division in force."""
        found: Hearers | None = None
        for text in self._texts:
            if not division.startswith(text.division) or not text.begins <= at:
                continue
            if text.until is not None and at >= text.until:
                continue
            if found is None or _rank(text) > _rank(found):
                found = text
        if found is None:
            return []
        named = (p for p, colours in found.recipients if colour in colours)
        return self._with_topic(p for p in named if not found.division.startswith(p))

    def ever(self, division: str, at: int) -> list[str]:
        """Of an order's end: whoever may have got it; where no place is said, everybody."""
        named = {
            province
            for text in self._texts
            if text.begins <= at and division.startswith(text.division if division else "")
            for province, _ in text.recipients
        }
        return self._with_topic(p for p in named if not division.startswith(p))

    def _with_topic(self, provinces: Iterable[str]) -> list[str]:
        return sorted({p for p in provinces if f"fuma.exchange.{p}" in self._topics})


def _rank(text: Hearers) -> tuple[int, int, str, int]:
    return len(text.division), text.begins, text.name, text.version


def neighbours(log: Log, schemas: Schemas) -> Neighbours:
    """As ``law`` says from its first record."""
    found: list[Hearers] = []
    known = True
    for record in log.of(LAW):
        body = schemas.read(record.value, "law")
        if body is None or body["kind"] == "tick":
            continue
        try:
            payload = json.loads(base64.b64decode(json.loads(body["envelope"])["payload"]))
            if record.offset == 0:
                read = (json.loads(text) for text in payload["texts"])
                found = [_hearers(text) for text in read if text["kind"] == "exchange"]
            elif payload.get("kind") == "exchange":
                known = False
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # junk: others look after it
    return Neighbours(found, log.ids, known=known)


def _hearers(text: dict[str, Any]) -> Hearers:
    term = text["in_force"]
    return Hearers(
        text["name"], text["version"], text["division"], _moment(term["from"]),
        _moment(term["until"]) if term.get("until") else None,
        tuple((one["province"], frozenset(one["colours"])) for one in text["recipients"]),
    )  # fmt: skip


def _moment(said: str) -> int:
    """A day begins in Shanghai."""
    read = datetime.fromisoformat(said)
    if read.tzinfo is None:
        read = read.replace(tzinfo=timezone(timedelta(hours=8)))
    return int(read.timestamp() * 1_000)
