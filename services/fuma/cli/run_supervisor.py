"""Runs the services as child processes: starts, watches, starts again, stops; nothing else.

A service that cannot go on exits non-zero rather than guess (DESIGN.md, how a stage runs, 7);
starting it again is this module's part. The wait doubles while a service keeps failing, and a
service that lived for a minute counts as sound again.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from fuma.cli import run_state
from fuma.cli.run_state import Child, Proc, Run
from fuma.runtime.embedded.paths import Home

#: In the order in which they are started; stopped in the reverse one, so that nothing is written
#: that its reader could not take.
SERVICES = ("vault", "gateway", "processor", "sink")
#: Only these may be several equal processes; the others are one each.
SCALED = ("processor", "sink")
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
SOUND_AFTER = 60.0
STOP_PATIENCE = 20.0

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def _die_with_parent() -> None:
    # Linux: a supervisor killed with SIGKILL leaves no service behind. Elsewhere `fuma down` does.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)


@dataclass(slots=True)
class _Service:
    name: str
    number: int
    named: bool  # by its number, too
    process: subprocess.Popen[bytes] | None = None
    proc: Proc | None = None
    since: float = 0.0
    wait: float = FIRST_WAIT
    due: float = 0.0
    restarts: int = 0
    last_exit: int | None = None

    @property
    def title(self) -> str:
        return f"{self.name}-{self.number}" if self.named else self.name

    def child(self) -> Child:
        if self.process is not None:
            return Child(
                self.name, self.number, self.proc, "running", self.restarts, self.last_exit
            )
        return Child(self.name, self.number, None, "waiting", self.restarts, self.last_exit)


class Supervisor:
    """Keeps ``services`` running under ``home`` until it is told to stop.

    ``say`` gets one line for everything that happens. One thread; call :meth:`run` or, to drive it
    from a loop of one's own, :meth:`start`, :meth:`tick` and :meth:`close`.
    """

    def __init__(
        self,
        home: Path,
        services: Sequence[str] = SERVICES,
        workers: int = 1,
        say: Callable[[str], None] = lambda line: None,
        python: str = sys.executable,
        sinks: int = 1,
    ) -> None:
        self.home = home
        self._python = python
        self._say = say
        self._stopping = False
        self._sinks = sinks
        several = dict(zip(SCALED, (workers, sinks), strict=True))
        self._services = [
            _Service(name, number, named=name == SCALED[0] or several.get(name, 1) > 1)
            for name in SERVICES
            if name in services
            for number in range(several.get(name, 1))
        ]

    def start(self) -> None:
        """Start everything, each as soon as those before it had a moment to come up."""
        Home(self.home).logs.mkdir(parents=True, exist_ok=True)
        for service in self._services:
            self._spawn(service)
        self._record()

    def tick(self) -> None:
        """Notice who ended, start again who is due."""
        changed = False
        now = time.monotonic()
        for service in self._services:
            if service.process is not None:
                code = service.process.poll()
                if code is None:
                    if now - service.since > SOUND_AFTER:
                        service.wait = FIRST_WAIT
                    continue
                self._say(
                    f"{service.title} ended ({_meaning(code)}); again in {service.wait:g} s "
                    f"(see {self._log(service)})"
                )
                service.process, service.proc, service.last_exit = None, None, code
                service.due = now + service.wait
                service.wait = min(service.wait * 2, LONGEST_WAIT)
                changed = True
            elif now >= service.due:
                service.restarts += 1
                self._spawn(service)
                changed = True
        if changed:
            self._record()

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)
        try:
            self.start()
            while not self._stopping:
                self.tick()
                time.sleep(0.1)
        finally:
            self.close()

    def close(self) -> None:
        """Stop everything cleanly, the last started first; kill what does not go."""
        for service in reversed(self._services):
            if service.process is None:
                continue
            service.process.terminate()
            try:
                service.last_exit = service.process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                self._say(f"{service.title} did not stop in {STOP_PATIENCE:g} s: killed")
                service.process.kill()
                service.last_exit = service.process.wait()
            service.process = service.proc = None
        run_state.path(self.home).unlink(missing_ok=True)

    def processes(self, name: str) -> list[Proc]:
        """The running processes of a service."""
        return [s.proc for s in self._services if s.name == name and s.proc is not None]

    def children(self) -> tuple[Child, ...]:
        """Everything it looks after."""
        return tuple(service.child() for service in self._services)

    def _asked(self, number: int, frame: object) -> None:
        self._stopping = True

    def _log(self, service: _Service) -> Path:
        return Home(self.home).logs / f"{service.title}.log"

    def _spawn(self, service: _Service) -> None:
        environment = {**os.environ, "FUMA_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}
        command = [self._python, "-m", f"fuma.{service.name}"]
        if service.name == SCALED[0]:
            environment["FUMA_WORKER"] = str(service.number)
        elif service.name == SCALED[1] and self._sinks > 1:
            command += ["--workers", str(self._sinks)]
        with self._log(service).open("ab") as log:
            service.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                # A Ctrl-C at the terminal goes to the supervisor, who stops them in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        service.since = time.monotonic()
        try:
            service.proc = Proc.of(service.process.pid)
        except psutil.Error:
            service.proc = None  # gone already; the next tick says so
        again = f", attempt {service.restarts + 1}" if service.restarts else ""
        self._say(f"{service.title} started (pid {service.process.pid}{again})")

    def _record(self) -> None:
        run_state.write(self.home, Run(Proc.of(os.getpid()), self.children()))


def _meaning(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
