"""``fuma lag``: how far every reader is behind."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from confluent_kafka import Consumer, TopicPartition
from rich.console import Console
from rich.table import Table

from fuma.cli.errors import DONE
from fuma.contracts.errors import FumaError
from fuma.contracts.topics import (
    COMMANDS,
    DECISIONS,
    DEPARTMENTS,
    ITINERARY,
    ORDERS,
    PERSON,
    PRESENCE,
    SIGNALS,
    feeds,
    in_topic,
    spec,
)
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.platform import CodePlatform

_HELP = """Say for each reader and partition: end of the log, what is applied, how far behind.

The gateway's and processor's figures are their committed offsets; the sink's is its own position.

Example: fuma lag --all
"""
_USER = "admin"


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("lag", help=_HELP, short_help="How far every reader is.")(lag)


def lag(
    everything: Annotated[bool, typer.Option("--all", help="Those not behind too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """See ``_HELP``."""
    rows = measure(Home.current())
    if as_json:
        print(json.dumps({"behind": sum(r["behind"] for r in rows), "partitions": rows}))
        return DONE
    shown = [row for row in rows if everything or row["behind"]]
    if shown:
        table = Table("reader", "topic", "partition", "end", "applied", "behind")
        for row in shown:
            table.add_row(*(str(row[c]) for c in row))
        Console().print(table)
    print(f"{sum(r['behind'] for r in rows)} records behind")
    return DONE


def measure(home: Home) -> list[dict[str, Any]]:
    """One row for each reader's partition; ``applied`` counts records, from the topic's start."""
    log = KafkaLogReader(kafka_config(home, _USER))
    try:
        rows = _group(home, log, "gateway", [in_topic(d) for d in DEPARTMENTS])
        topics = [*feeds(), ITINERARY, PRESENCE, PERSON, DECISIONS, COMMANDS, ORDERS, SIGNALS]
        rows += _group(home, log, "processor", topics)
        return rows + _sink(home, log)
    finally:
        log.close()


def _row(log: KafkaLogReader, reader: str, topic: str, partition: int, done: int) -> dict[str, Any]:
    bounds = log.bounds(topic, partition)
    return {
        "reader": reader,
        "topic": topic,
        "partition": partition,
        "end": bounds.end,
        "applied": max(done, 0),
        "behind": bounds.end - max(done, bounds.start, 0),
    }


def _group(
    home: Home, log: KafkaLogReader, user: str, topics: list[str]
) -> list[dict[str, Any]]:  # fmt: skip
    # What fails is raised; left alone, the client would write to stderr by itself.
    quiet = {"log_level": 0, "group.id": f"fuma.{user}"}
    consumer = Consumer({**kafka_config(home, _USER), **quiet})
    try:
        wanted = [TopicPartition(t, p) for t in topics for p in range(spec(t).partitions)]
        found = consumer.committed(wanted, timeout=30)
        return [_row(log, user, one.topic, one.partition, one.offset) for one in found]
    finally:
        consumer.close()


def _sink(home: Home, log: KafkaLogReader) -> list[dict[str, Any]]:
    try:
        positions = CodePlatform.of(home).positions()
    except FumaError:
        positions = dict.fromkeys(range(spec(DECISIONS).partitions))
    return [
        _row(log, "sink", DECISIONS, number, 0 if at is None else at.applied + 1)
        for number, at in positions.items()
    ]
