"""``feed`` and ``person`` values: wire to ``Fact`` and back."""

from __future__ import annotations

from typing import Any

from fuma.contracts.codec import Wire, decode, encode
from fuma.contracts.errors import Poison, Reason
from fuma.domain.codes.events import Fact, FactKind, Identity

_KINDS = {kind.value: kind for kind in FactKind}
_IDENTITIES = {identity.value: identity for identity in Identity}


def fact_to_wire(fact: Fact) -> Wire:
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


def fact_from_wire(wire: Wire) -> Fact:
    """The ``Fact`` in the fields of ``fuma.Fact``."""
    return Fact(
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
    )


def encode_feed(fact: Fact) -> bytes:
    """A value of ``feed.<department>``."""
    return encode("feed", fact_to_wire(fact))


def decode_feed(data: bytes | None) -> Fact:
    """A value of ``feed.<department>``. Raises ``Poison``."""
    return fact_from_wire(decode("feed", data))


def encode_person(fact: Fact) -> bytes:
    """A value of ``person``."""
    return encode("person", {"body": ("fuma.Fact", fact_to_wire(fact))})


def decode_person(data: bytes | None) -> Fact:
    """A value of ``person``. Raises ``Poison``."""
    body: Any = decode("person", data)["body"]
    name, wire = body if isinstance(body, tuple) else ("fuma.Fact", body)
    if name != "fuma.Fact":
        raise Poison(Reason.UNDECODABLE, f"a person record of kind {name}")
    return fact_from_wire(wire)
