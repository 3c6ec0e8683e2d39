"""What is sent, one after another, and what is refused before it is sent.

Everything here is a stream: no list of rows, no set of ids.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from fuma.contracts.cloudevents import MAX_EVENT, instant
from fuma.contracts.faults import Fault, fault
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Line:
    """One report, or why its row gave none. ``row``: as an editor numbers it, from 1."""

    row: int
    event: bytes | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A fault that the department is told. ``recorded``: it goes on the log of whom it names."""

    row: int
    field: str
    code: str
    zh: str
    en: str
    recorded: bool


def json_lines(file: BinaryIO) -> Iterator[Line]:
    """CloudEvents JSON, one a line; blank lines are passed over, endless ones cut off."""
    row = 0
    while line := file.readline(MAX_EVENT + 2):
        row += 1
        if len(line) > MAX_EVENT and not line.endswith(b"\n"):
            while (rest := file.readline(MAX_EVENT)) and not rest.endswith(b"\n"):
                pass
            yield Line(row, None, (fault("", "too-long", f"{MAX_EVENT} bytes"),))
            continue
        line = line.strip(b" \t\r\n")
        if row == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line:
            yield Line(row, line)


def event_time(event: bytes) -> Ms | None:
    """CloudEvents ``time``, where it can be read: the log time in a simulated world."""
    try:
        body = orjson.loads(event)
    except ValueError:
        return None
    raw = body.get("time") if isinstance(body, dict) else None
    found = instant(raw) if isinstance(raw, str) else None
    return found if found is not None and found >= 0 else None


def file_digest(path: Path) -> bytes:
    """SHA-256 of the file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def receipt_number(department: str, digest: bytes) -> str:
    """``R-`` and 24 base32 characters of SHA-256 over department, a zero byte and the digest."""
    mark = hashlib.sha256(department.encode() + b"\0" + digest).digest()
    return "R-" + base64.b32encode(mark[:15]).decode()


def receipt_of(department: str, path: Path) -> str:
    """The receipt number of a file: the same file from the same department has the same one."""
    return receipt_number(department, file_digest(path))
