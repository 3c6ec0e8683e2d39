"""Topics, inputs and workers of the toy stage on a real broker, and the check of its ledger."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from broker import toy
from fuma.contracts.topics import partition_for
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_replay import Entry, decide_again, first_records, per_key
from fuma.runtime.host_world import World
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.ports import Outgoing

PARTITIONS = 8
START = 1_655_136_000_000  # 14 June 2022, 00:00 in Asia/Shanghai


class ToyCluster:
    """One set of toy topics, with worker processes that can be killed."""

    def __init__(
        self, kafka: dict[str, str], folder: Path, *, ledger: Mapping[str, str] | None = None
    ) -> None:
        """``ledger``: settings of its topic besides the usual ones."""
        self.kafka = kafka
        self.folder = folder
        self.suffix = f".{uuid.uuid4().hex[:8]}"
        self.stage = toy.Toy(self.suffix)
        self.reader = KafkaLogReader(kafka)
        self._appender = KafkaAppender(kafka)
        self.workers: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "workers.log").open("wb")
        self._group = Consumer({**kafka, "group.id": "toy" + self.suffix})
        self.create([self.stage.input_topic, self.stage.dead_letter_topic])
        self.create([self.stage.ledger_topic], **(ledger or {}))

    def create(self, names: Sequence[str], **settings: str) -> None:
        """Create topics as the stages' own are."""
        config = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1", **settings}
        admin = AdminClient({**self.kafka})
        topics = [NewTopic(name, PARTITIONS, 1, config=config) for name in names]
        for future in admin.create_topics(topics).values():
            future.result()

    def inputs(self, count: int, *, keys: int, seed: int = 7) -> list[Outgoing]:
        """Inputs of a simulated world, some repeated, some poison, some unsealed."""
        dice = random.Random(seed)
        made = []
        for number in range(count):
            key = hashlib.sha256(b"key%d" % dice.randrange(keys)).digest()[:16]
            again = number - dice.randrange(1, 50) if dice.random() < 0.02 else number
            one = toy.toy_input(
                key,
                hashlib.sha256(b"id%d" % max(0, again)).digest()[:16],
                dice.randrange(1, 5_000),
                START + number * 10 - dice.randrange(500),
                topic=self.stage.input_topic,
                count=PARTITIONS,
            )
            if dice.random() < 0.005:
                one = Outgoing(one.topic, one.partition, one.key, one.value, ())
            made.append(one)
        return made

    def write(self, records: Sequence[Outgoing]) -> None:
        self._appender.append(records)

    def start(
        self,
        *,
        chunk: int = 1000,
        service: str = "stores",
        dynamic: bool = False,
        **environment: str,
    ) -> subprocess.Popen[bytes]:
        """Start a worker, with its stores under ``service``."""
        worker = subprocess.Popen(
            [
                sys.executable, toy.__file__, "--kafka", json.dumps(self.kafka),
                "--stores", str(self.folder / service), "--suffix", self.suffix,
                "--chunk", str(chunk), *["--dynamic"] * dynamic,
            ],
            env=os.environ | environment,
            stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; the exit code."""
        worker.send_signal(number)
        code = worker.wait(60)
        self.workers.remove(worker)
        return code

    def ends(self, topic: str) -> list[int]:
        return [self.reader.bounds(topic, partition).end for partition in range(PARTITIONS)]

    def committed(self) -> list[int]:
        wanted = [TopicPartition(self.stage.input_topic, p) for p in range(PARTITIONS)]
        return [max(0, found.offset) for found in self._group.committed(wanted, timeout=30)]

    def commit(self, offset: int) -> None:
        """Commit ``offset`` everywhere, as an operator might, while no worker runs."""
        at = [TopicPartition(self.stage.input_topic, p, offset) for p in range(PARTITIONS)]
        self._group.commit(offsets=at, asynchronous=False)

    def wait_done(self, seconds: float = 90) -> None:
        """Until every input is committed."""
        deadline = time.monotonic() + seconds
        while self.committed() != (ends := self.ends(self.stage.input_topic)):
            dead = [worker.returncode for worker in self.workers if worker.poll() is not None]
            assert not dead, f"a worker ended with {dead}: {self.log()}"
            assert time.monotonic() < deadline, f"{self.committed()} of {ends}: {self.log()}"
            time.sleep(0.1)

    def log(self) -> str:
        return (self.folder / "workers.log").read_text()[-4_000:]

    def ledger(self) -> dict[bytes, str]:
        """What the ledger says of each key once repeats are dropped."""
        said: dict[bytes, str] = {}
        for partition in range(PARTITIONS):
            bounds = self.reader.bounds(self.stage.ledger_topic, partition)
            records = self.reader.read(self.stage.ledger_topic, partition, bounds.start, bounds.end)
            said |= per_key(first_records(self.stage, self._world(), records))
        return said

    def decided_again(self, *, chunk: int) -> dict[bytes, str]:
        """What it should say: the inputs as they stand on the topic, decided without a kill."""
        said: dict[bytes, str] = {}
        counts = {self.stage.input_topic: PARTITIONS}
        intake = Intake(toy.SEALER, simulated=True, partition_of=partition_for, counts=counts)
        for partition in range(PARTITIONS):
            entries: list[Entry] = list(
                decide_again(self.stage, self._world(), intake, self.reader, partition, chunk=chunk)
            )
            said |= per_key(iter(entries))
        return said

    def _world(self) -> World:
        return World(toy.SEALER, True, {self.stage.dead_letter_topic: PARTITIONS})

    def dead(self) -> set[tuple[int, int, bytes]]:
        """Partition, offset and reason of every dead letter; repeats count once."""
        found = set()
        for partition in range(PARTITIONS):
            bounds = self.reader.bounds(self.stage.dead_letter_topic, partition)
            for record in self.reader.read(
                self.stage.dead_letter_topic, partition, bounds.start, bounds.end
            ):
                offset = record.header("__streams.errors.offset") or b""
                found.add((partition, int(offset), record.header("fuma-reason") or b""))
        return found

    def close(self) -> None:
        for worker in list(self.workers):
            self.kill(worker)
        self.reader.close()
        self._appender.close()
        self._group.close()
        self._log.close()
