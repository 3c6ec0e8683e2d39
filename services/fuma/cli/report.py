"""``fuma report``: a department's client."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from fuma.cli.errors import DONE, FAILED, PARTLY_REFUSED, USAGE, CliError
from fuma.contracts.cloudevents import moment
from fuma.contracts.faults import WORDS
from fuma.contracts.topics import DEPARTMENTS
from fuma.domain.time import Ms
from fuma.feed import FeedClient, Line, Mapping, RefusedRow, Summary, json_lines, table_lines
from fuma.feed.client import Progress
from fuma.feed.lines import file_digest, receipt_number
from fuma.feed.mapping import load_mapping
from fuma.runtime.embedded.paths import Home


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command(epilog="Example: fuma report --department health --mapping cdc.yaml cases.csv")(
        report
    )


def report(
    files: Annotated[
        list[Path], typer.Argument(help="CloudEvents JSON lines, or CSV; - is stdin.")
    ],
    department: Annotated[str, typer.Option(help="Who reports: " + ", ".join(DEPARTMENTS) + ".")],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file for CSV (docs/formats/mapping.md).")
    ] = None,
    declare: Annotated[
        int | None, typer.Option(help="Reports each file has: published only whole.", min=0)
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help='JSON {"rows": N, "sha256": "…"} of the one file.')
    ] = None,
    now: Annotated[str, typer.Option(help="Log time, in a simulated world.")] = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for answers.")] = False,
    patience: Annotated[float, typer.Option(help="Seconds without an answer to wait.")] = 120.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer as JSON, one object a line.")
    ] = False,
) -> int:
    """Send a department's reports, wait for the answers, print each refused row.

    Identities are sealed to the gateway's key before they leave this process. Sent again after a
    kill, nothing counts twice. Exit: 0 all accepted, 3 partly or wholly refused, 1 failed, 2 usage.
    """
    if department not in DEPARTMENTS:
        raise CliError(
            f"no department {department}", f"one of {', '.join(DEPARTMENTS)}", code=USAGE
        )
    at = _moment(now)
    rules = load_mapping(mapping) if mapping else None
    if manifest is not None and len(files) != 1:
        raise CliError("a manifest is of one file", "give one FILE", code=USAGE)
    refused = False
    with FeedClient.open(Home.current().path, department, patience=patience) as client:
        for path in files:
            with _opened(path) as real:
                count = _manifest(manifest, real) if manifest else declare
                summary = _send(client, real, path, rules, count, at, not no_wait, as_json)
                refused |= summary.refused > 0
    return PARTLY_REFUSED if refused else DONE


def _moment(text: str) -> Ms | None:
    if not text:
        return None
    found = moment(text, end=False)
    if found is None or found < 0:
        raise CliError(
            f"{text!r} is no moment from 1970 on", "write 2022-06-14T09:00:00+08:00", code=USAGE
        )
    return found


@contextmanager
def _opened(path: Path) -> Iterator[Path]:
    """The file; standard input is put into a file first, because its digest is the receipt."""
    if str(path) != "-":
        if not path.is_file():
            raise CliError(f"{path}: no such file", code=USAGE)
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="fuma-report-") as spool:
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        yield Path(spool.name)


def _manifest(manifest: Path, real: Path) -> int:
    try:
        body: Any = json.loads(manifest.read_text(encoding="utf-8"))
        rows = int(body["rows"])
        digest = str(body.get("sha256", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CliError(
            f"{manifest}: no manifest ({error})", '{"rows": N, "sha256": "…"}'
        ) from error
    if digest and digest.lower() != file_digest(real).hex():
        raise CliError(f"{manifest}: the file has another SHA-256 than its manifest says")
    return rows


def _lines(file: BinaryIO, path: Path, rules: Mapping | None) -> Iterator[Line]:
    if rules is not None:
        return table_lines(file, rules)
    if path.suffix.lower() == ".csv":
        raise CliError(f"{path}: CSV needs a mapping file", "--mapping FILE", code=USAGE)
    return json_lines(file)


def _send(
    client: FeedClient,
    real: Path,
    shown: Path,
    rules: Mapping | None,
    declared: int | None,
    now: Ms | None,
    wait: bool,
    as_json: bool,
) -> Summary:
    receipt = receipt_number(client.department, file_digest(real))
    errors = Console(stderr=True)

    def tell(row: RefusedRow) -> None:
        if as_json:
            print(json.dumps({"refused": asdict(row)}, ensure_ascii=False))
            return
        kept = "  [on the record]" if row.recorded else ""
        where = f"{row.field}: " if row.field else ""
        print(f"row {row.row}  {row.code}  {where}{row.zh} / {row.en}{kept}")

    with (
        real.open("rb") as file,
        Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=errors,
            transient=True,
            disable=as_json or not errors.is_terminal,
        ) as bar,
    ):
        task = bar.add_task(f"{shown}: reading")

        def progress(p: Progress) -> None:
            bar.update(
                task,
                description=f"{shown}: sent {p.sent:,}, accepted {p.accepted:,}, "
                f"refused {p.refused:,}",
            )

        summary = client.report(
            _lines(file, shown, rules),
            receipt=receipt,
            declared=declared,
            now=now,
            wait=wait,
            on_refused=tell,
            on_progress=progress,
        )
    _say(summary, shown, as_json)
    return summary


def _say(summary: Summary, shown: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"file": str(shown), **asdict(summary)}, ensure_ascii=False))
        return
    if summary.code:
        zh, en = WORDS.get(summary.code, (summary.code, summary.code))
        print(f"{shown}  {summary.code}  {zh} / {en}")
    print(f"receipt {summary.receipt}")
    told = f"sent {summary.sent}"
    if summary.waited:
        told += f", accepted {summary.accepted}"
    print(f"{told}, refused {summary.refused}")


__all__ = ["FAILED", "register", "report"]
