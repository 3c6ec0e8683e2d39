"""A sink over memory: a ledger that real decisions made, a platform that can be broken."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fuma.contracts.decisions import FIRST, Cause, ledger_hash, split
from fuma.contracts.genesis import World
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.contracts.topics import DECISIONS, partition_for
from fuma.domain.codes.decide import advance
from fuma.domain.codes.events import Decision, Fact, FactKind, Identity
from fuma.domain.codes.state import EMPTY, State
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, HOUR, Ms
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.memory_log import MemoryLog
from fuma.runtime.platform import CodePlatform
from fuma.runtime.platform_memory import MemoryPlatform
from fuma.runtime.ports import LogRecord, Outgoing
from fuma.sink.service import Sink
from fuma.sink.settings import Settings

START: Ms = 1_655_136_000_000  # 14 June 2022, 00:00 in Asia/Shanghai
WORLD = World(bytes(range(16)), True, bytes(32))
COUNT = 2
TOPICS = {DECISIONS: COUNT, "fuma.dlq.decisions": 1, "fuma.incidents": 1}


@cache
def law() -> Law:
    """The books of the tree."""
    return law_of_texts(load_folder(root() / "rules"))


@dataclass
class Author:
    """Decides facts as the processor does, and gives ledger records."""

    dice: random.Random
    states: dict[bytes, State] = field(default_factory=dict)
    ends: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    decisions: dict[bytes, list[Decision]] = field(default_factory=dict)

    def fact(self, at: Ms, **given: object) -> Fact:
        """A report of 14 June 2022 or after: a case, a contact, or a release."""
        ground, kind, evidence = self.dice.choice(
            [
                ("confirmed", FactKind.FINDING, "diagnosis-report"),
                ("close-contact", FactKind.FINDING, "isolation-record"),
                ("suspected", FactKind.FINDING, "clinical-report"),
                ("confirmed", FactKind.RELEASE, "discharge-notice"),
                ("close-contact", FactKind.RELEASE, "release-notice"),
                ("inbound", FactKind.FINDING, "venue-scan"),
            ]
        )
        made = {
            "id": self.dice.randbytes(16), "content": self.dice.randbytes(32), "kind": kind,
            "department": "health", "division": "410105", "ground": ground,
            "since": at - self.dice.randrange(3) * HOUR, "until": None, "evidence_kind": evidence,
            "evidence_ref": self.dice.randbytes(32), "identity": Identity.MATCHED, "breaches": (),
            "reported": at, "sealed": b"",
        }  # fmt: skip
        return Fact(**{**made, **given})  # type: ignore[arg-type]

    def decide(self, tag: bytes, fact: Fact, at: Ms) -> list[bytes]:
        """The ledger values that follow."""
        decision, after = advance(self.states.get(tag, EMPTY), fact, at, law())
        if decision is None:
            return []
        self.states[tag] = after
        self.decisions.setdefault(tag, []).append(decision)
        seq, prev = self.ends.get(tag, (0, FIRST))
        cause = Cause(fact.id, bytes(16), 0, 0, bytes(32), fact.content)
        values = split(decision, cause, seq + 1, prev)
        self.ends[tag] = seq + len(values), ledger_hash(values[-1])
        return values


class ListSource:
    """``Source`` over a ``MemoryLog``."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._next: dict[int, int] = {}

    def start(self, offsets: Mapping[int, int]) -> None:
        self._next = dict(offsets)

    def poll(self, size: int, seconds: float) -> list[LogRecord]:
        found: list[LogRecord] = []
        for partition, start in self._next.items():
            end = min(self._log.bounds(DECISIONS, partition).end, start + size)
            found += self._log.read(DECISIONS, partition, start, end)
            self._next[partition] = end
        return found

    def ends(self) -> dict[int, int]:
        return {n: self._log.bounds(DECISIONS, n).end for n in self._next}

    def close(self) -> None: ...


class FixedClock:
    def now(self) -> Ms:
        return START + 400 * DAY


class Rig:
    """The sink with everything around it in memory."""

    def __init__(self, folder: Path, seed: int = 1, *, chunk: int = 7) -> None:
        self.sealer = Sealer(WORLD.id, bytes(32))
        self.platform_sealer = PlatformSealer(WORLD.id, b"p" * 32)
        self.log = MemoryLog(TOPICS)
        self.store = MemoryPlatform()
        self.author = Author(random.Random(seed))
        self.settings = Settings(folder, chunk=chunk, longest_backoff_s=0.0)
        self.sink = self.another()
        self.platform = CodePlatform(
            self.store, self.platform_sealer, simulated=True, partitions=COUNT,
            ends=lambda numbers: {n: self.log.bounds(DECISIONS, n).end for n in numbers},
            clock=FixedClock(),
        )  # fmt: skip

    def another(self, numbers: Sequence[int] | None = None) -> Sink:
        """A sink that has just been started, reading by itself."""
        self.source = ListSource(self.log)
        return Sink(
            self.settings, WORLD, self.sealer, self.platform_sealer, lambda: self.store,
            self.source, self.log, self.log, FixedClock(), numbers,
        )  # fmt: skip

    def append(self, tag: bytes, value: bytes, at: Ms, *, sealer: Sealer | None = None) -> int:
        time = pack_time(at)
        headers = (sealer or self.sealer).headers(DECISIONS, tag, value, time=time)
        where = partition_for(tag, COUNT)
        return self.log.append([Outgoing(DECISIONS, where, tag, value, headers)])[0]

    def live(self, subjects: int, decisions: int) -> list[bytes]:
        """Random lives; T rises by up to two days each."""
        tags = [self.author.dice.randbytes(16) for _ in range(subjects)]
        at = START
        for _ in range(decisions):
            at += self.author.dice.randrange(6 * HOUR)
            tag = self.author.dice.choice(tags)
            for value in self.author.decide(tag, self.author.fact(at), at):
                self.append(tag, value, at)
        return tags

    def drain(self, turns: int = 200) -> None:
        """Turn until everything is applied, and the guard has looked once more."""
        for _ in range(turns):
            self.sink.turn()
            if self.sink.caught_up():
                self.sink.turn()
                return
        raise AssertionError("the sink does not catch up")
