"""Who was where, told by two departments in any order: cases, and who met them or did not."""

from __future__ import annotations

from typing import Any

from chaos.line import Line
from chaos.worker import Department, Worker
from doorkit import case, name, number, presence
from fault.checker.matches import Met
from fuma.domain.time import DAY, HOUR, MINUTE, from_ms, iso

#: The first of their people, and how many encounters there can be.
FIRST, MOST = 50_000, 900
#: Minutes together; ten are an encounter.
TOGETHER = (60, 10, 9, 0)


class Encounters(Worker):
    """Each in a cell of its own, of a case and of somebody whom nobody else ever meets."""

    def __init__(self, line: Line, seed: int, every_s: float = 1.5) -> None:
        super().__init__(line, "encounters", seed)
        self.made: dict[int, int] = {}  # by number, minutes together
        self._every_s = every_s
        self._mobile = Department(self, "communications")
        self._cdc = Department(self, "health")

    def people(self) -> list[tuple[str, str]]:
        """For the register."""
        return [(number(i), name(i)) for i in range(FIRST, FIRST + 2 * MOST)]

    def turn(self) -> None:
        count = len(self.made)
        self.over.wait(self._every_s)
        if count >= MOST:
            return
        now, together = self.line.load_now(), self.dice.choice(TOGETHER)
        ill, other = FIRST + 2 * count, FIRST + 2 * count + 1
        began = now - 5 * HOUR
        place = {"latitude": f"{33.0 + count // 100 * 0.02:.4f}",
                 "longitude": f"{112.0 + count % 100 * 0.02:.4f}"}  # fmt: skip
        stays = [
            _at(now, presence(ill, place=place, **_span(began, began + HOUR))),
            _at(now, presence(other, place=place, **_span(
                began + HOUR - together * MINUTE, began + 3 * HOUR))),
        ]  # fmt: skip
        fell = _at(now, case(ill, onset=f"{from_ms(now - DAY):%F}", isolated=iso(now - HOUR)))
        sendings = [(self._mobile, [stays[0]]), (self._mobile, [stays[1]]), (self._cdc, [fell])]
        self.dice.shuffle(sendings)
        for part, (department, events) in enumerate(sendings):
            for _ in range(1 + (self.dice.random() < 0.1)):
                told = department.send(f"R-MET-{count}-{part}", events, self.line.load_now())
                assert told.accepted == len(events), told
        self.made[count] = together

    def met(self) -> list[Met]:
        """What must have come of it, once everything is done."""
        people = [(number(i), name(i)) for i in (FIRST + 2 * n + 1 for n in self.made)]
        tags = self.line.ask.mint(people) if people else []
        return [
            Met(f"encounter {n}", tag, int(together >= 10))
            for (n, together), tag in zip(self.made.items(), tags, strict=True)
        ]

    def close(self) -> None:
        self._mobile.close()
        self._cdc.close()


def _span(since: int, until: int) -> dict[str, Any]:
    return {"from": iso(since), "until": iso(until)}


def _at(now: int, event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "time": iso(now), "id": f"chaos-{event['id']}"}
