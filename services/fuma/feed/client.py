"""Sends a department's reports and waits for the answers.

Memory is bounded: at most ``WINDOW`` reports are under way (taken in neither by the broker nor by
the gateway), nothing is kept of a row that was sent. Sent again, the same file has the same receipt
and the same event ids, so nothing counts twice.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from fuma.contracts.codec import encode
from fuma.contracts.errors import Fatal, Refusal, Retryable
from fuma.contracts.faults import fault
from fuma.contracts.genesis import World, read_world
from fuma.contracts.sealing import public_key, row_info, seal_row
from fuma.contracts.topics import DEPARTMENTS, in_topic, partition_for, spec
from fuma.domain.time import Ms
from fuma.feed.answers import RUN_HEADER, AnswerReader, RowIndex, Tally, refused_row
from fuma.feed.lines import Line, RefusedRow, event_time
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

#: Reports sent that the gateway has not yet said it took in, at most.
WINDOW = 10_000
#: Reports handed to the producer at once.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    sent: int
    answered: int
    accepted: int
    refused: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How it ended. ``refused`` counts reports that were refused, here or by the gateway."""

    receipt: str
    department: str
    sent: int
    accepted: int
    refused: int
    refused_here: int
    code: str  # why the batch as a whole was refused, or ""
    waited: bool


class FeedClient:
    """One department's way in. Holds one producer; ``report`` may be called again and again."""

    def __init__(
        self,
        department: str,
        *,
        kafka: Mapping[str, str],
        gateway: bytes,
        world: World,
        key: bytes,
        patience: float = 120.0,
    ) -> None:
        """``gateway``: its public key. ``key``: the department's own, for ``fuma-mac``.

        ``patience``: seconds without any answer until it gives up waiting.
        """
        if department not in DEPARTMENTS:
            raise Refusal(f"no department {department}", f"one of {', '.join(DEPARTMENTS)}")
        self.department = department
        self._kafka = dict(kafka)
        self._gateway = public_key(gateway)
        self._world = world
        self._sealer = Sealer(world.id, key)
        self._patience = patience
        self._topic = in_topic(department)
        self._appender = KafkaAppender(self._kafka)

    @classmethod
    def open(cls, home: Path, department: str, *, patience: float = 120.0) -> FeedClient:
        """With what lies under ``home``. Raises ``Refusal`` where something is missing."""
        if department not in DEPARTMENTS:
            raise Refusal(f"no department {department}", f"one of {', '.join(DEPARTMENTS)}")
        user = f"dept-{department}"
        if not (home / "credentials" / f"{user}.json").exists():
            raise Refusal(
                f"no credentials for department {department} in {home}/credentials",
                "`fuma up` makes those of the embedded broker; else ask the broker's operator",
            )
        return cls(
            department,
            kafka=kafka_config(Home(home.absolute()), user),
            gateway=keyfiles.gateway_public(home),
            world=read_world(home / "world.json"),
            key=department_secret(home, department),
            patience=patience,
        )

    def __enter__(self) -> FeedClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Flush and close the producer."""
        self._appender.close()

    def report(
        self,
        lines: Iterable[Line],
        *,
        receipt: str,
        declared: int | None = None,
        now: Ms | None = None,
        wait: bool = True,
        on_refused: Callable[[RefusedRow], None] = lambda _: None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> Summary:
        """Send ``lines`` under ``receipt``; with ``wait``, until the last of them is answered.

        ``declared``: reports that the batch says it has; the gateway publishes it only whole.
        ``now``: log time in a simulated world; without it each event's own ``time``.
        Raises ``Retryable`` where no answer came for ``patience`` seconds: what was sent stands.
        """
        run = secrets.token_bytes(8)
        # Answers carry a MAC under the key that department and gateway share.
        reader = (
            AnswerReader(self._kafka, self.department, receipt, run, self._sealer) if wait else None
        )
        index = RowIndex()
        try:
            sending = _Sending(self, receipt, run, declared, now, index, reader)
            sending.on_refused, sending.on_progress = on_refused, on_progress
            sending.send(lines)
            if reader is not None:
                sending.drain()
            return sending.summary()
        finally:
            index.close()
            if reader is not None:
                reader.close()


class _Sending:
    """One call of ``report``."""

    def __init__(
        self,
        client: FeedClient,
        receipt: str,
        run: bytes,
        declared: int | None,
        now: Ms | None,
        index: RowIndex,
        reader: AnswerReader | None,
    ) -> None:
        self._client = client
        self._receipt = receipt
        self._key = receipt.encode()
        self._run = run
        self._declared = declared
        self._now = now
        self._time: Ms | None = now
        self._index = index
        self._reader = reader
        topic = client._topic
        self._partition = partition_for(self._key, spec(topic).partitions)
        self._tally = Tally()
        self._here = 0
        self._heard = time.monotonic()
        self.on_refused: Callable[[RefusedRow], None] = lambda _: None
        self.on_progress: Callable[[Progress], None] = lambda _: None

    def send(self, lines: Iterable[Line]) -> None:
        batch: list[Outgoing] = []
        for line in lines:
            if line.event is not None and self._simulated_time(line):
                number = self._index.add(line.row)
                batch.append(self._row(number, line.event))
                if len(batch) >= _BATCH:
                    self._append(batch)
                    batch = []
                    if self._tally.closed:
                        break  # refused as a whole: what follows would be refused too
            elif line.event is None:
                self._refuse_here(line)
        batch.append(self._end())
        self._append(batch)

    def _simulated_time(self, line: Line) -> bool:
        """In a simulated world, set the log time; a report without any is refused here."""
        if not self._client._world.simulated or self._now is not None:
            return True
        assert line.event is not None
        found = event_time(line.event)
        self._time = found if found is not None else self._time
        if self._time is None:
            self._refuse_here(Line(line.row, None, (fault("time", "bad-time"),)))
            return False
        return True

    def _refuse_here(self, line: Line) -> None:
        self._here += 1
        for one in line.faults:
            self.on_refused(RefusedRow(line.row, one.field, one.code, one.zh, one.en, False))

    def _row(self, number: int, event: bytes) -> Outgoing:
        info = row_info(self._client.department, self._receipt, number)
        enc, sealed = seal_row(self._client._gateway, event, info)
        return self._record("row", number, enc, sealed)

    def _end(self) -> Outgoing:
        if self._client._world.simulated and self._time is None:
            self._time = 0  # nothing was sent that has a time: the end is all there is
        return self._record("end", self._index.count, b"", b"")

    def _record(self, kind: str, row: int, enc: bytes, sealed: bytes) -> Outgoing:
        client = self._client
        value = encode(
            "sealed-row",
            {
                "receipt": self._receipt,
                "kind": kind,
                "row": row,
                "declared": self._declared,
                "enc": enc,
                "sealed": sealed,
            },
        )
        simulated = client._world.simulated and self._time is not None
        at = pack_time(self._time or 0) if simulated else None
        headers = client._sealer.headers(client._topic, self._key, value, time=at)
        return Outgoing(
            client._topic, self._partition, self._key, value, (*headers, (RUN_HEADER, self._run))
        )

    def _append(self, batch: list[Outgoing]) -> None:
        self._client._appender.append(batch)
        self._hear(0.0)
        while self._reader is not None and not self._tally.closed:
            if self._index.count - self._tally.seen <= WINDOW:
                break
            self._hear(0.2)

    def drain(self) -> None:
        """Wait until everything that was sent is answered."""
        while not self._tally.closed:
            self._hear(0.2)

    def _hear(self, timeout: float) -> None:
        if self._reader is None:
            self.on_progress(Progress(self._index.count, 0, 0, self._here))
            return
        answers = self._reader.poll(timeout)
        for answer in answers:
            self._tally.add(answer, lambda one: self.on_refused(refused_row(one, self._index)))
        if answers or not timeout:
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > self._client._patience:
            raise Retryable(
                f"the gateway has not answered for {self._client._patience:.0f} s; what was sent "
                f"under {self._receipt} stands",
                "send the file again once the gateway runs: nothing counts twice",
            )
        tally = self._tally
        refused = tally.refused + self._here
        self.on_progress(Progress(self._index.count, tally.answered, tally.accepted, refused))

    def summary(self) -> Summary:
        tally = self._tally
        whole = bool(tally.code)
        accepted = 0 if whole else tally.accepted
        refused = self._here + (self._index.count if whole else tally.refused)
        return Summary(
            self._receipt,
            self._client.department,
            self._index.count,
            accepted,
            refused,
            self._here,
            tally.code,
            self._reader is not None,
        )


def department_secret(home: Path, department: str) -> bytes:
    """The department's own key (32 bytes). Raises ``Refusal`` where this home has none."""
    path = keyfiles.department_path(home, department)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refusal(
            f"no key for department {department} ({path}: {error.strerror})",
            "`fuma law genesis` makes them; else ask the gateway's operator for the file",
        ) from error
    if len(data) != 32:
        raise Fatal(f"{path}: {len(data)} bytes, a key has 32", "ask for the file again")
    return data
