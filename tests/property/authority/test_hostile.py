"""Whatever an officer signs, the stream goes on: a decision with who asked, or a dead letter."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuma.contracts import commandlog, dsse
from fuma.contracts.commands import BODIES, COMMAND_TYPE
from fuma.contracts.topics import ORDERS
from fuma.domain.time import HOUR
from fuma.processor.outbox_orders import OrdersOutbox
from unit.authority.making import NOON, WORLD, h, line
from unit.authority.rig import DLQ, Rig, Signer, key_of, xing_founding

NAMES = st.sampled_from(["clerk", "head", "reviewer", "assigner", "stranger"])
WORDS = st.one_of(
    st.sampled_from(
        ["141123", "14", "1411", "close-contact", "sign", "review", "xing-control", "clerk",
         "appeal", "complaint", "staff", "command", "county", "big-data-bureau", "overturned", ""]
    ),
    st.text(max_size=80),
    st.just("长" * 200),
)  # fmt: skip
BYTES = st.one_of(
    st.sampled_from([h("form"), h("new"), h("case"), b"", h("form") * 2]), st.binary(max_size=70)
)
NUMBERS = st.one_of(
    st.integers(-3, 500),
    st.sampled_from([NOON, NOON + HOUR, 1 << 31, 1 << 52, (1 << 53) + 1, 1 << 80, -(1 << 60)]),
)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that has the shape of a field."""
    if get_origin(hint) is tuple:
        inner = get_args(hint)
        if inner[-1] is Ellipsis:
            return st.lists(values(inner[0]), max_size=3).map(tuple)
        return st.tuples(*(values(one) for one in inner))
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{f.name: values(hints[f.name]) for f in dataclasses.fields(hint)})
    if get_args(hint):
        return st.one_of(*(values(one) for one in get_args(hint)))
    return {
        str: WORDS, bytes: BYTES, int: NUMBERS, bool: st.booleans(), type(None): st.none(),
    }[hint]  # fmt: skip


bodies = st.sampled_from(sorted(BODIES)).flatmap(
    lambda word: st.tuples(st.just(word), values(BODIES[word]))
)


def envelope(name: str, word: str, body: Any, number: int) -> bytes:
    """Signed by ``name``, whatever the body holds: no check of ours comes before it."""
    key = key_of(name)
    data = {
        "body": msgspec.to_builtins(body), "expires": NOON + HOUR, "id": h(f"{number}").hex(),
        "issued": NOON, "key": dsse.public_bytes(key).hex(), "province": "14", "type": word,
        "world": WORLD.hex(),
    }  # fmt: skip
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return dsse.sign(COMMAND_TYPE, text.encode("utf-8", "surrogatepass"), key)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(st.tuples(NAMES, bodies), min_size=1, max_size=25), st.binary(max_size=60))
def test_nothing_that_is_signed_stops_the_stream(
    sent: list[tuple[str, tuple[str, Any]]], junk: bytes
) -> None:
    rig = Rig()
    s = Signer("14")
    _, pages = s.form("clerk", "form", [line(n, "141123") for n in range(3)], "141123")
    rig.signed(xing_founding(), *pages)
    rig.write(junk)
    for number, (name, (word, body)) in enumerate(sent):
        rig.signed(envelope(name, word, body, number))
    rig.write(commandlog.tick_value("14", NOON + 8 * 24 * HOUR), at=NOON + 8 * 24 * HOUR)
    engine = rig.open()
    rig.run(engine)
    assert rig.said() == rig.expected(chunk=3)
    outbox = OrdersOutbox(lambda kind, what: rig.alarms.append(kind))
    outbox.opened(ORDERS, 0)
    for record in rig.log.records[ORDERS, 0]:
        outbox.transform(record)
    assert rig.alarms == []
    causes = {rig.stage.read(value).cause.offset for _, value in rig.said()}
    dead = {int(r.header("__streams.errors.offset") or b"") for r in rig.log.records[DLQ, 0]}
    assert causes | dead == set(range(len(rig.inputs()))), "each is on the ledger or a dead letter"
    engine.close()
    assert rig.state(rig.open()) == rig.state(engine)
