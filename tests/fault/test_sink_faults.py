"""The platform's Redis killed, emptied, set back to yesterday, or refusing writes, on a real stack.

Decisions flow all the while and the platform is asked all the while. In the end it holds what the
ledger's decisions say, subject by subject; and never was somebody green whom it had as red, or of
whom it could not know. No answer at all is allowed while something is broken.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from broker.test_sink import Cluster, wait
from fuma.contracts.errors import Retryable
from fuma.contracts.genesis import read_world
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.topics import DECISIONS, spec
from fuma.domain.codes.events import FactKind, Schedule
from fuma.domain.time import MINUTE
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config, redis_client
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack, state
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.platform import Answer, CodePlatform
from fuma.runtime.redis import RedisReader

pytestmark = pytest.mark.slow
_DATA = ("appendonlydir", "appendonly.aof", "dump.rdb")
RED = {"ground": "confirmed", "kind": FactKind.FINDING, "evidence_kind": "diagnosis-report"}
#: Findings that lift nothing: a person who is red stays so.
MORE = {"ground": "close-contact", "kind": FactKind.FINDING, "evidence_kind": "isolation-record"}


class Flow:
    """Decisions that are written and a platform that is asked, until it is told to stop."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster = cluster
        self.reds: list[bytes] = []  # red from their first decision on, to the end of the test
        self.wrong: list[Answer] = []
        self.asked = self.answered = 0
        self.dice = random.Random(~seed)  # for whoever breaks things
        self._dice = random.Random(seed)
        self._others = [self._dice.randbytes(16) for _ in range(60)]
        self._over = threading.Event()
        self._failed: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,))
            for work in (self._write, self._ask)
        ]
        # Who is red is red on the platform before anything breaks.
        self._append([(self._dice.randbytes(16), True) for _ in range(40)])

    def __enter__(self) -> Flow:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert not self._failed, self._failed

    def _guarded(self, work: object) -> None:
        try:
            while not self._over.is_set():
                work()  # type: ignore[operator]
        except BaseException as error:
            self._failed.append(error)

    def _append(self, lives: list[tuple[bytes, bool]]) -> None:
        cluster, out = self.cluster, []
        for tag, red in lives:
            cluster.at += MINUTE
            known = tag in cluster.author.decisions
            given = (MORE if known else RED) if red else {}
            fact = cluster.author.fact(cluster.at, **given)
            for value in cluster.author.decide(tag, fact, cluster.at):
                out.append(cluster.record(tag, value))
        appender = KafkaAppender(kafka_config(cluster.home, "processor"))
        try:
            appender.append(out)
        finally:
            appender.close()
        self.reds += [tag for tag, red in lives if red and tag not in self.reds]

    def _write(self) -> None:
        lives = [(self._dice.choice(self._others), False) for _ in range(10)]
        lives += [(tag, True) for tag in self._dice.sample(self.reds, 5)]
        lives.append((self._dice.randbytes(16), True))
        self._append(lives)
        time.sleep(0.1)

    def _ask(self) -> None:
        try:
            platform = CodePlatform.of(self.cluster.home)
            while not self._over.is_set():
                self.asked += 1
                answer = platform.answer(random.choice(self.reds))
                if not isinstance(answer, Answer):
                    continue
                self.answered += 1
                if answer.word != "red":
                    self.wrong.append(answer)
        except Retryable:
            time.sleep(0.01)


class Broken(Cluster):
    """A cluster whose Redis and sink can be broken. One sink at a time, started again if killed."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        world = read_world(home.world)
        key = keyfiles.secret(home.path, keyfiles.Key.PLATFORM)
        self.platform_sealer = PlatformSealer(world.id, key)

    def kill_redis(self) -> None:
        """SIGKILL, nothing said."""
        server = state.read(self.home).redis
        assert server is not None
        assert server.proc is not None
        os.kill(server.proc.pid, signal.SIGKILL)
        wait(lambda: server.proc is not None and not server.proc.alive, 10)

    def start_redis(self) -> None:
        stack.up(self.home)

    def files(self) -> list[Path]:
        """Redis's data, of whatever version."""
        found = [self.home.redis / name for name in _DATA]
        return [path for path in found if path.exists()]

    def copy_files(self, to: Path) -> None:
        """What a backup keeps. Redis is down."""
        for path in self.files():
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, to / path.name)

    def remove_files(self) -> None:
        for path in self.files():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def catches_up(self) -> None:
        """Wait until all that is written by now is applied; more is written meanwhile."""
        reader = KafkaLogReader(kafka_config(self.home, "auditor"))
        try:
            count = spec(DECISIONS).partitions
            ends = {p: reader.bounds(DECISIONS, p).end for p in range(count)}
        finally:
            reader.close()
        wait(lambda: self._reached(ends))

    def _reached(self, ends: dict[int, int]) -> bool:
        try:
            found = CodePlatform.of(self.home).positions()
        except Retryable:
            return False
        return all((at.applied + 1 if at else 0) >= ends[p] for p, at in found.items())

    def equals_the_ledger(self) -> None:
        """Every subject has the codes that its decisions say, in order, and no others."""
        reader = RedisReader(self.home)
        try:
            for tag, decisions in self.author.decisions.items():
                codes = [self.platform_sealer.open_code(tag, v) for v in reader.all_of(tag)]
                shown = [(c.recorded, _said(c.schedule())) for c in codes]
                assert shown == [(d.at, _said(d.schedule)) for d in decisions]
        finally:
            reader.close()
        assert not self.home.path.joinpath("sink.log").read_text().count("Traceback")


def _said(schedule: Schedule) -> tuple[object, ...]:
    """The colours and what they rest on. The platform has neither evidence nor digests."""
    orders = [
        (o.id, o.fact, o.ground, o.recorded, o.steps, o.law.book, o.law.version, o.law.row)
        for o in schedule.orders
    ]
    return schedule.since, schedule.segments, orders, schedule.ended


@pytest.fixture(scope="module")
def broken() -> Iterator[Broken]:
    folder = Path(tempfile.mkdtemp(prefix="fuma-redis-"))
    home = Home(folder / ".fuma")
    names = [n for n in ("FUMA_KAFKA", "FUMA_REDIS", "FUMA_HOME") if n in os.environ]
    before = {name: os.environ.pop(name) for name in names}
    try:
        stack.up(home)
        yield Broken(home)
    finally:
        stack.down(home)
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.update(before)


@contextmanager
def flowing(broken: Broken) -> Iterator[Flow]:
    """A flow, a sink that has caught up once; afterwards everything must be as on the ledger."""
    seed = int(os.environ.get("FUMA_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"FUMA_TEST_SEED={seed}")
    flow = Flow(broken, seed)
    with broken.sink():
        wait(broken.applied)
    with flow:
        yield flow
    with broken.sink():
        wait(broken.applied)
        broken.equals_the_ledger()
    assert flow.answered > 0, "the platform never answered"
    assert not flow.wrong, f"{len(flow.wrong)} of {flow.asked} answers, first: {flow.wrong[0]}"


def test_redis_killed_again_and_again_and_the_sink_too(broken: Broken) -> None:
    with flowing(broken) as flow:
        for _ in range(3):
            with broken.sink() as sink:
                time.sleep(flow.dice.uniform(0.5, 2.0))
                broken.kill_redis()
                time.sleep(flow.dice.uniform(0.0, 1.0))
                broken.start_redis()
                time.sleep(flow.dice.uniform(0.0, 0.5))
                assert sink.poll() is None, "the sink gave up"
                sink.kill()


def test_redis_comes_back_empty(broken: Broken) -> None:
    with flowing(broken), broken.sink() as sink:
        time.sleep(1)
        broken.kill_redis()
        broken.remove_files()
        broken.start_redis()
        broken.catches_up()
        assert sink.poll() is None


def test_redis_comes_back_with_yesterdays_file(broken: Broken, tmp_path: Path) -> None:
    """A subject who was red in it is red; one who is not in it gets no answer, never green."""
    with flowing(broken), broken.sink() as sink:
        broken.kill_redis()
        broken.copy_files(tmp_path)
        broken.start_redis()
        time.sleep(4)  # a day's decisions: new subjects, and new ones of the old
        broken.kill_redis()
        broken.remove_files()
        shutil.copytree(tmp_path, broken.home.redis, dirs_exist_ok=True)
        broken.start_redis()
        broken.catches_up()
        assert sink.poll() is None


@contextmanager
def administered(broken: Broken, wrong: tuple[str, ...], right: tuple[str, ...]) -> Iterator[None]:
    """Two commands of Redis's administrator: one that breaks it, one that mends it."""
    admin: Any = redis_client(broken.home, "admin")
    try:
        admin.execute_command(*wrong)
        yield
    finally:
        admin.execute_command(*right)
        admin.close()


def test_redis_takes_no_writes_for_a_while(broken: Broken) -> None:
    """What stands is answered, what comes is written once it can be."""
    setting = "CONFIG", "SET", "min-replicas-to-write"
    with flowing(broken) as flow, broken.sink() as sink:
        time.sleep(1)
        with administered(broken, (*setting, "1"), (*setting, "0")):
            at = flow.answered
            time.sleep(2.5)
            assert flow.answered > at, "reading must go on"
            assert not broken.applied()
        broken.catches_up()
        assert sink.poll() is None


def test_redis_is_full_for_a_while(broken: Broken) -> None:
    """A full Redis refuses even to read in a transaction: no answer then, never another one."""
    setting = "CONFIG", "SET", "maxmemory"
    with flowing(broken), broken.sink() as sink:
        time.sleep(1)
        with administered(broken, (*setting, "1"), (*setting, "0")):
            time.sleep(2)
        broken.catches_up()
        assert sink.poll() is None


def test_the_sink_loses_its_rights_for_a_while(broken: Broken) -> None:
    user = "ACL", "SETUSER", "sink"
    with flowing(broken), broken.sink() as sink:
        time.sleep(1)
        with administered(broken, (*user, "-@write"), (*user, "+@write")):
            time.sleep(2)
            assert not broken.applied()
        broken.catches_up()
        assert sink.poll() is None
