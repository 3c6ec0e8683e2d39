"""Where a group stands, with the marks beside its offsets, for whoever is not Faust.

confluent-kafka reads a commit's metadata as a C string, and librdkafka puts no zero behind it
(its issue 4649): what follows in memory is read along, and if that is not text, nothing is had. So
aiokafka is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from fuma.contracts.errors import Fatal
from fuma.runtime.commit_metadata import read_any_metadata
from fuma.runtime.kafka_access import for_client
from fuma.runtime.kafka_records import GONE
from fuma.runtime.marks import Committed

Known = dict[tuple[str, int], Committed | None]


#: So long a broker that has only just started, or a group that moves, is asked again.
PATIENCE_S = 30.0
_AGAIN_S = 0.2
read_any_metadata()


def read_committed(
    config: Mapping[str, str],
    group: str,
    partitions: Iterable[tuple[str, int]],
    *,
    patience_s: float = PATIENCE_S,
) -> Known:
    """What the group has committed in each partition; ``None`` where it never did.

    ``config``: connection settings. Not in a thread that runs a loop. Raises ``Fatal``.
    """
    wanted = [TopicPartition(*place) for place in partitions]
    if not wanted:
        return {}
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return asyncio.run(_read(config, group, wanted))
        except (KafkaError, OSError, TimeoutError) as error:
            if time.monotonic() > deadline:
                what = f"the positions of {group} cannot be read: {error!r}"
                raise Fatal(what, GONE) from error
        time.sleep(_AGAIN_S)


async def _read(config: Mapping[str, str], group: str, wanted: list[TopicPartition]) -> Known:
    admin = AIOKafkaAdminClient(**for_client(config))
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(group, partitions=wanted)
    finally:
        await admin.close()
    known: Known = {(one.topic, one.partition): None for one in wanted}
    for one, said in found.items():
        if said.offset >= 0:
            # confluent-kafka commits the zero behind its C string as well
            mark = (said.metadata or "").partition("\0")[0]
            known[one.topic, one.partition] = Committed(said.offset, mark)
    return known
