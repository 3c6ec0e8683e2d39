"""A process that outlives the command that started it, and is known again later.

A process id alone is not enough: after a reboot, or a few hours of a busy machine, it is another
program's. The id together with the moment the process began is not reused.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_SLACK = 0.05  # the start time that psutil computes is rounded to clock ticks


@dataclass(frozen=True, slots=True)
class Proc:
    """A process as recorded. ``started`` is its creation time in seconds since epoch."""

    pid: int
    started: float

    def find(self) -> psutil.Process | None:
        """The process, if it still is the one that was recorded and runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= _SLACK
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None

    @property
    def alive(self) -> bool:
        return self.find() is not None


def spawn(command: Sequence[str], *, cwd: Path, output: Path) -> Proc:
    """Start ``command`` in a session of its own; what it prints is appended to ``output``."""
    with output.open("ab") as sink:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Proc(child.pid, psutil.Process(child.pid).create_time())


def stop(proc: Proc, *, patience: float = 20.0) -> str:
    """SIGTERM, wait, SIGKILL last. ``gone`` (was not there), ``stopped`` or ``killed``."""
    process = proc.find()
    if process is None:
        _reap(proc.pid)
        return "gone"
    for number, limit, word in (
        (signal.SIGTERM, patience, "stopped"),
        (signal.SIGKILL, 10.0, "killed"),
    ):
        try:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)  # a frozen one takes no signal but SIGKILL
        except psutil.NoSuchProcess:
            return "stopped"
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            _reap(proc.pid)
            if not proc.alive:
                return word
            time.sleep(0.02)
    return "killed"


def _reap(pid: int) -> None:
    """Take the exit status if the process is our child, so that it is no zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except (ChildProcessError, OSError):
        pass


def orphans(matches: Callable[[psutil.Process], bool]) -> Iterator[Proc]:
    """Our user's processes that ``matches`` says are ours though nothing recorded them."""
    uid = os.getuid()
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.uids().real == uid and matches(process):
                yield Proc(process.pid, process.create_time())
        except psutil.Error:
            continue


def free_port(wanted: int | None, taken: set[int]) -> int:
    """``wanted`` if it is free on loopback, else one that the system picks."""
    for candidate in (wanted or 0, 0, 0, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
        if port not in taken:
            taken.add(port)
            return port
    raise OSError("no free port on 127.0.0.1")
