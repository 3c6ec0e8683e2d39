"""Every version of every schema has examples, and each goes through the real handler."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from fuma.contracts.codec import decode
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.facts import decode_feed, decode_person
from fuma.contracts.orders import decode_order
from fuma.domain.authority.events import Event as AuthorityEvent
from fuma.domain.codes import events as e
from golden.examples import HANDLED, SCHEMAS, handled, paths, read, versions
from golden.handlers import HANDLERS

EXAMPLES = [(v, path) for v in versions() for path in paths(v)]


def test_no_version_is_without_an_example_and_no_example_without_a_version() -> None:
    known = {(v.subject, f"v{v.version}") for v in versions()}
    there = {(p.parents[2].name, p.parent.name) for p in SCHEMAS.glob("*/examples/*/*")}
    assert known == there
    strays = [p for p in SCHEMAS.glob("*/examples/**/*") if p.is_file() and p.suffix != ".json"]
    assert strays == []
    assert {p.parent.name for p in SCHEMAS.glob("*/examples")} == {v.subject for v in versions()}


def test_every_subject_has_a_handler_and_every_handler_a_subject() -> None:
    assert set(HANDLERS) == {v.subject for v in versions()}


@pytest.mark.parametrize(("version", "path"), EXAMPLES, ids=lambda x: getattr(x, "stem", ""))
def test_an_example_is_decoded_to_what_it_says(version: object, path: Path) -> None:
    found = next(v for v in versions() if v is version)
    value = decode(found.subject, read(found, path))
    written = json.loads(path.read_text("utf-8"))
    assert set(written) <= set(value)


def test_the_handlers_make_of_them_what_they_made_before() -> None:
    """A difference that is meant: PYTHONPATH=tests python -m golden.examples"""
    assert handled() == json.loads(HANDLED.read_text("utf-8"))


def test_every_event_and_every_kind_of_fact_is_among_them() -> None:
    by_subject: dict[str, list[bytes]] = {}
    for version, path in EXAMPLES:
        by_subject.setdefault(version.subject, []).append(read(version, path))
    events = {
        type(event).__name__
        for value in by_subject["decision"]
        for event in decode_ledger(value).events
    }
    assert events == {one.__name__ for one in get_args(e.Event)}
    assert {
        type(event) for value in by_subject["order"] for event in decode_order(value).events
    } == set(get_args(AuthorityEvent))
    inputs = [decode_person(value) for value in by_subject["person"]]
    assert {type(one) for one in inputs} == set(get_args(e.Input))
    facts = [one for one in inputs if isinstance(one, e.Fact)]
    facts += [decode_feed(value) for value in by_subject["feed"]]
    assert {bool(fact.breaches) for fact in facts} == {True, False}
    assert {decode("law", value)["kind"] for value in by_subject["law"]} == {
        "genesis", "text", "tick",
    }  # fmt: skip
    assert {decode("sealed-row", v)["kind"] for v in by_subject["sealed-row"]} == {"row", "end"}
