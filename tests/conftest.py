"""What every test may ask for. ``stack`` is a real Kafka and a real Redis, started once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from fuma.runtime.embedded import connect
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack as supervisor

#: A busy machine makes no example wrong.
settings.register_profile("fuma", deadline=None)
settings.load_profile("fuma")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack with its topics applied."""

    home: Home

    def kafka(self, user: str) -> dict[str, str]:
        """confluent-kafka's configuration for ``user``."""
        return connect.kafka_config(self.home, user)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """An embedded stack of its own, in a directory that goes away."""
    external = [n for n in ("FUMA_KAFKA", "FUMA_REDIS", "FUMA_HOME") if n in os.environ]
    before = {name: os.environ.pop(name) for name in external}
    folder = Path(tempfile.mkdtemp(prefix="fuma-test-"))
    home = Home(folder / ".fuma")
    try:
        supervisor.up(home)
        yield Stack(home)
    finally:
        supervisor.down(home)
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.update(before)
