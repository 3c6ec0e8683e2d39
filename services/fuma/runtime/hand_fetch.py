"""A fetch read by hand, for whoever reads by librdkafka and met what it cannot tell.

librdkafka gives each record the place that its writer put into it, passes over the markers of
transactions, and its Python binding fails at a header name that is no text. Whether records are
missing from the log or only from its tale, the broker's own bytes say.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition

from fuma.contracts.errors import Fatal
from fuma.runtime.batch_reading import batches, end_of, records_of_batch
from fuma.runtime.kafka_access import for_client
from fuma.runtime.kafka_records import GONE
from fuma.runtime.records import LogRecord
from fuma.runtime.unpacking import ENOUGH

log = logging.getLogger(__name__)
PATIENCE_S = 30.0
#: Records that one call brings at most: a batch may have a hundred million.
MOST_RECORDS = 100_000
_AGAIN_S = 0.2
_WAIT_MS = 100
_BYTES = 1 << 20  # the first batch comes whole, whatever its size
_UNCOMMITTED = 0
_ANSWER_MS = 10_000


class Unreachable(Fatal):
    """The broker did not say what stands there."""


def fetch_by_hand(
    config: Mapping[str, str],
    topic: str,
    partition: int,
    start: int,
    *,
    patience_s: float = PATIENCE_S,
    exact: bool = False,
) -> tuple[list[LogRecord], int]:
    """Records from ``start`` on, as many as one fetch brings, and the offset behind them.

    None where the log ends at ``start``. A batch that stays packed is the value of the first of its
    records that is read, since what is before it may have been read otherwise; with ``exact`` one
    record, as it is read from its batch's beginning. Raises ``Fatal`` where ``start`` is not on it,
    and ``Unreachable``.
    ``config``: connection settings.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            data = _aside(config, topic, partition, start)
            break
        except OffsetOutOfRangeError as error:
            raise Fatal(f"{topic}/{partition}: nothing to read at {start}", GONE) from error
        except (KafkaError, OSError, TimeoutError) as error:
            if time.monotonic() > deadline:
                what = f"{topic}/{partition} cannot be read: {error!r}"
                raise Unreachable(what, GONE) from error
        time.sleep(_AGAIN_S)
    found: list[LogRecord] = []
    end, size, most = start, 0, 1 if exact else MOST_RECORDS
    for batch in batches(data):
        kept_at = 0 if exact else start
        for record in records_of_batch(batch, topic, partition, start, kept_at=kept_at):
            found.append(record)
            end = record.offset + 1
            size += len(record.key or b"") + len(record.value or b"")
            if len(found) == most:
                return found, end
        end = end_of(batch)
        if size > ENOUGH:
            break
    log.info("%s/%d: read by hand from %d to %d", topic, partition, start, end)
    return found, end


def _aside(config: Mapping[str, str], topic: str, partition: int, start: int) -> bytes:
    """In a thread of its own: this one may run a loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _fetch(config, topic, partition, start)).result()


async def _fetch(config: Mapping[str, str], topic: str, partition: int, start: int) -> bytes:
    client: Any = AIOKafkaClient(**for_client(config), request_timeout_ms=_ANSWER_MS)
    try:
        await client.bootstrap()
        await client.add_topic(topic)
        node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        if node is None or node < 0:
            raise KafkaError(f"{topic}/{partition} has no leader")
        wanted = [(topic, [(partition, start, _BYTES)])]
        answer = await client.send(
            node, FetchRequest(_WAIT_MS, 1, _BYTES, _UNCOMMITTED, wanted, rack_id="")
        )
        ((_, (found,)),) = answer.topics
        if found[1]:
            raise for_code(found[1])()
        return bytes(found[-1] or b"")
    finally:
        await client.close()
