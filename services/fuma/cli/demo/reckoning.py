"""Which matches must follow from the planned day: a slow count that knows nothing of the stage.

Every pair of stays is looked at, place by place; of the product it shares only what a cell is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from fuma.cli.demo.itineraries import isolated
from fuma.cli.demo.planned import Report
from fuma.contracts.cloudevents import moment
from fuma.domain.comparison.grid import cell_at, fixed
from fuma.domain.time import DAY, MINUTE, Ms

COMPANION, SOJOURN = "spatiotemporal-companion", "high-risk-area"
#: What the demo's law has: the shortest meeting, infectious before onset, rows on a train.
_SHORTEST, _BEFORE, _ROWS = 10 * MINUTE, 2 * DAY, 3


def expected(reports: Sequence[Report]) -> Counter[tuple[str, str]]:
    """(number, ground) to how many matches."""
    stays = [r for r in reports if r.kind == "presence"]
    ill: dict[str, list[tuple[Ms, Ms]]] = defaultdict(list)
    for report in {r.event: r for r in reports if "onset" in r.more}.values():
        onset = moment(str(report.more["onset"]), end=False)
        assert onset is not None
        ill[report.number].append((onset - _BEFORE, isolated(report)))
    found: Counter[tuple[str, str]] = Counter()
    by_place: dict[object, list[Report]] = defaultdict(list)
    for stay in stays:
        by_place[_where(stay.more["place"])].append(stay)
    for there in by_place.values():
        for case in there:
            for first, last in ill.get(case.number, ()):
                since, until = max(case.since, first), min(case.until or 0, last)
                for other in there:
                    if other.number != case.number and _met(case, other, since, until):
                        found[other.number, COMPANION] += 1
    for area in (r for r in reports if r.kind == "area"):
        for stay in stays:
            if _held(area, stay):
                found[stay.number, SOJOURN] += 1
    return found


def together(reports: Iterable[Report]) -> Mapping[str, bytes]:
    """Number to where and when, of everybody who was anywhere."""
    paths: dict[str, list[str]] = defaultdict(list)
    for stay in reports:
        if stay.kind == "presence":
            place = sorted(map(str, dict(stay.more["place"]).items()))  # type: ignore[call-overload]
            paths[stay.number].append(f"{stay.division} {place} {stay.since} {stay.until}")
    return {number: "\n".join(sorted(path)).encode() for number, path in paths.items()}


def _where(place: object) -> object:
    assert isinstance(place, dict)
    if "vehicle" in place:
        return place["vehicle"], place["number"], place["date"]
    return cell_at(fixed(place["latitude"]), fixed(place["longitude"]))


def _met(case: Report, other: Report, since: Ms, until: Ms) -> bool:
    """Whether ``other`` met the case while it was infectious, ``[since, until)`` of its stay."""
    overlap = min(until, other.until or 0) - max(since, other.since)
    place, seat = case.more["place"], other.more["place"]
    assert isinstance(place, dict)
    assert isinstance(seat, dict)
    if "vehicle" not in place:
        return overlap >= _SHORTEST
    near = abs(int(place["row"]) - int(seat["row"])) <= _ROWS
    return overlap >= MINUTE and place["carriage"] == seat["carriage"] and near


def _held(area: Report, stay: Report) -> bool:
    """Whether the area holds the stay: it counts for 14 days before it became high-risk."""
    until = stay.until or 0
    if until - max(stay.since, area.since - 14 * DAY) < MINUTE:
        return False
    divisions, cells = area.more.get("divisions", ()), area.more.get("cells", ())
    assert isinstance(divisions, list | tuple)
    assert isinstance(cells, list | tuple)
    if any(stay.division.startswith(prefix) for prefix in divisions):
        return True
    place = stay.more["place"]
    assert isinstance(place, dict)
    return "vehicle" not in place and _where(place) in [_where(cell) for cell in cells]
