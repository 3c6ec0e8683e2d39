"""Every code that an officer can be told has words: read from the source, none is missed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import fuma.domain.authority.decide as module
from fuma.domain.authority.words import ACCOUNTS, CASES, COMMAND, LINES, ORDERS, WORDS

_CODE = re.compile(r"[a-z]+(-[a-z]+)+")
_FOLDER = Path(module.__file__).parent
#: Hyphenated words of the same files that are no codes.
_NOT_CODES = {"key-venue", "in-time"}


def used() -> set[str]:
    """Every hyphenated word in the deciders, but for docstrings."""
    found: set[str] = set()
    for path in _FOLDER.glob("*.py"):
        if path.stem in ("words", "commands", "events", "state"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and _CODE.fullmatch(value):
                found.add(value)
    return found - _NOT_CODES


def test_every_code_has_words() -> None:
    assert used() - set(WORDS) == set()


def test_no_code_is_in_two_lists_and_none_is_empty() -> None:
    lists = (COMMAND, ACCOUNTS, ORDERS, LINES, CASES)
    assert sum(map(len, lists)) == len(WORDS)
    assert all(one.zh and one.en and one.zh != one.en for one in WORDS.values())
