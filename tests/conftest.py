"""What every test may ask for. ``stack`` is a real Kafka and a real Redis, started once."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from fuma.runtime.embedded import connect, kafka
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack as supervisor

#: A busy machine makes no example wrong.
settings.register_profile("fuma", deadline=None)
settings.load_profile("fuma")
# Many brokers are started here, and none lives for long.
os.environ.setdefault("FUMA_KAFKA_JVM", shlex.join(kafka.QUICK_JVM))


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack with its topics applied."""

    home: Home

    def kafka(self, user: str) -> dict[str, str]:
        """confluent-kafka's configuration for ``user``."""
        return connect.kafka_config(self.home, user)


def _soon(home: Home, port: int, controller_port: int, _made=kafka.configure) -> None:  # type: ignore[no-untyped-def]
    """The broker's configuration; what has expired is looked for every second, not every five
    minutes. Everything else is the template's."""
    _made(home, port, controller_port)
    with home.kafka_config.open("a", encoding="utf-8") as file:
        file.write("log.retention.check.interval.ms=1000\nlog.initial.task.delay.ms=1000\n")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """An embedded stack of its own, in a directory that goes away."""
    external = [n for n in ("FUMA_KAFKA", "FUMA_REDIS", "FUMA_HOME") if n in os.environ]
    before = {name: os.environ.pop(name) for name in external}
    configure = kafka.configure
    kafka.configure = _soon
    folder = Path(tempfile.mkdtemp(prefix="fuma-test-"))
    home = Home(folder / ".fuma")
    try:
        supervisor.up(home)
        yield Stack(home)
    finally:
        kafka.configure = configure
        supervisor.down(home)
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.update(before)
