"""Each numbered step of each order of writes fails, in both ways: it was not persisted, and it was
persisted but reported as failed. Whoever did it dies and is started again; the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from faust.types import TP

from broker.toy import SEALER
from fuma.cli.errors import CliError
from fuma.cli.law_put import put_on_law
from fuma.contracts import dsse, genesis, lawlog
from fuma.contracts.errors import Retryable
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text, law_of, load_folder
from fuma.contracts.topics import DECISIONS, partition_for
from fuma.domain.time import DAY, Ms, day_start
from fuma.gateway.staging import Staging
from fuma.runtime.host_stages import LedgerRunner, TransformRunner
from fuma.runtime.host_types import Emit
from fuma.runtime.host_world import World
from fuma.runtime.mac import pack_time
from fuma.runtime.marks import Committed
from fuma.runtime.memory import MemoryVault
from fuma.runtime.memory_log import MemoryLog, MemoryStore
from fuma.runtime.platform import Answer
from fuma.runtime.ports import Outgoing
from fuma.runtime.records import LogRecord
from gatewaykit import Small
from unit.gateway.test_crash import check as door_is_right
from unit.gateway.test_crash import send_three
from unit.runtime.host_rig import START, Rig
from unit.sink.rig import Rig as SinkRig

PERSISTED = pytest.mark.parametrize("persisted", [False, True], ids=["not persisted", "persisted"])
NTH = pytest.mark.parametrize("nth", range(1, 5))


class Failed(BaseException):
    """The process is gone, whatever it was doing."""


@contextmanager
def failing(
    owner: Any, method: str, nth: int, persisted: bool, error: Callable[[], BaseException] = Failed
) -> Iterator[list[int]]:
    """The ``nth`` call of ``owner.method`` fails, before or after it took hold. Counts calls."""
    real, calls = getattr(owner, method), [0]

    def call(*arguments: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth and not persisted:
            raise error()
        done = real(*arguments, **more)
        if calls[0] == nth:
            raise error()
        return done

    setattr(owner, method, call)
    try:
        yield calls
    finally:
        setattr(owner, method, real)


# --- a stage with a ledger: (1) decide, (2) append, (3) store, (4) commit ----------------------


class Ledger:
    """One partition of the toy stage, and the process around it."""

    def __init__(self) -> None:
        self.rig = Rig()
        for number in range(40):
            key = bytes([number % 3]) * 16
            self.rig.write(self.rig.input(key, number % 30, (number % 8) or 1000))
        self.group: dict[str, Committed] = {}

    def open(self, stage: str, partition: int) -> MemoryStore:
        return self.rig.store

    def drop(self, stage: str, partition: int) -> None:
        self.rig.store = MemoryStore()

    def append(self, records: list[Outgoing]) -> list[int]:
        return self.rig.log.append(records)

    def commit(self, done: Committed) -> None:
        self.group["here"] = done

    def live(self) -> None:
        """To the end of the input, chunk by chunk; as ``faust_host`` does it."""
        rig = self.rig
        runner = LedgerRunner(rig.stage, rig.world, rig.log, self, partition_for)
        engine = runner.open(TP(rig.stage.input_topic, 0), self.group.get("here"))
        while records := rig.inputs(engine.next_offset, engine.next_offset + 7):
            decided = engine.decide(records, 1 << 62)  # 1
            offsets = self.append(decided.outgoing)  # 2
            engine.take(decided, offsets)  # 3
            self.commit(engine.done)  # 4


@PERSISTED
@NTH
@pytest.mark.parametrize("step", ["append", "store", "commit"])
def test_a_ledger_stage(step: str, nth: int, persisted: bool) -> None:
    line = Ledger()
    owner, method = {
        "append": (line, "append"),
        "store": (line.rig.store, "write"),
        "commit": (line, "commit"),
    }[step]
    with failing(owner, method, nth, persisted) as calls, pytest.raises(Failed):
        line.live()
    assert calls[0] == nth
    line.live()
    assert line.rig.said() == line.rig.expected(chunk=3)
    assert line.group["here"].offset == 40
    states = line.rig.store.states
    line.drop("toy", 0)
    line.live()
    assert line.rig.store.states == states


@NTH
@pytest.mark.parametrize("count", range(1, 7))
def test_a_ledger_stage_whose_append_is_cut_short(count: int, nth: int) -> None:
    """Between any two records of a chunk, and so between any two parts of one input's output."""
    line = Ledger()
    real, calls = line.append, 0

    def cut(records: list[Outgoing]) -> list[int]:
        nonlocal calls
        calls += 1
        if calls < nth:
            return real(records)
        real(records[:count])
        raise Failed

    line.append = cut  # type: ignore[method-assign]
    with pytest.raises(Failed):
        line.live()
    line.append = real  # type: ignore[method-assign]
    line.live()
    assert line.rig.said() == line.rig.expected(chunk=3)


# --- a stage without state: (1) transform, (2) append, (3) commit ------------------------------


class Copy:
    """``TransformStage``: two outputs for each input."""

    name = "copy"
    input_topics = ("in",)
    dead_letter_topic = "dlq"

    def opened(self, topic: str, partition: int) -> None: ...

    def transform(self, raw: LogRecord) -> list[Emit]:
        value = raw.value or b""
        return [Emit("out", raw.key or b"", value + half) for half in (b"/1", b"/2")]


class Transform:
    def __init__(self) -> None:
        self.log = MemoryLog({"in": 1, "out": 1, "dlq": 1})
        for number in range(30):
            value = b"%d" % number
            headers = SEALER.headers("in", b"k", value, time=pack_time(START))
            self.log.append([Outgoing("in", 0, b"k", value, headers if number % 9 else ())])
        self.group: dict[str, Committed] = {}

    def append(self, records: list[Outgoing]) -> list[int]:
        return self.log.append(records)

    def commit(self, done: Committed) -> None:
        self.group["here"] = done

    def live(self) -> None:
        world = World(SEALER, True, {"dlq": 1})
        runner = TransformRunner(Copy(), ["out"], world, self.log, lambda key, count: 0)
        engine = runner.open(TP("in", 0), self.group.get("here"))
        while records := self.log.records["in", 0][engine.next_offset : engine.next_offset + 7]:
            done = engine.decide(records, 1 << 62)  # 1
            engine.take(done, self.append(done.outgoing))  # 2
            self.commit(engine.done)  # 3


@PERSISTED
@NTH
@pytest.mark.parametrize("step", ["append", "commit"])
def test_a_stage_without_state(step: str, nth: int, persisted: bool) -> None:
    line = Transform()
    with failing(line, step, nth, persisted), pytest.raises(Failed):
        line.live()
    line.live()
    good = [n for n in range(30) if n % 9]
    said = list(dict.fromkeys(r.value for r in line.log.records["out", 0]))
    assert said == [b"%d/%d" % (n, half) for n in good for half in (1, 2)]
    letters = {dict(r.headers)["__streams.errors.offset"] for r in line.log.records["dlq", 0]}
    assert letters == {b"%d" % n for n in range(30) if not n % 9}


# --- the gateway: (1) vault … (4) answers: unit/gateway/test_crash.py; here (1), (5) and (6) ------


@PERSISTED
@NTH
@pytest.mark.parametrize(
    ("owner", "method"),
    [(MemoryVault, "subjects"), (Staging, "save"), (Small, "commit")],
    ids=["1 vault", "5 staging", "6 commit"],
)
def test_the_gateway(tmp_path: Path, owner: Any, method: str, nth: int, persisted: bool) -> None:
    small = Small(tmp_path)
    send_three(small)
    with failing(owner, method, nth, persisted), pytest.raises(Failed):
        small.live(0, False)
    assert not small.live(0, False)
    door_is_right(small)


# --- the sink: (1) dead letters and incidents, (2) codes and position ----------------------------


@PERSISTED
@NTH
@pytest.mark.parametrize("step", ["1 dead letters", "2 codes"])
def test_the_sink(tmp_path: Path, step: str, nth: int, persisted: bool) -> None:
    rig = SinkRig(tmp_path, 5)
    tags = rig.live(4, 60)
    for number in range(6):
        rig.log.append([Outgoing(DECISIONS, number % 2, tags[0], b"junk %d" % number)])
    if step == "2 codes":
        # Redis went away in the middle: the sink begins again by itself.
        with failing(rig.store, "write", nth, persisted, lambda: Retryable("away")):
            rig.drain()
    else:
        append = rig.log.append
        with failing(rig.log, "append", min(nth, 2), persisted), pytest.raises(Failed):
            rig.drain()
        rig.log.append = append  # type: ignore[method-assign]
        rig.sink._close()  # started again
        rig.drain()
    for tag, decisions in rig.author.decisions.items():
        codes = [rig.platform_sealer.open_code(tag, v) for v in rig.store.all_of(tag)]
        assert [c.recorded for c in codes] == [d.at for d in decisions]
        assert isinstance(rig.platform.answer(tag), Answer)
    letters = {
        (dict(r.headers)["__streams.errors.partition"], dict(r.headers)["__streams.errors.offset"])
        for r in rig.log.records["fuma.dlq.decisions", 0]
    }
    assert len(letters) == 6


# --- publishing law: (1) read, (2) append --------------------------------------------------------

BEGINS = day_start(date(2022, 6, 1))
A, B, PUBLISHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(3))


class Law:
    """A log that begins with a genesis without the text that is to be published."""

    def __init__(self) -> None:
        texts = load_folder(root() / "rules")
        self.text: Text = max(texts, key=lambda t: t.begins)
        self.log = MemoryLog({lawlog.LAW_TOPIC: 1})
        publisher = genesis.Publisher(dsse.public_bytes(PUBLISHER).hex(), "发布人", "国务院", "")
        body = genesis.payload(
            genesis.Genesis(
                world="ab" * 16, simulated=True, created=self.text.begins - 9 * DAY,
                ceremony=(dsse.public_bytes(A).hex(), dsse.public_bytes(B).hex()),
                publishers=(publisher,),
                texts=tuple(t.body for t in texts if t.name != self.text.name),
            )
        )  # fmt: skip
        self.world = genesis.world_of(body)
        envelope = dsse.sign(genesis.GENESIS_TYPE, body, A, B)
        self._put(lawlog.genesis_value(envelope, BEGINS))

    def _put(self, value: bytes) -> None:
        self.log.append([Outgoing(lawlog.LAW_TOPIC, 0, b"", value)])

    def read(self) -> lawlog.LawLog:
        found = lawlog.LawLog(self.world)
        for raw in self.log.records[lawlog.LAW_TOPIC, 0]:
            found.apply(raw.offset, raw.value, None, False)
        return found

    def publish(self, text: Text) -> lawlog.Published:
        signed = dsse.sign(lawlog.LAW_TYPE, text.body.encode(), PUBLISHER)
        return put_on_law(text, lawlog.text_value(signed, _now()), self.log, self.read)


def _now() -> Ms:
    return BEGINS


@PERSISTED
def test_publishing_law(persisted: bool) -> None:
    line = Law()
    with failing(line.log, "append", 1, persisted), pytest.raises(Failed):
        line.publish(line.text)
    standing = line.publish(line.text)  # again, as whoever was told of a failure does
    assert standing.text.digest == line.text.digest
    assert line.publish(line.text).offset == standing.offset
    assert len(line.log.records[lawlog.LAW_TOPIC, 0]) == 2, "it stands once"
    names = [t.name for t in (p.text for p in line.read().published)]
    assert names.count(line.text.name) == 1
    assert law_of(line.read().published)


def test_another_text_under_a_version_that_stands_is_refused() -> None:
    line = Law()
    line.publish(line.text)
    changed = replace(line.text, law=replace(line.text.law, digest=b"x"))
    with pytest.raises(CliError, match="another content"):
        line.publish(changed)
    assert len(line.log.records[lawlog.LAW_TOPIC, 0]) == 2
