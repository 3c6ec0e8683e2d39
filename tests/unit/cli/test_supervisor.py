"""The supervisor with real child processes: starts again, backs off, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fuma.cli import run_state, run_supervisor
from fuma.cli.run_state import Child, Proc, Run
from fuma.cli.run_supervisor import Supervisor

_SLEEPS = "import signal, time; signal.signal(15, lambda *a: exit(0)); time.sleep(600)"


def _until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def _ticked(supervisor: Supervisor) -> Child:
    supervisor.tick()
    return supervisor.children()[0]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the services: ``python -m fuma.<service>`` runs a small script instead."""
    folder = tmp_path / "stand-ins" / "fuma"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    for name in run_supervisor.SERVICES:
        (folder / f"{name}.py").write_text(_SLEEPS)
    monkeypatch.setenv("PYTHONPATH", str(folder.parent))
    return folder


@pytest.fixture
def python(tmp_path: Path) -> str:
    """An interpreter that finds the stand-ins: without the installed package in sight."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    script.chmod(0o755)
    return str(script)


def test_starts_all_and_stops_all(package: Path, python: str, tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, workers=2, python=python)
    supervisor.start()
    children = supervisor.children()
    assert [c.service for c in children] == ["vault", "gateway", "processor", "processor", "sink"]
    procs = [c.proc for c in children if c.proc is not None]
    assert len(procs) == 5
    assert all(proc.alive() for proc in procs)
    state = run_state.current(tmp_path)
    assert state is not None
    assert state.children == children
    supervisor.close()
    assert not any(proc.alive() for proc in procs)
    assert run_state.read(tmp_path) is None


def test_starts_again_what_was_killed_and_waits_longer_each_time(
    package: Path, python: str, tmp_path: Path
) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, ["sink"], say=said.append, python=python)
    supervisor.start()
    try:
        first = supervisor.processes("sink")[0]
        first.signal(signal.SIGKILL)
        _until(lambda: _ticked(supervisor).restarts == 1)
        second = supervisor.processes("sink")[0]
        assert second.pid != first.pid
        assert second.alive()
        second.signal(signal.SIGKILL)
        _until(lambda: _ticked(supervisor).restarts == 2)
        waits = [line for line in said if "SIGKILL" in line]
        assert "again in 0.5 s" in waits[0]
        assert "again in 1 s" in waits[1]
    finally:
        supervisor.close()


def test_a_service_that_exits_at_once_is_not_started_in_a_loop(
    package: Path, python: str, tmp_path: Path
) -> None:
    (package / "sink.py").write_text("raise SystemExit(1)")
    supervisor = Supervisor(tmp_path, ["sink"], python=python)
    supervisor.start()
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        supervisor.tick()
        time.sleep(0.02)
    child = supervisor.children()[0]
    assert child.restarts <= 2
    assert child.last_exit == 1
    supervisor.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_killed_supervisor_leaves_no_service(package: Path, python: str, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from fuma.cli.run_supervisor import Supervisor;"
        f"Supervisor(Path({str(tmp_path)!r}), ['vault', 'sink'], python={python!r}).run()"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["STAND_INS"] = str(package.parent)
    code = f"import os; os.environ['PYTHONPATH'] = os.environ['STAND_INS']; {code}"
    process = subprocess.Popen([_real_python(), "-c", code], env=environment)
    _until(lambda: (s := run_state.current(tmp_path)) is not None and len(s.children) == 2)
    state = run_state.read(tmp_path)
    assert state is not None
    procs = [c.proc for c in state.children if c.proc is not None]
    process.kill()
    process.wait()
    _until(lambda: not any(proc.alive() for proc in procs))


def _real_python() -> str:
    return str(Path(sys.prefix) / "bin" / "python")


def test_stop_kills_children_whose_supervisor_is_gone(tmp_path: Path) -> None:
    child = subprocess.Popen([_real_python(), "-c", "import time; time.sleep(600)"])
    proc = Proc.of(child.pid)
    gone = Proc(2**22 + 1, 0.0)
    run_state.write(tmp_path, Run(gone, (Child("sink", 0, proc, "running", 0, None),)))
    assert run_state.current(tmp_path) is None
    assert run_state.stop(tmp_path)
    assert child.wait(5) == -signal.SIGTERM
    assert not run_state.stop(tmp_path)


def test_another_process_with_a_reused_id_is_never_taken_for_ours(tmp_path: Path) -> None:
    ours = Proc.of(os.getpid())
    assert ours.alive()
    assert not Proc(ours.pid, ours.started - 100).alive()


def test_an_unreadable_state_file_is_no_state(tmp_path: Path) -> None:
    run_state.path(tmp_path).write_text("{")
    assert run_state.read(tmp_path) is None
