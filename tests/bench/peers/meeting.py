"""``make bench-join``: the comparison beside the same join in Kafka Streams and in DuckDB.

All three read the same stays and know from the start who is infectious. Streams and the comparison
read them off the same topic; DuckDB gets the whole batch as a table and looks at it once. Only the
comparison goes on to answer late cases, corrections, areas and withdrawals.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import duckdb
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.table import Table

from bench.peers.running import Load, Peer, prepare, streams
from fuma.cli.bench_stages import measure
from fuma.cli.demo.world import World
from fuma.contracts.genesis import read_world
from fuma.contracts.presence import FRAME, records_of
from fuma.contracts.resources import root
from fuma.contracts.topics import PRESENCE, partition_for
from fuma.domain.comparison.events import Case, Input, Presence
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import cell_place
from fuma.domain.time import DAY, HOUR, MINUTE, Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

_NOW: Ms = 1_655_136_000_000  # 14 June 2022, 00:00 in Asia/Shanghai
_GROUP = "fuma.processor.comparison"
#: Guangxi, June 2022: a companion is red by the book in force.
_DIVISION = "450105"


def _tag(person: int) -> bytes:
    return person.to_bytes(4, "big") * 4


def stays(count: int, people: int, cells: int) -> Iterator[Presence]:
    """``count`` stays of twenty minutes to four hours over the last fourteen days."""
    random = Random(1)
    places = [cell_place(Cell(3000 + i // 1000, 41000 + i % 1000)) for i in range(cells)]
    for number in range(count):
        since = _NOW - random.randrange(14 * DAY - 5 * HOUR) - 4 * HOUR
        until = since + random.choice((20, 30, 60, 120, 240)) * MINUTE
        yield Presence(
            number.to_bytes(16, "big"), 0, _tag(number % people), random.choice(places),
            _DIVISION, since, until,
        )  # fmt: skip


def cases(count: int, people: int) -> list[Case]:
    """``count`` people whose stays of the last five days count."""
    return [
        Case((1 << 64 | n).to_bytes(16, "big"), 0, _tag(n * 7 % people), _NOW - 5 * DAY, _NOW, _NOW)
        for n in range(count)
    ]


def write(world: World, items: Iterator[Input], partitions: int) -> None:
    """``items`` as the task force writes them."""
    pinned = read_world(world.home.path / "world.json")
    sealer = Sealer(pinned.id, keyfiles.secret(world.home.path, keyfiles.Key.MAC))
    appender = KafkaAppender(kafka_config(world.home, "processor"))
    stamp, batch = pack_time(_NOW), list[Outgoing]()
    for item in items:
        for key, value in records_of(item, partitions, FRAME):
            headers = sealer.headers(PRESENCE, key, value, time=stamp)
            batch.append(Outgoing(PRESENCE, partition_for(key, partitions), key, value, headers))
        if len(batch) >= 20_000:
            appender.append(batch)
            batch = []
    appender.append(batch)
    appender.close()


def committed(admin: AdminClient) -> int:
    """Records of ``presence`` that the comparison is done with."""
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(_GROUP)])
    found = asked[_GROUP].result(30).topic_partitions or []
    return sum(max(one.offset, 0) for one in found if one.topic == PRESENCE)


def batch_join(given: list[Presence], known: list[Case]) -> tuple[int, float]:
    """(pairs, seconds) of the join over the whole batch in DuckDB, after the tables are filled."""
    database = duckdb.connect()
    database.execute("create table stay (place blob, tag blob, since bigint, until bigint)")
    database.execute("create table ill (tag blob, since bigint, until bigint)")
    for start in range(0, len(given), 100_000):
        rows = [(s.place, s.tag, s.since, s.until) for s in given[start : start + 100_000]]
        places, tags, begins, ends = (list(column) for column in zip(*rows, strict=True))
        database.execute(
            "insert into stay select unnest(?), unnest(?), unnest(?), unnest(?)",
            [places, tags, begins, ends],
        )
    database.executemany(
        "insert into ill values (?, ?, ?)", [(c.tag, c.since, c.until) for c in known]
    )
    began = time.monotonic()
    (pairs,) = database.execute(
        """
        with source as (
            select s.place, s.tag, greatest(s.since, i.since) as since,
                   least(s.until, i.until) as until
            from stay s join ill i using (tag) where s.since < i.until and s.until > i.since
        )
        select count(*) from stay a join source b on a.place = b.place and a.tag <> b.tag
        and least(a.until, b.until) - greatest(a.since, b.since) >= 600000
        """
    ).fetchone() or (0,)
    return pairs, time.monotonic() - began


def main() -> None:
    """Fill ``presence``, run the comparison over it, then the peers."""
    parser = argparse.ArgumentParser(prog="make bench-join", description=__doc__)
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--home", type=Path, default=root() / ".fuma" / "bench-join")
    asked = parser.parse_args()
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(f"  {line}")

    prepare(say)
    given = list(stays(asked.records, asked.people, asked.cells))
    known = cases(asked.cases, asked.people)
    found: list[Peer] = []
    with World(asked.home, say=say) as world:
        world.up(_NOW - HOUR, services=())
        partitions = world.ask.log.partitions(PRESENCE)
        say(f"{asked.records:,} stays, {asked.cases} cases onto presence")
        write(world, iter([*known, *given]), partitions)
        total = world.ask.count(PRESENCE)
        config = kafka_config(world.home, "admin")
        admin = AdminClient({**config, "log_level": 0})
        say("the comparison")
        words = ["fuma.processor", "--stage", "comparison"]
        whole = measure("comparison", words, world.home.path, total, lambda: committed(admin))
        found.append(
            Peer("fuma comparison", "effectively once, RocksDB", total, total / whole.rate)
        )
        load = Load(config, PRESENCE, partitions, asked.records, 0, 0, os.cpu_count() or 1)
        found.append(streams(load, {case.tag.hex() for case in known}, say))
    pairs, seconds = batch_join(given, known)
    found.append(Peer("DuckDB", f"the batch at once, {pairs:,} pairs", asked.records, seconds))
    show(found, asked.records)


def show(found: list[Peer], count: int) -> None:
    """The table, for a person."""
    base = next(p.rate for p in found if p.name == "Kafka Streams")
    table = Table("engine", "records/s", "× Kafka Streams", "how", title=f"{count:,} stays")
    for peer in sorted(found, key=lambda p: -p.rate):
        table.add_row(peer.name, f"{peer.rate:,.0f}", f"{peer.rate / base:.1f}", peer.does)
    Console().print(table)


if __name__ == "__main__":
    main()
