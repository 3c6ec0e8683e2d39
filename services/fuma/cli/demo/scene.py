"""What every attempt of the Henan case has at hand, and how what came of it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fuma.cli.demo.driver import Departments
from fuma.cli.demo.people import Person
from fuma.cli.demo.table import Attempt
from fuma.cli.demo.world import World
from fuma.domain.time import Ms

#: How long a trace of an attempt may take to appear.
WAIT = 60.0
#: Whom the findings name as having ordered it, and who carried it out; in the forged reports too.
ORDERED_BY = "维稳办 004 号"
CARRIED_OUT_BY = "大数据局 017 号"


@dataclass(slots=True)
class Scene:
    """``at``: the simulated time at which it begins; ``tags``: the depositors', in their order."""

    world: World
    departments: Departments
    people: Sequence[Person]
    tags: Sequence[bytes]
    at: Ms
    say: Callable[[str], None]
    attempts: list[Attempt] = field(default_factory=list)
    sent: int = 0

    def add(
        self,
        way: str,
        credentials: str,
        tried: int,
        outcome: str,
        actor: str,
        *,
        held: bool,
        at: Ms | None = None,
        connection: str = "",
    ) -> None:
        """Keep one attempt."""
        when = now() if at is None else at
        self.attempts.append(
            Attempt(way, credentials, tried, outcome, actor, when, connection, held)
        )


def now() -> Ms:
    """The wall clock: when somebody really did it."""
    return time.time_ns() // 1_000_000


def wait_for(condition: Callable[[], bool], patience: float = WAIT) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
