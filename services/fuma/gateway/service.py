"""The gateway's loop: chunk by chunk, done only when its results are durable."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace

from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.contracts.lawlog import LAW_TOPIC
from fuma.domain.time import DAY, Ms
from fuma.gateway.answers import Answers
from fuma.gateway.batches import INCOMPLETE, Batch, Key, Place, Step
from fuma.gateway.intake import Intake, Row
from fuma.gateway.publish import Publisher
from fuma.gateway.staging import Staging
from fuma.runtime.mac import Sealer
from fuma.runtime.marks import Committed, Marker, value_hash
from fuma.runtime.ports import LogReader, LogRecord

log = logging.getLogger("fuma.gateway")
#: A simulated day goes by in seconds, a department's mistake in the year must not.
MAX_JUMP: Ms = 31 * DAY


class Gateway:
    """Handles chunks of ``in.*``. Knows nothing of consumer groups: ``__main__`` wires those."""

    def __init__(
        self,
        intake: Intake,
        publisher: Publisher,
        staging: Staging,
        reader: LogReader,
        sealer: Sealer,
        *,
        simulated: bool,
        chunk: int,
        batch_age: Ms,
        max_jump: Ms = MAX_JUMP,
    ) -> None:
        """``max_jump``: how far ahead of the log a row of a simulated world may move its time."""
        self._intake = intake
        self._publisher = publisher
        self._staging = staging
        self._reader = reader
        self._sealer = sealer
        self._simulated = simulated
        self._chunk = chunk
        self._age = batch_age
        self._max_jump = max_jump
        self.time: Ms = -1  # highest log time seen
        self._ids: dict[str, bytes] = {}
        self._folded: dict[Place, int] = {}
        #: By place: what is read next, and where it ended when it was assigned.
        self._behind: dict[Place, tuple[int, int]] = {}
        self._told: Future[list[int]] | None = None  # the newest answers, sent
        self._unsaved: Sequence[LogRecord] = ()  # the newest chunk

    def topic_id(self, topic: str) -> bytes:
        """A topic's UUID, asked once."""
        found = self._ids.get(topic)
        if found is None:
            found = self._ids[topic] = self._reader.topic_id(topic)
        return found

    def committed(self, records: Sequence[LogRecord]) -> dict[Place, Committed]:
        """What the group shall say once ``records`` are done, with the mark that we go by."""
        last = {(raw.topic, raw.partition): raw for raw in records}
        return {
            place: self._marker(*place).committed(raw.offset + 1, value_hash(raw))
            for place, raw in last.items()
        }

    def _marker(self, topic: str, partition: int) -> Marker:
        return Marker(self._sealer, "gateway", topic, self.topic_id(topic), partition)

    def assigned(self, topic: str, partition: int, committed: Committed | None) -> int:
        """Take a partition over; the offset to read from.

        That is the group's, if its mark is ours, else what the staging file knows to be done, else
        the first record. Raises ``Fatal`` where the log lost its tail or rows expired unread.

        The staging file may be behind (another machine had the partition) or gone: then the topic
        is folded up to ``committed``, which publishes nothing. It may be ahead, where a crash fell
        between saving and committing: declared batches up to there are done.
        """
        bounds = self._reader.bounds(topic, partition)
        start = self._marker(topic, partition).resume(committed, self._reader, self._alarm).offset
        held = self._staging.position(topic, partition, self.topic_id(topic))
        if held is None:
            self._staging.clear(topic, partition)
            held = bounds.start
        elif held > bounds.end:
            raise Fatal(
                f"{topic}/{partition}: {held} is done, the log ends at {bounds.end}",
                "stop, and compare the log with its copies before anything is repaired",
            )
        elif committed is None or start != committed.offset:
            start = max(start, held)
        self._staging.take(topic, partition)
        for raw in self._reader.read(topic, partition, max(held, bounds.start), start):
            try:
                row = self._intake.take(raw)
            except Poison:
                continue
            if row.declared is not None or self._staging.knows(row):
                self._staging.note(row)
        self._folded[topic, partition] = max(held, start)
        self._behind[topic, partition] = start, bounds.end
        return start

    def resume(self, topic: str, partition: int, committed: Committed | None) -> int:
        """Where to read on in a topic of which nothing is staged. Raises ``Fatal`` as above."""
        return self._marker(topic, partition).resume(committed, self._reader, self._alarm).offset

    def _alarm(self, kind: str, what: str) -> None:
        self._publisher.alarm(kind, what, self.time)

    def revoked(self, topic: str, partition: int) -> None:
        """Another worker has it now."""
        self._staging.drop(topic, partition)
        self._folded.pop((topic, partition), None)
        self._behind.pop((topic, partition), None)

    def handle(self, records: Sequence[LogRecord], now: Ms) -> None:
        """One chunk, up to its answers, which are sent and may not be durable yet.

        ``now``: wall clock. Steps (1) to (4) are ``Publisher.publish``'s. ``settle`` ends the
        chunk: while its answers are acknowledged, the next one is fetched.
        """
        self.settle()
        rows: list[Row] = []
        dead: list[tuple[LogRecord, Poison]] = []
        early: list[Row] = []
        answers = self._answers()
        for raw in records:
            try:
                row = self._intake.take(raw)
            except Poison as poison:
                dead.append((raw, poison))
                continue
            if self._simulated and row.at > (latest := self._latest()) + self._max_jump:
                row = replace(row, at=latest)
                if not row.end:
                    early.append(row)
                    continue
            self.time = max(self.time, row.at)
            if row.declared is None and not self._staging.knows(row):
                rows.append(row)
                continue
            if raw.offset < self._folded.get((raw.topic, raw.partition), 0):
                continue
            batch, step = self._staging.note(row)
            if step is Step.STAGED:
                answers.staged(row, batch.count)
                continue
            # What came before goes first: a receipt's answers keep their order.
            self._flush(rows, dead, early, answers)
            rows, dead, early, answers = [], [], [], self._answers()
            if step is Step.COMPLETE:
                self._publish_batch(row, batch)
            elif step is Step.REFUSED:
                self._refuse_batch(row, batch)
            elif not row.end:
                dead.append((raw, Poison(Reason.BAD_REPORT, batch.code)))
        self._flush(rows, dead, early, answers)
        for raw in records:
            place = raw.topic, raw.partition
            self._behind[place] = raw.offset + 1, self._behind.get(place, (0, 0))[1]
        self._expire(self.time if self._simulated else now)
        self._unsaved = records

    def settle(self) -> None:
        """Wait for the answers of the last chunk, then (5) save the staging file.

        A crash before that: the chunk comes again, complete batches are published again with the
        same ids. The caller then commits (6). A crash before that: the chunk comes again, declared
        batches in it are known to be done, the other rows are written again with the same ids.
        """
        self._wait()
        if self._unsaved:
            self._save(self._unsaved)
            self._unsaved = ()

    def _tell(self, answers: Answers) -> None:
        """(4) One sending is under way at a time, so that a large batch does not pile up."""
        self._wait()
        self._told = self._publisher.answer(answers)

    def _wait(self) -> None:
        if self._told is not None:
            self._publisher.acknowledged(self._told)
            self._told = None

    def law_letters(self, found: Sequence[tuple[LogRecord, Poison]]) -> None:
        """Keep what stands on ``law`` and is none, each once however often it is read."""
        if not found:
            return
        self.settle()
        uuid = self.topic_id(LAW_TOPIC)
        done = self._staging.position(LAW_TOPIC, 0, uuid) or 0
        self._publisher.law_letters([one for one in found if one[0].offset >= done], self.time)
        self._staging.save([((LAW_TOPIC, 0), uuid, found[-1][0].offset + 1)])

    def _answers(self) -> Answers:
        return Answers(self._intake.sealers, simulated=self._simulated)

    def _latest(self) -> Ms:
        """Log time so far: what was seen here, and what the law was told."""
        return max(self.time, self._publisher.time)

    def _flush(
        self,
        rows: Sequence[Row],
        dead: Sequence[tuple[LogRecord, Poison]],
        early: Sequence[Row],
        answers: Answers,
    ) -> None:
        """``early``: rows whose simulated time is too far ahead; they end at the door."""
        self._publisher.publish(rows, dead, answers, self.time, early)
        for row in rows:
            if row.end:
                answers.closed(row, row.number)
        self._tell(answers)

    def _of_batch(self, topic: str, partition: int, batch: Batch, like: Row) -> Iterator[Row]:
        """The batch's rows, read again from where they stand."""
        for raw in self._reader.read(topic, partition, batch.first, batch.last + 1):
            if raw.key != like.receipt.encode():
                continue
            try:
                row = self._intake.take(raw)
            except Poison:
                continue  # was set aside when it came
            if row.run == like.run and not row.end:
                yield row

    def _publish_batch(self, end: Row, batch: Batch) -> None:
        topic, partition = end.raw.topic, end.raw.partition
        number = 0
        for part in _parts(self._of_batch(topic, partition, batch, end), self._chunk):
            fresh = []
            for row in part:
                if row.number == number + 1:  # a row that came twice is published once
                    number += 1
                    fresh.append(row)
            self._flush(fresh, (), (), self._answers())
        answers = self._answers()
        answers.closed(end, batch.declared)
        self._tell(answers)

    def _refuse_batch(self, row: Row, batch: Batch) -> None:
        """Quarantine whole: every row that came, still sealed; nothing goes to the feed."""
        log.warning(
            "batch %s of %s refused: %d of %d rows, %s",
            row.receipt, row.department, batch.count, batch.declared, batch.code,
        )  # fmt: skip
        place = row.raw.topic, row.raw.partition
        for part in _parts(self._of_batch(*place, batch, row), self._chunk):
            dead = [(one.raw, Poison(Reason.BAD_REPORT, batch.code)) for one in part]
            self._publisher.publish((), dead, self._answers(), self.time)
        if batch.count:
            self._publisher.quarantined(row, batch.count, batch.code, self.time)
        answers = self._answers()
        answers.closed(row, batch.count, batch.code)
        self._tell(answers)

    def _expire(self, now: Ms) -> None:
        for key, batch in list(self._staging.expired(now, self._age, self._caught_up)):
            if not batch.code:
                self._refuse_batch(_row_of(key, batch, now), _incomplete(batch))

    def _caught_up(self, place: Place) -> bool:
        """Whether what stood there when it was assigned has been read: the end of a batch that is a
        day old may stand there, after a day without a gateway, or where all is done again."""
        done, end = self._behind.get(place, (0, 0))
        return done >= end

    def _save(self, records: Sequence[LogRecord]) -> None:
        ends: dict[Place, int] = {}
        for raw in records:
            ends[raw.topic, raw.partition] = raw.offset + 1
        for place, end in ends.items():
            self._folded[place] = max(end, self._folded.get(place, 0))
        self._staging.save((place, self.topic_id(place[0]), self._folded[place]) for place in ends)


def _parts(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) >= size:
            yield part
            part = []
    if part:
        yield part


def _incomplete(batch: Batch) -> Batch:
    return Batch(
        batch.department, batch.declared, batch.first, batch.last, batch.count, batch.opened,
        INCOMPLETE,
    )  # fmt: skip


def _row_of(key: Key, batch: Batch, at: Ms) -> Row:
    topic, partition, receipt, run = key
    raw = LogRecord(topic, partition, batch.last, at, receipt.encode(), None, ())
    return Row(raw, batch.department, receipt, run, 0, batch.declared, True, at, b"", b"")
