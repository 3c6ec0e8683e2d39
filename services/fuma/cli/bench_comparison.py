"""What the comparison's core costs, in one process: ``python -m fuma.cli.bench_comparison``.

CPU seconds, since other work on the machine should not count. Decoding, Kafka and RocksDB are not
in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Case, Presence, Said
from fuma.domain.comparison.fold import State, evolve
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import cell_place
from fuma.domain.comparison.settings import TEN_MINUTES, Frame, Rule, Settings
from fuma.domain.time import DAY, HOUR, MINUTE, Ms

_NOW: Ms = 1_655_136_000_000
_RULE = Rule("companion", b"companion", ("spatiotemporal-companion",), "grid-match", TEN_MINUTES)
_SETTINGS = Settings(companion=_RULE)


class _Law:
    def settings(self, division: str, at: Ms) -> Settings | None:
        return _SETTINGS


def _tag(person: int) -> bytes:
    return person.to_bytes(4, "big") * 4


def _stays(people: int, each: int, cells: int, days: int) -> Iterator[Presence]:
    random = Random(1)
    places = [cell_place(Cell(4200 + i // 1000, 41000 + i % 1000)) for i in range(cells)]
    for number in range(people * each):
        since = _NOW - random.randrange(days * DAY - 5 * HOUR) - 4 * HOUR
        until = since + random.choice((20, 30, 60, 120, 240)) * MINUTE
        yield Presence(
            number.to_bytes(16, "big"), 0, _tag(number % people), random.choice(places), "410105",
            since, until,
        )  # fmt: skip


def _case(number: int, person: int, days: int) -> Case:
    return Case(number.to_bytes(16, "big"), 0, _tag(person), _NOW - days * DAY + 1, _NOW, _NOW)


def measure(people: int, each: int, cells: int, cases: int, days: int = 14) -> dict[str, float]:
    """Presences a CPU second with ``cases`` known; then the CPU seconds that a late case takes."""
    state, law = State(Frame()), _Law()
    for number in range(cases):
        for event in decide(state, _case(number, number * 7 % people, 5), _NOW, law):
            evolve(state, event)
    stays = list(_stays(people, each, cells, days))
    begun = time.process_time()
    for stay in stays:
        for event in decide(state, stay, _NOW, law):
            evolve(state, event)
    taken = time.process_time() - begun
    begun = time.process_time()
    events = decide(state, _case(cases, people - 1, 14), _NOW, law)
    late = time.process_time() - begun
    matches = sum(isinstance(event, Said) for event in events)
    return {
        "presences": len(stays),
        "people": people,
        "cells": cells,
        "cases": cases,
        "presences_per_cpu_second": round(len(stays) / taken),
        "late_case_ms": round(1000 * late, 1),
        "late_case_matches": matches,
    }


def main() -> None:
    """Ordinary density as the population grows, then a crowd in one cell."""
    for size in (
        (10_000, 20, 1_000, 10),
        (100_000, 8, 10_000, 100),
        (200_000, 8, 5_000, 2_000),
        (100_000, 1, 1, 0, 1),
    ):
        print(measure(*size), flush=True)


if __name__ == "__main__":
    main()
