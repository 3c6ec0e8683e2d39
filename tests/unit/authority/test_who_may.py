"""The page that says who may do what is what the rules say."""

from __future__ import annotations

from pathlib import Path

from fuma.contracts.whomay import page, texts
from fuma.domain.codes.events import FactKind
from fuma.domain.law.procedure import Procedure
from fuma.domain.law.rulebook import Rulebook

PAGE = Path(__file__).resolve().parents[3] / "docs" / "who-may.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(texts()), (
        "run: python -m fuma.contracts.whomay > docs/who-may.md"
    )


def test_every_procedure_and_book_is_on_it_with_its_source() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for one in texts():
        if isinstance(one, Procedure | Rulebook):
            assert f"`{one.name}` v{one.version}" in text
            assert f"Source 依据: {one.basis.zh}" in text


def test_every_rule_that_turns_a_code_is_on_it_with_its_own_source() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for one in texts():
        if isinstance(one, Rulebook):
            for row in one.rows:
                if row.kind is FactKind.FINDING:
                    assert any(f"| {row.basis.zh} ({row.mark}) |" in line for line in lines)


def test_every_place_of_the_rules_is_in_the_first_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head = text[: text.index("\n## ")]
    for place in (
        "全国",
        "山西省吕梁市兴县",
        "河南省",
        "广西壮族自治区",
        "海南省",
        "宁夏回族自治区",
    ):
        assert f"| {place}" in head
