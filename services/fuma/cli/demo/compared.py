"""What the comparison said of the demo's day, from the log, against what had to follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fuma.cli.demo import reckoning
from fuma.cli.demo.people import Person
from fuma.cli.demo.planned import Report
from fuma.cli.demo.questions import Questions
from fuma.domain.comparison.disparity import disparities

_STILL = {reckoning.SOJOURN: {"red"}, reckoning.COMPANION: {"red", "yellow"}}
_MINTED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Compared:
    """Matches by ground, with how many people; what was counted; who went about together."""

    matches: dict[str, int]
    people: dict[str, int]
    presences: int
    cases: int
    areas: int
    groups: int  # of two and more people of one trajectory
    failures: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(self.matches.values())


def compare(ask: Questions, reports: Sequence[Report], people: Sequence[Person]) -> Compared:
    """Everything about matches that has to come out as it must."""
    failures = []
    wanted = reckoning.expected(reports)
    paths = reckoning.together(reports)
    dead = {r.number for r in reports if r.kind == "death"}
    by_number = {p.number: p for p in people}
    moved = sorted(paths)
    tags: dict[str, bytes] = {}
    for start in range(0, len(moved), _MINTED_AT_ONCE):
        part = moved[start : start + _MINTED_AT_ONCE]
        tags.update(zip(part, ask.mint([(n, by_number[n].name) for n in part]), strict=True))
    said = ask.matches()
    found = Counter({key: len(ids) for key, ids in said.items()})
    due = Counter({(tags[number], ground): count for (number, ground), count in wanted.items()})
    if found != due:
        failures.append(
            f"{found.total()} matches, an independent count has {due.total()}; "
            f"{len((found - due) + (due - found))} of people and grounds differ"
        )
    living = sorted((n, ground) for n, ground in wanted if n not in dead)
    colours = ask.colours([tags[number] for number, _ in living])
    wrong = sum(
        colour not in _STILL[ground] for (_, ground), colour in zip(living, colours, strict=True)
    )
    if wrong:
        failures.append(f"{wrong} of {len(living)} people with a match have not its colour")
    grounds: dict[bytes, set[str]] = {}
    for tag, ground in found:
        grounds.setdefault(tag, set()).add(ground)
    trajectories = {tags[number]: path for number, path in paths.items()}
    sizes = Counter(trajectories.values())
    # whoever is a case does not meet themselves: their own trajectory is nobody else's evidence
    ill = {tags[r.number] for r in reports if "onset" in r.more and r.number in tags}
    unequal = disparities({t: p for t, p in trajectories.items() if t not in ill}, grounds)
    if unequal:
        failures.append(f"{len(unequal)} groups of one trajectory have different matches")
    grounds_of = {ground for _, ground in wanted}
    return Compared(
        {g: sum(c for (_, o), c in found.items() if o == g) for g in sorted(grounds_of)},
        {g: sum(o == g for _, o in found) for g in sorted(grounds_of)},
        sum(r.kind == "presence" for r in reports),
        len({r.event for r in reports if "onset" in r.more}),
        sum(r.kind == "area" for r in reports),
        sum(size > 1 for size in sizes.values()),
        tuple(failures),
    )
