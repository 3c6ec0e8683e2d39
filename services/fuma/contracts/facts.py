"""``feed`` and ``person`` values: bytes to ``Input`` and back.

The domain's own classes stand for the schemas' records, which have their names and fields; a match
alone is spelt out, since the domain keeps its intervals in pairs.
"""

from __future__ import annotations

from typing import Any

from fuma.contracts.codec import decoder, encoder
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.framed import Heard, first_release, heard, line_end, match
from fuma.contracts.shapes import Shape, Shapes, named
from fuma.domain.codes import inputs as i
from fuma.domain.colour import Colour

_FACT = tuple(name for name in i.Fact.__match_args__ if name != "behaviour")


_MATCH = Shape(
    match,
    cls=i.MatchFact,
    places={
        "stay_since": "stay[0]",
        "stay_until": "stay[1]",
        "source_since": "source[0]",
        "source_until": "source[1]",
    },
)
_ENUMS: dict[str, dict[str, Any]] = {
    "fuma.FactKind": {kind.value: kind for kind in i.PERSONAL},
    "fuma.Identity": {identity.value: identity for identity in i.Identity},
    "fuma.Colour": {colour.word: colour for colour in Colour},
}


def _shapes(fact: Shape) -> dict[str, Shape]:
    return named(i.Line, i.Amend, i.Actor) | {
        "fuma.Fact": fact,
        "fuma.LineEnd": Shape(line_end, cls=i.LineEnd),
        "fuma.Match": _MATCH,
        "fuma.Person": Shape(heard, cls=Heard),
    }


_AS_FIRST = Shapes(_shapes(Shape(first_release, _FACT, i.Fact)), _ENUMS, name="first")
_PERSON = Shapes(_shapes(Shape(i.Fact)), _ENUMS, versions={1: _AS_FIRST}, name="domain")
_FEED = Shapes({"fuma.Fact": Shape(i.Fact)}, _ENUMS, name="domain")
_write_feed, _read_feed = encoder("feed", None, _FEED), decoder("feed", _FEED)
_write_person, _read_person = encoder("person", None, _PERSON), decoder("person", _PERSON)


def encode_feed(fact: i.Fact) -> bytes:
    """A value of ``feed.<department>``."""
    return _write_feed(fact)


def decode_feed(data: bytes | None) -> i.Fact:
    """A value of ``feed.<department>``. Raises ``Poison``."""
    found: i.Fact = _read_feed(data)
    return found


def encode_person(item: i.Input) -> bytes:
    """A value of ``person``."""
    return _write_person(Heard(item))


def decode_person(data: bytes | None) -> i.Input:
    """A value of ``person``. Raises ``Poison``."""
    found: i.Input = _read_person(data)
    return found


def decode_fact(data: bytes | None) -> i.Fact:
    """A value of ``person`` that is a department's report. Raises ``Poison``."""
    found = decode_person(data)
    if not isinstance(found, i.Fact):
        raise Poison(Reason.UNDECODABLE, f"a person record of kind {type(found).__name__}")
    return found
