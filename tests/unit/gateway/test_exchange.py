"""Numbers for tags: told to whoever fills forms there, with a key of their own; logged; or not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from starlette.testclient import TestClient

from doorkit import name, number, wrong_number
from fuma.contracts import channel, dsse
from fuma.contracts.errors import Refusal
from fuma.contracts.exchange import MAX_ROWS, REQUEST_TYPE, open_request, request
from fuma.contracts.genesis import World
from fuma.contracts.persons import natural_person, reporter_ref, root_ref
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.fold import evolve
from fuma.domain.authority.state import State
from fuma.domain.ids import report_id
from fuma.domain.time import DAY
from fuma.gateway.exchange import Exchange
from fuma.gateway.exchange_app import app
from fuma.runtime.memory import MemoryVault
from unit.authority.making import NOON, h, law, office

WORLD = World(b"w" * 16, False, bytes(32))
EVIDENCE = b"e" * 32
GATEWAY = X25519PrivateKey.from_private_bytes(b"g" * 32)
MEMBER = X25519PrivateKey.from_private_bytes(b"m" * 32)
LIST = h("list")
READS: set[tuple[bytes, str]] = set()
CLERK, HEAD, STRANGER = (Ed25519PrivateKey.from_private_bytes(x * 32) for x in (b"c", b"h", b"s"))


def key_id(key: Ed25519PrivateKey) -> str:
    return dsse.key_id(dsse.public_bytes(key))


def accounts(province: str) -> State:
    state = State(WORLD.id, province)
    if province != "14":
        return state
    return evolve(state, [
        e.OfficeOpened(office("xing-control", "control-office", "141123")),
        e.AccountOpened(h("a"), c.Officer("clerk", "xing-control", "staff", h("Z"), "Z"),
                        key_id(CLERK), e.NOBODY),
        e.AccountOpened(h("b"), c.Officer("head", "xing-control", "principal", h("W"), "W"),
                        key_id(HEAD), e.NOBODY),
        e.Joined("clerk"), e.SealSet("clerk", MEMBER.public_key().public_bytes_raw()),
        e.ListPosted(LIST, "1411", 1, 1, b"d" * 32, ("clerk",), e.NOBODY, NOON),
    ])  # fmt: skip


@pytest.fixture
def vault() -> MemoryVault:
    made = MemoryVault()
    made.load([(number(n), name(n)) for n in range(5)])
    return made


def exchange(vault: MemoryVault, now: int = NOON) -> Exchange:
    return Exchange(WORLD, EVIDENCE, vault, accounts, law, lambda: now, GATEWAY, lambda _: READS)


def row(n: int, **change: Any) -> dict[str, Any]:
    made = {
        "row": n + 2, "number": number(n), "name": name(n), "division": "141123",
        "department": "health", "source": "//xing/cdc", "event": f"case-{n}",
        "reporter": "报告员", "root": "IC-1",
    }  # fmt: skip
    return {**made, **change}


def ask(rows: list[dict[str, Any]], key: Ed25519PrivateKey = CLERK, **change: Any) -> bytes:
    made: dict[str, Any] = {
        "world": WORLD.id, "province": "14", "issued": NOON, "ask": "lines",
        "purpose": "填表", "body": {"rows": rows},
    }  # fmt: skip
    return request(key, **{**made, **change})


def test_a_clerk_is_told_the_tags_of_a_form_and_that_is_logged(vault: MemoryVault) -> None:
    answer = exchange(vault).answer(open_request(ask([row(0), row(1)])))
    assert answer["faults"] == []
    first = answer["lines"][0]
    assert first["row"] == 2
    assert bytes.fromhex(first["fact"]) == report_id("health", "//xing/cdc", "case-0")
    assert bytes.fromhex(first["root"]) == root_ref(EVIDENCE, "IC-1")
    assert bytes.fromhex(first["reporter"]) == reporter_ref(EVIDENCE, "health", "报告员")
    logged = [(who, purpose) for who, purpose, _ in vault.exchanged]
    assert logged == [("14/clerk", "填表")] * 2
    assert vault.exchanged[0][2].hex() == first["subject"]


def test_a_form_states_what_a_match_shares_as_it_stands_on_the_record(vault: MemoryVault) -> None:
    shared = "ab" * 32
    rows = [row(1, fact="11" * 16, root=f"match:{shared}"), row(2, root=shared)]
    told = exchange(vault).answer(open_request(ask(rows)))
    assert told["lines"][0]["root"] == shared
    assert told["lines"][1]["root"] == root_ref(EVIDENCE, shared).hex(), "a document's number"


def test_wrong_rows_are_answered_by_number_and_name_nobody(vault: MemoryVault) -> None:
    rows = [
        row(0), row(1, number=wrong_number(1)), row(2, name="另一人"), row(7),
        row(3, division="x"), row(4, row=90, fact="zz"), row(4, event="", fact=""),
    ]  # fmt: skip
    answer = exchange(vault).answer(open_request(ask(rows)))
    assert [one["row"] for one in answer["lines"]] == [2, 6]
    assert {(one["row"], one["code"]) for one in answer["faults"]} == {
        (3, "id-checksum"), (4, "name-mismatch"), (9, "not-in-register"),
        (5, "division-form"), (90, "bad-text"),
    }  # fmt: skip
    assert not any(number(n) in str(answer) for n in range(8))


@pytest.mark.parametrize(
    ("key", "change", "why"),
    [
        (STRANGER, {}, "no officer's"),
        (HEAD, {}, "fills no forms"),
        (CLERK, {"province": "46"}, "no officer's"),
        (CLERK, {"world": b"x" * 16}, "another world"),
        (CLERK, {"issued": NOON - 600_000}, "too long ago"),
        (CLERK, {"body": {"rows": [{"number": "1"}]}}, "not in their form"),
        (CLERK, {"body": {}}, "not in their form"),
        (CLERK, {"body": {"rows": []}}, "rows in one request"),
        (CLERK, {"body": {"rows": [row(0)] * (MAX_ROWS + 1)}}, "rows in one request"),
    ],
)
def test_who_is_told_nothing(
    vault: MemoryVault, key: Ed25519PrivateKey, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        exchange(vault).answer(open_request(ask([row(0)], key, **change)))
    assert vault.exchanged == []


def test_without_the_officers_signature_nothing_is_told(vault: MemoryVault) -> None:
    """Whoever has the operator's credentials alone: no token opens this door."""
    good = ask([row(0)])
    forged = dsse.sign(REQUEST_TYPE, dsse.parse(good).payload, STRANGER)
    client = TestClient(app(exchange(vault)))
    for body in (b"", b"{}", b"[]", forged, good.replace(b"sig", b"gis")):
        answer = client.post("/v1/ask", content=body, headers={"authorization": "Bearer token"})
        assert answer.status_code == 403
        assert number(0) not in answer.text
    assert vault.exchanged == []
    assert client.post("/v1/ask", content=good).status_code == 200
    assert client.post("/v1/ask", content=b"x" * 1_100_000).status_code == 413


def test_a_person_is_one_reference_for_applicant_and_reviewer(vault: MemoryVault) -> None:
    asked = {"ask": "person", "body": {"number": number(0), "name": name(0)}}
    answers = {
        exchange(vault).answer(open_request(ask([], key, **asked)))["person"]
        for key in (STRANGER, CLERK)
    }
    assert answers == {natural_person(EVIDENCE, number(0)).hex()}
    other = {"ask": "person", "body": {"number": number(0), "name": "另一人"}}
    with pytest.raises(Refusal, match="register"):
        exchange(vault).answer(open_request(ask([], STRANGER, **other)))


def test_text_that_no_encoding_has_is_refused() -> None:
    text = dsse.parse(ask([row(0)])).payload.replace("填表".encode(), b"\\ud800")
    with pytest.raises(Refusal, match="form of a request"):
        open_request(dsse.sign(REQUEST_TYPE, text, CLERK))


def test_where_no_procedure_is_in_force_nobody_is_told_anything(vault: MemoryVault) -> None:
    early = NOON - 3 * 365 * DAY
    with pytest.raises(Refusal, match="fills no forms"):
        exchange(vault, early).answer(open_request(ask([row(0)], issued=early)))


@pytest.mark.parametrize("purpose", ["", "  ", "x" * 201])
def test_a_purpose_is_needed(purpose: str) -> None:
    with pytest.raises(Refusal, match="purpose"):
        open_request(ask([row(0)], purpose=purpose))


def test_who_lists_are_encrypted_to_is_told_to_members_alone(vault: MemoryVault) -> None:
    told = exchange(vault).answer(open_request(ask([], ask="members", body={})))
    assert told == {"members": {"clerk": MEMBER.public_key().public_bytes_raw().hex()}}
    with pytest.raises(Refusal, match="not admitted"):
        exchange(vault).answer(open_request(ask([], HEAD, ask="members", body={})))


def test_a_lists_key_is_given_only_where_the_read_is_on_the_record(vault: MemoryVault) -> None:
    sealed = channel.seal_key(b"l" * 32, LIST, "clerk", MEMBER.public_key(), GATEWAY.public_key())
    body = {"list": LIST.hex(), "sealed": sealed.hex(), "digest": (b"d" * 32).hex()}

    def asked(key: Ed25519PrivateKey = CLERK, **change: str) -> dict[str, Any]:
        envelope = ask([], key, ask="list-key", body={**body, **change})
        return exchange(vault).answer(open_request(envelope))

    with pytest.raises(Refusal, match="not on the record"):
        asked()
    READS.add((LIST, "clerk"))
    try:
        inner = bytes.fromhex(asked()["sealed"])
        assert channel.open_inner(inner, LIST, "clerk", MEMBER) == b"l" * 32
        for key, change, why in (
            (HEAD, {}, "not admitted"),
            (STRANGER, {}, "no officer"),
            (CLERK, {"digest": (b"x" * 32).hex()}, "altered"),
            (CLERK, {"list": h("other").hex()}, "no such list"),
            (CLERK, {"sealed": "00" * 80}, "not sealed"),
            (CLERK, {"sealed": "zz"}, "form of a request"),
        ):
            with pytest.raises(Refusal, match=why):
                asked(key, **change)
    finally:
        READS.clear()


def test_an_endless_time_is_refused_and_is_no_fault_of_the_gateway() -> None:
    payload = exchange_payload(issued=float("inf"))
    with pytest.raises(Refusal):
        open_request(dsse.sign(REQUEST_TYPE, payload, CLERK))


def exchange_payload(**change: Any) -> bytes:
    data: dict[str, Any] = {
        "ask": "person", "body": {}, "issued": NOON, "key": dsse.public_bytes(CLERK).hex(),
        "province": "14", "purpose": "an application", "world": "00" * 16,
    } | change  # fmt: skip
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def test_where_lists_travel_in_the_channel_only_its_members_are_told_tags(
    vault: MemoryVault,
) -> None:
    state = evolve(State(WORLD.id, "46"), [
        e.OfficeOpened(office("haikou", "command", "4601")),
        e.AccountOpened(h("a"), c.Officer("staff", "haikou", "conversion-staff", h("A"), "A"),
                        key_id(CLERK), e.NOBODY),
    ])  # fmt: skip
    asked = open_request(ask([row(0, division="460105")], province="46"))
    door = Exchange(
        WORLD, EVIDENCE, vault, lambda _: state, law, lambda: NOON, GATEWAY, lambda _: READS
    )
    with pytest.raises(Refusal, match="fills no forms"):
        door.answer(asked)
    assert vault.exchanged == []
    evolve(state, [e.Joined("staff")])
    assert len(door.answer(asked)["lines"]) == 1
