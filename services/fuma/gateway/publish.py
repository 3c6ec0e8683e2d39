"""From opened rows to records: the feed, the dead letters, the answers, in the order of writes."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from fuma.contracts.codec import Wire, encode
from fuma.contracts.errors import Fatal, Poison, Reason, Retryable
from fuma.contracts.facts import encode_feed
from fuma.contracts.faults import Fault, fault
from fuma.contracts.genesis import World
from fuma.contracts.lawlog import LAW_TOPIC, TICK_KEY, tick_value
from fuma.contracts.presence import encode_presence
from fuma.contracts.signals import encode_signal, signal_key, signals_of_door
from fuma.contracts.topics import INCIDENTS, ITINERARY, SIGNALS, feed_topic, partition_for, spec
from fuma.domain.time import MINUTE, Ms
from fuma.gateway.answers import Answers
from fuma.gateway.intake import Row
from fuma.gateway.itinerary import Said
from fuma.gateway.judge import Judge, Judged, Opened
from fuma.runtime.dead_letters import dead_letters
from fuma.runtime.kafka import STALL_S
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer, pack_origin, pack_time
from fuma.runtime.ports import Appender, LogRecord, Outgoing, SubjectKey, Vault

log = logging.getLogger("fuma.gateway")
DEAD_LETTERS = "fuma.dlq.in"
LAW_DEAD_LETTERS = "fuma.dlq.law"
#: Header on the feed: receipt, a colon, the row. Lineage, never identity, so not in the value.
RECEIPT_HEADER = "fuma-receipt"
_FORGED = (Reason.NO_MAC, Reason.BAD_MAC)


class Publisher:
    """Writes what a chunk gives. The caller commits after ``publish`` returned, never before."""

    def __init__(
        self,
        world: World,
        sealer: Sealer,
        appender: Appender,
        vault: Vault,
        judge: Judge,
        law: LawReader,
        topic_id: Callable[[str], bytes],
    ) -> None:
        self._world = world
        self._sealer = sealer
        self._appender = appender
        self._vault = vault
        self._judge = judge
        self._law = law
        self._topic_id = topic_id
        self._ticked: Ms = -1
        self._dlq = spec(DEAD_LETTERS).partitions

    @property
    def time(self) -> Ms:
        """Log time as ``law`` has it."""
        return self._law.log.time

    def tick(self, at: Ms) -> None:
        """Write a tick to ``law`` where ``at`` is in a later minute than the last one."""
        self._ticked = max(self._ticked, self._law.log.time)
        if at // MINUTE <= self._ticked // MINUTE:
            return
        self._ticked = at
        value = tick_value(at)
        stamp = pack_time(at) if self._world.simulated else None
        headers = self._sealer.headers(LAW_TOPIC, TICK_KEY, value, time=stamp)
        self._appender.append([Outgoing(LAW_TOPIC, 0, TICK_KEY, value, headers)])

    def publish(
        self,
        rows: Sequence[Row],
        dead: Sequence[tuple[LogRecord, Poison]],
        answers: Answers,
        at: Ms,
        early: Sequence[Row] = (),
    ) -> None:
        """Judge ``rows`` and write everything, in numbered steps.

        ``early`` are refused unopened: their simulated time is too far ahead of the log.

        (1) Judge: the vault mints tags. A crash: nothing is written; the same tags are found again.
        (2) The tick. A crash: the law knows the time, no row of it is there yet.
        (3) Feeds, dead letters and signals, every acknowledgement. A crash: written again, with the
            same id and content, so that ``codes`` and ``watch`` drop the repeat.
        (4) Answers. A crash: given again; the client counts by the last row answered.
        """
        letters = [one for raw, poison in dead for one in self._letters(raw, poison)]
        letters += self._incidents(dead, at)
        opened: list[Opened] = []
        verdicts: list[tuple[Row, tuple[Fault, ...], bool]] = []
        for row in early:
            letters += self._letters(row.raw, Poison(Reason.BAD_REPORT, "time-jump"))
            verdicts.append((row, (fault("", "time-jump"),), False))
        for row in rows:
            if row.end:
                continue
            try:
                opened.append(self._judge.open(row))
            except Poison as poison:
                letters += self._letters(row.raw, poison)
                verdicts.append((row, (fault("", "not-sealed-to-us"),), False))
        judged = self._judged(opened)  # (1)
        if self._world.simulated and at >= 0:
            self.tick(at)  # (2)
        feed = [self._fact(one) for one in judged if one.fact is not None]
        feed += [self._said(one, *pair) for one in judged for pair in enumerate(one.said)]
        for one in judged:
            if one.ends:
                letters += self._letters(one.opened.row.raw, Poison(Reason.BAD_REPORT, one.ends[0]))
        signals = self._signals(verdicts, judged, at)
        self._appender.append([*letters, *feed, *signals])  # (3)
        verdicts += [(one.opened.row, one.faults, one.fact is not None) for one in judged]
        # Within a receipt, answers keep the order of its rows: the client counts by the last one.
        for row, faults, recorded in sorted(verdicts, key=lambda v: v[0].raw.offset):
            if faults:
                answers.refused(row, faults, recorded=recorded)
            else:
                answers.accepted(row)

    def law_letters(self, found: Sequence[tuple[LogRecord, Poison]], at: Ms) -> None:
        """Dead letters of ``law``, with an incident: somebody wrote there who may not."""
        count = spec(LAW_DEAD_LETTERS).partitions
        letters = [
            one
            for raw, poison in found
            for one in dead_letters(raw, poison, LAW_DEAD_LETTERS, count)
        ]
        self._appender.append([*letters, *self._incidents(found, at, "not-law")])

    def alarm(self, code: str, what: str, at: Ms) -> None:
        """An incident that no record gave."""
        log.error("%s: %s", code, what)
        stated = max(at, self._law.log.time, 0)
        body = {
            "id": hashlib.sha256(f"{code}/{what}".encode()).digest()[:16],
            "at": stated,
            "code": code,
            "actor": "",
            "connection": "",
            "subject": "",
            "detail": what,
        }
        self._appender.append([self._incident(code.encode(), body, stated)])

    def _incident(self, key: bytes, body: Wire, at: Ms) -> Outgoing:
        value = encode("incident", body)
        stamp = pack_time(at) if self._world.simulated else None
        headers = self._sealer.headers(INCIDENTS, key, value, time=stamp)
        partition = partition_for(key, spec(INCIDENTS).partitions)
        return Outgoing(INCIDENTS, partition, key, value, headers)

    def answer(self, answers: Answers) -> Future[list[int]]:
        """Step (4): sent. ``acknowledged`` waits for it."""
        return self._appender.submit(list(answers.records()))

    def acknowledged(self, sent: Future[list[int]]) -> None:
        """Raises ``Fatal`` where it failed, or nothing came for too long."""
        try:
            sent.result(STALL_S)
        except FutureTimeout:
            raise Fatal(
                f"answers were not acknowledged for {STALL_S:g} s",
                "look at the broker's log; the process starts again by itself",
            ) from None

    def _judged(self, opened: Sequence[Opened]) -> list[Judged]:
        people = [one.person for one in opened]
        named = list(dict.fromkeys(person for person in people if person is not None))
        subjects = dict(zip(named, self._subjects(named), strict=True))
        law = self._law.law
        return [
            self._judge.judge(one, subjects[person] if person is not None else None, law)
            for one, person in zip(opened, people, strict=True)
        ]

    def _subjects(self, named: list[tuple[str, str]]) -> list[SubjectKey]:
        """Asks until the vault is there: a row waits for it, it is not refused."""
        while named:
            try:
                return self._vault.subjects(named)
            except Retryable as error:
                log.warning("waiting for the vault: %s", error)
                time.sleep(1.0)
        return []

    def _fact(self, one: Judged) -> Outgoing:
        fact, row = one.fact, one.opened.row
        assert fact is not None
        return self._of_row(row, feed_topic(row.department), one.tag, encode_feed(fact), 0)

    def _said(self, one: Judged, ordinal: int, said: Said) -> Outgoing:
        value = encode_presence(said.item)
        return self._of_row(one.opened.row, ITINERARY, said.key, value, 1 + ordinal)

    def _of_row(self, row: Row, topic: str, key: bytes, value: bytes, ordinal: int) -> Outgoing:
        """What follows from a row, with its lineage."""
        raw = row.raw
        headers = self._sealer.headers(
            topic,
            key,
            value,
            time=pack_time(row.at) if self._world.simulated else None,
            origin=pack_origin(self._topic_id(raw.topic), raw.partition, raw.offset, ordinal),
        )
        lineage = (RECEIPT_HEADER, f"{row.receipt}:{row.number}".encode())
        partition = partition_for(key, spec(topic).partitions)
        return Outgoing(topic, partition, key, value, (*headers, lineage))

    def _signals(
        self,
        unopened: Sequence[tuple[Row, tuple[Fault, ...], bool]],
        judged: Sequence[Judged],
        at: Ms,
    ) -> list[Outgoing]:
        """What oversight hears of the rows that end here: one for each file and province."""
        files: dict[tuple[str, str], list[tuple[int, str, list[str]]]] = {}
        for row, faults, _ in unopened:
            entry = row.number, "", [one.code for one in faults]
            files.setdefault((row.department, row.receipt), []).append(entry)
        for one in judged:
            if one.ends:
                row = one.opened.row
                report = one.opened.reading.report
                division = report.division if report is not None else ""
                entry = row.number, division, list(one.ends)
                files.setdefault((row.department, row.receipt), []).append(entry)
        return self._door(files, at)

    def quarantined(self, row: Row, count: int, code: str, at: Ms) -> None:
        """Oversight hears of a batch that is refused whole. A crash: told again, the same."""
        rows = [(number, "", [code]) for number in range(1, count + 1)]
        self._appender.append(self._door({(row.department, row.receipt): rows}, at))

    def _door(
        self, files: Mapping[tuple[str, str], Sequence[tuple[int, str, list[str]]]], at: Ms
    ) -> list[Outgoing]:
        made = []
        stamp = pack_time(max(at, 0)) if self._world.simulated else None
        for (department, receipt), refused in files.items():
            for signal in signals_of_door(department, receipt, at, refused):
                key, value = signal_key(signal), encode_signal(signal)
                headers = self._sealer.headers(SIGNALS, key, value, time=stamp)
                partition = partition_for(key, spec(SIGNALS).partitions)
                made.append(Outgoing(SIGNALS, partition, key, value, headers))
        return made

    def _letters(self, raw: LogRecord, poison: Poison) -> list[Outgoing]:
        return dead_letters(raw, poison, DEAD_LETTERS, self._dlq)

    def _incidents(
        self, dead: Sequence[tuple[LogRecord, Poison]], at: Ms, code: str = "forged-row"
    ) -> list[Outgoing]:
        """One for each partition on which somebody wrote without the key that it takes."""
        found: dict[tuple[str, int], tuple[LogRecord, Poison, int]] = {}
        for raw, poison in dead:
            if poison.reason in _FORGED or raw.topic == LAW_TOPIC:
                where = raw.topic, raw.partition
                first = found.get(where, (raw, poison, 0))
                found[where] = (first[0], first[1], first[2] + 1)
        made = []
        for (topic, partition), (raw, poison, count) in found.items():
            key = f"{topic}/{partition}".encode()
            mark = hashlib.sha256(key + raw.offset.to_bytes(8, "big")).digest()[:16]
            body = {
                "id": mark,
                "at": raw.timestamp if at < 0 else at,
                "code": code,
                "actor": "unauthenticated",
                "connection": f"appended {raw.timestamp} ms UTC by the broker's clock",
                "subject": "",
                "detail": f"{topic}/{partition}@{raw.offset}: {count} records, {poison}",
            }
            made.append(self._incident(key, body, max(at, 0)))
        return made
