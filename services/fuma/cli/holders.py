"""``fuma holders load``: the register of holders, number and name."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from fuma.cli.errors import DONE, PARTLY_REFUSED, USAGE, CliError
from fuma.contracts.cloudevents import number_fault
from fuma.contracts.faults import Fault, fault
from fuma.runtime.embedded.paths import Home
from fuma.runtime.vault import BATCH, VaultClient

_NUMBER = ("number", "id", "identity", "身份证号码", "身份证号", "公民身份号码", "证件号码")
_NAME = ("name", "姓名", "名字")
holders = typer.Typer(no_args_is_help=True, help="The register of holders.")


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(holders, name="holders")


@holders.callback()
def _group() -> None:
    """The register of holders: identity number and name, kept encrypted in the vault."""


@holders.command(epilog="Example: fuma holders load holders.csv")
def load(
    file: Annotated[
        Path, typer.Argument(help="CSV with columns number and name (身份证号, 姓名).")
    ],
    encoding: Annotated[str, typer.Option(help="utf-8 or gb18030.")] = "utf-8",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """Load holders into the vault's register; bad rows are said by their number and left out.

    Loading again is harmless; a later name replaces an earlier. Exit 3 where a row was left out.
    """
    if encoding not in ("utf-8", "gb18030"):
        raise CliError(f"encoding {encoding}", "utf-8 or gb18030", code=USAGE)
    if not file.is_file():
        raise CliError(f"{file}: no such file", code=USAGE)
    vault = VaultClient(Home.current().path, "holders-loader")
    errors = Console(stderr=True)
    loaded = new = refused = 0
    batch: list[tuple[str, str]] = []
    bar = Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=as_json or not errors.is_terminal,
    )
    try:
        with bar:
            task = bar.add_task("loading")
            for row, found in _rows(file, "utf-8-sig" if encoding == "utf-8" else encoding):
                if isinstance(found, Fault):
                    refused += 1
                    _refuse(row, found, as_json)
                    continue
                batch.append(found)
                if len(batch) >= BATCH:
                    new += vault.load(batch)
                    loaded += len(batch)
                    batch = []
                    bar.update(task, description=f"loaded {loaded:,}, new {new:,}")
            new += vault.load(batch)
            loaded += len(batch)
    finally:
        vault.close()
    if as_json:
        print(json.dumps({"loaded": loaded, "new": new, "refused": refused}))
    else:
        print(f"loaded {loaded}, new {new}, refused {refused}")
    return PARTLY_REFUSED if refused else DONE


def _refuse(row: int, found: Fault, as_json: bool) -> None:
    if as_json:
        body = {"row": row, "field": found.field, "code": found.code, "zh": found.zh,
                "en": found.en}  # fmt: skip
        print(json.dumps({"refused": body}, ensure_ascii=False))
    else:
        print(f"row {row}  {found.code}  {found.field}: {found.zh} / {found.en}")


def _rows(path: Path, encoding: str) -> Iterator[tuple[int, tuple[str, str] | Fault]]:
    """(spreadsheet row, holder or what is wrong), one after another."""
    csv.field_size_limit(8_192)
    with open(path, encoding=encoding, errors="surrogateescape", newline="") as file:
        reader = csv.reader(file)
        try:
            header = [cell.strip().lower() for cell in next(reader)]
        except (StopIteration, csv.Error) as error:
            raise CliError(f"{path}: no header", "the first line names the columns") from error
        number_at = next((i for i, name in enumerate(header) if name in _NUMBER), None)
        name_at = next((i for i, name in enumerate(header) if name in _NAME), None)
        if number_at is None or name_at is None:
            raise CliError(
                f"{path}: columns number and name are needed", f"it has {', '.join(header)}"
            )
        row = 1
        while True:
            row += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield row, fault("", "bad-csv")
                continue
            if not any(cells):
                continue
            if len(cells) != len(header):
                yield row, fault("", "column-count")
                continue
            yield row, _holder(cells[number_at].strip().upper(), cells[name_at].strip())


def _holder(number: str, name: str) -> tuple[str, str] | Fault:
    wrong = number_fault(number)
    if wrong is not None:
        return fault("number", wrong)
    if not name:
        return fault("name", "missing")
    if any("\udc80" <= c <= "\udcff" for c in name):
        return fault("name", "bad-encoding")
    if len(name) > 64:
        return fault("name", "too-long", "64")
    return number, name
