"""``fuma law``: begin a world, check texts, publish them, say why a row applies."""

from __future__ import annotations

import json
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from fuma.cli.errors import USAGE, CliError
from fuma.cli.law_genesis import write_genesis
from fuma.contracts import dsse, genesis, lawlog, rulesfile
from fuma.contracts.errors import Refusal
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text
from fuma.domain.codes.events import FactKind
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS
from fuma.domain.time import Ms, day_start, iso, to_ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.keyfiles import Key
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import Outgoing

law = typer.Typer(no_args_is_help=True, help="Law as data: check, publish, explain.")
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(law, name="law")


def moment(text: str) -> Ms:
    """An RFC 3339 instant, or a date (its first instant in Asia/Shanghai)."""
    try:
        if len(text) == 10:
            return day_start(date.fromisoformat(text))
        return to_ms(datetime.fromisoformat(text))
    except ValueError as error:
        raise CliError(
            f"{text!r} is no moment: {error}",
            "write 2022-06-14 or 2022-06-14T18:00:00+08:00",
            code=USAGE,
        ) from error


@law.command("genesis", short_help="Begin a world: write the first record of the law.")
def begin(
    simulated: Annotated[bool, typer.Option(help="A world with its own time.")] = False,
    at: Annotated[str, typer.Option(help="When it begins (simulated).")] = "",
    publisher: Annotated[str, typer.Option(help="Who publishes law.")] = "国务院联防联控机制",
    rules: Annotated[Path | None, typer.Option(help="Folder of texts; default rules/.")] = None,
    as_json: Json = False,
) -> int:
    """Write the genesis, signed with both ceremony keys, and pin it in world.json.

    Makes the key files that are not there yet. A world begins once: a second genesis is refused.

    Example: fuma law genesis --simulated --at 2022-06-01
    """
    home = Home.current()
    if at and not simulated:
        raise CliError("only a simulated world begins at a time of choice", "add --simulated")
    start = moment(at) if at else int(time.time() * 1000)
    folder = rules or root() / "rules"
    texts = rulesfile.load_folder(folder)
    if not texts:
        raise CliError(f"{folder}: holds no texts", "see docs/formats/rulebook.md")
    found = write_genesis(home, texts, simulated=simulated, at=start, publisher=publisher)
    if as_json:
        print(json.dumps({"world": found.id.hex(), "simulated": found.simulated,
                          "genesis": found.genesis.hex(), "texts": len(texts)}))  # fmt: skip
    else:
        kind = "simulated" if simulated else "real"
        print(f"world {found.id.hex()} ({kind}) begins {iso(start)} with {len(texts)} texts")
    return 0


@law.command("check", short_help="Check texts: schema, gaps, overlaps.")
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders.")] = None,
    as_json: Json = False,
) -> int:
    """Check rulebooks and procedures; every fault in one line. Exit 1 where there is one.

    Example: fuma law check rules
    """
    texts: list[Text] = []
    faults: list[str] = []
    for path in paths or [root() / "rules"]:
        try:
            texts += rulesfile.load_folder(path) if path.is_dir() else [rulesfile.load_file(path)]
        except Refusal as error:
            faults.append(str(error))
    if as_json:
        print(json.dumps({"texts": [_row(t) for t in texts], "faults": faults}, ensure_ascii=False))
    else:
        for text in texts:
            print(f"ok  {text.name} v{text.version}  {text.digest.hex()[:16]}")
        for fault in faults:
            print(f"bad {fault}")
    return 1 if faults else 0


def _row(text: Text) -> dict[str, Any]:
    return {
        "name": text.name,
        "version": text.version,
        "kind": text.kind,
        "division": text.division,
        "begins": iso(text.begins),
        "digest": text.digest.hex(),
    }


@law.command("publish", short_help="Sign a text and put it on the log.")
def publish(
    path: Annotated[Path, typer.Argument(help="The text (YAML).")],
    key: Annotated[Path | None, typer.Option(help="Publisher's key file.")] = None,
    as_json: Json = False,
) -> int:
    """Sign a text with the publisher's key and write it to law. It holds after its notice.

    Example: fuma law publish rules/cn/control-plan-9-v2.yaml
    """
    home = Home.current()
    genesis.read_world(home.world)
    text = rulesfile.load_file(path)
    seed = key.read_bytes() if key else keyfiles.secret(home.path, Key.PUBLISHER)
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    value = lawlog.text_value(
        dsse.sign(lawlog.LAW_TYPE, text.body.encode(), signer), int(time.time() * 1000)
    )
    appender = KafkaAppender(kafka_config(home, "law"))
    try:
        [offset] = appender.append(
            [Outgoing(lawlog.LAW_TOPIC, 0, f"{text.name}@{text.version}".encode(), value)]
        )
    finally:
        appender.close()
    published = read_log(home)
    standing = next((p for p in published.published if p.offset == offset), None)
    if standing is None:
        raise CliError(
            f"{text.name} v{text.version} was written and does not count",
            "its version must rise, its start lie 24 hours ahead, its division be the publisher's",
        )
    answer = _row(text) | {"offset": offset, "recorded": iso(standing.at)}
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(f"{text.name} v{text.version} is at {offset} on law, begins {iso(text.begins)}")
    return 0


def read_log(home: Home) -> lawlog.LawLog:
    """The law as it stands on the log now."""
    world = genesis.read_world(home.world)
    reader = KafkaLogReader(kafka_config(home, "auditor"))
    try:
        law_reader = LawReader(reader, Sealer(world.id, keyfiles.secret(home.path, Key.MAC)), world)
        law_reader.poll()
        return law_reader.log
    finally:
        reader.close()


@law.command("list", short_help="What stands on the log.")
def listing(as_json: Json = False) -> int:
    """Every text that counts: where it holds, from when, who published it, its digest.

    Example: fuma law list
    """
    log = read_log(Home.current())
    rows = [
        _row(p.text)
        | {"recorded": iso(p.at), "publisher": p.publisher.name if p.publisher else "genesis"}
        for p in log.published
    ]
    if as_json:
        print(json.dumps({"time": iso(log.time), "texts": rows}, ensure_ascii=False))
        return 0
    table = Table("text", "v", "division", "begins", "recorded", "publisher", "digest")
    for r in rows:
        table.add_row(r["name"], str(r["version"]), r["division"] or "全国", r["begins"],
                      r["recorded"], r["publisher"], r["digest"][:16])  # fmt: skip
    Console().print(table)
    return 0


@law.command("explain", short_help="Which row applies, and what it does.")
def explain(
    ground: Annotated[str, typer.Argument(help="E.g. close-contact.")],
    division: Annotated[str, typer.Option(help="GB/T 2260 digits.")] = "",
    at: Annotated[str, typer.Option(help="Moment; default now.")] = "",
    as_json: Json = False,
) -> int:
    """Say which rule holds for a ground, in a division, at a moment, and what follows from it.

    Reads rules/ and needs nothing running.

    Example: fuma law explain close-contact --division 410100 --at 2022-06-14
    """
    when = moment(at) if at else int(time.time() * 1000)
    if ground not in GROUNDS:
        raise CliError(f"no ground {ground!r}", f"there are {', '.join(GROUNDS)}", code=USAGE)
    texts = rulesfile.law_of_texts(rulesfile.load_folder(root() / "rules"))
    pair = texts.in_force(division, when, ground)
    if pair is None:
        raise CliError(f"no law holds in {division or 'the nation'} at {iso(when)}")
    rows = [r for r in pair.book.rows if r.kind is FactKind.FINDING and r.ground == ground]
    if as_json:
        print(json.dumps({
            "book": pair.book.name, "version": pair.book.version,
            "procedure": pair.procedure.name, "automatic": pair.procedure.automatic,
            "rows": [{"name": r.name, "evidence": list(r.evidence),
                      "owners": sorted(r.departments),
                      "colours": [[s.colour.word, s.lasts] for s in r.spans],
                      "basis": {"zh": r.basis.zh, "en": r.basis.en}} for r in rows],
        }, ensure_ascii=False))  # fmt: skip
        return 0
    words = GROUNDS[ground]
    print(f"{words.zh} · {words.en}: {pair.book.name} v{pair.book.version}, {iso(when)}")
    if not rows:
        print("没有依据，不得赋码。 No rule: no colour may follow from it.")
    for r in rows:
        colours = "，".join(f"{s.colour.zh} {s.lasts / 86_400_000:g} 天" for s in r.spans) or "—"
        english = ", then ".join(f"{s.colour.word} {s.lasts / 86_400_000:g} d" for s in r.spans)
        owners = " / ".join(DEPARTMENTS[d].zh for d in sorted(r.departments))
        print(f"  [{r.name}] {colours}  ({english or 'no colour'})")
        print(f"    证据 evidence: {' / '.join(EVIDENCE[k].zh for k in r.evidence)}；{owners}")
        print(f"    依据 basis: {r.basis.zh} · {r.basis.en}")
    return 0
