"""A world with its door open: a stack of its own, genesis, vault, gateway; and made events."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fuma.cli.law_genesis import write_genesis
from fuma.contracts import rulesfile
from fuma.contracts.facts import decode_feed
from fuma.contracts.resources import root
from fuma.contracts.topics import feed_topic, spec
from fuma.domain.codes.events import Fact
from fuma.domain.time import Ms, day_start
from fuma.feed import FeedClient, RefusedRow, Summary, json_lines
from fuma.feed.lines import receipt_number
from fuma.runtime import vault
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.ports import LogRecord

DAY = date(2022, 6, 14)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(i: int) -> str:
    """A made, valid identity number; another for each ``i``."""
    born = date(1950, 1, 1) + timedelta(days=i % 20_000)
    body = f"410105{born:%Y%m%d}{i // 20_000:03d}"
    return body + "10X98765432"[sum(w * int(c) for w, c in zip(_WEIGHTS, body, strict=True)) % 11]


def name(i: int) -> str:
    """A made name that no other file holds."""
    return f"验试甲乙{i}"


def event(i: int, **change: Any) -> dict[str, Any]:
    """A report that every rule accepts; ``change`` goes into ``data`` (``None`` takes out)."""
    data: dict[str, Any] = {
        "id": number(i),
        "name": name(i),
        "division": "410105",
        "ground": "confirmed",
        "from": "2022-06-14",
        "evidence": {"kind": "diagnosis-report", "number": f"DX-{i}"},
        "reporter": "报告员丙丁",
    }
    data.update(change)
    return {
        "specversion": "1.0",
        "id": f"case-{i}",
        "source": "//henan.example/cdc",
        "type": "fuma.finding.v1",
        "time": "2022-06-14T09:00:00+08:00",
        "data": {key: value for key, value in data.items() if value is not None},
    }


def _said(kind: str, department: str, i: int, data: dict[str, Any]) -> dict[str, Any]:
    made = event(i)
    return {
        **made,
        "id": f"{kind}-{i}",
        "source": f"//henan.example/{department}",
        "type": f"fuma.{kind}.v1",
        "data": {key: value for key, value in data.items() if value is not None},
    }


def presence(i: int, **change: Any) -> dict[str, Any]:
    """Communications: person ``i`` was in a cell of Zhengzhou from seven to eight."""
    data = event(i)["data"] | {
        "from": "2022-06-14T07:00:00+08:00",
        "until": "2022-06-14T08:00:00+08:00",
        "place": {"latitude": "34.7466", "longitude": "113.6254"},
        "evidence": {"kind": "signal-record", "number": f"SIG-{i}"},
        "ground": None,
    }
    return _said("presence", "mobile", i, data | change)


def ride(i: int, **change: Any) -> dict[str, Any]:
    """Transport: person ``i`` took a train."""
    data = presence(i)["data"] | {
        "place": {
            "vehicle": "train", "number": "g1234", "date": "2022-06-14", "carriage": 3,
            "seat": "12F",
        },
        "evidence": {"kind": "ticket-record", "number": f"T-{i}"},
    }  # fmt: skip
    return _said("presence", "rail", i, data | change)


def case(i: int, **change: Any) -> dict[str, Any]:
    """The CDC: person ``i`` is a confirmed case since the 12th."""
    data = event(i)["data"] | {
        "onset": "2022-06-12",
        "isolated": "2022-06-14T08:30:00+08:00",
        "from": None,
    }
    return _said("case", "cdc", i, data | change)


def area(i: int, **change: Any) -> dict[str, Any]:
    """The command: a cell and a county are at high risk."""
    data = {
        "division": "4101",
        "cells": ["4829/40876"],
        "divisions": ["410105"],
        "from": "2022-06-14T00:00:00+08:00",
        "evidence": {"kind": "command-document", "number": f"17-{i}"},
        "reporter": "报告员丙丁",
    }
    return _said("area", "command", i, data | change)


def wrong_number(i: int) -> str:
    """The number of ``i`` with another check digit."""
    good = number(i)
    return good[:17] + ("1" if good[17] != "1" else "2")


def lines_of(events: Iterable[dict[str, Any]]) -> bytes:
    """A file of CloudEvents."""
    return b"".join(json.dumps(e, ensure_ascii=False).encode() + b"\n" for e in events)


class Door:
    """Everything that stands between a department and the feed."""

    def __init__(self, *, simulated: bool = True) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fuma-door-"))
        self.home = Home(self._folder / ".fuma")
        self.gateway: subprocess.Popen[bytes] | None = None
        try:
            self._begin(simulated)
        except BaseException:
            stack.down(self.home)  # a world that did not begin leaves nothing running
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _begin(self, simulated: bool) -> None:
        stack.up(self.home)
        texts = rulesfile.load_folder(root() / "rules")
        start = day_start(date(2022, 6, 1)) if simulated else int(time.time() * 1_000)
        write_genesis(self.home, texts, simulated=simulated, at=start, publisher="测试")
        self.vault = self.start("vault")
        while not vault.address_path(self.home.path).exists():
            assert self.vault.poll() is None, "the vault stopped"
            time.sleep(0.05)

    def start(self, service: str) -> subprocess.Popen[bytes]:
        """A service as a process; what it says goes to a log file."""
        self.home.logs.mkdir(parents=True, exist_ok=True)
        with (self.home.logs / f"{service}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"fuma.{service}", "--home", str(self.home.path)],
                stdout=log,
                stderr=log,
            )

    def open(self) -> None:
        """Start the gateway."""
        self.gateway = self.start("gateway")

    def kill(self) -> None:
        """SIGKILL the gateway."""
        assert self.gateway is not None
        assert self.gateway.poll() is None, self.log("gateway")
        self.gateway.kill()
        self.gateway.wait()

    def log(self, service: str) -> str:
        """What a service has said."""
        return (self.home.logs / f"{service}.log").read_text("utf-8", "replace")

    def close(self) -> None:
        """Stop what was started; the gateway and the vault must stop by themselves."""
        codes = []
        for process in (self.gateway, self.vault):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                codes.append(process.wait(30))
        stack.down(self.home)
        shutil.rmtree(self._folder, ignore_errors=True)
        assert set(codes) <= {0}, codes

    def report(
        self,
        events: bytes | Iterable[dict[str, Any]],
        department: str = "health",
        **options: Any,
    ) -> tuple[Summary, list[RefusedRow]]:
        """Through the client, in this process."""
        data = events if isinstance(events, bytes) else lines_of(events)
        path = self._folder / "report.jsonl"
        path.write_bytes(data)
        receipt = receipt_number(department, hashlib.sha256(data).digest())
        refused: list[RefusedRow] = []
        with (
            FeedClient.open(self.home.path, department, patience=60) as client,
            path.open("rb") as file,
        ):
            summary = client.report(
                json_lines(file), receipt=receipt, on_refused=refused.append, **options
            )
        return summary, refused

    def fuma(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "fuma.cli.main", *words],
            env={**os.environ, "FUMA_HOME": str(self.home.path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def records(self, topic: str, user: str = "auditor") -> list[LogRecord]:
        """All of a topic."""
        reader = KafkaLogReader(kafka_config(self.home, user))
        try:
            return list(_all(reader, topic))
        finally:
            reader.close()

    def facts(self, department: str = "health") -> list[Fact]:
        """What stands on a department's feed, repeats included."""
        return [decode_feed(r.value) for r in self.records(feed_topic(department), "admin")]


def _all(reader: KafkaLogReader, topic: str) -> Iterator[LogRecord]:
    for partition in range(spec(topic).partitions):
        bounds = reader.bounds(topic, partition)
        yield from reader.read(topic, partition, bounds.start, bounds.end)


def unique(facts: Sequence[Fact]) -> dict[bytes, Fact]:
    """By id; every repeat must be the same, to the byte."""
    found: dict[bytes, Fact] = {}
    for fact in facts:
        assert found.setdefault(fact.id, fact) == fact, "a repeat with another content"
    return found


def at(hour: int, day: int = 14) -> Ms:
    """An instant of June 2022."""
    return day_start(date(2022, 6, day)) + hour * 3_600_000
