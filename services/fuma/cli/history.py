"""``fuma history``: everything that touched a person's code, from the log alone."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from fuma.audit import reading
from fuma.audit.history import Entry, History, history
from fuma.audit.names import Names
from fuma.cli.errors import DONE, FAILED
from fuma.cli.law import moment
from fuma.cli.subject import subject
from fuma.contracts.errors import Refusal, Retryable
from fuma.contracts.faults import WORDS
from fuma.contracts.genesis import read_world
from fuma.domain.time import Ms, iso
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer
from fuma.runtime.vault import VaultClient

_ROLE = "auditor"
_HELP = """Tell every fact, decision, refusal, hold and note that touched a person, with who, under
which law, when it happened and when it was recorded, and where it stands on the log.

SUBJECT is a tag, or id:<number>. Reporters are named where the vault allows it (--purpose; the
lookup is logged), else "sealed". Exit 1 where the chain of the log is broken.

Example: fuma history 9f86d081884c7d659a2feaa0c55ad015 --at 2022-06-20 --purpose "complaint 17"
"""


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("history", help=_HELP, short_help="A code's history, from the log.")(command)


def command(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="Tag, or id:<number>.")],
    at: Annotated[str, typer.Option(help="As it stood then. Default: all.")] = "",
    purpose: Annotated[str, typer.Option(help="Why it is read; logged by the vault.")] = "",
    role: Annotated[str, typer.Option(help="Vault role.")] = _ROLE,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """See ``_HELP``."""
    home = Home.current()
    tag = subject(home, who, purpose=purpose, role=role)
    found, forged = of_subject(home, tag, purpose=purpose, role=role, at=moment(at) if at else None)
    if as_json:
        print(json.dumps(as_dict(found, forged), ensure_ascii=False))
    else:
        for line in lines(found, forged):
            print(line)
    return DONE if found.intact else FAILED


def of_subject(
    home: Home, tag: bytes, *, purpose: str = "", role: str = _ROLE, at: Ms | None = None
) -> tuple[History, list[str]]:
    """The history, and what on the log under this tag was not authentic."""
    world = read_world(home.world)
    sealer = Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    log = KafkaLogReader(kafka_config(home, "auditor"))
    try:
        records = reading.read_subject(log, sealer, world, tag)
        law = LawReader(log, sealer, world)
        law.poll()
    finally:
        log.close()
    names = Names(
        reading.reporters(records.facts, _key(home, tag, purpose, role)),
        reading.publishers(law.log),
    )
    forged = [f"{one.place}: {one.what}" for one in records.forged]
    return history(tag, records.facts, records.decisions, names, at=at, also=WORDS), forged


def _key(home: Home, tag: bytes, purpose: str, role: str) -> bytes | None:
    """The subject's key, where a purpose was given and the vault allows it."""
    if not purpose.strip():
        return None
    try:
        vault = VaultClient(home.path, role, who="fuma history", patience=3.0)
    except Refusal:
        return None
    try:
        return vault.keys([tag], purpose=purpose)[0]
    except (Refusal, Retryable):
        return None
    finally:
        vault.close()


def as_dict(found: History, forged: list[str]) -> dict[str, Any]:
    """For programs."""
    return {
        "subject": found.tag.hex(),
        "intact": found.intact,
        "records": found.records,
        "last": found.digest.hex(),
        "breaks": [{"place": str(b.place), "what": b.what} for b in found.breaks],
        "not_authentic": forged,
        "entries": [_entry(one) for one in found.entries],
        "timeline": [
            {
                "colour": "none" if s.colour is None else s.colour.word,
                "since": iso(s.since),
                "until": None if s.until is None else iso(s.until),
            }
            for s in found.spans
        ],
    }


def _entry(one: Entry) -> dict[str, Any]:
    law = one.law and {
        "book": one.law.book,
        "version": one.law.version,
        "digest": one.law.digest.hex(),
        "row": one.law.row,
        "procedure": one.law.procedure,
        "procedure_version": one.law.procedure_version,
        "procedure_digest": one.law.procedure_digest.hex(),
    }
    return {
        "kind": one.kind,
        "happened": iso(one.happened),
        "recorded": iso(one.recorded),
        "seq": one.seq,
        "places": [
            {"topic": p.topic, "partition": p.partition, "offset": p.offset} for p in one.places
        ],
        "zh": one.sentence.zh,
        "en": one.sentence.en,
        "actors": [{"role": a.role, "name": a.name} for a in one.actors],
        "law": law,
    }


def lines(found: History, forged: list[str]) -> list[str]:
    """For people, Chinese and English."""
    told = [f"持码人 subject {found.tag.hex()}"]
    for number, one in enumerate(found.entries, 1):
        told.append("")
        told.append(f"{number}. {one.sentence.zh}")
        told.append(f"   {one.sentence.en}")
        told.append(f"   发生 happened {iso(one.happened)} · 记录 recorded {iso(one.recorded)}")
        if one.actors:
            told.append("   " + "；".join(a.words.zh for a in one.actors))
            told.append("   " + "; ".join(a.words.en for a in one.actors))
        seq = f"，seq {one.seq}" if one.seq is not None else ""
        told.append(f"   日志 log: {', '.join(map(str, one.places))}{seq}")
    told.append("")
    told.append("颜色 colours:" if found.spans else "无记录 nothing is recorded")
    for span in found.spans:
        name = "终止 ended" if span.colour is None else f"{span.colour.zh} {span.colour.word}"
        told.append(f"   {iso(span.since)} – {iso(span.until) if span.until else '…'}  {name}")
    told.append("")
    if found.intact:
        told.append(
            f"验证 checked: {found.records} 条记录均经认证，链完整。 "
            f"All {found.records} records authenticate, the chain is whole."
        )
    for gap in found.breaks:
        told.append(f"链断裂 BREAK at {gap.place}: {gap.what}")
    for line in forged:
        told.append(f"未经认证，不计 not authentic, not counted: {line}")
    return told
