"""Who lives in the demo's province: its holders, and among them the 1,317 depositors."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.cli.demo.people import Person, holders
from fuma.contracts import divisions

PROVINCE = "41"
CITY = "4101"
#: The Henan case: who scanned in the city, and who elsewhere scanned a forwarded venue code.
SCANNED_THERE, SCANNED_ELSEWHERE = 446, 871
DEPOSITORS = SCANNED_THERE + SCANNED_ELSEWHERE
#: Other provinces where numbers were issued and depositors live.
_ELSEWHERE = ("110105", "310115", "330106", "370102", "420106", "440106", "500103")


@dataclass(frozen=True, slots=True)
class Province:
    """``people`` are everybody else; the depositors are holders like them."""

    people: tuple[Person, ...]
    depositors: tuple[Person, ...]

    @property
    def everybody(self) -> tuple[Person, ...]:
        return self.people + self.depositors


def counties(prefix: str) -> list[str]:
    """The six-digit divisions under a prefix, in order of their codes."""
    return sorted(code for code in divisions.table() if len(code) == 6 and code.startswith(prefix))


def settle(count: int, seed: int) -> Province:
    """``count`` holders in all; the same every time for the same seed. At least 2,000."""
    if count < 2_000:
        raise ValueError("a province needs at least 2,000 holders: the depositors are 1,317")
    taken: set[str] = set()
    there = holders(SCANNED_THERE, seed, counties(CITY), _ELSEWHERE, taken)
    elsewhere = holders(SCANNED_ELSEWHERE, seed + 1, _ELSEWHERE, (), taken)
    depositors = (*there, *elsewhere)
    people = holders(count - DEPOSITORS, seed + 2, counties(PROVINCE), _ELSEWHERE, taken)
    return Province(tuple(people), depositors)
