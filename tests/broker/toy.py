"""A toy stage with a ledger, and a worker process that runs it: what the host's tests drive.

The stage adds up amounts per key. An input is ``id (16) | amount (u32)``; an id that the key has
seen is a repeat. An amount divisible by 7 gives a decision in two parts, one divisible by 1000 is
poison. State, decision and ledger record are as small as they can be, so that the host shows.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import logging
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fuma.contracts.decisions import Cause
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.topics import partition_for
from fuma.domain.time import Ms
from fuma.runtime.faust_app import build, die, serve
from fuma.runtime.faust_host import Host
from fuma.runtime.host_stages import LedgerRunner, dead_letter_partitions
from fuma.runtime.host_transform import internal
from fuma.runtime.host_world import World
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing
from fuma.runtime.round_appender import RoundAppender
from fuma.runtime.store import StoreRoot

SEALER = Sealer(b"w" * 16, b"k" * 32)
#: With ``TOY_BUG`` in the environment, deciding this amount raises.
BUG = 4_999
_FRAME = struct.Struct(">Q32sII16s16sIQ32s32sQ")
_INPUT = struct.Struct(">16sI")


@dataclass(frozen=True)
class Total:
    amount: int
    seen: frozenset[bytes]


@dataclass(frozen=True)
class Added:
    amount: int
    total: int


@dataclass(frozen=True)
class ToyRecord:
    seq: int
    prev: bytes
    part: int
    parts: int
    cause: Cause
    at: Ms
    total: int


Item = tuple[bytes, int]
Decision = tuple[Added, Ms]


class Toy:
    """The stage."""

    name = "toy"
    shape = "1"

    def __init__(self, suffix: str = "") -> None:
        self.input_topic = f"toy.in{suffix}"
        self.ledger_topic = f"toy.ledger{suffix}"
        self.dead_letter_topic = f"toy.dlq{suffix}"

    def decode(self, value: bytes) -> Item:
        if len(value) != _INPUT.size:
            raise Poison(Reason.UNDECODABLE, "not a toy input")
        id_, amount = _INPUT.unpack(value)
        if amount % 1000 == 0:
            raise Poison(Reason.UNDECODABLE, "an amount that nobody pays")
        return id_, amount

    def identify(self, item: Item) -> tuple[bytes, bytes]:
        return item[0], item[0] * 2

    def decide(
        self, state: Total | None, item: tuple[bytes, int], at: Ms
    ) -> tuple[Added, Ms] | None:
        if state is not None and item[0] in state.seen:
            return None
        if item[1] == BUG and os.environ.get("TOY_BUG"):
            raise ZeroDivisionError("a bug in the stage")
        return Added(item[1], item[1] + (state.amount if state else 0)), at

    def encode(
        self, decision: tuple[Added, Ms], cause: Cause, seq: int, prev: bytes
    ) -> list[bytes]:
        added, at = decision
        parts = 2 if added.amount % 7 == 0 else 1
        values = []
        for part in range(parts):
            values.append(
                _FRAME.pack(
                    seq + part, prev, part, parts, cause.id, cause.topic, cause.partition,
                    cause.offset, cause.digest, cause.content, at,
                )
                + struct.pack(">Q", added.total)
            )  # fmt: skip
            prev = hashlib.sha256(values[-1]).digest()
        return values

    def apply(self, state: Total | None, item: Item, decision: Decision) -> Total:
        seen = state.seen if state else frozenset()
        return Total(decision[0].total, seen | {item[0]})

    def read(self, value: bytes) -> ToyRecord:
        seq, prev, part, parts, *cause, at = _FRAME.unpack_from(value)
        (total,) = struct.unpack_from(">Q", value, _FRAME.size)
        return ToyRecord(seq, prev, part, parts, Cause(*cause), at, total)

    def fold(self, state: Total | None, records: Sequence[ToyRecord]) -> Total:
        seen = state.seen if state else frozenset()
        return Total(records[-1].total, seen | {records[-1].cause.id})

    def dump(self, state: Total) -> bytes:
        return struct.pack(">Q", state.amount) + b"".join(sorted(state.seen))

    def load(self, data: bytes) -> Total:
        (amount,) = struct.unpack_from(">Q", data)
        return Total(amount, frozenset(data[i : i + 16] for i in range(8, len(data), 16)))


def toy_input(key: bytes, id_: bytes, amount: int, at: Ms, *, topic: str, count: int) -> Outgoing:
    """An input as the gateway would write it, in a simulated world."""
    value = _INPUT.pack(id_, amount)
    return internal(SEALER, topic, key, value, partition_for(key, count), pack_time(at), None)


def main() -> None:
    """Run the toy stage until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True, help="connection settings, JSON")
    parser.add_argument("--stores", type=Path, required=True)
    parser.add_argument("--suffix", default="")
    parser.add_argument("--chunk", type=int, default=1000)
    parser.add_argument("--dynamic", action="store_true", help="leave the group when stopped")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    kafka = json.loads(arguments.kafka)

    async def run() -> None:
        stage = Toy(arguments.suffix)
        root = StoreRoot(arguments.stores)
        reader, appender = KafkaLogReader(kafka), RoundAppender(kafka)
        letters = dead_letter_partitions(reader, [stage.dead_letter_topic])
        world = World(SEALER, True, letters)
        runner = LedgerRunner(stage, world, reader, root, partition_for)
        host = Host([runner], appender, die=die, chunk_records=arguments.chunk)
        app = build(
            "toy" + arguments.suffix, kafka, host, [runner],
            instance=None if arguments.dynamic else root.path.name,
        )  # fmt: skip
        await serve(app, host, appender)

    try:
        asyncio.run(run())
    except Exception as error:
        die(error)


if __name__ == "__main__":
    main()
