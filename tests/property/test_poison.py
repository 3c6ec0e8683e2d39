"""Poison of every kind through every decoder and every stage: a value, or a dead letter.

Generic over the registry, the decoders in ``contracts`` and the stages in ``processor``: what is
added there is covered without a line here. A decoder that wants something besides its bytes has to
be told apart in ``DECODER_GIVEN``, a stage that is made of something new in ``STAGE_GIVEN``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fuma.contracts
import fuma.processor
from fuma import __version__, compiled
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.registry import registry
from fuma.contracts.topics import partition_for, topics
from fuma.domain.time import Ms
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import LedgerPartition
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.mac import MAC_HEADER, TIME_HEADER, Sealer, pack_time
from fuma.runtime.memory_log import MemoryStore
from fuma.runtime.ports import LogRecord, Outgoing
from golden.examples import paths, read, versions
from golden.making import load, names
from unit.sink.rig import law

AT: Ms = 1_655_136_000_000
SEALER = Sealer(bytes(16), bytes(32))
#: What a decoder is given besides the bytes, and a stage is made of, by the parameter's name.
DECODER_GIVEN: dict[str, Any] = {"ceremony": None}
STAGE_GIVEN: dict[str, Any] = {
    "law": law,
    "alarm": lambda kind, what: None,
    "world": bytes(16),
    "ceremony": lambda: None,
    "partitions": 8,
}


#: What a store holds is no topic's value: nobody else writes it, and it is dropped when damaged.
STORE = "fuma.contracts.state"


def modules(package: Any) -> Iterator[Any]:
    for found in pkgutil.iter_modules(package.__path__):
        if not found.name.startswith("__"):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


@cache
def defined(module: str) -> dict[str, ast.FunctionDef]:
    """The functions of a module's source; a compiled one does not tell its annotations."""
    body = ast.parse(compiled.source(module).read_text(encoding="utf-8")).body
    return {one.name: one for one in body if isinstance(one, ast.FunctionDef)}


def takes(module: str, function: str) -> str:
    """What the first parameter is annotated with."""
    annotation = defined(module)[function].args.args[0].annotation
    return ast.unparse(annotation) if annotation else ""


@cache
def decoders() -> dict[str, Callable[[bytes | None], Any]]:
    """Every public function of ``contracts`` that makes something of a value's bytes."""
    found = {}
    for module in modules(fuma.contracts):
        for name, function in vars(module).items():
            ours = inspect.isroutine(function) and function.__module__ == module.__name__
            if ours and name.startswith("decode_") and module.__name__ != STORE:
                _, *others = inspect.signature(function).parameters.values()
                if takes(module.__name__, name) not in ("bytes | None", "bytes"):
                    continue  # of a store's rows
                more = {p.name: DECODER_GIVEN[p.name] for p in others if p.default is p.empty}
                found[f"{module.__name__.split('.')[-1]}.{name}"] = partial(function, **more)
    return found


@cache
def stages() -> dict[str, Callable[[], Any]]:
    """Every stage of the processor."""
    found = {}
    for module in modules(fuma.processor):
        for name, made in vars(module).items():
            ours = inspect.isclass(made) and made.__module__ == module.__name__
            if ours and hasattr(made, "dead_letter_topic"):
                wanted = inspect.signature(made).parameters.values()
                more = {p.name: STAGE_GIVEN[p.name] for p in wanted if p.default is p.empty}
                found[name] = partial(made, **more)
    return found


@cache
def examples() -> list[bytes]:
    """A value of every kind that there is, in each version."""
    return [read(version, path) for version in versions() for path in paths(version)]


@st.composite
def values(draw: st.DrawFn) -> bytes | None:
    """Sound, and broken in every way that is named in the issue."""
    good = draw(st.sampled_from(examples()))
    known = list(registry().by_id)
    match draw(st.integers(0, 9)):
        case 0:
            return draw(st.sampled_from([None, b"", b"\0", good[:5]]))
        case 1:
            return good[: draw(st.integers(0, len(good)))]
        case 2:
            return draw(st.binary(max_size=200))
        case 3:
            return good + draw(st.binary(min_size=1, max_size=9)) * draw(
                st.sampled_from([1, 20_000])
            )
        case 4:  # another schema's id
            return b"\0" + draw(st.sampled_from(known)).to_bytes(4, "big") + good[5:]
        case 5:  # unknown, or of a version to come
            id_ = draw(st.sampled_from([max(known) + 1, 0, 1 << 31, (1 << 32) - 1]))
            return b"\0" + id_.to_bytes(4, "big") + good[5:]
        case 6:
            return bytes([draw(st.integers(1, 255))]) + good[1:]
        case 7:  # a length, a count or a branch that says anything
            at = draw(st.integers(5, len(good)))
            number = draw(st.binary(min_size=1, max_size=10))
            return good[:at] + number + good[at + len(number) :]
        case 8:
            body = bytearray(good)
            for _ in range(draw(st.integers(1, 4))):
                body[draw(st.integers(5, max(5, len(body) - 1))) % len(body)] ^= 1 << draw(
                    st.integers(0, 7)
                )
            return bytes(body)
        case _:
            return good


def test_there_is_something_to_test() -> None:
    assert {"decisions.decode_ledger", "facts.decode_feed"} <= set(decoders())
    assert {"Taskforce", "Codes", "Outbox", "Authority", "Watch"} <= set(stages())
    assert len(examples()) > 30


@settings(max_examples=600, deadline=None)
@given(values())
def test_no_decoder_raises_anything_but_poison(value: bytes | None) -> None:
    for name, decode in decoders().items():
        try:
            decode(value)
        except Poison:
            pass  # its reason is of the closed list by type
        except Exception as error:
            pytest.fail(f"{name}: {type(error).__name__}: {error}")


def record(topic: str, partition: int, offset: int, how: int, value: bytes | None) -> LogRecord:
    """A record with ``value``; ``how`` says what else is wrong with it, if anything."""
    key: bytes | None = b"t" * 16
    counts = topics()[topic].partitions
    if how == 1:
        key = None
    elif how == 2:
        key = b"another key"
    if key is not None and how != 3:
        partition = partition_for(key, counts)
    headers: tuple[tuple[str, bytes], ...] = SEALER.headers(
        topic, key, value, time=pack_time(AT), origin=None
    )
    if how == 4:
        headers = tuple(h for h in headers if h[0] != MAC_HEADER)
    elif how == 5:
        headers = tuple(h for h in headers if h[0] != TIME_HEADER)
    elif how == 6:
        headers = (*headers, (MAC_HEADER, b""))
    elif how == 7:
        headers = SEALER.headers(topic, key, value, time=b"\xff" * 8)
    elif how == 8:
        headers = SEALER.headers(topic, key, value, time=None)
    return LogRecord(topic, partition, offset, AT + offset, key, value, headers)


def inputs(stage: Any) -> tuple[str, ...]:
    return (stage.input_topic,) if hasattr(stage, "input_topic") else tuple(stage.input_topics)


@pytest.mark.parametrize("name", sorted(stages()))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 8), values()), min_size=1, max_size=12))
def test_no_stage_stops_and_every_dead_letter_is_whole(
    name: str, given_records: list[tuple[int, bytes | None]]
) -> None:
    for topic in inputs(stages()[name]()):
        stage = stages()[name]()
        counts = {topic: topics()[topic].partitions}
        intake = Intake(SEALER, simulated=True, partition_of=partition_for, counts=counts)
        world = World(SEALER, True, {stage.dead_letter_topic: 1})
        raws = [record(topic, 0, n, how, v) for n, (how, v) in enumerate(given_records)]
        letters, done = _through(stage, topic, intake, world, raws)
        assert done == len(raws)
        for letter in letters:
            _whole(letter, raws)
        dead = {int(_header(letter, "__streams.errors.offset")) for letter in letters}
        hopeless = {n for n, (how, v) in enumerate(given_records) if how in (1, 4, 6, 7) or not v}
        assert hopeless - {n for n, (how, _) in enumerate(given_records) if how == 5} <= dead


def _through(
    stage: Any, topic: str, intake: Intake, world: World, raws: Sequence[LogRecord]
) -> tuple[list[Outgoing], int]:
    """The dead letters that one chunk gives, and how many of its records are done."""
    letters: list[Outgoing] = []
    if hasattr(stage, "ledger_topic") and not hasattr(stage, "create"):
        engine = LedgerPartition(
            stage, world, intake, MemoryStore(), 0, Position(bytes(16), bytes(16))
        )
        decided = engine.decide(raws, FOREVER)
        return [o for o in decided.outgoing if o.topic == stage.dead_letter_topic], decided.taken
    if hasattr(stage, "transform"):
        stage.opened(topic, 0)
        for number in {r.partition for r in raws}:
            stage.opened(topic, number)
    for raw in raws:
        try:
            at = intake.admit(raw)
            if hasattr(stage, "transform"):
                stage.transform(raw)
            else:
                _take(stage, raw, at)
        except Poison as poison:
            letters += world.letters(raw, poison, stage.dead_letter_topic)
    return letters, len(raws)


def _take(stage: Any, raw: LogRecord, at: Ms) -> None:
    """As the host that the stage is made for: from bytes to what follows, on an empty state."""
    key, value = raw.key or b"", raw.value or b""
    known = {"raw": raw, "key": key, "value": value}
    item = stage.decode(*(known[name] for name in inspect.signature(stage.decode).parameters))
    if hasattr(stage, "create"):
        stage.decide(stage.create(key), item, at)
    elif hasattr(stage, "empty"):
        stage.empty().take(key, item, at)


def _header(letter: Outgoing, name: str) -> bytes:
    return dict(letter.headers)[name]


def _whole(letter: Outgoing, raws: Sequence[LogRecord]) -> None:
    """Original bytes, topic, partition, offset, time, a reason of the closed list, the version."""
    raw = raws[int(_header(letter, "__streams.errors.offset"))]
    assert (letter.key, letter.value) == (raw.key, raw.value)
    assert letter.headers[: len(raw.headers)] == raw.headers
    assert _header(letter, "__streams.errors.topic") == raw.topic.encode()
    assert _header(letter, "__streams.errors.partition") == str(raw.partition).encode()
    assert _header(letter, "fuma-original-time") == pack_time(raw.timestamp)
    assert Reason(_header(letter, "fuma-reason").decode())
    assert _header(letter, "fuma-app-version") == __version__.encode()
    assert _header(letter, "__streams.errors.message")


class Counting(MemoryStore):
    """A store that counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self.asked += len(keys)
        return super().get_many(keys)


@pytest.mark.parametrize("share", [1, 9, 49], ids=["half", "nine of ten", "49 of 50"])
def test_poison_at_any_rate_makes_no_more_work_of_its_neighbours(share: int) -> None:
    """The same decisions, as many of them, as many reads of the store, in one chunk."""
    golden = load(names()[0])
    alone, calls, asked = _decided([(one.at, one.key, one.value) for one in golden.inputs], 0)
    mixed, calls_mixed, asked_mixed = _decided(
        [(one.at, one.key, one.value) for one in golden.inputs], share
    )
    assert alone
    assert [(o.key, _without_place(o.value)) for o in mixed] == [
        (o.key, _without_place(o.value)) for o in alone
    ]
    assert (calls_mixed, asked_mixed) == (calls, asked)


def _without_place(value: bytes | None) -> Any:
    """A ledger record without what follows from its cause's offset: the offset, and the chain."""
    record_ = decode_ledger(value)
    return record_.seq, record_.cause.id, record_.events, record_.schedule


def _decided(
    given_inputs: list[tuple[Ms, bytes, bytes]], share: int
) -> tuple[list[Outgoing], int, int]:
    """The ledger of partition 0 with ``share`` records of junk before each input."""
    stage, store = stages()["Codes"](), Counting()
    calls, real = 0, stage.decide

    def counted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(*arguments)

    stage.decide = counted
    counts = {stage.input_topic: topics()[stage.input_topic].partitions}
    intake = Intake(SEALER, simulated=True, partition_of=partition_for, counts=counts)
    world = World(SEALER, True, {stage.dead_letter_topic: 1})
    engine = LedgerPartition(stage, world, intake, store, 0, Position(bytes(16), bytes(16)))
    raws: list[LogRecord] = []
    for at, key, value in given_inputs:
        if partition_for(key, counts[stage.input_topic]):
            continue
        for number in range(share):
            raws.append(record(stage.input_topic, 0, len(raws), number % 9, b"\0junk"))
        headers = SEALER.headers(stage.input_topic, key, value, time=pack_time(at))
        raws.append(LogRecord(stage.input_topic, 0, len(raws), at, key, value, headers))
    decided = engine.decide(raws, FOREVER)
    return [o for o in decided.outgoing if o.topic == stage.ledger_topic], calls, store.asked
