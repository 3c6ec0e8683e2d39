"""The examples of the normative pages go through the real readers."""

from __future__ import annotations

import re

from fuma.contracts.cloudevents import read
from fuma.contracts.resources import root
from fuma.domain.codes.events import FactKind
from fuma.feed.mapping import parse_mapping


def blocks(page: str, language: str) -> list[str]:
    text = (root() / "docs" / "formats" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_every_kind_of_report_has_an_example_that_is_one() -> None:
    lines = [
        line
        for page in ("report.md", "itinerary.md")
        for block in blocks(page, "json")
        for line in block.strip().splitlines()
    ]
    found = [read(line.encode()) for line in lines]
    assert [one.faults for one in found] == [()] * (len(FactKind) + 1)
    assert {one.report.kind for one in found if one.report} == set(FactKind)


def test_the_mapping_in_the_page_is_one() -> None:
    (text,) = blocks("mapping.md", "yaml")
    assert len(parse_mapping(text).sections) == 2
