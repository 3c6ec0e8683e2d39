"""The sink on a real Kafka and a real Redis, in a world of its own."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker.rawbatch import batch_of, produce_batch, transaction
from fuma.audit.history import colour_at
from fuma.cli.history import of_subject
from fuma.cli.law_genesis import write_genesis
from fuma.contracts.codec import decode
from fuma.contracts.errors import Retryable
from fuma.contracts.genesis import read_world
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import load_folder
from fuma.contracts.topics import DECISIONS, INCIDENTS, partition_for, spec
from fuma.domain.time import DAY, HOUR
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config, redis_client
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack as supervisor
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.platform import CodePlatform
from fuma.runtime.platform_writes import code_key
from fuma.runtime.ports import Outgoing
from unit.sink.rig import START, Author

pytestmark = pytest.mark.slow
JUNK = (b"k" * 16, b"junk", [(b"\xff", b"1")])


class Cluster:
    """A stack with a genesis, a writer of decisions, and sinks that come and go."""

    def __init__(self, home: Home) -> None:
        self.home = home
        texts = load_folder(root() / "rules")
        write_genesis(home, texts, simulated=True, at=START - 90 * DAY, publisher="p")
        self.sealer = Sealer(
            read_world(home.world).id, keyfiles.secret(home.path, keyfiles.Key.MAC)
        )
        self.author = Author(random.Random(5))
        self.at = START
        self.tags: list[bytes] = []

    def live(self, subjects: int, decisions: int) -> list[bytes]:
        """More lives on the ledger, as the processor writes them."""
        tags = [os.urandom(16) for _ in range(subjects)]
        appender = KafkaAppender(kafka_config(self.home, "processor"))
        try:
            out = []
            for _ in range(decisions):
                self.at += self.author.dice.randrange(2 * HOUR)
                tag = self.author.dice.choice(tags)
                for value in self.author.decide(tag, self.author.fact(self.at), self.at):
                    out.append(self.record(tag, value))
            appender.append(out)
        finally:
            appender.close()
        self.tags += tags
        return tags

    def record(self, tag: bytes, value: bytes) -> Outgoing:
        headers = self.sealer.headers(DECISIONS, tag, value, time=pack_time(self.at))
        where = partition_for(tag, spec(DECISIONS).partitions)
        return Outgoing(DECISIONS, where, tag, value, headers)

    def sinks(self, *words: str) -> subprocess.Popen[bytes]:
        """The service as a process, which whoever starts it ends."""
        with (self.home.path / "sink.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "fuma.sink", "--home", str(self.home.path), *words],
                stdout=log,
                stderr=log,
            )

    @contextmanager
    def sink(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """The service as a process."""
        process = self.sinks(*words)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)

    def applied(self) -> bool:
        """Whether the platform has everything."""
        return all(self._applied())

    def half_applied(self) -> bool:
        """Whether it has every record of one sink of two, by its share."""
        found = self._applied()
        return bool(found) and (all(found[::2]) or all(found[1::2]))

    def _applied(self) -> list[bool]:
        reader = KafkaLogReader(kafka_config(self.home, "auditor"))
        try:
            found = CodePlatform.of(self.home).positions()
            return [
                reader.bounds(DECISIONS, p).end == (0 if at is None else at.applied + 1)
                for p, at in sorted(found.items())
            ]
        except Retryable:
            return [False]
        finally:
            reader.close()

    def agree(self, tags: list[bytes]) -> None:
        """Platform and history (from the log) say the same at every moment asked."""
        platform = CodePlatform.of(self.home)
        for tag in tags:
            found, forged = of_subject(self.home, tag)
            assert found.intact
            assert not forged
            for at in range(START - DAY, self.at + 30 * DAY, 31 * HOUR):
                colour = colour_at(found, at)
                assert platform.colour(tag, at) == ("none" if colour is None else colour.word)

    def fuma(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fuma.cli.main", *words],
            env={**os.environ, "FUMA_HOME": str(self.home.path)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def incidents(self) -> list[dict[str, str]]:
        reader = KafkaLogReader(kafka_config(self.home, "auditor"))
        try:
            end = reader.bounds(INCIDENTS, 0).end
            return [decode("incident", r.value) for r in reader.read(INCIDENTS, 0, 0, end)]
        finally:
            reader.close()


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="fuma-sink-"))
    home = Home(folder / ".fuma")
    names = [n for n in ("FUMA_KAFKA", "FUMA_REDIS", "FUMA_HOME") if n in os.environ]
    before = {name: os.environ.pop(name) for name in names}
    try:
        supervisor.up(home)
        yield Cluster(home)
    finally:
        supervisor.down(home)
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.update(before)


def test_ledger_platform_and_history_agree_and_kills_lose_nothing(cluster: Cluster) -> None:
    tags = cluster.live(40, 400)
    for _ in range(3):
        with cluster.sink() as process:
            time.sleep(0.7 + random.random() / 2)
            process.kill()
            process.wait()
    with cluster.sink():
        wait(cluster.applied)
    cluster.agree(tags[:8])


def test_two_sinks_share_the_work_and_one_is_killed(cluster: Cluster) -> None:
    """The other goes on with its own; whoever is started next takes what the killed one had."""
    words = ("--workers", "2")
    told = len(cluster.incidents())
    tags = cluster.live(40, 200)
    with cluster.sink(*words) as first:
        with cluster.sink(*words) as second:
            wait(cluster.applied)
            assert cluster.sinks(*words).wait(30) == 1, "a third has nothing to do"
            cluster.live(40, 200)
            second.kill()
            second.wait()
            mine = cluster.live(40, 200)
            wait(lambda: cluster.half_applied(), 30)
            assert not cluster.applied()
        with cluster.sink(*words) as third:
            wait(cluster.applied)
            for _ in range(4):
                cluster.live(20, 60)
                time.sleep(random.random() / 2)
                third.kill()
                third.wait()
                third = cluster.sinks(*words)
            wait(cluster.applied)
            assert first.poll() is None
            cluster.agree([*tags[:4], *mine[:4]])
            assert len(cluster.incidents()) == told, "what a sink writes, the other takes for none"
            admin = redis_client(cluster.home, "admin", client_name="thief")
            admin.set(code_key(tags[0]), b"nonsense")
            wait(lambda: len(cluster.incidents()) > told)
            wait(lambda: CodePlatform.of(cluster.home).colour(tags[0]) is not None)
            time.sleep(0.5)
            assert len(cluster.incidents()) == told + 1, "one of them tells"
            assert cluster.incidents()[-1]["actor"] == "Redis user admin"
            done = cluster.fuma("rebuild", "--json")
            assert "by the running sink" in done.stdout
            wait(cluster.applied)
            cluster.agree([*tags[:4], *mine[:4]])
            third.terminate()
            third.wait(20)
    assert len(cluster.incidents()) == told + 1
    with cluster.sink():
        wait(cluster.applied)


def test_redis_alone_answers_and_only_of_whom_it_knows(cluster: Cluster) -> None:
    tag = cluster.live(1, 6)[0]
    with cluster.sink():
        wait(cluster.applied)
    done = cluster.fuma("code", tag.hex(), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["simulated"] is True
    unknown = cluster.fuma("code", os.urandom(16).hex(), "--json")
    assert json.loads(unknown.stdout)["answer"] == "green"
    state = json.loads(cluster.home.state.read_text())
    kafka = state["kafka"]["port"]
    state["kafka"]["port"] = 1
    cluster.home.state.write_text(json.dumps(state))
    try:
        again = cluster.fuma("code", tag.hex(), "--json")
        assert again.stdout == done.stdout
        unknown = cluster.fuma("code", os.urandom(16).hex(), "--json")
        assert unknown.returncode == 1
        assert json.loads(unknown.stdout)["reason"] == "ledger-unreachable"
    finally:
        state["kafka"]["port"] = kafka
        cluster.home.state.write_text(json.dumps(state))


def test_a_stolen_redis_administrator_changes_nobodys_colour(cluster: Cluster) -> None:
    tags = cluster.live(20, 120)
    with cluster.sink():
        wait(cluster.applied)
        admin = redis_client(cluster.home, "admin", client_name="thief")
        red = admin.get(code_key(tags[0]))
        assert isinstance(red, bytes)
        for tag in tags[1:]:
            admin.set(code_key(tag), red)
        wait(lambda: None not in [CodePlatform.of(cluster.home).colour(t) for t in tags])
        cluster.agree(tags[:4])
        wait(lambda: bool(cluster.incidents()))
        found = cluster.incidents()[0]
        assert found["actor"] == "Redis user admin"
        assert "name thief" in found["connection"]
        admin.delete(code_key(tags[2]))
        wait(lambda: CodePlatform.of(cluster.home).colour(tags[2]) is not None)
        admin.flushall()
        wait(cluster.applied)
        cluster.agree(tags[:4])


def test_with_the_sink_away_a_forged_record_is_not_answered(cluster: Cluster) -> None:
    tags = cluster.live(2, 10)
    with cluster.sink():
        wait(cluster.applied)
    admin = redis_client(cluster.home, "admin")
    admin.set(code_key(tags[0]), admin.get(code_key(tags[1])) or b"")
    done = cluster.fuma("code", tags[0].hex())
    assert done.returncode == 1
    assert "ALARM" in done.stderr
    with cluster.sink():
        wait(lambda: CodePlatform.of(cluster.home).colour(tags[0]) is not None)
    cluster.agree(tags[:1])


def test_what_no_honest_client_writes_holds_nothing_up(cluster: Cluster) -> None:
    """Names that are no text, places that are others', transactions, the last marker of all."""
    tag = cluster.live(1, 3)[0]
    admin, where = kafka_config(cluster.home, "admin"), partition_for(tag, 8)
    with cluster.sink() as process:
        wait(cluster.applied)
        assert produce_batch(admin, DECISIONS, where, batch_of([JUNK] * 40)) == 0
        assert produce_batch(admin, DECISIONS, where, batch_of([JUNK] * 3, deltas=(0, 5, 2))) == 0
        wait(cluster.applied)
        for commit in (True, False):
            transaction(admin, DECISIONS, where, [b"v"], commit=commit)
            wait(cluster.applied)
        assert process.poll() is None
    with cluster.sink():
        cluster.live(20, 60)
        wait(cluster.applied)
    cluster.agree([tag])
    reader = KafkaLogReader(kafka_config(cluster.home, "auditor"))
    end = reader.bounds("fuma.dlq.decisions", 0).end
    letters = list(reader.read("fuma.dlq.decisions", 0, 0, end))
    reader.close()
    assert len({r.header("__streams.errors.offset") for r in letters if r.value == b"v"}) >= 2


def test_history_is_told_in_both_languages(cluster: Cluster) -> None:
    tag = cluster.live(1, 12)[0]
    done = cluster.fuma("history", tag.hex())
    assert done.returncode == 0, done.stderr
    assert "链完整" in done.stdout
    assert "public-security push (automatic)" in done.stdout
    told = json.loads(cluster.fuma("history", tag.hex(), "--json").stdout)
    assert told["intact"]
    assert {"topic", "partition", "offset"} <= set(told["entries"][0]["places"][0])
