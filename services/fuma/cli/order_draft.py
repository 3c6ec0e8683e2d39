"""``fuma order draft``: a table of numbers becomes a form of tags, signed and sent."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from fuma.cli.errors import PARTLY_REFUSED, USAGE, CliError
from fuma.cli.law import moment
from fuma.cli.officer import Signer, signed
from fuma.contracts.errors import Retryable
from fuma.contracts.exchange import MAX_ROWS
from fuma.desk import forms, signing, table
from fuma.desk.asking import Asker
from fuma.domain.authority import commands as c
from fuma.domain.colour import Colour
from fuma.domain.law.procedure import PAPERS
from fuma.domain.law.vocabulary import GROUNDS

_COLOURS = {colour.word: colour for colour in (Colour.RED, Colour.YELLOW)}


@signed
def draft_form(
    signer: Signer,
    file: Annotated[Path, typer.Argument(help="CSV: number, name, division, event, …")],
    division: Annotated[str, typer.Option(help="GB/T 2260 digits of the form's area.")],
    ground: Annotated[str, typer.Option(help="E.g. close-contact.")],
    colour: Annotated[str, typer.Option(help="red or yellow.")],
    form: Annotated[Path, typer.Option(help="File to write the form to, for who signs it.")],
    purpose: Annotated[
        str, typer.Option(help="Why numbers are looked up.")
    ] = "填写赋码表 filling an assignment form",
    since: Annotated[str, typer.Option(help="From when; default when it is signed.")] = "",
    until: Annotated[str, typer.Option(help="Until when; default the rule's term.")] = "",
    paper: Annotated[
        list[str] | None, typer.Option(help="WORD=TEXT, e.g. document=….  Again for each.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out rows that are wrong, send the rest.")
    ] = False,
    encoding: Annotated[str, typer.Option(help="utf-8-sig or gb18030.")] = "utf-8-sig",
) -> int:
    """Fill a form from a table, sign its manifest and pages, send them.

    Numbers are exchanged for tags at the gateway, which logs who asked and why. Rows that are
    wrong are said by their number; then nothing is sent, unless --skip-bad leaves them out.
    """
    if ground not in GROUNDS:
        raise CliError(f"no ground {ground!r}", f"there are {', '.join(GROUNDS)}", code=USAGE)
    if colour not in _COLOURS:
        raise CliError(f"no colour {colour!r} for a form", "red or yellow", code=USAGE)
    papers = tuple(_paper(text) for text in paper or ())
    if form.exists():
        raise CliError(f"{form}: is there already", "name another file with --form", code=USAGE)
    terms = signer.terms(signer.province or division[:2])
    writer = forms.FormWriter()
    asker = Asker(signer.home, signer.key)
    try:
        wrong = _exchange(signer, asker, writer, table.rows(file, encoding), terms, purpose)
        if wrong and not skip_bad:
            raise CliError(
                f"{wrong} rows are wrong: nothing was signed or sent",
                "correct them, or leave them out with --skip-bad",
                code=PARTLY_REFUSED,
            )
        if not writer.count:
            raise CliError(f"{file}: no row is left", code=PARTLY_REFUSED)
        wanted = c.Draft(
            secrets.token_bytes(16), division, ground, int(_COLOURS[colour]), 0, b"",
            moment(since) if since else signer.issued, moment(until) if until else None, papers,
        )  # fmt: skip
        made = writer.write(form, signer.world.id, wanted)
    finally:
        writer.close()
        asker.close()
    envelopes = forms.signed(made, forms.lines(form), signer.key, terms)
    shown = {"order": made.draft.order.hex(), "form": str(form), "lines": str(made.draft.count)}
    code = _send(signer, envelopes, form, shown)
    return PARTLY_REFUSED if wrong else code


def _send(
    signer: Signer, envelopes: Iterator[bytes], form: Path, shown: dict[str, str]
) -> int:  # fmt: skip
    """Send from a file: whatever interrupts it, the same bytes can be sent again."""
    if signer.out is not None:
        return signer.many(envelopes, **shown)
    kept = form.with_name(form.name + ".signed")
    signing.write_signed(kept, envelopes)
    try:
        code = signer.many(signing.read_signed(kept), **shown)
    except Retryable as error:
        raise CliError(str(error), f"`fuma order send {kept}` goes on with it") from error
    kept.unlink()
    return code


def _exchange(
    signer: Signer, asker: Asker, writer: forms.FormWriter, rows: Any, terms: Any, purpose: str
) -> int:
    """Every row exchanged, a part at a time; how many were wrong, each said by its number."""
    errors = Console(stderr=True)
    quiet = signer.as_json or not errors.is_terminal
    wrong: set[int] = set()
    with Bar(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=errors,
        transient=True, disable=quiet,
    ) as bar:  # fmt: skip
        task = bar.add_task("exchanging")

        def flush(part: list[dict[str, Any]]) -> None:
            if not part:
                return
            answer = asker.lines(terms, part, purpose)
            for line in answer["lines"]:
                writer.add(forms.line_of(line))
            for one in answer["faults"]:
                wrong.add(one["row"])
                _say(one, signer.as_json)
            bar.update(task, description=f"exchanged {writer.count:,}, wrong {len(wrong):,}")

        part: list[dict[str, Any]] = []
        for row in rows:
            if isinstance(row, tuple):
                number, one = row
                wrong.add(number)
                _say({"row": number, "field": one.field, "code": one.code, "zh": one.zh,
                      "en": one.en}, signer.as_json)  # fmt: skip
                continue
            part.append(row)
            if len(part) == MAX_ROWS:
                flush(part)
                part = []
        flush(part)
    return len(wrong)


def _say(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"refused": one}, ensure_ascii=False))
    else:
        where = f"{one['field']}: " if one["field"] else ""
        print(f"row {one['row']}  {one['code']}  {where}{one['zh']} / {one['en']}")


def _paper(text: str) -> tuple[str, str]:
    word, _, content = text.partition("=")
    if word not in PAPERS or not content.strip():
        raise CliError(
            f"{text[:80]!r}: no paper", f"WORD=TEXT, WORD one of {', '.join(PAPERS)}", code=USAGE
        )
    return word, content.strip()
