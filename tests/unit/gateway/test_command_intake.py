"""The officers' door, record by record: forwarded as it was signed, answered, or kept."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import dsse
from fuma.contracts.codec import encode
from fuma.contracts.commands import COMMAND_TYPE, MAX_ENVELOPE, found, payload, sign_command
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.genesis import World
from fuma.contracts.topics import IN_COMMANDS
from fuma.domain.authority import commands as c
from fuma.gateway.command_intake import CommandIntake, Forward, Refused
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import LogRecord

AT = 1_655_000_000_000
WORLD = World(b"w" * 16, True, bytes(32))
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
A, B = (Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"a", b"b"))
CEREMONY = (dsse.public_bytes(A).hex(), dsse.public_bytes(B).hex())
HEAD: dict[str, Any] = {
    "id": b"i" * 16, "world": WORLD.id, "province": "14", "issued": AT, "expires": AT + 1_000,
}  # fmt: skip
BODY = c.Withdraw(b"o" * 16, "撤回")
SEALER = Sealer(WORLD.id, b"s" * 32)
OFFICERS = CommandIntake(WORLD, SEALER)


def raw(envelope: bytes | None, *, sealed: bool = True) -> LogRecord:
    value = None if envelope is None else encode("signed-command", {"envelope": envelope})
    headers = SEALER.headers(IN_COMMANDS, b"14", value, time=pack_time(AT)) if sealed else ()
    return LogRecord(IN_COMMANDS, 3, 7, AT + 5, b"14", value, headers)


def test_a_good_command_goes_on_byte_for_byte() -> None:
    envelope = sign_command(BODY, KEY, **HEAD)
    assert OFFICERS.take(raw(envelope), CEREMONY) == Forward(raw(envelope), "14", envelope, AT)


def test_log_time_counts_only_where_the_officers_key_vouches_for_it() -> None:
    taken = OFFICERS.take(raw(sign_command(BODY, KEY, **HEAD), sealed=False), CEREMONY)
    assert isinstance(taken, Forward)
    assert taken.at is None


def test_in_a_real_world_log_time_is_the_brokers() -> None:
    real = CommandIntake(World(WORLD.id, False, bytes(32)), SEALER)
    taken = real.take(raw(sign_command(BODY, KEY, **HEAD)), CEREMONY)
    assert taken.at == AT + 5


def test_a_founding_goes_on_with_both_signatures_only() -> None:
    good = found(c.Found((), ()), A, B, **HEAD)
    taken = OFFICERS.take(raw(good), CEREMONY)
    assert isinstance(taken, Forward)
    for bad in (found(c.Found((), ()), A, KEY, **HEAD),
                found(c.Found((), ()), A, B, **{**HEAD, "world": b"x" * 16})):  # fmt: skip
        with pytest.raises(Poison):
            OFFICERS.take(raw(bad), CEREMONY)


def test_an_altered_command_goes_on_as_forged_so_that_it_is_recorded() -> None:
    envelope = json.loads(sign_command(BODY, KEY, **HEAD))
    signed = base64.b64decode(envelope["payload"]).replace(b"b29vb29", b"b29vb29".swapcase())
    envelope["payload"] = base64.b64encode(signed.replace(b'"issued":', b'"issued":1')).decode()
    taken = OFFICERS.take(raw(json.dumps(envelope).encode()), CEREMONY)
    assert isinstance(taken, Forward)
    assert taken.forged


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"world": b"x" * 16}, "other-world"),
        ({"province": "1411"}, "province-unknown"),
        ({"province": "٤١"}, "province-unknown"),
    ],
)
def test_signed_and_not_for_here_is_answered(change: dict[str, Any], code: str) -> None:
    taken = OFFICERS.take(raw(sign_command(BODY, KEY, **{**HEAD, **change})), CEREMONY)
    assert isinstance(taken, Refused)
    assert taken.codes == (code,)
    assert taken.named.key == dsse.key_id(dsse.public_bytes(KEY))


def _signed(**change: Any) -> bytes:
    data = json.loads(payload(BODY, **HEAD, key=dsse.public_bytes(KEY).hex())) | change
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return dsse.sign(COMMAND_TYPE, text.encode(), KEY)


def test_signed_and_no_command_is_answered() -> None:
    for change, code in (
        ({"type": "colour.set.v1"}, "not-a-command"),
        ({"more": 1}, "not-a-command"),
        ({"body": {**json.loads(payload(BODY, **HEAD, key=""))["body"], "reason": "x" * 49_000}},
         "too-large"),
    ):  # fmt: skip
        taken = OFFICERS.take(raw(_signed(**change)), CEREMONY)
        assert isinstance(taken, Refused)
        assert taken.codes == (code,)
        assert taken.id == OFFICERS.take(raw(_signed(**change)), CEREMONY).id  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "envelope",
    [b"", b"{}", b"[]", b"\xff", b"[" * 9_000, b"x" * (MAX_ENVELOPE + 1),
     b"x" * (5 * MAX_ENVELOPE), dsse.sign("text/plain", b"{}", KEY),
     dsse.sign(COMMAND_TYPE, b"{}", KEY), dsse.sign(COMMAND_TYPE, b"[]", KEY),
     dsse.sign(COMMAND_TYPE, b'{"key":1,"id":{}}', KEY)],
)  # fmt: skip
def test_what_names_nobody_is_a_dead_letter(envelope: bytes) -> None:
    with pytest.raises(Poison):
        OFFICERS.take(raw(envelope), CEREMONY)


def test_a_tombstone_and_bytes_without_framing_are_dead_letters() -> None:
    for value, reason in ((None, Reason.NO_VALUE), (b"junk", Reason.NOT_FRAMED)):
        with pytest.raises(Poison) as caught:
            OFFICERS.take(LogRecord(IN_COMMANDS, 0, 0, AT, None, value, ()), CEREMONY)
        assert caught.value.reason is reason
