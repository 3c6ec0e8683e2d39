"""``fuma law publish`` and ``list``: texts on the log."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from fuma.cli.errors import DONE, USAGE, CliError
from fuma.cli.law_put import put_on_law, standing
from fuma.contracts import dsse, genesis, lawexamples, lawlog, rulesfile
from fuma.contracts.rulesfile import Text
from fuma.domain.law.publication import refusal
from fuma.domain.time import Ms, iso
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.keyfiles import Key
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def row_of(text: Text) -> dict[str, object]:
    """A text as ``--json`` shows it."""
    return {
        "name": text.name,
        "version": text.version,
        "kind": text.kind,
        "division": text.division,
        "begins": iso(text.begins),
        "digest": text.digest.hex(),
    }


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


def refused(log: lawlog.LawLog, text: Text, key_id: str, now: Ms) -> str:
    """Why ``text`` would not count if it stood on the log now; "" where it would."""
    assert log.genesis is not None
    publisher = next((p for p in log.genesis.publishers if p.key_id == key_id), None)
    if publisher is None:
        return f"key {key_id} is no publisher's of this world"
    versions = [p.text.version for p in log.published if p.text.name == text.name]
    why = refusal(
        publisher_division=publisher.division,
        division=text.division,
        version=text.version,
        newest=max(versions, default=0),
        begins=text.begins,
        at=log.time if log.world.simulated else max(log.time, now),
    )
    return why or ""


def publish(
    path: Annotated[Path, typer.Argument(help="The text (YAML).")],
    key: Annotated[Path | None, typer.Option(help="Publisher's key file.")] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Only say whether it counts.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Sign a text with the publisher's key and write it to law. It holds after its notice.

    Refused before anything is written: a text whose examples do not come out, another division
    than the publisher's, a version that does not rise, a start within the next 24 hours.

    Examples: fuma law publish rules/cn/control-plan-9-v2.yaml
              fuma law publish rules/45/companions-v3.yaml --key guangxi.key --check
    """
    home = Home.current()
    if not path.is_file():
        raise CliError(f"{path}: no such file", "give a rules file (YAML)", code=USAGE)
    text = rulesfile.load_file(path)
    wrong = lawexamples.run(text, lawexamples.examples_of(path))
    if wrong:
        raise CliError(f"{path}: {wrong[0]}", "see all of it: fuma law check")
    seed = key.read_bytes() if key else keyfiles.secret(home.path, Key.PUBLISHER)
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    log, key_id = read_log(home), dsse.key_id(dsse.public_bytes(signer))
    # Asked again, for instance because a failure was reported that was none, it stands already.
    there = standing(log, text) is not None
    why = "" if there else refused(log, text, key_id, int(time.time() * 1000))
    if why:
        raise CliError(
            f"{text.name} v{text.version} is refused: {why}",
            "its version must rise, its start lie 24 hours ahead, its division be the publisher's",
        )
    if check_only:
        answer: dict[str, object] = row_of(text) | {"counts": True}
        said = f"{text.name} v{text.version} would count"
    else:
        published = _write(home, text, signer)
        answer = row_of(text) | {"offset": published.offset, "recorded": iso(published.at)}
        said = f"{text.name} v{text.version} is at {published.offset} on law, "
        said += f"begins {iso(text.begins)}"
    print(json.dumps(answer, ensure_ascii=False) if as_json else said)
    return DONE


def _write(home: Home, text: Text, signer: Ed25519PrivateKey) -> lawlog.Published:
    """Append it unless it stands there, and read back that it counts."""
    value = lawlog.text_value(
        dsse.sign(lawlog.LAW_TYPE, text.body.encode(), signer), int(time.time() * 1000)
    )
    appender = KafkaAppender(kafka_config(home, "law"))
    try:
        return put_on_law(text, value, appender, lambda: read_log(home))
    finally:
        appender.close()


def listing(as_json: Json = False) -> int:
    """Every text that counts: where it holds, from when, who published it, its digest.

    Example: fuma law list
    """
    log = read_log(Home.current())
    rows = [
        row_of(p.text)
        | {"recorded": iso(p.at), "publisher": p.publisher.name if p.publisher else "genesis"}
        for p in log.published
    ]
    if as_json:
        print(json.dumps({"time": iso(log.time), "texts": rows}, ensure_ascii=False))
        return DONE
    table = Table("text", "v", "division", "begins", "recorded", "publisher", "digest")
    for r in rows:
        table.add_row(str(r["name"]), str(r["version"]), str(r["division"] or "全国"),
                      str(r["begins"]), str(r["recorded"]), str(r["publisher"]),
                      str(r["digest"])[:16])  # fmt: skip
    Console().print(table)
    return DONE
