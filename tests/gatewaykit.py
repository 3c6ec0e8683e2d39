"""A gateway in memory, with a world, keys and a vault, that can be started as often as it dies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from fuma.cli.law_genesis import sign_genesis
from fuma.contracts import genesis, lawlog, rulesfile
from fuma.contracts.codec import decode, encode
from fuma.contracts.resources import root
from fuma.contracts.sealing import public_key, row_info, seal_row
from fuma.contracts.topics import DEPARTMENTS, answers_topic, in_topic, partition_for, topics
from fuma.domain.time import day_start
from fuma.feed.answers import RUN_HEADER, Tally
from fuma.gateway.intake import Intake
from fuma.gateway.judge import Judge
from fuma.gateway.publish import Publisher
from fuma.gateway.service import Gateway
from fuma.gateway.staging import Staging
from fuma.runtime import keyfiles
from fuma.runtime.embedded.paths import Home
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.marks import Committed
from fuma.runtime.memory import MemoryVault
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.ports import Outgoing

NOW = day_start(date(2022, 6, 14)) + 9 * 3_600_000
TOPIC = in_topic("health")
CHUNK = 7


class Died(BaseException):
    """The process is gone."""


@dataclass
class Deadly:
    """An appender that dies at its n-th write: before it took hold, or after."""

    log: MemoryLog
    at: int
    after: bool
    calls: int = field(default=0)

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        if records:
            self.calls += 1
        dies = bool(records) and self.calls == self.at
        if dies and not self.after:
            raise Died
        offsets = self.log.append(records)
        if dies:
            raise Died
        return offsets

    def submit(self, records: Sequence[Outgoing]) -> Future[list[int]]:
        future: Future[list[int]] = Future()
        future.set_result(self.append(records))
        return future

    def close(self) -> None:
        """Nothing is open."""


class Small:
    """A world in memory whose gateway can be started as often as it dies."""

    def __init__(
        self,
        folder: Path,
        texts: list[rulesfile.Text] | None = None,
        start: int = day_start(date(2022, 6, 1)),
    ) -> None:
        """``texts``: the law; if absent the delivered one."""
        self.folder = folder
        keyfiles.generate(folder)
        texts = rulesfile.load_folder(root() / "rules") if texts is None else texts
        body, envelope = sign_genesis(
            Home(folder), texts, simulated=True, at=start, publisher="测试"
        )
        self.world = genesis.world_of(body)
        self.log = MemoryLog({name: one.partitions for name, one in topics().items()})
        self.log.append(
            [
                Outgoing(
                    lawlog.LAW_TOPIC,
                    0,
                    lawlog.GENESIS_KEY,
                    lawlog.genesis_value(envelope, start),
                    (("fuma-time", pack_time(start)),),
                )
            ]
        )
        self.mac_key = keyfiles.secret(folder, keyfiles.Key.MAC)
        self.vault = MemoryVault()
        self.committed: dict[tuple[str, int], Committed] = {}

    def send(
        self,
        receipt: str,
        events: list[dict[str, Any]],
        declared: int | None,
        department: str = "health",
        at: int = NOW,
    ) -> None:
        """A whole sending, its end included."""
        key, topic = receipt.encode(), in_topic(department)
        sealer = Intake(self.world.id, self.mac_key, simulated=True).sealers[department]
        to = public_key(keyfiles.gateway_public(self.folder))
        rows: list[tuple[str, int, bytes, bytes]] = [
            ("row", n, *seal_row(to, json.dumps(e).encode(), row_info(department, receipt, n)))
            for n, e in enumerate(events, 1)
        ]
        rows.append(("end", len(events), b"", b""))
        for kind, number, enc, sealed in rows:
            value = encode(
                "sealed-row",
                {
                    "receipt": receipt,
                    "kind": kind,
                    "row": number,
                    "declared": declared,
                    "enc": enc,
                    "sealed": sealed,
                },
            )
            headers = sealer.headers(topic, key, value, time=pack_time(at))
            partition = partition_for(key, 8)
            made = (*headers, (RUN_HEADER, b"run"))
            self.log.append([Outgoing(topic, partition, key, value, made)])

    def live(self, at: int, after: bool, *, save_dies: bool = False) -> bool:
        """Run a gateway to the end of the topic; whether it died on the way."""
        appender = Deadly(self.log, at, after)
        sealer = Sealer(self.world.id, self.mac_key)
        law = LawReader(self.log, sealer, self.world)
        law.poll()
        judge = Judge(keyfiles.gateway_key(self.folder), b"e" * 32)
        publisher = Publisher(
            self.world, sealer, appender, self.vault, judge, law, self.log.topic_id
        )
        staging = Staging(self.folder / "staging.db")
        gateway = Gateway(
            Intake(self.world.id, self.mac_key, simulated=True),
            publisher,
            staging,
            self.log,
            sealer,
            simulated=True,
            chunk=CHUNK,
            batch_age=86_400_000,
        )
        try:
            for place in [(t, p) for t in map(in_topic, DEPARTMENTS) for p in range(8)]:
                start = gateway.assigned(*place, self.committed.get(place))
                end = self.log.bounds(*place).end
                while start < end:
                    stop = min(start + CHUNK, end)
                    records = list(self.log.read(*place, start, stop))
                    gateway.handle(records, NOW)
                    gateway.settle()
                    if save_dies:
                        raise Died  # after (5), before (6)
                    self.commit(place, *gateway.committed(records).values())
                    start = stop
        except Died:
            return True
        finally:
            staging.close()
        return False

    def commit(self, place: tuple[str, int], done: Committed) -> None:
        """(6)"""
        self.committed[place] = done

    def tally(self, receipt: str, department: str = "health") -> Tally:
        """What a client makes of the answers."""
        tally = Tally()
        for raw in self.all(answers_topic(department)):
            if raw.key == receipt.encode():
                tally.add(decode("answer", raw.value), lambda _: None)
        return tally

    def all(self, topic: str) -> list[Any]:
        return [r for p in range(topics()[topic].partitions) for r in self.log.records[topic, p]]
