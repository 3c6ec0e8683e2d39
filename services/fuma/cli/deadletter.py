"""``fuma deadletter``: what could not be taken in, with its original bytes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from fuma.cli.errors import DONE, USAGE, CliError
from fuma.contracts.topics import topics
from fuma.domain.time import iso
from fuma.runtime.dead_letters import (
    ERRORS,
    ORIGINAL_TIME_HEADER,
    REASON_HEADER,
    original_of,
    part_of,
)
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import unpack_time
from fuma.runtime.ports import LogRecord

deadletter = typer.Typer(no_args_is_help=True, help="Dead letters: list them, show one.")
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(deadletter, name="deadletter")


@deadletter.command("list", short_help="What there is, by topic and reason.")
def listing(
    topic: Annotated[str, typer.Argument(help="A dead-letter topic; default all.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="How many to list singly.")] = 20,
    as_json: Json = False,
) -> int:
    """Count dead letters by topic and reason, and list the first of them.

    What is kept in parts counts once. Example: fuma deadletter list fuma.dlq.decisions
    """
    counts: Counter[tuple[str, str]] = Counter()
    first: list[dict[str, Any]] = []
    for raw in _records(topic):
        part = part_of(raw)
        if part is not None and part.number > 1:
            continue
        told = describe(raw)
        counts[raw.topic, told["reason"]] += 1
        if len(first) < limit:
            first.append(told)
    rows = [{"topic": t, "reason": r, "count": c} for (t, r), c in sorted(counts.items())]
    if as_json:
        print(json.dumps({"counts": rows, "first": first}, ensure_ascii=False))
        return DONE
    for row in rows:
        print(f"{row['count']:>8}  {row['topic']}  {row['reason']}")
    for told in first:
        print(f"{told['place']}  {told['appended']}  {told['reason']}: {told['message']}")
        print(f"    from {told['from']}")
    if not rows:
        print("no dead letters")
    return DONE


@deadletter.command("show", short_help="One dead letter, whole.")
def show(
    place: Annotated[str, typer.Argument(help="topic/partition@offset, as `list` says it.")],
    as_json: Json = False,
) -> int:
    """Show a dead letter: where it came from, why it is one, its original key, value, headers.

    Of one that is kept in parts any part will do.

    Example: fuma deadletter show fuma.dlq.decisions/0@17
    """
    try:
        where, offset = place.split("@")
        topic, partition = where.rsplit("/", 1)
        at = int(offset)
        number = int(partition)
    except ValueError:
        raise CliError("not a place", "fuma.dlq.decisions/0@17", code=USAGE) from None
    _check(topic)
    log = KafkaLogReader(kafka_config(Home.current(), "auditor"))
    try:
        bounds = log.bounds(topic, number)
        if not bounds.start <= at < bounds.end:
            raise CliError(f"nothing at {place}", f"there is {bounds.start} to {bounds.end - 1}")
        raw = next(iter(log.read(topic, number, at, at + 1)))
        # Only of parts: others may stand between them, and a repeat of the first ones.
        found = original_of(raw, log.read(topic, number, bounds.start, bounds.end))
    finally:
        log.close()
    if found is None:
        raise CliError(f"parts of {place} are missing", "they expired, or are not all written yet")
    key, value, headers = found
    if part_of(raw) is None:
        headers = raw.headers
    told = describe(raw) | {
        "key": (key or b"").hex(),
        "value": (value or b"").hex(),
        "headers": [[name, content.hex()] for name, content in headers],
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for name, content in told.items():
            print(f"{name:>9}  {content}")
    return DONE


def _check(topic: str) -> None:
    found = topics().get(topic)
    if found is None or not found.is_dead_letter:
        known = ", ".join(t for t, s in topics().items() if s.is_dead_letter)
        raise CliError(f"{topic}: no dead-letter topic", f"there are {known}", code=USAGE)


def _records(topic: str) -> Iterator[LogRecord]:
    if topic:
        _check(topic)
    names = [topic] if topic else [t for t, s in topics().items() if s.is_dead_letter]
    log = KafkaLogReader(kafka_config(Home.current(), "auditor"))
    try:
        for name in names:
            for number in range(log.partitions(name)):
                bounds = log.bounds(name, number)
                yield from log.read(name, number, bounds.start, bounds.end)
    finally:
        log.close()


def describe(raw: LogRecord) -> dict[str, Any]:
    """Where it stands, where it came from, why."""

    def text(name: str) -> str:
        return (raw.header(name) or b"").decode("utf-8", "replace")

    original = unpack_time(raw.header(ORIGINAL_TIME_HEADER))
    source = f"{text(ERRORS + 'topic')}/{text(ERRORS + 'partition')}@{text(ERRORS + 'offset')}"
    part = part_of(raw)
    return {
        "place": f"{raw.topic}/{raw.partition}@{raw.offset}",
        "appended": iso(raw.timestamp),
        "from": source,
        "original": None if original is None else iso(original),
        "reason": text(REASON_HEADER),
        "message": text(ERRORS + "message"),
        **({} if part is None else {"part": f"{part.number} of {part.count}"}),
    }
