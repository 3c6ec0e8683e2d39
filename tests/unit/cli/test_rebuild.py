"""``fuma rebuild`` where there is no Redis: one line, at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fuma.cli.main import run
from fuma.runtime.embedded import credentials
from fuma.runtime.embedded.paths import Home


def test_without_redis_it_says_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials.generate(Home(tmp_path))
    monkeypatch.setenv("FUMA_HOME", str(tmp_path))
    monkeypatch.setenv("FUMA_REDIS", "redis://127.0.0.1:1/0")
    monkeypatch.delenv("FUMA_DEBUG", raising=False)
    began = time.monotonic()
    assert run(["rebuild"]) == 1
    assert time.monotonic() - began < 30
    said = capsys.readouterr().err
    assert said.startswith("fuma: Redis does not answer")
    assert "Traceback" not in said
