"""``stack.json``: what was started, where it listens; and the lock that one command holds."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fuma.contracts.errors import Retryable
from fuma.runtime.embedded.files import private_dir, write_private
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor.process import Proc


@dataclass(frozen=True, slots=True)
class Server:
    """One server as recorded. ``proc`` is ``None`` once it was stopped; its ports are kept."""

    port: int
    proc: Proc | None
    controller_port: int | None = None

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"port": self.port}
        if self.controller_port is not None:
            content["controller_port"] = self.controller_port
        if self.proc is not None:
            content["pid"], content["started"] = self.proc.pid, self.proc.started
        return content


@dataclass(slots=True)
class State:
    """Both servers; ``None`` where it never ran (or is external)."""

    kafka: Server | None = None
    redis: Server | None = None


def _server(content: Any) -> Server | None:
    if not isinstance(content, dict) or "port" not in content:
        return None
    proc = None
    if "pid" in content:
        proc = Proc(int(content["pid"]), float(content["started"]))
    controller = content.get("controller_port")
    return Server(int(content["port"]), proc, int(controller) if controller else None)


def read(home: Home) -> State:
    """What is recorded. A file that is missing or damaged records nothing: it can be rebuilt."""
    try:
        content = json.loads(home.state.read_text(encoding="utf-8"))
        return State(_server(content.get("kafka")), _server(content.get("redis")))
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return State()


def write(home: Home, state: State) -> None:
    """Replace ``stack.json``."""
    content = {
        name: server.to_json()
        for name, server in (("kafka", state.kafka), ("redis", state.redis))
        if server is not None
    }
    write_private(home.state, json.dumps(content, indent=2) + "\n")


@contextmanager
def locked(home: Home, *, patience: float = 90.0) -> Iterator[None]:
    """Hold the home's lock. The system frees it when its holder dies, however it dies."""
    private_dir(home.path)
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise Retryable(
                        f"another fuma has been at work on {home.path} for {patience:.0f} s",
                        "wait for it, or see who holds stack.lock: fuser stack.lock",
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
