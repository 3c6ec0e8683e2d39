"""Matches on ``person``: each in one wording, and those that the driver knows there must be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fault.checker.raw import Log, Mac, Schemas


@dataclass(frozen=True)
class Met:
    """Somebody of whom it is known how many matches must stand."""

    name: str
    tag: bytes
    count: int


def check_matches(log: Log, mac: Mac, schemas: Schemas, met: Iterable[Met]) -> list[str]:
    """What differs."""
    faults: list[str] = []
    wordings: dict[tuple[bytes, int], bytes] = {}
    newest: dict[bytes, tuple[int, bool, bytes]] = {}
    for record in log.of("fuma.person"):
        whole = schemas.read(record.value, "person")
        if whole is None or record.key is None or not mac.good(record):
            continue
        kind, body = whole["body"]
        if kind != "fuma.Match":
            continue
        where = "{}/{}@{}".format(*record.place)
        name = body["match"], body["revision"]
        if wordings.setdefault(name, record.value or b"") != record.value:
            faults.append(f"twice: {where}: match {name[0].hex()} in another wording")
        if body["revision"] >= newest.get(body["match"], (-1,))[0]:
            newest[body["match"]] = body["revision"], body["stands"], record.key
    standing: dict[bytes, int] = {}
    for _, stands, tag in newest.values():
        standing[tag] = standing.get(tag, 0) + stands
    for one in met:
        count = standing.get(one.tag, 0)
        if count != one.count:
            kind = "lost" if count < one.count else "twice"
            faults.append(f"{kind}: {one.name}: {count} matches stand, not {one.count}")
    return faults
