"""A text of law has begun: everybody whose order it changes is decided again, by an ``Amend``.

A decision on a person applies a newer text by itself. The sweep is for those on whom nothing else
is decided: it reads the ledger of the partitions that this process decides, finds the orders in
force that the law now shortens, and asks ``codes`` to look at them. What the amendment is, that
stage says; an ``Amend`` that finds nothing to change writes nothing.

1. Read the ledger up to its end. A crash: nothing was written.
2. Append the ``Amend`` records, wait for every acknowledgement. A crash before it is done, or
   before (3): the sweep is made again, with the same ids; ``codes`` drops those that it knows.
3. Mark the sweep as made, in a file. A lost file, or a partition that came from elsewhere: the
   sweep is made again, and finds what was amended already amended.

A decision made by the old text may still be on its way when (1) ends, since partitions lag. So a
sweep is made when the text begins, and again an hour and a day later. Whoever is missed even then
is amended at the next decision; no order outlives the term that it was given by the old text.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from fuma.contracts.decisions import decode_ledger
from fuma.contracts.errors import Poison
from fuma.contracts.facts import encode_person
from fuma.contracts.topics import DECISIONS, PERSON
from fuma.domain.codes.amend import amendments
from fuma.domain.codes.events import Amend, Amended, Order
from fuma.domain.codes.state import State
from fuma.domain.ids import derive, digest
from fuma.domain.law.inforce import Law
from fuma.domain.time import DAY, HOUR, LAST, Ms
from fuma.runtime.host_transform import internal
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Appender, LogReader, Outgoing

log = logging.getLogger(__name__)
#: How long after a text begins its sweeps are made.
PASSES: tuple[Ms, ...] = (0, HOUR, DAY)
_EVERY_S = 5.0
_BATCH = 1_000
_PATIENCE_S = 300.0


class Gate(Protocol):
    """The law as far as it is known."""

    def law(self) -> Law: ...

    def time(self) -> Ms:
        """The last log time of ``law``; negative before it begins."""
        ...


class Marks:
    """The sweeps made, by partition: a file that may be lost."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._made = {int(p): {str(one) for one in made} for p, made in kept.items()}
        except (OSError, ArithmeticError, ValueError, TypeError, AttributeError, RecursionError):
            self._made = {}

    def made(self, partition: int) -> set[str]:
        return self._made.get(partition, set())

    def add(self, partition: int, sweeps: set[str]) -> None:
        self._made.setdefault(partition, set()).update(sweeps)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({p: sorted(made) for p, made in self._made.items()}))
        new.replace(self._path)


class Sweeper:
    """Sweeps the partitions of ``owned`` whenever a text begins."""

    def __init__(
        self, gate: Gate, reader: LogReader, appender: Appender, sealer: Sealer, marks: Marks,
        owned: Callable[[], set[int]], *, simulated: bool,
    ) -> None:  # fmt: skip
        """``owned``: the partitions of ``person`` that this process decides now. Reader and
        appender are the sweeper's own, and closed with it."""
        self._gate = gate
        self._reader = reader
        self._appender = appender
        self._sealer = sealer
        self._marks = marks
        self._owned = owned
        self._simulated = simulated
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, die: Callable[[BaseException], object]) -> None:
        """Follow the law in a thread of its own."""
        self._thread = threading.Thread(target=self._follow, args=(die,), name="sweep", daemon=True)
        self._thread.start()

    def _follow(self, die: Callable[[BaseException], object]) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                self.sweep()
            except Exception as error:
                die(error)

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._appender.close()
        self._reader.close()

    def sweep(self) -> int:
        """Make the sweeps that are due; the number of persons asked about."""
        now, law, asked = self._gate.time(), self._gate.law(), 0
        for partition in sorted(self._owned()):
            due = _due(law, now)
            for name in self._marks.made(partition):
                due.pop(name, None)
            if not due:
                continue
            found = 0
            # No order is older than the ledger: of a text that began before it, nothing is found.
            late = max(due.values()) > self._first(partition)
            for records in self._found(partition, law, now) if late else ():
                if self._stop.is_set():
                    return asked
                self._appender.submit(records).result(_PATIENCE_S)  # (2)
                found += len(records)
            self._marks.add(partition, set(due))  # (3)
            asked += found
            if late:
                log.info("sweep of %s/%d: %d persons", DECISIONS, partition, found)
        return asked

    def _first(self, partition: int) -> Ms:
        """T of the ledger's first record; the end of time where there is none."""
        bounds = self._reader.bounds(DECISIONS, partition)
        for raw in self._reader.read(DECISIONS, partition, bounds.start, bounds.end):
            if self._sealer.check(DECISIONS, raw.key, raw.value, raw.headers):
                try:
                    return decode_ledger(raw.value).at
                except Poison:
                    continue
        return LAST

    def _found(self, partition: int, law: Law, now: Ms) -> Iterator[list[Outgoing]]:
        """(1) The ``Amend`` records of a partition, in batches."""
        time = pack_time(now) if self._simulated else None
        batch: list[Outgoing] = []
        for tag, orders in sorted(self._open(partition, law.changed(now), now).items()):
            changes = amendments(State(orders=orders), b"", now, law)
            texts = [x.law for x in changes if isinstance(x, Amended)]
            if not texts:
                continue
            book = texts[0]
            id = derive(b"amend", book.digest, tag)
            at = next(p.begins for p in law.texts if p.text.digest == book.digest)
            value = encode_person(
                Amend(id, digest(b"amend", id), book.book, book.version, book.digest, at)
            )
            batch.append(internal(self._sealer, PERSON, tag, value, partition, time, None))
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _open(self, partition: int, changed: Ms, now: Ms) -> dict[bytes, tuple[Order, ...]]:
        """By tag, the orders in force by each person's last decision that are of before."""
        found: dict[bytes, tuple[Order, ...]] = {}
        newest: dict[bytes, int] = {}
        bounds = self._reader.bounds(DECISIONS, partition)
        for raw in self._reader.read(DECISIONS, partition, bounds.start, bounds.end):
            if self._stop.is_set():
                break
            tag = raw.key or b""
            if not self._sealer.check(DECISIONS, raw.key, raw.value, raw.headers):
                continue
            try:
                record = decode_ledger(raw.value)
            except Poison:  # the outbox keeps it as a dead letter
                continue
            if record.schedule is None or record.seq <= newest.get(tag, 0):
                continue
            orders = record.schedule.orders
            if any(order.recorded < changed and order.end > now for order in orders):
                found[tag], newest[tag] = orders, record.seq
            elif tag in found:
                found.pop(tag)
                newest[tag] = record.seq
        return found


def _due(law: Law, now: Ms) -> dict[str, Ms]:
    """The sweeps whose time has come, by digest of the text and pass, and when the text began."""
    return {
        f"{p.text.digest.hex()}:{number}": p.begins
        for p in law.texts
        for number, after in enumerate(PASSES)
        if p.begins + after <= now
    }
