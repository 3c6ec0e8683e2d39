"""The officers' door dies at each of its writes, once before and once after the write took hold.

Whatever the step: each good command stands on the log with the bytes that were signed, what is
refused is answered and kept, and a repeat is the same to the byte.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts import dsse
from fuma.contracts.codec import decode, encode
from fuma.contracts.commandlog import decode_command
from fuma.contracts.commands import found, sign_command
from fuma.contracts.presence import broadcast_keys, decode_presence
from fuma.contracts.replies import decode_reply
from fuma.contracts.sealing import officers_key
from fuma.contracts.topics import (
    COMMANDS,
    IN_COMMANDS,
    PRESENCE,
    REPLIES,
    SIGNALS,
    partition_for,
    spec,
)
from fuma.domain.authority import commands as c
from fuma.domain.comparison.events import Tick
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, MINUTE, Ms
from fuma.gateway.command_intake import CommandIntake
from fuma.gateway.commands import CommandDoor
from fuma.gateway.judge import Judge
from fuma.gateway.publish import Publisher
from fuma.gateway.ticks import Ticker
from fuma.runtime import keyfiles
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import LogRecord, Outgoing
from gatewaykit import NOW, Deadly, Died, Small

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PARTITION = partition_for(b"14", 8)


class Officers(Small):
    """A world in memory with the officers' door, which can be started as often as it dies."""

    done = 0

    def command(self, n: int, at: Ms = NOW, **change: Any) -> bytes:
        head: dict[str, Any] = {
            "id": n.to_bytes(16, "big"), "world": self.world.id, "province": "14", "issued": at,
            "expires": at + 1_000,
        }  # fmt: skip
        return sign_command(c.Withdraw(bytes(16), f"第{n}次"), KEY, **{**head, **change})

    def put(self, envelope: bytes, at: Ms = NOW) -> None:
        value = encode("signed-command", {"envelope": envelope})
        sealer = Sealer(self.world.id, officers_key(self.mac_key))
        headers = sealer.headers(IN_COMMANDS, b"14", value, time=pack_time(at))
        self.log.append([Outgoing(IN_COMMANDS, PARTITION, b"14", value, headers)])

    def junk(self, value: bytes | None) -> None:
        self.log.append([Outgoing(IN_COMMANDS, PARTITION, None, value)])

    def run(self, at: int = 0, *, after: bool = False, size: int = 4) -> bool:
        """To the end of the topic; whether it died on the way."""
        appender = Deadly(self.log, at, after)
        sealer = Sealer(self.world.id, self.mac_key)
        law = LawReader(self.log, sealer, self.world)
        law.poll()
        judge = Judge(keyfiles.gateway_key(self.folder), b"e" * 32)
        publisher = Publisher(
            self.world, sealer, appender, self.vault, judge, law, self.log.topic_id
        )
        ticker = Ticker(
            sealer, appender, lambda: law.law, publisher.tick, self.folder / "provinces.json",
            simulated=True,
        )  # fmt: skip
        ticker.begin(self.log)
        ticker.take(PARTITION)
        intake = CommandIntake(self.world, Sealer(self.world.id, officers_key(self.mac_key)))
        door = CommandDoor(self.world, sealer, intake, appender, law, ticker, self.log.topic_id)
        seen: Ms = -1
        try:
            end = self.log.bounds(IN_COMMANDS, PARTITION).end
            while self.done < end:
                stop = min(self.done + size, end)
                seen = door.handle(
                    list(self.log.read(IN_COMMANDS, PARTITION, self.done, stop)), seen
                )
                self.done = stop
        except Died:
            return True
        return False

    def heard(self) -> list[c.Input]:
        ceremony = self.ceremony()
        return [decode_command(r.value, ceremony).item for r in self.all(COMMANDS)]

    def ceremony(self) -> tuple[str, str]:
        a, b = (keyfiles.signing_key(self.folder, key)
                for key in (keyfiles.Key.CEREMONY_A, keyfiles.Key.CEREMONY_B))  # fmt: skip
        return dsse.public_bytes(a).hex(), dsse.public_bytes(b).hex()


@pytest.fixture
def officers(tmp_path: Path) -> Officers:
    made = Officers(tmp_path)
    for n in range(6):
        made.put(made.command(n, NOW + n * MINUTE), NOW + n * MINUTE)
    made.put(made.command(90, world=b"x" * 16))
    made.junk(b"junk")
    made.junk(None)
    made.put(b"{}")
    made.put(made.command(6).replace(b"sig", b"gis"))
    made.put(made.command(7))
    return made


def check(officers: Officers) -> None:
    first: dict[bytes, LogRecord] = {}
    for raw in officers.all(COMMANDS):
        key = raw.value if decode("command", raw.value)["body"][0] == "fuma.Signed" else b""
        if key:
            held = first.setdefault(key, raw)
            assert (held.key, held.value) == (raw.key, raw.value) == (b"14", raw.value)
            assert held.header("fuma-time") == raw.header("fuma-time")
    wanted = [officers.command(n, NOW + n * MINUTE) for n in range(6)] + [officers.command(7)]
    assert [decode("command", value)["body"][1]["envelope"] for value in first] == wanted
    replies = {decode_reply(r.value).id: decode_reply(r.value) for r in officers.all(REPLIES)}
    assert len({r.value for r in officers.all(REPLIES)}) == len(replies) == 1
    (reply,) = replies.values()
    assert (reply.command, reply.status) == ((90).to_bytes(16, "big"), "refused")
    assert reply.codes == ("other-world",)
    assert "signed for another world" in reply.detail
    letters = {(r.header("fuma-reason"), r.header("__streams.errors.offset"))
               for r in officers.all("fuma.dlq.in")}  # fmt: skip
    assert letters == {(b"bad-report", b"6"), (b"not-framed", b"7"), (b"no-value", b"8"),
                       (b"bad-signature", b"9"), (b"bad-signature", b"10")}  # fmt: skip
    assert len({r.value for r in officers.all(SIGNALS)}) == 1


def test_without_a_crash(officers: Officers) -> None:
    assert not officers.run()
    check(officers)
    ticks = {
        decode("command", r.value)["body"][1]["minute"]
        for r in officers.all(COMMANDS)
        if r.key == b"14" and decode("command", r.value)["body"][0] == "fuma.Tick"
    }
    assert ticks == {NOW + n * MINUTE for n in range(6)}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 12))
def test_a_crash_at_each_write(officers: Officers, at: int, after: bool) -> None:
    died = officers.run(at, after=after)
    assert died or at > 6, "the crash never came"
    assert not officers.run()
    check(officers)


def test_each_minute_stands_before_the_command_that_came_in_it(officers: Officers) -> None:
    officers.run(size=100)
    times: list[Ms] = []
    for one in officers.heard():
        if isinstance(one, c.Command) and one.id[-1] < 6:
            assert max(times) == one.issued
        if isinstance(one, c.Tick):
            times.append(one.minute)


def test_a_province_without_a_procedure_is_told_the_time_once_it_has_commands(
    tmp_path: Path,
) -> None:
    small = Officers(tmp_path)
    sealer = Sealer(small.world.id, small.mac_key)
    law = LawReader(small.log, sealer, small.world)
    law.poll()

    def ticker() -> Ticker:
        made = Ticker(
            sealer, small.log, lambda: law.law, lambda _: None, tmp_path / "provinces.json",
            simulated=True,
        )  # fmt: skip
        made.begin(small.log)
        return made

    first = ticker()
    assert first.provinces() == {"14", "41", "45", "46", "64", "99"}
    first.know({"65"})
    assert "65" in ticker().provinces()


def test_each_partition_of_the_comparison_is_told_the_time_by_one_worker(tmp_path: Path) -> None:
    small = Officers(tmp_path)
    sealer = Sealer(small.world.id, small.mac_key)
    told: list[tuple[int, bytes, Ms]] = []
    for doors in ({0, 3}, set(range(8)) - {0, 3}):
        ticker = Ticker(
            sealer, small.log, lambda: Law(()), lambda _: None, tmp_path / f"{len(doors)}.json",
            simulated=True,
        )  # fmt: skip
        ticker.begin(small.log)
        for partition in doors:
            ticker.take(partition)
        for at in (NOW, NOW + 1, NOW + MINUTE):
            for one in ticker.due(at):
                item = decode_presence(one.value)
                assert isinstance(item, Tick)
                assert one.topic == PRESENCE
                told.append((one.partition, one.key or b"", item.minute))
    keys = broadcast_keys(spec(PRESENCE).partitions)
    assert sorted(told) == sorted(
        (partition, key, at) for partition, key in enumerate(keys) for at in (NOW, NOW + MINUTE)
    )


def test_where_the_file_is_lost_the_log_says_which_provinces(officers: Officers) -> None:
    officers.put(officers.command(20, province="65"))
    officers.run()
    (officers.folder / "provinces.json").unlink()
    officers.put(officers.command(21, NOW + 60 * MINUTE), NOW + 60 * MINUTE)
    officers.run()
    # This worker has the door of province 14 alone: others are told by whoever has theirs.
    told = {raw.key for raw in officers.all(COMMANDS)}
    assert {b"14", b"65"} <= told
    assert all(partition_for(key, 8) == PARTITION for key in told - {b"65"})
    assert '"65"' in (officers.folder / "provinces.json").read_text()


def test_a_founding_goes_through(officers: Officers) -> None:
    a, b = (keyfiles.signing_key(officers.folder, key)
            for key in (keyfiles.Key.CEREMONY_A, keyfiles.Key.CEREMONY_B))  # fmt: skip
    officers.put(
        found(c.Found((), ()), a, b, id=bytes(16), world=officers.world.id, province="14",
              issued=NOW, expires=NOW + 1)
    )  # fmt: skip
    officers.run()
    assert any(isinstance(getattr(one, "body", None), c.Found) for one in officers.heard())


def test_a_forged_command_is_passed_on_to_be_recorded(officers: Officers) -> None:
    envelope = json.loads(officers.command(30))
    signed = base64.b64decode(envelope["payload"]).replace(b'"issued":', b'"issued":1')
    envelope["payload"] = base64.b64encode(signed).decode()
    officers.put(json.dumps(envelope).encode())
    officers.run()
    assert any(isinstance(one, c.Forged) for one in officers.heard())


def test_a_mistake_in_the_year_moves_nobodys_clock(officers: Officers) -> None:
    far = NOW + 400 * DAY
    officers.put(officers.command(40, far), far)
    officers.run()
    assert all(
        int.from_bytes(r.header("fuma-time"), "big") <= NOW + 6 * MINUTE
        for r in officers.all(COMMANDS)
    )
    assert officers.command(40, far) in [
        decode("command", r.value)["body"][1].get("envelope") for r in officers.all(COMMANDS)
    ]


@pytest.mark.parametrize("word", ["\\ud800", "\\u0000", "\\udfff\\ud800", "x" * 40_000])
@pytest.mark.parametrize(
    "field", ["type", "province", "world", "payloadType", "keyid", "id", "key"]
)
def test_text_that_no_encoding_has_stops_nothing(officers: Officers, field: str, word: str) -> None:
    """A key that is its own signs what it likes, in JSON that no UTF-8 can say again."""
    data = json.loads(base64.b64decode(json.loads(officers.command(50))["payload"]))
    if field in data:
        data[field] = "@"
    text = json.dumps(data, separators=(",", ":"), sort_keys=True).replace("@", word)
    envelope = dsse.sign("application/vnd.fuma.command+json", text.encode(), KEY)
    if field == "payloadType":
        envelope = envelope.replace(b"application/vnd.fuma.command+json", word.encode())
    if field == "keyid":
        name = dsse.key_id(dsse.public_bytes(KEY))
        envelope = envelope.replace(name.encode(), word.encode())
    officers.put(envelope)
    officers.put(officers.command(51))
    officers.run()
    bodies = [decode("command", r.value)["body"][1] for r in officers.all(COMMANDS)]
    assert officers.command(51) in [body.get("envelope") for body in bodies]
    assert any(r.header("__streams.errors.offset") == b"12" for r in officers.all("fuma.dlq.in"))
