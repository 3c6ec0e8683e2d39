"""``fuma incidents``: what oversight found, and what services saw themselves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from fuma.cli.errors import DONE, USAGE, CliError
from fuma.cli.law import moment
from fuma.contracts.errors import Poison
from fuma.contracts.genesis import read_world
from fuma.contracts.incidents import decode_incident
from fuma.contracts.topics import INCIDENTS
from fuma.domain.time import iso
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import LogRecord

_SEVERITIES = ("notice", "serious", "critical")


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("incidents", short_help="What oversight found.")(incidents)


def incidents(
    province: Annotated[str, typer.Option(help="Only this one's, e.g. 41.")] = "",
    code: Annotated[str, typer.Option(help="Only this pattern, e.g. false-ground.")] = "",
    severity: Annotated[str, typer.Option(help="From this up: notice, serious, critical.")] = "",
    since: Annotated[str, typer.Option(help="Raised from this moment on.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """List incidents: the pattern, who is concerned, how many, where, in Chinese and English.

    Each is listed once, however often it stands on the log. A record that no service wrote is
    counted and not shown.

    Examples: fuma incidents
              fuma incidents --province 41 --severity serious --since 2022-06-14 --json
    """
    if severity and severity not in _SEVERITIES:
        raise CliError(f"no severity {severity!r}", ", ".join(_SEVERITIES), code=USAGE)
    after = moment(since) if since else 0
    found, unvouched = gather(_records())
    lowest = _SEVERITIES.index(severity) if severity else 0
    shown = [
        one
        for one in found
        if (not province or one["province"] == province)
        and (not code or one["code"] == code)
        and _SEVERITIES.index(one["severity"]) >= lowest
        and one["at"] >= after
    ]
    if as_json:
        told = [one | {"at": iso(one["at"])} for one in shown]
        print(json.dumps({"incidents": told, "unvouched": unvouched}, ensure_ascii=False))
        return DONE
    for one in shown:
        print(line(one))
    counts = Counter(one["code"] for one in shown)
    print(", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no incidents")
    if unvouched:
        print(f"{unvouched} records on {INCIDENTS} that no service vouches for")
    return DONE


def _records() -> Iterator[tuple[LogRecord, bool]]:
    """Every record of the topic, and whether a service vouches for it."""
    home = Home.current()
    world = read_world(home.world)
    sealer = Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    log = KafkaLogReader(kafka_config(home, "auditor"))
    try:
        for partition in range(log.partitions(INCIDENTS)):
            bounds = log.bounds(INCIDENTS, partition)
            for raw in log.read(INCIDENTS, partition, bounds.start, bounds.end):
                yield raw, sealer.check(raw.topic, raw.key, raw.value, raw.headers)
    finally:
        log.close()


def gather(records: Iterator[tuple[LogRecord, bool]]) -> tuple[list[dict[str, Any]], int]:
    """The incidents, each once by its id, in the order of their time; how many are unvouched."""
    found: dict[str, dict[str, Any]] = {}
    unvouched = 0
    for raw, good in records:
        try:
            told = decode_incident(raw.value) if good else None
        except Poison:
            told = None
        if told is None:
            unvouched += 1
        else:
            found.setdefault(told["id"], told)
    return sorted(found.values(), key=lambda one: (one["at"], one["id"])), unvouched


def line(one: dict[str, Any]) -> str:
    """One incident, readable: a headline and what belongs to it."""
    place = f"  {one['province']}" if one["province"] else ""
    lines = [f"{iso(one['at'])}  {one['severity']}  {one['code']}{place}", f"    {one['zh']}"]
    lines.append(f"    {one['en']}")
    if one["actor"]:
        lines.append(f"    涉及 concerned: {one['actor']}")
    if one["law"]:
        tags = ", ".join(tag[:8] for tag in one["subjects"][:5])
        more = "…" if one["subjects_count"] > 5 else ""
        lines.append(f"    持码人 subjects: {one['subjects_count']} ({tags}{more})")
        if one["codes"]:
            lines.append(f"    代码 codes: {', '.join(one['codes'])}")
        lines.append(f"    依据 by: {one['law']}")
    else:
        lines.append(f"    {one['detail']}")
        if one["connection"]:
            lines.append(f"    {one['connection']}")
    return "\n".join(lines)
