"""Schemas as code: ``schemas/<subject>/v<N>.avsc``, pinned by ``schemas/lock.json``.

The lock gives each version its id (the four bytes of Confluent's framing) and its CRC-64-AVRO
fingerprint (Avro 1.11, "Schema Fingerprints"); a file that was edited no longer fits and nothing
starts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

from fuma.contracts.errors import Fatal
from fuma.contracts.resources import root

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of one subject. ``parsed`` is fastavro's form."""

    subject: str
    version: int
    id: int
    fingerprint: str
    parsed: Schema


class Registry:
    """All versions of all subjects, by id and by subject."""

    def __init__(self, versions: list[SchemaVersion]) -> None:
        self.by_id = {v.id: v for v in versions}
        self._versions = {(v.subject, v.version): v for v in versions}
        self.latest: dict[str, SchemaVersion] = {}
        for v in sorted(versions, key=lambda v: v.version):
            self.latest[v.subject] = v

    def version(self, subject: str, number: int) -> SchemaVersion:
        """One version of a subject. Raises ``KeyError``."""
        return self._versions[subject, number]

    def subjects(self) -> list[str]:
        return sorted(self.latest)


def crc64(schema: Schema) -> str:
    """CRC-64-AVRO of the parsing canonical form, 16 hex digits."""
    return str(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def schema_files(folder: Path) -> list[tuple[str, int, Path]]:
    """(subject, version, path) of every ``v<N>.avsc``, in order."""
    found = []
    for path in sorted(folder.glob("*/v*.avsc")):
        match = re.fullmatch(r"v([1-9]\d*)\.avsc", path.name)
        if match is None:
            raise Fatal(f"{path}: not named v<N>.avsc", "rename it, or move it out of schemas/")
        found.append((path.parent.name, int(match[1]), path))
    return sorted(found, key=lambda item: (item[0], item[1]))


def load(folder: Path) -> Registry:
    """Read ``folder`` and hold it to its lock. Raises ``Fatal`` where they differ."""
    lock_path = folder / "lock.json"
    try:
        lock = json.loads(lock_path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Fatal(f"{lock_path}: {error}", "run `fuma schemas lock`") from error
    pinned = {(e["subject"], e["version"]): e for e in lock["schemas"]}
    versions = []
    for subject, version, path in schema_files(folder):
        schema = json.loads(path.read_text(encoding="utf-8"))
        entry = pinned.pop((subject, version), None)
        if entry is None:
            raise Fatal(f"{path}: not in lock.json", "run `fuma schemas lock`")
        mark = crc64(schema)
        if mark != entry["fingerprint"]:
            raise Fatal(
                f"{path}: edited after it was locked ({mark}, locked {entry['fingerprint']})",
                "undo the edit and add the next version",
            )
        parsed: Any = parse_schema(schema)
        _bytes_defaults(parsed)
        versions.append(SchemaVersion(subject, version, entry["id"], mark, parsed))
    if pinned:
        gone = ", ".join(f"{s} v{v}" for s, v in sorted(pinned))
        raise Fatal(f"locked but not there: {gone}", "versions are never removed; restore them")
    return Registry(versions)


def _bytes_defaults(schema: Any) -> None:
    """Make the defaults of fields of bytes be bytes: Avro writes them as text, ISO-8859-1, and
    fastavro gives them out as they are written."""
    if isinstance(schema, list):
        for one in schema:
            _bytes_defaults(one)
    elif isinstance(schema, dict):
        for field in schema.get("fields", ()):
            default = field.get("default")
            if field["type"] == "bytes" and isinstance(default, str):
                field["default"] = default.encode("latin-1")
            _bytes_defaults(field["type"])
        _bytes_defaults(schema.get("items"))


def lock(folder: Path) -> list[str]:
    """Add what is new to ``lock.json``; what was added. An edited file is refused (``Fatal``)."""
    lock_path = folder / "lock.json"
    entries: list[dict[str, Any]] = []
    if lock_path.exists():
        entries = json.loads(lock_path.read_text(encoding="utf-8"))["schemas"]
    known = {(e["subject"], e["version"]): e for e in entries}
    next_id = max((e["id"] for e in entries), default=0) + 1
    added = []
    for subject, version, path in schema_files(folder):
        schema = json.loads(path.read_text(encoding="utf-8"))
        mark = crc64(schema)
        entry = known.get((subject, version))
        if entry is None:
            entries.append(
                {"subject": subject, "version": version, "id": next_id, "fingerprint": mark}
            )
            next_id += 1
            added.append(f"{subject} v{version}")
        elif entry["fingerprint"] != mark:
            raise Fatal(f"{path}: edited after it was locked", "add the next version instead")
    text = json.dumps({"schemas": entries}, indent=2) + "\n"
    lock_path.write_text(text, encoding="utf-8")
    return added


@cache
def registry() -> Registry:
    """The project's own, read once."""
    return load(root() / "schemas")
