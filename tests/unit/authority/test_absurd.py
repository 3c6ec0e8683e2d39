"""Absurd bodies, well signed: each is refused when it is opened, or decided; no stage stops."""

from __future__ import annotations

import dataclasses
import random
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts.authoritystate import decode_state, encode_state
from fuma.contracts.commands import BODIES, open_command, sign_command
from fuma.contracts.decisions import Cause
from fuma.contracts.errors import Poison
from fuma.contracts.orders import split
from fuma.contracts.signals import decode_signal
from fuma.contracts.topics import ORDERS, SIGNALS
from fuma.domain.authority import commands as c
from fuma.domain.authority.decide import decide
from fuma.domain.authority.fold import evolve
from fuma.domain.time import HOUR, LAST, MINUTE
from fuma.processor.outbox_orders import OrdersOutbox
from fuma.runtime.host_types import ledger_value_fits
from fuma.runtime.ports import LogRecord

from .making import WORLD, Province, h, hainan, line, xing

KEY = Ed25519PrivateKey.from_private_bytes(b"absurd" + b"\0" * 26)
WORDS = (
    "", " ", "\0", "\x7f", "\u202e", "\u0661\u0664", "\u00b2", "14\u00b2",
    "14\u0661\u0661", "赋" * 64,
    "46", "14", "141123", "141123999", "genesis", "effective", "province", "appeal", "complaint",
    "overturned", "close-contact", "confirmed", "sign", "review", "assign", "staff", "principal",
    "command", "control-office", "health", "x" * 64, "x" * 5_000,
)  # fmt: skip
NUMBERS = (
    -(1 << 53) + 1, -(1 << 31) - 1, -1, 0, 1, 2, 3, 199, 200, 201, 1 << 31, (1 << 53) - 1, LAST,
)  # fmt: skip


def made(hint: Any, chance: random.Random, state: Any, field: str = "") -> Any:
    """Something of a field's type: now and then something that there is."""
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(  # type: ignore[operator]
            **{f.name: made(hints[f.name], chance, state, f.name) for f in dataclasses.fields(hint)}
        )
    if get_origin(hint) is tuple:
        args = get_args(hint)
        if args[-1] is Ellipsis:
            many = chance.choice((0, 0, 1, 2, 3, 200))
            return tuple(made(args[0], chance, state, field) for _ in range(many))
        return tuple(made(one, chance, state, field) for one in args)
    if get_origin(hint) in (typing.Union, UnionType):
        return made(chance.choice(get_args(hint)), chance, state, field)
    if hint is type(None):
        return None
    if hint is bool:
        return chance.random() < 0.5
    if hint is int:
        return chance.choice((*NUMBERS, chance.randrange(5), 20_000))
    if hint is bytes:
        known = [*state.orders, *state.cases, *state.applications, *state.lists]
        contents = [order.draft.content() for order in state.orders.values()]
        size = chance.choice((0, 16, 16, 16, 32, 32, 64))
        return chance.choice((chance.randbytes(size), *known, *contents, b"\xff" * 16))
    assert hint is str, hint
    known_words = [*state.offices, *state.officers, *state.keys, *state.closed]
    return chance.choice(WORDS if chance.random() < 0.5 else known_words or WORDS)


def absurd(province: Province, chance: random.Random, many: int) -> Iterator[c.Command]:
    """Commands of that province's officers that were signed and can be opened."""
    kinds = list(BODIES.values())
    while many:
        body = made(chance.choice(kinds), chance, province.state)
        issued = province.at + chance.choice(
            (0, 0, 0, 0, -HOUR, HOUR, 1 << 62, -(1 << 62), 1 << 70)
        )
        expires = issued + chance.choice((HOUR, HOUR, HOUR, 0, -1, 1 << 62))
        try:
            envelope = sign_command(
                body, KEY, id=chance.randbytes(16), world=WORLD, province=province.province,
                issued=issued, expires=expires,
            )  # fmt: skip
            opened = open_command(envelope)
        except (Poison, UnicodeError):
            continue
        assert isinstance(opened, c.Command)
        many -= 1
        yield replace(opened, key=chance.choice([*province.state.keys, opened.key]))


def through(province: Province, item: c.Input, number: int, outbox: OrdersOutbox, seq: int) -> int:
    """What the stage, its ledger, its snapshot and its outbox do with an input."""
    events = decide(province.state, item, province.at, province.law)
    if not events:
        return seq
    key, digest = province.province.encode(), number.to_bytes(32, "big")
    cause = Cause(digest[:16], b"t" * 16, 0, number, digest, digest)
    values = split(events, province.at, cause, seq, b"\0" * 32)
    province.state = evolve(province.state, events, digest[:16])
    assert all(ledger_value_fits(key, value) for value in values)
    for offset, value in enumerate(values):
        raw = LogRecord(ORDERS, 0, seq + offset, province.at, key, value, ())
        for emitted in outbox.transform(raw):
            if emitted.topic == SIGNALS:
                decode_signal(emitted.value)
    return seq + len(values)


def looked_up(get: Callable[[bytes], bytes | None], names: Sequence[bytes]) -> list[bytes | None]:
    return [get(name) for name in names]


def test_no_absurd_command_stops_the_stage_or_its_outbox() -> None:
    for seed, province in enumerate((xing(), hainan())):
        chance = random.Random(seed)
        division = "141123" if seed == 0 else "4601"
        lines = [line(n, division) for n in range(3)]
        province.draft("clerk" if seed == 0 else "haikou-staff", "an order", lines, division)
        outbox = OrdersOutbox(lambda _key, _why: None)
        outbox.opened(ORDERS, 0)
        seq = 1
        for number, item in enumerate(absurd(province, chance, 1_500)):
            seq = through(province, item, number, outbox, seq)
            if number % 100 == 99:
                province.at += chance.choice((MINUTE, HOUR, 30 * HOUR))
                seq = through(
                    province, c.Tick(province.at - province.at % MINUTE), number, outbox, seq
                )
        kept = encode_state(province.state).get
        assert decode_state(partial(looked_up, kept)) == province.state
        assert h("an order") in province.state.orders
