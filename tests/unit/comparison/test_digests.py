"""The digests of a match: the page's vectors, by hand and by us, and what the stage puts on one."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256
from pathlib import Path

from fuma.domain.comparison.digests import of_exposure, of_risks
from fuma.domain.comparison.events import Area, Presence, Spread
from fuma.domain.comparison.meet import ENDLESS, stay_digest
from fuma.domain.comparison.place import Vehicle, near, run_place
from fuma.domain.comparison.settings import TEN_MINUTES, Frame, Rule, Seating, Settings
from fuma.domain.comparison.state import State
from fuma.domain.time import DAY, HOUR, Ms
from unit.comparison.making import COMPANION, NOON, SQUARE, Law, matches, sick, stay, tag, tell

DOCS = Path(__file__).resolve().parents[3] / "docs" / "formats" / "places.md"
FIELDS = {"stay": 8, "exposure": 4, "risk": 5}
SOJOURN = Rule("sojourn", b"sojourn", ("high-risk-area",), "area-presence", TEN_MINUTES)
RIDE = Rule("ride", b"ride", ("spatiotemporal-companion",), "grid-match", TEN_MINUTES)


def vectors() -> list[tuple[str, list[str], str]]:
    """Digest, its fields as the page writes them, and the SHA-256 there."""
    found = re.findall(
        r"^\| (\w+) \| `(\1 [^`]*)` \| `([0-9a-f]{64})` \|$",
        DOCS.read_text("utf-8"), re.MULTILINE,
    )  # fmt: skip
    return [(kind, fields.split(), hexed) for kind, fields, hexed in found]


def field(text: str) -> bytes:
    """As the page says: a word is a text, ``0x`` bytes, any other a number of eight bytes."""
    if text.startswith("0x"):
        return bytes.fromhex(text[2:])
    return text.encode() if text.isalpha() else int(text).to_bytes(8, "big", signed=True)


def test_the_page_has_a_vector_of_each_and_they_are_what_it_says() -> None:
    assert {kind for kind, _, _ in vectors()} == FIELDS.keys()
    for kind, fields, hexed in vectors():
        assert len(fields) == FIELDS[kind]
        parts = [field(one) for one in fields]
        whole = b"".join(len(one).to_bytes(4, "big") + one for one in parts)
        assert sha256(whole).hexdigest() == hexed


def test_ours_are_the_pages() -> None:
    stays: dict[str, Presence] = {}
    for kind, (_, *fields), hexed in vectors():
        if kind == "stay":
            ident, who, place = map(field, fields[:3])
            since, until, carriage, row = map(int, fields[3:])
            made = Presence(ident, 4, who, place, "41", since, until, "", carriage, row)
            assert stay_digest(made).hex() == hexed
            stays["0x" + hexed] = made
        elif kind == "exposure":
            begun, ended = map(int, fields[1:])
            found = of_exposure(stays[fields[0]], begun - 1, ended)
            assert found is not None
            # it begins with the stay, whenever the case began, and ends with the case
            assert (found.since, found.until, found.digest.hex()) == (begun, ended, hexed)
        else:
            ident, target = map(field, fields[:2])
            begun, ended = map(int, fields[2:])
            named = (target[1:].decode(),) if target[:1] == b"d" else ()
            places = () if named else (target,)
            periods: tuple[tuple[Ms, Ms | None], ...]
            periods = ((begun, None if ended == ENDLESS else ended),)
            area = Area(ident, 9, places, named, periods, 0)
            (risk,) = of_risks(area, target, named[0] if named else "")
            assert (risk.target, risk.digest.hex()) == (target, hexed)


def test_a_companion_carries_them_next_door_as_well() -> None:
    (first, *_) = near(SQUARE)
    law = Law(Settings(companion=COMPANION, neighbours=True))
    theirs, here = stay("p1", "case"), stay("p2", "a", since=NOON + HOUR // 2)
    there = stay("p3", "b", first)
    case = sick("case", NOON - DAY, NOON + 50 * 60_000)
    met = of_exposure(theirs, case.since, case.until)
    assert met is not None
    state = State(Frame())
    events = tell(theirs, here, there, case, law=law, state=state)
    events += tell(*(e for e in events if isinstance(e, Spread)), law=law, state=state)
    found = {m.tag: m for m in matches(events)}
    assert found.keys() == {tag("a"), tag("b")}
    for mine in (here, there):
        match = found[mine.tag]
        assert (match.stay_digest, match.source_digest) == (stay_digest(mine), met.digest)
        assert match.source == (met.since, met.until)
    assert of_exposure(theirs, NOON - DAY, NOON) is None


def test_a_ride_carries_carriage_and_row() -> None:
    train = run_place(Vehicle.TRAIN, "G1234", date(2022, 6, 14))
    law = Law(Settings(ride=RIDE, seating={Vehicle.TRAIN: Seating(carriage=True)}))
    theirs = stay("p1", "case", train, carriage=3, row=11)
    mine = stay("p2", "a", train, carriage=3, row=12, revision=7)
    case = sick("case")
    (match,) = matches(tell(theirs, mine, case, law=law))
    met = of_exposure(theirs, case.since, case.until)
    assert met is not None
    assert (match.stay_digest, match.source_digest) == (stay_digest(mine), met.digest)
    assert stay_digest(mine) != stay_digest(mine._replace(row=13))


def test_a_sojourn_carries_the_period_as_reported_whatever_the_law_looks_back() -> None:
    law = Law(Settings(sojourn=SOJOURN, lookback=2 * DAY))
    mine = stay("p1", "a")
    spans = ((NOON - 9 * DAY, NOON - 8 * DAY), (NOON + DAY, None))
    area = Area(tag("area"), 0, (SQUARE,), ("4501", "46"), spans, NOON)
    risks = list(of_risks(area, mine.place, mine.division))
    assert {(r.target, r.since) for r in risks} == {
        (target, since) for target in (SQUARE, b"d4501") for since, _ in spans
    }
    found = matches(tell(mine, area, law=law))
    assert {m.source_digest for m in found} == {r.digest for r in risks if r.until is None}
    assert {m.stay_digest for m in found} == {stay_digest(mine)}
