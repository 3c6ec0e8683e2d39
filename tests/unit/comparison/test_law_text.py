"""What a text of law says of the comparison is what is done: from its bytes to the match.

Each test changes one value of the delivered text and sends the same reports through the door, the
task force and the stage. A value that nobody read would change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doorkit import case, event, number, presence
from fuma.contracts.facts import decode_person
from fuma.contracts.presence import decode_presence, encode_presence
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text, canonical, law_of_texts, load_folder, parse_text
from fuma.contracts.topics import ITINERARY, PERSON, PRESENCE
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.events import Area, Case
from fuma.domain.comparison.place import name as place_name
from fuma.domain.comparison.place import near
from fuma.domain.comparison.settings import Frame, Infectious, infectious
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, Ms
from fuma.processor.itinerary import Itinerary
from fuma.runtime.memory import MemoryVault
from gatewaykit import NOW, Small
from unit.comparison.making import SQUARE
from unit.processor.comparison_rig import Rig

NANNING = {"division": "450102"}
Change = Callable[[dict[str, Any]], None]
Event = dict[str, Any]


def texts(change: Change) -> list[Text]:
    """The delivered law, Guangxi's comparison changed."""
    found = load_folder(root() / "rules")
    (at,) = (n for n, one in enumerate(found) if (one.law.name, one.law.version) == OURS)
    data = json.loads(found[at].body)
    change(data)
    found[at] = parse_text(canonical(data))
    return found


OURS = ("45/comparison", 1)


class Line:
    """Door, task force and stage under one law."""

    def __init__(self, folder: Path, change: Change) -> None:
        law = texts(change)
        self.small, self.rig = Small(folder, law), Rig(law_of_texts(law), Frame(parts=4))
        self.sent = 0

    def send(self, department: str, *events: Event) -> None:
        self.sent += 1
        self.small.send(f"R-{self.sent}", list(events), None, department)

    def run(self) -> tuple[list[Case], dict[bytes, list[MatchFact]]]:
        """The cases that were told, and what each person's record hears."""
        assert not self.small.live(0, False)
        force, cases = Itinerary(), []
        for raw in self.small.all(ITINERARY):
            emits = force.transform(raw)
            item = decode_presence(emits[0].value)
            assert {(e.topic, e.value) for e in emits} == {(PRESENCE, encode_presence(item))}
            assert not isinstance(item, Area)
            cases += [item] if isinstance(item, Case) else []
            self.rig.tell(item, NOW)
        self.rig.run()
        met: dict[bytes, list[MatchFact]] = {}
        for record in self.rig.log.records[PERSON, 0]:
            said = decode_person(record.value)
            assert isinstance(said, MatchFact)
            met.setdefault(record.key or b"", []).append(said)
        return cases, met


def tag(i: int) -> bytes:
    return MemoryVault._tag(number(i))


def stay(i: int, day: str, **more: Any) -> Event:
    """From seven to eight."""
    hours = {"from": f"{day}T07:00:00+08:00", "until": f"{day}T08:00:00+08:00"}
    return {**presence(i, **NANNING, **hours, **more), "id": f"stay-{i}-{day}"}


def cell(place: bytes) -> dict[str, str]:
    return {"cell": place_name(place).removeprefix("cell ")}


@pytest.mark.parametrize("word", [True, False, None])
def test_neighbours_count_where_the_text_says_so(tmp_path: Path, word: bool | None) -> None:
    def change(data: dict[str, Any]) -> None:
        if word is not None:
            data["companion"]["neighbours"] = word

    line, around = Line(tmp_path, change), near(SQUARE)
    far = next(p for one in around for p in near(one) if p not in (*around, SQUARE))
    places = [SQUARE, *around, far]
    stays = [stay(n, "2022-06-13", place=cell(place)) for n, place in enumerate(places, 2)]
    line.send("communications", stay(1, "2022-06-13"), *stays)
    line.send("health", case(1, **NANNING))
    _, met = line.run()
    expected = [SQUARE, *around] if word else [SQUARE]
    assert {m.place for found in met.values() for m in found} == set(expected)
    assert met.keys() == {tag(n) for n in range(2, 2 + len(expected))}
    for found in met.values():
        assert [(m.rule, m.stands) for m in found] == [("companion", True)]


def rows(**terms: str) -> Change:
    def change(data: dict[str, Any]) -> None:
        for row in data["rows"]:
            if row.get("ground") in terms:
                row["infectious"] = terms[row["ground"]]

    return change


ONSET = instant("2022-06-12")
#: Of the person's days with the case, those on which the case counted.
TERMS = [("12h", 12 * HOUR, 0), ("2d", 2 * DAY, 1), ("4d", 4 * DAY, 3)]
DAYS = ("2022-06-11", "2022-06-09", "2022-06-08")


@pytest.mark.parametrize(("term", "before", "days"), TERMS)
@pytest.mark.parametrize("as_finding", [False, True])
def test_a_case_counts_as_long_before_its_first_day_as_the_text_says(
    tmp_path: Path, term: str, before: Ms, days: int, as_finding: bool
) -> None:
    line = Line(tmp_path, rows(confirmed=term))
    line.send("communications", *(stay(i, day) for i in (1, 2) for day in DAYS))
    dates = {"onset": "2022-06-12", "isolated": "2022-06-14T08:30:00+08:00"}
    line.send("health", event(1, **NANNING, **dates) if as_finding else case(1, **NANNING, **dates))
    (ill,), met = line.run()
    assert (ill.since, ill.until) == (ONSET - before, instant("2022-06-14T08:30:00+08:00"))
    found = met.get(tag(2), [])
    assert {m.since for m in found} == {instant(f"{day}T07:00:00+08:00") for day in DAYS[:days]}


def test_each_ground_has_its_own_term(tmp_path: Path) -> None:
    line = Line(tmp_path, rows(confirmed="4d", asymptomatic="12h"))
    sampled = {"onset": None, "sampled": "2022-06-12", "ground": "asymptomatic"}
    proof = {"evidence": {"kind": "pcr-report", "number": "N-1"}}
    line.send("health", case(1, **NANNING), case(2, **NANNING, **sampled, **proof))
    cases, _ = line.run()
    assert {(one.tag, ONSET - one.since) for one in cases} == {
        (tag(1), 4 * DAY),
        (tag(2), 12 * HOUR),
    }


def test_who_was_isolated_before_the_first_day_counted_up_to_isolation(tmp_path: Path) -> None:
    """Isolated on the 10th as a contact, ill on the 12th: the term ends with isolation."""
    line = Line(tmp_path, rows(confirmed="2d"))
    days = ("2022-06-07", "2022-06-08", "2022-06-09", "2022-06-11")
    line.send("communications", *(stay(i, day) for i in (1, 2) for day in days))
    isolated = "2022-06-10T06:00:00+08:00"
    line.send("health", case(1, **NANNING, isolated=isolated))
    (ill,), met = line.run()
    assert (ill.since, ill.until) == (instant(isolated) - 2 * DAY, instant(isolated))
    # By the first day alone it would have counted from the 10th on, and nobody had met them.
    assert {m.since for m in met[tag(2)]} == {
        instant(f"{day}T07:00:00+08:00") for day in ("2022-06-08", "2022-06-09")
    }


@pytest.mark.parametrize(
    ("first", "isolated", "since"),
    [
        (10 * DAY, 12 * DAY, 7 * DAY),
        (10 * DAY, 10 * DAY, 7 * DAY),
        (10 * DAY, 9 * DAY + 1, 6 * DAY + 1),
        (10 * DAY, 1 * DAY, -2 * DAY),
    ],
)
def test_the_interval_is_never_turned_round(first: Ms, isolated: Ms, since: Ms) -> None:
    assert infectious(Infectious(3 * DAY), first, isolated) == (since, isolated)
