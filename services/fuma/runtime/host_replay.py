"""Decide a partition again from its inputs, and compare with what the ledger holds.

The proof of "same log in, same bytes out": any chunk size, no store that survives, no broker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice

from fuma.runtime.host_intake import Intake
from fuma.runtime.host_ledger import LedgerPartition
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_types import D, I, LedgerStage, Position, R, S
from fuma.runtime.host_world import World
from fuma.runtime.memory_log import MemoryStore
from fuma.runtime.ports import LogReader, LogRecord, Store

Entry = tuple[bytes, bytes]  # key, value


def decide_again(
    stage: LedgerStage[S, I, D, R],
    world: World,
    intake: Intake,
    reader: LogReader,
    partition: int,
    *,
    chunk: int,
    store: Store | None = None,
) -> Iterator[Entry]:
    """The ledger of one partition as its inputs give it, in order. ``chunk``: records at a time."""
    bounds = reader.bounds(stage.input_topic, partition)
    position = Position(reader.topic_id(stage.input_topic), reader.topic_id(stage.ledger_topic))
    engine = LedgerPartition(stage, world, intake, store or MemoryStore(), partition, position)
    records = reader.read(stage.input_topic, partition, bounds.start, bounds.end)
    while taken := list(islice(records, chunk)):
        decided = engine.decide(taken, FOREVER)
        for record in decided.outgoing:
            if record.topic == stage.ledger_topic:
                yield record.key or b"", record.value or b""
        engine.take(decided, [0] * len(decided.outgoing))


def first_records(
    stage: LedgerStage[S, I, D, R], world: World, records: Sequence[LogRecord] | Iterator[LogRecord]
) -> Iterator[Entry]:
    """A ledger partition without its repeats: the first record of each (key, seq), MAC checked."""
    ends: dict[bytes, int] = {}
    for record in records:
        key, value = record.key, record.value
        if key is None or value is None:
            continue
        if not world.sealer.check(record.topic, key, value, record.headers):
            continue
        seq = stage.read(value).seq
        if seq == ends.get(key, 0) + 1:
            ends[key] = seq
            yield key, value


def per_key(entries: Iterator[Entry]) -> dict[bytes, str]:
    """One digest per key over its values in order: equal where the ledgers are, byte for byte."""
    digests: dict[bytes, hashlib._Hash] = {}
    for key, value in entries:
        digest = digests.setdefault(key, hashlib.sha256())
        digest.update(len(value).to_bytes(4, "big") + value)
    return {key: digest.hexdigest() for key, digest in digests.items()}
