"""``feed`` and ``person`` values: wire to ``Input`` and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fuma.contracts.codec import Wire, decode, encode
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.registry import registry
from fuma.domain.codes import inputs as i
from fuma.domain.colour import Colour

_T = TypeVar("_T")
_KINDS = {kind.value: kind for kind in i.FactKind}
_IDENTITIES = {identity.value: identity for identity in i.Identity}
_COLOURS = {colour.word: colour for colour in Colour}
_ENDS = {end.value: end for end in i.End}


def fact_to_wire(fact: i.Fact) -> Wire:
    """The fields of the Avro record ``fuma.Fact``."""
    return {
        "id": fact.id,
        "content": fact.content,
        "kind": fact.kind.value,
        "department": fact.department,
        "division": fact.division,
        "ground": fact.ground,
        "since": fact.since,
        "until": fact.until,
        "evidence_kind": fact.evidence_kind,
        "evidence_ref": fact.evidence_ref,
        "identity": fact.identity.value,
        "breaches": list(fact.breaches),
        "reported": fact.reported,
        "sealed": fact.sealed,
        "reporter": fact.reporter,
        "root": fact.root,
    }


def fact_from_wire(wire: Wire, behaviour: int = i.NEWEST) -> i.Fact:
    """The ``Fact`` in the fields of ``fuma.Fact``."""
    return i.Fact(
        wire["id"],
        wire["content"],
        _KINDS[wire["kind"]],
        wire["department"],
        wire["division"],
        wire["ground"],
        wire["since"],
        wire["until"],
        wire["evidence_kind"],
        wire["evidence_ref"],
        _IDENTITIES[wire["identity"]],
        tuple(wire["breaches"]),
        wire["reported"],
        wire["sealed"],
        wire.get("reporter", b""),
        wire.get("root", b""),
        behaviour,
    )


def actor_to_wire(actor: i.Actor) -> Wire:
    """The fields of ``fuma.Actor``."""
    return {
        "person": actor.person,
        "officer": actor.officer,
        "office": actor.office,
        "key": actor.key,
        "step": actor.step,
    }


def actor_from_wire(w: Wire) -> i.Actor:
    """The ``Actor`` in the fields of ``fuma.Actor``."""
    return i.Actor(w["person"], w["officer"], w["office"], w["key"], w["step"])


def line_to_wire(line: i.Line) -> Wire:
    """The fields of ``fuma.Line``."""
    wire = {name: getattr(line, name) for name in _LINE}
    wire["colour"] = line.colour.word
    wire["chain"] = [actor_to_wire(actor) for actor in line.chain]
    return wire


def line_from_wire(w: Wire) -> i.Line:
    """The ``Line`` in the fields of ``fuma.Line``. Raises ``Poison``."""
    named = {name: w[name] for name in _LINE}
    named["colour"] = _known(_COLOURS, w["colour"])
    named["chain"] = tuple(actor_from_wire(actor) for actor in w["chain"])
    return i.Line(**named)


_LINE = tuple(i.Line.__dataclass_fields__)


def _end_to_wire(end: i.LineEnd) -> Wire:
    return {
        "id": end.id, "content": end.content, "order": end.order, "line": end.line,
        "province": end.province, "how": end.how.value, "code": end.code, "at": end.at,
        "by": actor_to_wire(end.by),
    }  # fmt: skip


def _end_from_wire(w: Wire) -> i.LineEnd:
    return i.LineEnd(
        w["id"], w["content"], w["order"], w["line"], w["province"], _known(_ENDS, w["how"]),
        w["code"], w["at"], actor_from_wire(w["by"]),
    )  # fmt: skip


def _match_to_wire(m: i.MatchFact) -> Wire:
    return {
        "id": m.id, "content": m.content, "match": m.match, "revision": m.revision,
        "stands": m.stands, "division": m.division, "ground": m.ground,
        "evidence_kind": m.evidence_kind, "rule": m.rule, "rule_id": m.rule_id,
        "since": m.since, "until": m.until, "place": m.place,
        "stay_since": m.stay[0], "stay_until": m.stay[1], "stay_digest": m.stay_digest,
        "source_since": m.source[0], "source_until": m.source[1],
        "source_digest": m.source_digest, "case": m.case, "depth": m.depth, "mark": m.mark,
        "department": m.department, "identity": m.identity.value, "root": m.root,
    }  # fmt: skip


def _match_from_wire(w: Wire) -> i.MatchFact:
    return i.MatchFact(
        w["id"], w["content"], w["match"], w["revision"], w["stands"], w["division"], w["ground"],
        w["evidence_kind"], w["rule"], w["rule_id"], w["since"], w["until"], w["place"],
        (w["stay_since"], w["stay_until"]), w["stay_digest"],
        (w["source_since"], w["source_until"]), w["source_digest"],
        w["case"], w["depth"], w["mark"], w["department"], _IDENTITIES[w["identity"]], w["root"],
    )  # fmt: skip


def _amend_to_wire(a: i.Amend) -> Wire:
    return {
        "id": a.id, "content": a.content, "book": a.book, "version": a.version,
        "digest": a.digest, "at": a.at,
    }  # fmt: skip


def _amend_from_wire(w: Wire) -> i.Amend:
    return i.Amend(w["id"], w["content"], w["book"], w["version"], w["digest"], w["at"])


def _known(words: dict[str, _T], word: str) -> _T:
    found = words.get(word)
    if found is None:
        raise Poison(Reason.UNDECODABLE, f"no such word: {word}")
    return found


def encode_feed(fact: i.Fact) -> bytes:
    """A value of ``feed.<department>``."""
    return encode("feed", fact_to_wire(fact))


def decode_feed(data: bytes | None) -> i.Fact:
    """A value of ``feed.<department>``. Raises ``Poison``."""
    return fact_from_wire(decode("feed", data))


def encode_person(item: i.Input) -> bytes:
    """A value of ``person``."""
    if isinstance(item, i.Fact):
        return encode("person", {"body": ("fuma.Fact", fact_to_wire(item))})
    if isinstance(item, i.Line):
        return encode("person", {"body": ("fuma.Line", line_to_wire(item))})
    if isinstance(item, i.LineEnd):
        return encode("person", {"body": ("fuma.LineEnd", _end_to_wire(item))})
    if isinstance(item, i.MatchFact):
        return encode("person", {"body": ("fuma.Match", _match_to_wire(item))})
    return encode("person", {"body": ("fuma.Amend", _amend_to_wire(item))})


_READERS: dict[str, Callable[[Wire], i.Input]] = {
    "fuma.Line": line_from_wire,
    "fuma.LineEnd": _end_from_wire,
    "fuma.Match": _match_from_wire,
    "fuma.Amend": _amend_from_wire,
}
#: Framing of a value that the first release wrote: it is decided as that release did.
_FIRST = b"\0" + registry().version("person", 1).id.to_bytes(4, "big")


def decode_person(data: bytes | None) -> i.Input:
    """A value of ``person``. Raises ``Poison``."""
    body: Any = decode("person", data)["body"]
    name, wire = body if isinstance(body, tuple) else ("fuma.Fact", body)
    if name == "fuma.Fact":
        first = data is not None and data.startswith(_FIRST)
        return fact_from_wire(wire, i.FIRST_RELEASE if first else i.NEWEST)
    return _READERS[name](wire)


def decode_fact(data: bytes | None) -> i.Fact:
    """A value of ``person`` that is a department's report. Raises ``Poison``."""
    found = decode_person(data)
    if not isinstance(found, i.Fact):
        raise Poison(Reason.UNDECODABLE, f"a person record of kind {type(found).__name__}")
    return found
