"""``make chaos``: the real line, load, poison, and everything that can break, for minutes on end.

Usage: ``python -m chaos`` from ``tests/``; ``SEED`` and ``MINUTES`` from the environment.
"""

from __future__ import annotations

import itertools
import logging
import os
import random
import re
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from chaos import services, states
from chaos.drive import LAST, Fault, Run, faults
from fuma.runtime.embedded.kafka import QUICK_JVM

#: A run of ``LONG`` minutes or more that kills fewer processes has not tried what it is there for.
LONG, KILLS = 15.0, 60


def too_tame(minutes: float, kills: int) -> str:
    """Why a run says nothing though it found nothing; ``""`` where it does say something."""
    if minutes < LONG or kills >= KILLS:
        return ""
    return f"{kills} processes were killed in {minutes:g} minutes, at least {KILLS} must be"


def deck(seed: int, minutes: float) -> Iterator[tuple[str, Fault]]:
    """Every class once, in the seed's order, the steps among them; then again, until time is up."""
    dice = random.Random(seed)
    known = faults(minutes)
    known |= {f"step {point}": services.step(point) for point in services.STEPS}
    only = os.environ.get("ONLY")
    if only:
        known = {name: fault for name, fault in known.items() if re.search(only, name)}
    until = time.monotonic() + minutes * 60
    for turn in itertools.count():
        order = sorted(known)
        dice.shuffle(order)
        for name in order:
            if turn and time.monotonic() > until:
                yield LAST, states.partitions_added
                return
            yield name, known[name]


def main() -> int:
    """0 where nothing was lost and nothing counted twice."""
    try:
        seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
        minutes = float(os.environ.get("MINUTES") or 20)
    except ValueError as error:
        print(f"chaos: SEED is a whole number, MINUTES a number: {error}", file=sys.stderr)
        return 2
    logging.disable(logging.CRITICAL)
    # A broker that is killed every few minutes is never compiled whole.
    os.environ.setdefault("FUMA_KAFKA_JVM", shlex.join(QUICK_JVM))
    # Whoever stops it finds nothing left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f}  {line}", flush=True)

    print(f"chaos: SEED={seed} MINUTES={minutes:g}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="fuma-chaos-"))
    run = Run(folder / "home", seed, minutes, say)
    report = None
    try:
        report = run.live(deck(seed, minutes), (), anew=True)
    except Exception:
        traceback.print_exc(file=sys.stdout)
    finally:
        if run.evidence is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"\nsurvived, SEED={seed}, {(time.monotonic() - began) / 60:.1f} minutes:")
    for name, times in sorted(run.line.survived.items()):
        print(f"{times:>9}  {name}")
    print(f"{run.line.kills:>9}  processes killed")
    print(f"{run.load.batches:>9}  files of reports, {run.load.again} of them sent again")
    officers = run.officers
    print(f"{len(officers.signed):>9}  commands, {officers.forms} forms; "
          f"{officers.accepted} answers accepted, {officers.refused} refused")  # fmt: skip
    print(f"{len(run.encounters.made):>9}  encounters that are some or none")
    print(f"{run.poison.written:>9}  records of junk")
    if report is not None:
        print("\nchecked:")
        print("\n".join(report.lines()))
    if report is None or report.faults:
        print(f"\nFAILED, SEED={seed}: the world, its logs and its topics are in {run.evidence}")
        return 1
    if tame := too_tame(minutes, run.line.kills):
        print(f"\nFAILED, SEED={seed}: {tame}")
        return 1
    print(f"\nnothing lost, nothing twice, SEED={seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
