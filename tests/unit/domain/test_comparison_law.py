"""Comparison texts: what they say, what may not be one, and which is in force."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fuma.contracts.resources import root
from fuma.contracts.rulesfile import load_folder
from fuma.domain.codes.events import FactKind
from fuma.domain.comparison.place import Vehicle
from fuma.domain.comparison.settings import Seating
from fuma.domain.law.comparison import Comparison
from fuma.domain.law.inforce import Law, PublishedText
from fuma.domain.law.reading import LawError, read_text
from fuma.domain.law.rulebook import Rulebook
from fuma.domain.time import DAY, MINUTE, Ms, day_start

WORDS = {"zh": "一", "en": "one"}
CASE = {
    "name": "case", "kind": "case", "ground": "confirmed", "evidence": ["diagnosis-report"],
    "owners": [{"department": "health"}], "infectious": "2d", "basis": WORDS, "mark": "A",
}  # fmt: skip
RULE = {"grounds": ["spatiotemporal-companion"], "evidence": "grid-match", "minimum": "10m"}


def text(**change: Any) -> dict[str, Any]:
    made = {
        "kind": "comparison", "name": "45/meeting", "version": 1, "division": "45",
        "in_force": {"from": "2022-06-01"}, "title": WORDS, "publisher": WORDS, "basis": WORDS,
        "rows": [CASE], "companion": RULE,
    }  # fmt: skip
    made.update(change)
    return {name: value for name, value in made.items() if value is not None}


def read(**change: Any) -> Comparison:
    found = read_text(text(**change), b"d" * 32)
    assert isinstance(found, Comparison)
    return found


def faults(**change: Any) -> str:
    with pytest.raises(LawError) as caught:
        read(**change)
    return str(caught.value)


def case(**change: Any) -> dict[str, Any]:
    return {name: value for name, value in {**CASE, **change}.items() if value is not None}


def at(month: int, day: int, year: int = 2022) -> Ms:
    return day_start(date(year, month, day))


def test_what_is_left_out_makes_no_match() -> None:
    found = read().settings
    assert found.companion is not None
    assert (found.companion.minimum, len(found.companion.grounds)) == (10 * MINUTE, 1)
    assert (found.ride, found.sojourn, found.neighbours) == (None, None, False)
    assert (found.lookback, found.chain) == (14 * DAY, 14 * DAY)
    assert read(companion=None).settings.companion is None


def test_seating() -> None:
    ride = {**RULE, "seating": {"flight": {"rows": 3}, "train": {"carriage": True}, "ship": {}}}
    assert read(ride=ride).settings.seating == {
        Vehicle.FLIGHT: Seating(False, 3),
        Vehicle.TRAIN: Seating(True, None),
        Vehicle.SHIP: Seating(),
    }


def test_a_rule_is_known_by_its_text_and_name() -> None:
    both = read(ride={**RULE, "seating": {}}).settings
    assert both.companion is not None
    assert both.ride is not None
    assert both.companion.id != both.ride.id
    other = read_text(text(), b"e" * 32)
    assert isinstance(other, Comparison)
    assert other.settings.companion != read().settings.companion


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [case(kind="finding")]}, "a finding is a rulebook's"),
        ({"rows": [case(infectious=None)]}, "how long before"),
        ({"rows": [case(kind="area", ground=None)]}, "how long before"),
        ({"rows": [case(ground=None)]}, "needs ground"),
        ({"rows": [case(), case(name="again")]}, "overlap"),
        ({"rows": [case(), case(evidence=["pcr-report"])]}, "used twice"),
        ({"rows": [case(owners=[])]}, "unreachable"),
        ({"rows": [case(colours=[{"red": "1d"}])]}, "no colours"),
        ({"companion": {**RULE, "grounds": []}}, "at least one"),
        ({"companion": {**RULE, "grounds": ["petitioning"]}}, "unknown word"),
        ({"companion": {**RULE, "evidence": "hearsay"}}, "unknown word"),
        ({"companion": {**RULE, "minimum": "0m"}}, "no duration"),
        ({"companion": {**RULE, "neighbours": "yes"}}, "true or false"),
        ({"companion": {**RULE, "seating": {}}}, "unknown field"),
        ({"ride": {**RULE, "seating": {"rocket": {}}}}, "none of flight"),
        ({"ride": {**RULE, "seating": {"flight": {"rows": -1}}}}, "whole number"),
        ({"ride": {**RULE, "seating": {"train": {"carriage": 3}}}}, "true or false"),
        ({"sojourn": {**RULE, "lookback": "15d"}}, "14 days"),
        ({"chain": "20d"}, "14 days"),
        ({"sojourn": {**RULE, "grounds": ["confirmed", "suspected"]}}, "one ground"),
        ({"automatic": True}, "unknown field"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], said: str) -> None:
    assert said in faults(**change)


def test_a_rulebook_has_no_rows_for_the_comparison() -> None:
    with pytest.raises(LawError, match="a case is a comparison text's"):
        read_text(text(kind="rulebook", companion=None), b"d" * 32)


def test_the_longest_prefix_wins_whole_and_nothing_is_compared_without_a_text() -> None:
    nation = read(name="cn/meeting", division="", in_force={"from": "2021-01-01"})
    region = read(companion=None)
    law = Law(PublishedText(t, 0, True) for t in (nation, region))
    assert law.comparison("4501", at(6, 14)) == region
    assert law.settings("4501", at(6, 14)) == region.settings
    assert law.comparison("4501", at(5, 14)) == nation
    assert law.comparison("41", at(6, 14)) == nation
    assert law.settings("41", at(6, 14, 2020)) is None


def test_the_ninth_edition_looks_back_seven_days_into_an_area_and_fourteen_for_companions() -> None:
    law = Law(PublishedText(one.law, 0, True) for one in load_folder(root() / "rules"))
    for division in ("410105", "450102"):
        old, new = law.settings(division, at(6, 27)), law.settings(division, at(6, 28))
        assert old is not None
        assert new is not None
        assert (old.lookback, new.lookback) == (14 * DAY, 7 * DAY)
        assert (old.chain, new.chain) == (14 * DAY, 14 * DAY)
        assert (old.companion is None) == (new.companion is None)
        assert law.settings(division, at(1, 8, 2023)) is None


def test_the_delivered_texts() -> None:
    laws = [one.law for one in load_folder(root() / "rules")]
    texts = {law.division: law for law in laws if isinstance(law, Comparison)}
    nation, guangxi = texts[""], texts["45"]
    # no match that the nation's books have no ground for
    assert (nation.settings.companion, nation.settings.ride) == (None, None)
    assert guangxi.settings.companion is not None
    assert guangxi.settings.companion.minimum == 10 * MINUTE
    assert guangxi.settings.sojourn is not None
    assert guangxi.rows == nation.rows
    assert {row.kind for row in nation.rows} == {FactKind.PRESENCE, FactKind.CASE, FactKind.AREA}
    books = [law for law in laws if isinstance(law, Rulebook)]
    for division, text in texts.items():
        settings = text.settings
        for rule in (settings.companion, settings.ride, settings.sojourn):
            # what a match is evidence of is a row of a book there, so that it can count
            for ground in rule.grounds if rule else ():
                assert any(
                    book.row(FactKind.FINDING, ground, rule.evidence)
                    for book in books
                    if rule and book.division == division
                ), (division, ground)
