"""The page that says who may do what is what the rules say."""

from __future__ import annotations

from pathlib import Path

from fuma.contracts.whomay import page, procedures

PAGE = Path(__file__).resolve().parents[3] / "docs" / "who-may.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(procedures()), (
        "run: python -m fuma.contracts.whomay > docs/who-may.md"
    )


def test_every_procedure_is_on_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for procedure in procedures():
        assert procedure.name in text
        assert procedure.title.zh in text
