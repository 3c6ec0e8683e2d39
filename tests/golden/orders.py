"""Golden histories of orders: ``commands`` as bytes, and the ledger that ``authority`` made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from fuma.contracts.topics import COMMANDS, ORDERS, partition_for, spec
from fuma.processor.authority import Authority
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_resident import ResidentPartition
from fuma.runtime.host_resident_state import Residents
from fuma.runtime.host_state import FOREVER
from fuma.runtime.host_transform import internal
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.mac import pack_time
from fuma.runtime.memory_log import MemoryLog, MemoryStore
from golden.making import SEALER, Golden, Input, law_by_digest


def ledger_of_orders(
    golden: Golden, chunk: int, inputs: Sequence[Input] | None = None
) -> Iterator[tuple[bytes, bytes]]:
    """The ledger, partition by partition, decided ``chunk`` records at a time.

    ``inputs`` in place of the committed ones.
    """
    law, ceremony = law_by_digest(golden.law), golden.world["ceremony"]
    stage = Authority(
        bytes.fromhex(golden.world["world"]), lambda: law, lambda: (ceremony[0], ceremony[1])
    )
    count = spec(COMMANDS).partitions
    log = MemoryLog({COMMANDS: count, ORDERS: count})
    for one in golden.inputs if inputs is None else inputs:
        where = partition_for(one.key, count)
        log.append([internal(SEALER, COMMANDS, one.key, one.value, where, pack_time(one.at), None)])
    world = World(SEALER, True, {stage.dead_letter_topic: 1})
    intake = Intake(SEALER, simulated=True, partition_of=partition_for, counts={COMMANDS: count})
    for partition in range(count):
        store = MemoryStore()
        engine = ResidentPartition(
            stage, world, intake, store, Residents(stage, store), partition,
            Position(log.topic_id(COMMANDS), log.topic_id(ORDERS)),
        )  # fmt: skip
        records = iter(log.records[COMMANDS, partition])
        while taken := list(islice(records, chunk)):
            decided = engine.decide(taken, FOREVER)
            for record in decided.outgoing:
                if record.topic == ORDERS:
                    yield record.key or b"", record.value or b""
            engine.take(decided, [0] * len(decided.outgoing))
