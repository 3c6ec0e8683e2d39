"""Signed commands on the wire: what opens, what is forged, what is no command at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import dsse
from fuma.contracts.commands import (
    COMMAND_TYPE,
    FOUNDING_TYPE,
    MAX_PAYLOAD,
    open_command,
    open_founding,
    payload,
    sign_command,
)
from fuma.contracts.errors import Poison
from fuma.domain.authority import commands as c
from unit.authority.making import h, line, office

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
HEAD = {"id": h("id"), "world": b"w" * 16, "province": "46", "issued": 1_000, "expires": 2_000}
DRAFT = c.Draft(h("o"), "4601", "confirmed", 2, 1, b"r" * 32, 0, None, (("document", "第9号"),))
BODIES = (
    DRAFT,
    c.Page(h("o"), 0, (line(1, "460105"), line(2, "460105", venue="gate", seen=7))),
    c.Act(h("o"), "sign", DRAFT.content()),
    c.OpenOffice(office("x", "command", "4601")),
    c.Apply(h("a"), c.Officer("n", "x", "staff", h("p"), "王"), "need"),
    c.CityReturn(7, (("health", b"d" * 32),)),
)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_what_was_signed_is_what_is_opened(body: c.Body) -> None:
    opened = open_command(sign_command(body, KEY, **HEAD))  # type: ignore[arg-type]
    assert isinstance(opened, c.Command)
    assert opened.body == body
    assert (opened.id, opened.province, opened.key) == (
        HEAD["id"], "46", dsse.key_id(dsse.public_bytes(KEY))
    )  # fmt: skip


def _altered(change: Callable[[bytes], bytes]) -> bytes:
    envelope = json.loads(sign_command(DRAFT, KEY, **HEAD))  # type: ignore[arg-type]
    signed = base64.b64decode(envelope["payload"])
    envelope["payload"] = base64.b64encode(change(signed)).decode()
    return json.dumps(envelope).encode()


def test_one_altered_byte_is_forged_and_names_the_key_it_claims() -> None:
    opened = open_command(_altered(lambda signed: signed.replace(b'"4601"', b'"4602"')))
    assert isinstance(opened, c.Forged)
    assert opened.key == dsse.key_id(dsse.public_bytes(KEY))
    named = payload(DRAFT, **HEAD, key=dsse.public_bytes(KEY).hex())  # type: ignore[arg-type]
    assert isinstance(open_command(dsse.sign(COMMAND_TYPE, named, OTHER)), c.Forged)


def test_room_for_a_second_signature_beside_the_first() -> None:
    envelope = json.loads(sign_command(DRAFT, KEY, **HEAD))  # type: ignore[arg-type]
    envelope["signatures"].append({"keyid": "sm2:1", "sig": base64.b64encode(b"s" * 64).decode()})
    assert isinstance(open_command(json.dumps(envelope).encode()), c.Command)
    envelope["signatures"] = envelope["signatures"][1:]
    assert isinstance(open_command(json.dumps(envelope).encode()), c.Forged)


def test_what_is_no_command_is_poison() -> None:
    good = payload(DRAFT, **HEAD, key=dsse.public_bytes(KEY).hex())  # type: ignore[arg-type]
    data = json.loads(good)
    changes: tuple[dict[str, object], ...] = (
        {"type": "found.v1"}, {"type": "colour.set.v1"}, {"extra": 1}, {"expires": 2.5},
        {"body": {}}, {"body": {**data["body"], "colour": "red"}},
        {"body": {**data["body"], "unknown": 1}}, {"id": "00"},
    )  # fmt: skip
    for change in changes:
        text = json.dumps(
            data | change, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        ).encode()
        with pytest.raises(Poison):
            open_command(dsse.sign(COMMAND_TYPE, text, KEY))
    for text in (good + b" ", b"[]", b"x" * (MAX_PAYLOAD + 1)):
        with pytest.raises(Poison):
            open_command(dsse.sign(COMMAND_TYPE, text, KEY))
    with pytest.raises(Poison):
        open_command(dsse.sign("application/vnd.fuma.law+json", good, KEY))


def test_a_founding_needs_both_ceremony_keys() -> None:
    keys = (dsse.public_bytes(KEY).hex(), dsse.public_bytes(OTHER).hex())
    found = payload(c.Found((), ()), **HEAD, key="")  # type: ignore[arg-type]
    assert open_founding(dsse.sign(FOUNDING_TYPE, found, KEY, OTHER), keys).key == "genesis"
    for bad in (dsse.sign(FOUNDING_TYPE, found, KEY), dsse.sign(COMMAND_TYPE, found, KEY, OTHER)):
        with pytest.raises(Poison):
            open_founding(bad, keys)


def test_a_full_page_fits_into_a_command() -> None:
    lines = tuple(
        line(n, "460105001", root=b"r" * 32, venue="gate-of-the-airport", seen=1_655_179_200_000)
        for n in range(c.PAGE_LINES)
    )
    body = c.Page(h("o"), 499, lines)
    assert isinstance(open_command(sign_command(body, KEY, **HEAD)), c.Command)  # type: ignore[arg-type]
