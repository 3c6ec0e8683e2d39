"""Breaking the services: killed, stopped, frozen, joined by others, failing at a given step."""

from __future__ import annotations

import random
import signal
import socket
import time

import psutil

from chaos.launcher import POINTS, STAGES
from chaos.line import Line

NAMES = ("vault", "gateway", "processor", "processor", "sink")
#: A worker that is silent for longer has lost its partitions (``faust_thread.SESSION_MS``).
SESSION_S = 10.0


def any_victim(line: Line, dice: random.Random, number: int) -> bool:
    """One signal to one process; whether there was one."""
    running = line.victims(dice.choice(NAMES))
    if not running:
        return False
    line.kill(dice.choice(running), number)
    return True


def kills(line: Line, dice: random.Random) -> None:
    """SIGKILL, five times in a row."""
    done = 0
    while done < 5:
        done += any_victim(line, dice, signal.SIGKILL)
        time.sleep(dice.uniform(0.2, 1.2))


def terms(line: Line, dice: random.Random) -> None:
    """SIGTERM, each service once."""
    for name in NAMES:
        for victim in line.victims(name)[:1]:
            line.kill(victim, signal.SIGTERM)
        time.sleep(dice.uniform(0.1, 0.8))


def pauses(line: Line, dice: random.Random) -> None:
    """SIGSTOP and SIGCONT for moments, each service once."""
    for name in NAMES:
        for victim in line.victims(name)[:1]:
            line.kill(victim, signal.SIGSTOP)
            time.sleep(dice.uniform(0.1, 1.5))
            line.kill(victim, signal.SIGCONT)


def zombie(point: str, service: str):  # type: ignore[no-untyped-def]
    """One wakes up in the middle of a chunk, when another has had its partitions for a while."""

    def run(line: Line, dice: random.Random) -> None:
        # With nobody else in the group, nobody would take over.
        heir = line.spawn(service)
        with line.quiet:  # nobody kills it while it sleeps
            try:
                time.sleep(3)
                frozen = psutil.Process(line.arm(point))
                line.until(lambda: frozen.status() == psutil.STATUS_STOPPED, "not frozen")
                time.sleep(SESSION_S + dice.uniform(2, 5))
                frozen.send_signal(signal.SIGCONT)
                time.sleep(2)
            finally:
                line.end(heir, dice.choice((signal.SIGTERM, signal.SIGKILL)))

    return run


def there_and_back(line: Line, dice: random.Random) -> None:
    """A partition goes from A to B and back: who joins leaves again, some while recovering."""
    for pause in (0.3, 1.5, 4.0):
        guest = line.spawn("processor")
        time.sleep(pause)
        line.end(guest, dice.choice((signal.SIGTERM, signal.SIGKILL)))
        time.sleep(1)


def rebalance_during_recovery(line: Line, dice: random.Random) -> None:
    """Workers join while others, their stores gone, fold the ledger."""
    with line.stopped():
        wipe_stores(line)
    guests = []
    for _ in range(2):
        guests.append(line.spawn("processor"))
        time.sleep(dice.uniform(0.5, 1.5))
        any_victim(line, dice, signal.SIGKILL)
    for guest in guests:
        line.end(guest, signal.SIGKILL)


def same_member(line: Line, dice: random.Random) -> None:
    """Another machine's worker under the name of one of ours: each believes it owns the same."""
    with line.quiet:
        name = f"{socket.gethostname()}-worker-{dice.randrange(2)}"
        guest = line.spawn("processor", CHAOS_INSTANCE=name)
        try:
            time.sleep(SESSION_S + dice.uniform(2, 10))
        finally:
            line.end(guest, dice.choice((signal.SIGTERM, signal.SIGKILL)))
    told = line.pulse.passed() + 50
    line.until(lambda: line.pulse.passed() >= told, "two members of one name, and then none")


def rolling_release(line: Line, dice: random.Random) -> None:
    """All write as the first release did; then one after the other writes the newest form.

    While they differ, what the one has written and not committed the other writes again.
    """
    mark = line.home.path / "release"
    mark.touch()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if number == signal.SIGKILL:
            mark.unlink()  # the change itself: whoever starts from now on is the newer one
        for index in range(2):
            victims = line.victims("processor")
            if len(victims) > index:
                line.kill(victims[index], number)
            time.sleep(dice.uniform(3, 6))


def wipe_stores(line: Line) -> None:
    """Every store of the processor, gone."""
    import shutil

    for worker in (line.home.path / "store" / "processor").glob("worker-*"):
        for stage in worker.iterdir():
            if stage.is_dir():
                shutil.rmtree(stage)


def step(point: str):  # type: ignore[no-untyped-def]
    """A step of an order of writes fails: before, halfway, after, or only said to have failed."""

    def run(line: Line, dice: random.Random) -> None:
        line.arm(point)
        line.kills += not point.startswith("said")

    return run


#: Steps that every run meets; zombies take longer and are classes of their own.
STEPS = [p for points in POINTS.values() for p in points if not p.startswith("zombie")]
ZOMBIES = {
    **{f"zombie.{stage}": "processor" for stage in STAGES},
    "zombie.feed": "gateway",
}
