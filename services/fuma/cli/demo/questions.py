"""What demo, bench and tests ask of a running world: the log, the platform, the register."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, TopicPartition

from fuma.cli.demo import ledger
from fuma.cli.errors import CliError
from fuma.contracts import topics
from fuma.contracts.decisions import LedgerRecord
from fuma.contracts.facts import decode_fact, decode_person
from fuma.contracts.genesis import read_world
from fuma.contracts.sealing import open_subject
from fuma.contracts.signals import decode_signal
from fuma.domain.codes import events as e
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config, redis_client
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import Sealer
from fuma.runtime.platform import CodePlatform
from fuma.runtime.platform_writes import code_key
from fuma.runtime.ports import LogRecord
from fuma.runtime.vault import VaultClient

GROUP = "fuma.processor"
_PURPOSE = "demo"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Refusals on the ledger: how many, and of the first who reported it, when, and where it is."""

    count: int
    reporter: str
    at: Ms  # the broker's clock
    place: str


class Questions:
    """Asks the world of ``home``. One thread; close it."""

    def __init__(self, home: Home) -> None:
        self._home = home
        # Every topic, as the broker's administrator can.
        self.log = KafkaLogReader(kafka_config(home, "admin"))
        world = read_world(home.world)
        self.sealer = Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
        self._group: Consumer | None = None
        self._platform: CodePlatform | None = None

    def close(self) -> None:
        """Close the connections."""
        self.log.close()
        if self._group is not None:
            self._group.close()

    def count(self, topic: str) -> int:
        """Records that the topic holds."""
        return sum(end for end in self.ends(topic).values())

    def ends(self, topic: str) -> dict[int, int]:
        """Each partition's end offset."""
        partitions = range(topics.spec(topic).partitions)
        return {p: self.log.bounds(topic, p).end for p in partitions}

    def records(self, topic: str) -> Iterator[LogRecord]:
        """All of the topic's records."""
        return ledger.whole(self.log, topic)

    def decisions(self) -> Iterator[tuple[LogRecord, LedgerRecord]]:
        """The decisions ledger, without repeats and what no service wrote."""
        return ledger.ledger(self.log, self.sealer)

    def matches(self) -> dict[tuple[bytes, str], set[bytes]]:
        """(tag, ground) to the matches that stand, from ``person``."""
        newest: dict[bytes, tuple[int, bool, bytes, str]] = {}
        for raw in self.records(topics.PERSON):
            if not self.sealer.check(raw.topic, raw.key, raw.value, raw.headers):
                continue
            item = decode_person(raw.value)
            if isinstance(item, MatchFact) and item.revision >= newest.get(item.match, (-1,))[0]:
                newest[item.match] = item.revision, item.stands, raw.key or b"", item.ground
        found: dict[tuple[bytes, str], set[bytes]] = {}
        for match, (_, stands, tag, ground) in newest.items():
            if stands:
                found.setdefault((tag, ground), set()).add(match)
        return found

    def tally(self) -> ledger.Tally:
        """The ledger, counted."""
        return ledger.tally(self.log, self.sealer)

    def latencies(self, since: Ms = 0) -> ledger.Latencies:
        """From the door to the ledger, of reports that came in at ``since`` or later."""
        return ledger.Lineage(self.log, self.sealer).latencies(since)

    # --- how far it is --------------------------------------------------------------------------

    def drained(self, patience: float = 120.0, alive: Callable[[], None] = lambda: None) -> None:
        """Until every report that was answered is decided and on the platform."""
        until = time.monotonic() + patience
        while (behind := self.behind()) > 0:
            if time.monotonic() > until:
                raise CliError(
                    f"{behind:,} records are still under way after {patience:.0f} s",
                    f"see {self._home.logs}",
                )
            alive()
            time.sleep(0.05)

    def behind(self) -> int:
        """Records that a stage or the sink has not taken in yet."""
        flow = (*topics.feeds(), topics.ITINERARY, topics.PRESENCE, topics.PERSON, topics.DECISIONS)
        return self._first_behind(flow) or self._sink_behind()

    def _first_behind(self, names: Sequence[str]) -> int:
        """In the order in which they flow: what lies before the first stage that is behind."""
        if self._group is None:
            config = {**kafka_config(self._home, "admin"), "group.id": GROUP}
            self._group = Consumer({**config, "enable.auto.commit": False})
        for name in names:
            wanted = [TopicPartition(name, p) for p in range(topics.spec(name).partitions)]
            # Positions first: what a stage writes on its own topic meanwhile counts as missing.
            found = self._group.committed(wanted, timeout=30)
            ends = self.ends(name)
            missing = sum(ends[one.partition] - max(0, one.offset) for one in found)
            if missing:
                return missing
        return 0

    def _sink_behind(self) -> int:
        ends = self.ends(topics.DECISIONS)
        positions = self.platform.positions()
        return sum(
            end - (position.applied + 1 if (position := positions.get(p)) else 0)
            for p, end in ends.items()
        )

    # --- the platform ---------------------------------------------------------------------------

    @property
    def platform(self) -> CodePlatform:
        """The code platform, as its reader."""
        if self._platform is None:
            self._platform = CodePlatform.of(self._home)
        return self._platform

    def colours(self, tags: Sequence[bytes]) -> list[str | None]:
        """What the platform says of each now; ``None``: it gives no answer."""
        return [self.platform.colour(tag) for tag in tags]

    def red_entry(self) -> bytes:
        """The platform's own record of somebody who is red, as it stands in Redis."""
        client = redis_client(self._home, "admin")
        try:
            for raw, record in self.decisions():
                if raw.key is None or not any(isinstance(x, e.Effective) for x in record.events):
                    continue
                if self.platform.colour(raw.key) == "red":
                    value = client.get(code_key(raw.key))
                    if isinstance(value, bytes):
                        return value
        finally:
            client.close()
        raise CliError("nobody is red in this world: there is nothing to copy")

    # --- people ---------------------------------------------------------------------------------

    def load(
        self,
        holders: Sequence[tuple[str, str]],
        progress: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Put holders into the register."""
        vault = VaultClient(self._home.path, "holders-loader", who="demo")
        try:
            for start in range(0, len(holders), 1_000):
                part = holders[start : start + 1_000]
                vault.load(part)
                progress(len(part))
        finally:
            vault.close()

    def mint(self, people: Sequence[tuple[str, str]]) -> list[bytes]:
        """Subject tags of (number, name) pairs, as the gateway finds or mints them."""
        vault = VaultClient(self._home.path, "gateway", who="demo")
        try:
            return [one.tag for one in vault.subjects(people)]
        finally:
            vault.close()

    def refusals(self, tags: Iterable[bytes], department: str, code: str) -> Recorded:
        """Refusals of this department's reports on these people for a reason, from the ledger."""
        wanted = set(tags)
        count, first = 0, None
        for raw, record in self.decisions():
            if raw.key not in wanted:
                continue
            for event in record.events:
                if not isinstance(event, e.Refused) or event.department != department:
                    continue
                if code in event.codes:
                    count += 1
                    first = first or (raw, record.cause.partition, record.cause.offset)
        if first is None:
            return Recorded(0, "not recorded", 0, "")
        raw, partition, offset = first
        place = f"{raw.topic}/{raw.partition} at {raw.offset} and following"
        return Recorded(count, self._reporter(partition, offset), raw.timestamp, place)

    def at_the_door(self, department: str, code: str) -> int:
        """Rows of this department that ended at the door for a reason, as oversight heard it."""
        counts: dict[bytes, int] = {}
        for raw in self.records(topics.SIGNALS):
            if self.sealer.check(raw.topic, raw.key, raw.value, raw.headers):
                signal = decode_signal(raw.value)
                if (signal.kind, signal.actor) == ("door", department) and code in signal.codes:
                    counts[signal.id] = signal.count
        return sum(counts.values())

    def _reporter(self, partition: int, offset: int) -> str:
        """Who reported the fact at that place of ``person``, opened with the subject's key."""
        raw = next(self.log.read(topics.PERSON, partition, offset, offset + 1))
        fact = decode_fact(raw.value)
        vault = VaultClient(self._home.path, "auditor", who="demo")
        try:
            key = vault.keys([raw.key or b""], purpose=_PURPOSE)[0]
        finally:
            vault.close()
        return open_subject(key, fact.sealed, fact.id)["reporter"] if key else "sealed"

    def history(self, number: str, purpose: str) -> str:
        """A person's history as `fuma history` prints it for an auditor."""
        command = [sys.executable, "-m", "fuma.cli.main", "history", f"id:{number}"]
        done = subprocess.run(
            [*command, "--purpose", purpose],
            env={**os.environ, "FUMA_HOME": str(self._home.path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise CliError(f"no history: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout
