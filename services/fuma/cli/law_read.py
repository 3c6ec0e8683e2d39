"""``fuma law diff`` and ``explain``: what a text changes, and why a row applies."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fuma.cli.errors import DONE, USAGE, CliError
from fuma.cli.law_moment import moment
from fuma.cli.law_publish import Json, read_log
from fuma.contracts import lawdiff, lawexplain, rulesfile
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.errors import FumaError, Poison
from fuma.contracts.genesis import read_world
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text
from fuma.contracts.topics import DECISIONS
from fuma.domain.codes.events import FactKind, Order
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.keyfiles import Key
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import LogRecord


def diff(
    old: Annotated[str, typer.Argument(help="A file, or name@version of rules/.")],
    new: Annotated[str, typer.Argument(help="A file, or name@version of rules/.")],
    log: Annotated[bool, typer.Option("--log", help="Look names up on the log.")] = False,
    orders: Annotated[bool, typer.Option(help="Count the orders in force it touches.")] = True,
    as_json: Json = False,
) -> int:
    """Say what changes from one text to another: grounds, terms, rows, steps, rights.

    Where a stack is running, also how many orders in force that touches: those decided by either
    text whose ground changes, or whose procedure does.

    Examples: fuma law diff cn/control-plan-8@1 cn/control-plan-9@1
              fuma law diff rules/45/companions-v1.yaml rules/45/companions-v2.yaml --json
    """
    texts = _known(log)
    one, two = _text(old, texts), _text(new, texts)
    try:
        found = lawdiff.diff(one.law, two.law)
    except ValueError as error:
        raise CliError(str(error), "compare two texts of one kind", code=USAGE) from error
    why = "not asked" if not orders else ""
    home = Home.current()
    if orders and home.world.exists():
        try:
            standing = in_force(home)
            found["orders"] = lawdiff.touched(one.law, two.law, found["grounds"], standing)
            found["orders_in_force"] = len(standing)
        except FumaError as error:
            why = str(error)
    elif orders:
        why = "no stack here"
    if as_json:
        print(json.dumps(found | {"not_counted": why}, ensure_ascii=False))
        return DONE
    print("\n".join(lawdiff.lines(found)))
    if "orders" in found:
        print(
            f"涉及生效赋码 orders in force touched: {found['orders']} / {found['orders_in_force']}"
        )
    else:
        print(f"未统计生效赋码 orders in force not counted: {why}")
    return DONE


def _known(log: bool) -> list[Text]:
    if log:
        return [p.text for p in read_log(Home.current()).published]
    return rulesfile.load_folder(root() / "rules")


def _text(word: str, texts: Iterable[Text]) -> Text:
    path = Path(word)
    if path.is_file():
        return rulesfile.load_file(path)
    found = next((t for t in texts if f"{t.name}@{t.version}" == word), None)
    if found is None:
        raise CliError(f"{word!r} is no file and no text", "fuma law list names them", code=USAGE)
    return found


def in_force(home: Home) -> list[Order]:
    """Every order in force now, from the last decision on each subject."""
    world = read_world(home.world)
    sealer = Sealer(world.id, keyfiles.secret(home.path, Key.MAC))
    reader = KafkaLogReader(kafka_config(home, "auditor"))
    try:
        records: list[LogRecord] = []
        for partition in range(reader.partitions(DECISIONS)):
            bounds = reader.bounds(DECISIONS, partition)
            for raw in reader.read(DECISIONS, partition, bounds.start, bounds.end):
                if sealer.check(raw.topic, raw.key, raw.value, raw.headers):
                    records.append(raw)
    finally:
        reader.close()
    return standing(records, None if world.simulated else int(time.time() * 1000))


def standing(records: Iterable[LogRecord], now: Ms | None) -> list[Order]:
    """Orders that have not ended at ``now``; ``None``: at the highest T of the records."""
    last: dict[bytes, tuple[int, tuple[Order, ...]]] = {}
    at = 0
    for raw in records:
        try:
            record = decode_ledger(raw.value)
        except Poison:
            continue  # the sink and the outbox tell of it
        at = max(at, record.at)
        key = raw.key or b""
        if record.schedule is not None and record.seq > last.get(key, (0, ()))[0]:
            last[key] = record.seq, record.schedule.orders
    moment_ = at if now is None else now
    return [order for _, orders in last.values() for order in orders if order.end > moment_]


def explain(
    ground: Annotated[str, typer.Argument(help="E.g. close-contact.")] = "",
    named: Annotated[str, typer.Option("--ground", help="The same, as an option.")] = "",
    evidence: Annotated[str, typer.Option(help="E.g. isolation-record.")] = "",
    department: Annotated[str, typer.Option(help="Who reports, e.g. health.")] = "",
    division: Annotated[str, typer.Option(help="GB/T 2260 digits; default the nation.")] = "",
    kind: Annotated[str, typer.Option(help="finding or release.")] = "finding",
    at: Annotated[str, typer.Option(help="Moment; default now.")] = "",
    log: Annotated[bool, typer.Option("--log", help="By the law on the log.")] = False,
    as_json: Json = False,
) -> int:
    """Say which row answers a report, why that text holds, and what follows, in two languages.

    Without --evidence and --department: every row of the ground. Reads rules/ and needs nothing
    running, unless --log is given. Exit 1 where the report would be refused.

    Examples: fuma law explain close-contact --division 410100 --at 2022-06-14
              fuma law explain --division 410105 --ground inbound --evidence venue-scan
              --department customs --at 2022-06-14
    """
    word = ground or named
    for what, given, known in (
        ("ground", word, GROUNDS), ("evidence", evidence, EVIDENCE),
        ("department", department, DEPARTMENTS),
    ):  # fmt: skip
        if given not in known and (given or what == "ground"):
            hint = f"there are {', '.join(known)}"
            raise CliError(f"no {what} {given!r}", hint, code=USAGE)
    if kind not in (FactKind.FINDING, FactKind.RELEASE):
        raise CliError(f"no kind {kind!r} with a ground", "finding or release", code=USAGE)
    when = moment(at) if at else int(time.time() * 1000)
    if log:
        law = rulesfile.law_of(read_log(Home.current()).published)
    else:
        law = rulesfile.law_of_texts(rulesfile.load_folder(root() / "rules"))
    try:
        found: dict[str, Any] = lawexplain.explain(
            law, division, when, ground=word, evidence=evidence, department=department, kind=kind
        )
    except ValueError as error:
        raise CliError(str(error)) from error
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(f"{GROUNDS[word].zh} · {GROUNDS[word].en}")
        for said in found["says"]:
            indent = said["zh"][: len(said["zh"]) - len(said["zh"].lstrip())]
            print(f"{said['zh']}\n{indent}{said['en'].lstrip()}")
    return 1 if found["refused"] else DONE
