"""Who runs the services of a FUMA_HOME: ``run.json``, and how to ask for it and stop it.

A process is known by its id *and* its start time, so that an id the system gave to somebody else
is never taken for ours.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Proc:
    """One process: ``started`` in seconds since the epoch, as the system tells it."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Proc:
        """The running process ``pid``. Raises ``psutil.NoSuchProcess``."""
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > 0.05:
                return False
            return bool(process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.alive():
            try:
                psutil.Process(self.pid).send_signal(number)
            except psutil.Error:
                pass


@dataclass(frozen=True, slots=True)
class Child:
    """One supervised service. ``state``: running, waiting (to be started again), stopped."""

    service: str
    number: int  # which worker, from 0
    proc: Proc | None
    state: str
    restarts: int
    last_exit: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """The supervisor and what it runs."""

    supervisor: Proc
    children: tuple[Child, ...]


def path(home: Path) -> Path:
    """Where it is written."""
    return home / "run.json"


def write(home: Path, run: Run) -> None:
    """Replace the file whole."""
    draft = home / f".run.json.{run.supervisor.pid}"
    draft.write_text(json.dumps(asdict(run)) + "\n", encoding="utf-8")
    draft.replace(path(home))


def read(home: Path) -> Run | None:
    """What the file says; ``None`` where there is none, or it is not readable."""
    try:
        body = json.loads(path(home).read_text(encoding="utf-8"))
        return Run(
            Proc(**body["supervisor"]),
            tuple(
                Child(**{**c, "proc": Proc(**c["proc"]) if c["proc"] else None})
                for c in body["children"]
            ),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def current(home: Path) -> Run | None:
    """The run whose supervisor is alive; a leftover of a killed one is ``None``."""
    run = read(home)
    return run if run is not None and run.supervisor.alive() else None


def stop(home: Path, patience: float = 30.0) -> bool:
    """Stop the supervisor and its services; children of a killed supervisor too.

    ``True`` where something was running. Waits ``patience`` seconds before it kills.
    """
    run = read(home)
    if run is None:
        return False
    procs = [run.supervisor] + [c.proc for c in run.children if c.proc is not None]
    found = any(proc.alive() for proc in procs)
    if run.supervisor.alive():
        run.supervisor.signal(15)
    else:
        for proc in procs:
            proc.signal(15)
    until = time.monotonic() + patience
    while any(proc.alive() for proc in procs):
        if time.monotonic() > until:
            for proc in procs:
                proc.signal(9)
            break
        time.sleep(0.05)
    path(home).unlink(missing_ok=True)
    return found
