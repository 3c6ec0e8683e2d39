"""What flows while things break: reports of a department, and somebody's junk on every topic."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import Any

from chaos.line import Line
from chaos.worker import SOURCE, Department, Worker
from doorkit import event, name, number, wrong_number
from fault.checker.check import Sent
from fuma.contracts.errors import FumaError
from fuma.contracts.lawlog import LAW_TOPIC
from fuma.contracts.topics import DECISIONS, spec
from fuma.domain.time import HOUR, MINUTE, Ms
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.mac import pack_time
from fuma.runtime.ports import Outgoing

PEOPLE = 3_000
LEDGERS = (DECISIONS, "fuma.orders")


@dataclass(frozen=True)
class Batch:
    """One sending. ``declared`` may be more than it has: then it is refused whole."""

    receipt: str
    rows: tuple[dict[str, Any], ...]
    fates: tuple[str, ...]
    declared: int | None
    now: Ms


class Load(Worker):
    """Reports until told to stop; every batch is sent until it is answered, some of them twice."""

    def __init__(self, line: Line, seed: int, begins: Ms, rate: float) -> None:
        super().__init__(line, "load", seed)
        self.sent: dict[str, Sent] = {}
        self.batches = self.again = 0
        self._rate = rate
        self._now, self._next = begins, 0
        self._done: list[dict[str, Any]] = []
        self._department = Department(self, "health")

    def people(self) -> list[tuple[str, str]]:
        """For the register."""
        return [(number(i), name(i)) for i in range(PEOPLE)]

    @property
    def now(self) -> Ms:
        """The latest log time at the door."""
        return self._now

    def turn(self) -> None:
        started = time.monotonic()
        batch = self._batch()
        self._send(batch)
        if self.dice.random() < 0.1:
            self.again += 1
            self._send(batch)
        self.over.wait(max(0.0, len(batch.rows) / self._rate - time.monotonic() + started))

    def close(self) -> None:
        self._department.close()

    def _batch(self) -> Batch:
        dice, size = self.dice, self.dice.randrange(1, 120)
        self._now += dice.randrange(10 * MINUTE)
        rows, fates = [], []
        for _ in range(size):
            row, fate = self._row()
            rows.append(row)
            fates.append(fate)
        declared = size + (dice.random() < 0.3) if dice.random() < 0.25 else None
        if declared is not None and declared > size:
            fates = ["unsure" if f == "again" else "door" for f in fates]
        self.batches += 1
        batch = Batch(f"R-CHAOS-{self.batches}", tuple(rows), tuple(fates), declared, self._time())
        for row, fate in zip(rows, fates, strict=True):
            if fate in ("decided", "door"):
                self.sent[row["id"]] = Sent("health", SOURCE, row["id"], fate)
            if fate == "decided":
                self._done.append(row)
        return batch

    def _time(self) -> Ms:
        """Log time; now and then it steps back."""
        back = self.dice.randrange(3 * HOUR) if self.dice.random() < 0.1 else 0
        return self._now - back

    def _row(self) -> tuple[dict[str, Any], str]:
        dice, who = (
            self.dice,
            self.dice.randrange(PEOPLE // 10 if self.dice.random() < 0.5 else PEOPLE),
        )
        self._next += 1
        what, change = dice.random(), dict[str, Any]()
        fate = "decided"
        if what < 0.05 and self._done:
            return dice.choice(self._done), "again"
        if what < 0.08:
            change, fate = {"id": wrong_number(who)}, "door"
        elif what < 0.12:
            change = {"evidence": None}
        elif what < 0.30:
            change = {"evidence": {"kind": "discharge-notice", "number": f"CY-{self._next}"}}
        made = event(who, **change)
        made["id"] = f"chaos-{self._next}"
        if 0.12 <= what < 0.30:
            made["type"] = "fuma.release.v1"
        elif "evidence" not in change:
            made["data"]["evidence"]["number"] = f"DX-{self._next}"
        return made, fate

    def _send(self, batch: Batch) -> None:
        summary = self._department.send(batch.receipt, batch.rows, batch.now, batch.declared)
        short = batch.declared is not None and batch.declared > len(batch.rows)
        assert bool(summary.code) == short, (summary, batch.declared)


class Poison:
    """Junk at a rate, on every topic that somebody reads, as a broker's administrator could."""

    def __init__(self, line: Line, seed: int, rate: float) -> None:
        self.written = 0
        self._line, self._dice, self._rate = line, random.Random(seed), rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poison", daemon=True)
        self._topics: list[str] = []

    def start(self) -> None:
        self._topics = [*self._line.consumed(), LAW_TOPIC]
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        appender: KafkaAppender | None = None
        while not self._over.wait(1 / self._rate):
            try:
                with self._line.appender() as appender:
                    while not self._over.wait(1 / self._rate):
                        appender.append([self.record()])
                        self.written += 1
            except FumaError:
                continue  # the broker is away

    def record(self) -> Outgoing:
        """Of every kind in which a record can be none."""
        dice = self._dice
        topic = dice.choice(self._topics)
        key: bytes | None = dice.randbytes(16)
        value: bytes | None = dice.randbytes(dice.randrange(1, 200))
        partition = dice.randrange(spec(topic).partitions)
        headers: tuple[tuple[str, bytes], ...] = (("fuma-time", dice.randbytes(8)),)
        match dice.randrange(9):
            case 0:
                key = None
            case 1:
                value = None
            case 2:
                value = b""
            case 3:
                value = b"\0\xff\xff\xff\xff" + (value or b"")
            case 4:
                value = b"\0" + dice.randrange(1, 40).to_bytes(4, "big") + (value or b"")
            case 5:
                # Now and then as much as a broker takes: with a dead letter's headers it is more.
                value = dice.randbytes(999_000 if dice.random() < 0.1 else 200_000)
            case 6:
                headers = (("fuma-mac", dice.randbytes(32)), ("fuma-mac", b""))
        # Vouched for, and still none: but what is ours on a ledger is read, or its stage stops.
        if dice.random() < 0.4 and topic not in (*LEDGERS, LAW_TOPIC):
            # Some of it may be a value by chance: never of a time that the law does not reach.
            time_ = pack_time(self._line.load_now() - dice.randrange(HOUR))
            headers = self._line.sealer.headers(topic, key, value, time=time_)
        return Outgoing(topic, partition, key, value, headers)
