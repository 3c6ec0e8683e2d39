"""Compiled modules are taken where they fit the sources to the byte, and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuma import compiled

_WHICH = "import fuma.domain.codes.decide as d; print(d.__file__)"


def test_every_module_is_there() -> None:
    for module in compiled.MODULES:
        assert compiled.source(module).is_file(), module


def test_what_was_built_from_other_sources_is_not_taken(tmp_path: Path) -> None:
    before = list(sys.meta_path)
    assert not compiled.use(tmp_path), "nothing was built"
    for manifest in (
        {"digest": "0" * 64, "modules": {"fuma.domain.ids": "ids.so"}},
        {"modules": {}},
        [],
    ):
        (tmp_path / compiled.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        assert not compiled.use(tmp_path)
    (tmp_path / compiled.MANIFEST).write_bytes(b"{")
    assert not compiled.use(tmp_path)
    assert sys.meta_path == before


def test_the_digest_follows_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "fuma"
    for path in compiled.files():
        copy = package / path.relative_to(compiled.PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(compiled, "PACKAGE", package)
    found = {compiled.digest()}
    for name in ("domain/codes/decide.py", "domain/codes/events.py", "contracts/shapes.py"):
        with (package / name).open("ab") as file:
            file.write(b"#\n")
        found.add(compiled.digest())
    (package / "domain" / "new.py").write_bytes(b"")
    found.add(compiled.digest())
    assert len(found) == 5


def test_it_can_be_switched_off() -> None:
    found = subprocess.run(
        [sys.executable, "-c", _WHICH],
        env={**os.environ, "FUMA_COMPILED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip().endswith("decide.py")
