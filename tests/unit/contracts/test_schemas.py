"""The schema folder, both ways, and every pair of versions against each other."""

from __future__ import annotations

import json
import re
import shutil
from itertools import permutations
from pathlib import Path

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from fuma.contracts import registry as reg
from fuma.contracts.errors import Fatal
from fuma.contracts.resources import root

SCHEMAS = root() / "schemas"


def test_the_lock_and_the_files_agree_both_ways() -> None:
    locked = {
        (e["subject"], e["version"])
        for e in json.loads((SCHEMAS / "lock.json").read_text())["schemas"]
    }
    there = {(subject, version) for subject, version, _ in reg.schema_files(SCHEMAS)}
    assert locked == there
    known = reg.load(SCHEMAS)
    assert len(known.by_id) == len(there), "an id is used twice"


def test_versions_count_from_one_without_gaps() -> None:
    versions: dict[str, list[int]] = {}
    for subject, version, _ in reg.schema_files(SCHEMAS):
        versions.setdefault(subject, []).append(version)
    for subject, numbers in versions.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), subject


def _known_to(older: object, newer: object) -> object:
    """``newer`` without the records in its unions that ``older`` has no name for.

    A new kind of record in a union is what an older reader cannot have heard of: it meets one as
    a dead letter. Everything else it reads.
    """
    names = set(re.findall(r'"name": "(\w+)"', json.dumps(older)))

    def prune(schema: object) -> object:
        if isinstance(schema, dict):
            return {key: prune(value) for key, value in schema.items()}
        if not isinstance(schema, list):
            return schema
        return [
            prune(one)
            for one in schema
            if not (isinstance(one, dict) and one.get("type") == "record") or one["name"] in names
        ]

    return prune(newer)


def test_every_version_reads_every_other_of_its_subject() -> None:
    by_subject: dict[str, list[Path]] = {}
    for subject, _, path in reg.schema_files(SCHEMAS):
        by_subject.setdefault(subject, []).append(path)
    checker = ReaderWriterCompatibilityChecker()
    for subject, paths in by_subject.items():
        texts = [json.loads(path.read_text()) for path in sorted(paths)]
        pairs = [*permutations(range(len(texts)), 2), (0, 0)]
        for reads, wrote in pairs:
            text = texts[wrote] if reads >= wrote else _known_to(texts[reads], texts[wrote])
            reader = avro.schema.parse(json.dumps(texts[reads]))
            writer = avro.schema.parse(json.dumps(text))
            result = checker.get_compatibility(reader, writer)
            assert result.compatibility is SchemaCompatibilityType.compatible, (subject, result)


def test_an_incompatible_pair_is_told() -> None:
    old = avro.schema.parse('{"type":"record","name":"A","fields":[]}')
    new = avro.schema.parse('{"type":"record","name":"A","fields":[{"name":"x","type":"int"}]}')
    result = ReaderWriterCompatibilityChecker().get_compatibility(new, old)
    assert result.compatibility is SchemaCompatibilityType.incompatible


def _copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


def test_an_edited_schema_is_refused(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    path = folder / "notice" / "v1.avsc"
    path.write_text(path.read_text().replace('"objection"', '"objections"'))
    with pytest.raises(Fatal, match="edited after it was locked"):
        reg.load(folder)
    with pytest.raises(Fatal, match="edited after it was locked"):
        reg.lock(folder)


def test_a_removed_version_is_refused(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    (folder / "notice" / "v1.avsc").unlink()
    with pytest.raises(Fatal, match="notice v1"):
        reg.load(folder)


def test_a_new_version_is_locked_with_a_new_id(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    before = reg.load(folder)
    next_one = before.latest["notice"].version + 1
    newest = folder / "notice" / f"v{next_one - 1}.avsc"
    shutil.copy(newest, folder / "notice" / f"v{next_one}.avsc")
    with pytest.raises(Fatal, match="not in lock"):
        reg.load(folder)
    assert reg.lock(folder) == [f"notice v{next_one}"]
    after = reg.load(folder)
    assert after.latest["notice"].version == next_one
    assert after.latest["notice"].id not in before.by_id
    assert reg.lock(folder) == []
